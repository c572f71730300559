"""Where a device's trust begins: the SHA-256 of a root, told at the enrollment, or once by the fleet's old key.

Kept in ``pin.json``. Once there is one, no message changes it; an enrollment with another one does.
"""

import hashlib
import json
import logging
from pathlib import Path

from device_runtime.sealed.durable import disk_sentence, write_whole
from device_runtime.sync.desired import SHA256, RootTarget
from device_runtime.sync.fields import ProtocolError, parse_object
from device_runtime.trust.errors import TrustError

log = logging.getLogger(__name__)

ANCHOR = "anchor.json"
"""The newest root that was reached from the pin."""
METADATA = "metadata"
"""The folder of python-tuf."""
_LONGEST = 4096


class Pin:
    """The pin in ``folder``.

    Attributes:
        root: the pinned root; None on a device that was told of none.
        fault: why nothing may be installed until somebody helps: a sentence, empty when all is well.
    """

    def __init__(self, folder: Path, enrolled: RootTarget | None) -> None:
        """Read what is there; ``enrolled`` is the root of the enrollment, which decides, None when it names none.

        Raises:
            TrustError: the folder cannot be used.
        """
        self._folder = folder
        self.fault = ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.root = self._settle(enrolled)
        except OSError as error:
            raise TrustError(
                f"the trust of this device in {folder} cannot be kept: {disk_sentence(error)}", cause="fault"
            ) from error

    def adopt(self, root: RootTarget) -> bool:
        """Take the root that a desired document names, on a device that has none; whether it was taken.

        This is the one moment at which whoever holds the fleet's old key decides; afterwards no document can.

        Raises:
            OSError: it cannot be kept.
        """
        if self.root is not None or self.fault:
            return False
        self._write(root, "desired")
        self.root = root
        log.warning("from now on this device installs only what root %s... and its successors allow", root.sha256[:12])
        return True

    def _settle(self, enrolled: RootTarget | None) -> RootTarget | None:
        path = self._folder / "pin.json"
        kept, damage = None, ""
        try:
            fields = parse_object(path.read_bytes(), path.name, _LONGEST)
            kept = RootTarget(
                fields.integer("version", low=1, high=2**31 - 1),
                fields.form("sha256", SHA256, "64 lower-case hex digits"),
            )
        except FileNotFoundError:
            if (self._folder / ANCHOR).exists():
                damage = f"{path} is missing"
        except ProtocolError as error:
            damage = f"{path} is damaged ({error})"
        if enrolled is None:
            if damage:
                # To go on without a root would be to fall back to what the old key alone signs.
                self.fault = (
                    f"{damage}, so this device does not know whom to trust and installs nothing: enroll it again, with "
                    "a provisioning file that names the root"
                )
            return kept
        if enrolled != kept:
            if not self._has_passed(enrolled):
                if kept is not None:
                    log.warning("this device was enrolled anew: root %s... is trusted now", enrolled.sha256[:12])
                (self._folder / ANCHOR).unlink(missing_ok=True)
            self._write(enrolled, "enrollment")
        return enrolled

    def _has_passed(self, root: RootTarget) -> bool:
        """Whether this one is among the roots by which the device came to the newest that it knows."""
        path = self._folder / METADATA / "root_history" / f"{root.version}.root.json"
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest() == root.sha256
        except OSError:
            return False

    def _write(self, root: RootTarget, source: str) -> None:
        document = {"version": root.version, "sha256": root.sha256, "source": source}
        write_whole(self._folder / "pin.json", json.dumps(document).encode())
