"""What the person at a device sees of its privacy, and changes: on the screen, aloud, and by command."""

import logging
from collections.abc import Callable, Sequence

from device_runtime.errors import CygnetError
from device_runtime.host.privacy_words import line
from device_runtime.privacy.consents import Consents, Profile
from device_runtime.privacy.counting import DAY_SECONDS, Budget
from device_runtime.privacy.file import PrivacyFileError
from device_runtime.privacy.gate import unspoken_item
from device_runtime.privacy.labels import Labels
from device_runtime.privacy.ledger import Entry, Ledger
from device_runtime.privacy.words import heading, sentence, what
from device_runtime.program.data_plan import CATEGORIES, DataItem
from device_runtime.program.manifest import Manifest
from device_runtime.values import Value

log = logging.getLogger(__name__)

_SHOWN_ENTRIES = 200


class PrivacyDesk:
    """Everything about privacy for people; decisions are those of the profile that is in use."""

    def __init__(
        self,
        manifests: Callable[[], Sequence[Manifest]],
        consents: Consents,
        labels: Labels,
        ledger: Ledger,
        budget: Budget,
    ) -> None:
        """``manifests`` are those of the installed programs; ``budget`` is that of their counts."""
        self._manifests, self._consents, self._labels, self._ledger = manifests, consents, labels, ledger
        self._budget = budget

    def document(self) -> dict[str, Value]:
        """All of it: the profile, each program with its items in plain words and how they stand, what was told in
        counts today, and the newest lines of the ledger, with whether it is whole."""
        try:
            self._ledger.flush()
        except PrivacyFileError as error:  # a full disk keeps nobody from seeing what is there, or from saying no
            log.error("what left the device is not written down yet: %s", error)
        faults: list[Value] = [*self._ledger.faults()]
        return {
            "profile": self._consents.profile,
            "organisation": self._consents.organisation,
            "programs": [self._program(manifest) for manifest in self._sorted()],
            "counts": self._counts(),
            "entries": [_line(entry) for entry in reversed(self._ledger.newest(_SHOWN_ENTRIES))],
            "faults": faults[:20],
        }

    def _program(self, manifest: Manifest) -> Value:
        seen: list[Value] = [what(category) for category in sorted(self._labels.of(manifest.app_id))]
        return {
            "app_id": manifest.app_id,
            "name": manifest.name,
            "spoken": manifest.data_plan.spoken,
            "seen": seen,
            "items": [self._item(manifest.app_id, item) for item in self._items(manifest)],
        }

    def _item(self, app_id: str, item: DataItem) -> Value:
        return {
            "name": item.name,
            "heading": heading(item.purpose),
            "sentence": sentence(item),
            "sensitive": item.is_sensitive,
            "leaves": item.leaves,
            "standing": self._consents.standing(app_id, item).value,
        }

    def _counts(self) -> Value:
        """How much of today's budget is told, and when it begins anew (Unix time in seconds); ``None`` where no program
        counts anything and none did today."""
        spent = self._budget.spent()
        counted = any(
            item.precision == "aggregated" for manifest in self._manifests() for item in self._items(manifest)
        )
        if not spent.epsilon and not counted:
            return None
        return {"epsilon": spent.epsilon, "of": spent.of, "anew": (spent.day + 1) * DAY_SECONDS}

    def _items(self, manifest: Manifest) -> Sequence[DataItem]:
        """Those of the plan; of a program without one, what somebody decided about a microphone and the like, too."""
        items = list(manifest.data_plan.items)
        if not manifest.data_plan.spoken:
            decided = self._consents.by_item(manifest.app_id)
            items += [unspoken_item(category) for category in CATEGORIES if category in decided]
        return items

    def _sorted(self) -> list[Manifest]:
        return sorted(self._manifests(), key=lambda manifest: manifest.name.casefold())

    def decide(self, app_id: str, names: Sequence[str], *, granted: bool, who: str = "") -> list[DataItem]:
        """Say yes or no to items of a program; to all of them without ``names``. Without ``who`` somebody at the device
        says so.

        Returns:
            The items.

        Raises:
            CygnetError: there is no such program or item, a child at the device would allow it, or the disk refuses.
        """
        if granted and not who and self._consents.profile == "child":
            raise CygnetError(
                "a child uses the device, for whom its owner decides: "
                f"`cygnet device privacy allow {app_id[:80]} --profile child`"
            )
        manifest = next((each for each in self._sorted() if each.app_id == app_id), None)
        if manifest is None:
            known = ", ".join(each.app_id for each in self._sorted()) or "none"
            raise CygnetError(f"there is no program {app_id[:80]!r} on this device; there are {known}")
        items = {item.name: item for item in self._items(manifest)}
        for name in names:
            if name not in items:
                raise CygnetError(
                    f"the data plan of {app_id} has no item {name[:80]!r}; it has {', '.join(items) or 'none'}"
                )
        chosen = [items[name] for name in names] if names else list(items.values())
        self._consents.decide(app_id, chosen, granted=granted, who=who or self._consents.profile)
        return chosen

    def switch(self, profile: Profile) -> None:
        """Somebody else uses the device. Raises :class:`CygnetError`: the disk refuses."""
        self._consents.switch(profile)


def _line(entry: Entry) -> Value:
    return {
        "text": line(entry),
        "number": entry.number,
        "time": entry.milliseconds / 1000,
        "act": entry.act,
        "app_id": entry.app,
        "item": entry.item,
        "destination": entry.destination,
        "who": entry.who,
        "count": entry.count,
        "bytes": entry.bytes,
        "hash": entry.hash,
    }
