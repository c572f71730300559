"""What the owner of a device may do at its screen with what is kept: save a copy, and have it deleted.

Only an owner may: a guest and a child see what programs send, and neither get what these keep nor delete it. On the
device of an organisation nobody may, since anybody stands before it. A screen cannot tell who sits there: whoever says
*owner* is taken for it.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.host.privacy_rights import copy_of
from device_runtime.privacy.consents import Consents
from device_runtime.privacy.erasures import Erasures, WantedErasure
from device_runtime.privacy.ledger import Ledger
from device_runtime.program.manifest import Manifest
from device_runtime.values import Value


class OwnerRights:
    """Those of one running device."""

    def __init__(
        self,
        state: Path,
        manifests: Callable[[], Sequence[Manifest]],
        consents: Consents,
        ledger: Ledger,
        erasures: Erasures,
    ) -> None:
        """
        Args:
            state: the folder of the device's state.
            manifests: those of the installed programs.
            consents: who uses the device, and whose it is.
            ledger: what was done.
            erasures: what is to be deleted.
        """
        self._state, self._manifests = state, manifests
        self._consents, self._ledger, self._erasures = consents, ledger, erasures
        self._copying = asyncio.Lock()

    def document(self) -> dict[str, Value]:
        """``refused``: why who uses the device may do none of it, or empty; ``erasures``: how far the last one of each
        program is, or of all of them (``app_id`` is empty). Raises :class:`PrivacyFileError`."""
        return {"refused": self._refusal(), "erasures": self._progress()}

    async def copy(self) -> bytes:
        """What ``cygnet device privacy export`` writes, made beside the event loop; one at a time.

        Raises:
            CygnetError: who uses the device may not have it, or something cannot be read.
        """
        async with self._copying:
            self._check()
            self._ledger.flush()  # the copy is made of what is written
            return await asyncio.to_thread(copy_of, self._state)

    def erase(self, app_id: str) -> None:
        """What ``cygnet device privacy erase`` does, for one installed program, or for ``--all`` without an id.

        Raises:
            CygnetError: who uses the device may not, there is no such program, or the disk refuses.
        """
        self._check()
        if app_id and app_id not in (known := sorted(each.app_id for each in self._manifests())):
            raise CygnetError(
                f"there is no program {app_id[:80]!r} on this device; there are {', '.join(known) or 'none'}"
            )
        self._erasures.want(app_id)

    def _check(self) -> None:
        if refusal := self._refusal():
            raise CygnetError(refusal)

    def _refusal(self) -> str:
        if organisation := self._consents.organisation:
            return f"This device belongs to {organisation}. Ask it for a copy, or to have something deleted."
        if (profile := self._consents.profile) != "owner":
            return (
                "Only the owner may save a copy of what is kept here, or have it deleted. "
                f"The device is in use by a {profile} now."
            )
        return ""

    def _progress(self) -> list[Value]:
        newest = {each.app: each for each in self._erasures.all()}
        deleted = self._ledger.latest("delete")
        found: list[Value] = []
        for app in sorted({*newest, *deleted}):
            wish = newest.get(app)
            stage, milliseconds = _stage(wish) if wish is not None else ("deleted", deleted[app])
            found.append({"app_id": app, "stage": stage, "time": milliseconds / 1000})
        return found


def _stage(wish: WantedErasure) -> tuple[str, int]:
    """``wanted``, then ``awaited`` (deleted here, the fleet is asked), then ``erased`` (its receipt is here)."""
    if not wish.milliseconds:
        return "wanted", 0
    return ("erased" if wish.receipt else "awaited"), wish.milliseconds
