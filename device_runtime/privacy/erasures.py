"""What the person at a device wants erased: noted in ``privacy.db``, also by another process, until all of it is done.

First the device deletes (``delete`` in the ledger), then the fleet is asked until it answers; its receipt is kept, and
the ledger has its SHA-256 (``receipt``).
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from device_runtime.privacy.file import PrivacyFile
from device_runtime.privacy.ledger import Ledger
from device_runtime.program.data_plan import DEVICE, FLEET


@dataclass(frozen=True, slots=True)
class WantedErasure:
    """One wish: of the program ``app``, or of all where it is empty. ``milliseconds`` is Unix time: when the device had
    deleted (0: not yet); up to then the fleet is to erase. ``receipt`` is what the fleet signed, empty before."""

    id: str
    app: str
    milliseconds: int
    receipt: bytes


class Erasures:
    """Those of one device."""

    def __init__(self, file: PrivacyFile, ledger: Ledger, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives Unix time in seconds."""
        self._file, self._ledger, self._clock = file, ledger, clock
        self.on_change: Callable[[], None] = lambda: None
        """Told when a wish is noted, or got on."""

    def want(self, app: str) -> str:
        """Note a wish; its id, which is that of one which waits already. Raises :class:`PrivacyFileError`."""
        for each in self.all():
            if each.app == app and not each.milliseconds:
                return each.id
        name = secrets.token_hex(8)
        with self._file.transaction(synced=True) as database:
            database.execute("INSERT INTO erasure VALUES (?, ?, 0, x'')", (name, app))
        self.on_change()
        return name

    def all(self) -> list[WantedErasure]:
        """Every wish, in the order in which they were deleted here. Raises :class:`PrivacyFileError`."""
        rows = self._file.rows("SELECT * FROM erasure ORDER BY milliseconds = 0, milliseconds, rowid")
        return [WantedErasure(*row) for row in rows]  # type: ignore[arg-type] # the columns are those of a wish

    def waiting(self) -> list[WantedErasure]:
        """Those of which something is still to be done. Raises :class:`PrivacyFileError`."""
        return [each for each in self.all() if not each.receipt]

    def deleted(self, wish: WantedErasure) -> WantedErasure:
        """The device has deleted what it held. Raises :class:`PrivacyFileError`."""
        now = round(self._clock() * 1000)
        with self._file.transaction() as database:
            database.execute("UPDATE erasure SET milliseconds = ? WHERE id = ?", (now, wish.id))
            self._ledger.add("delete", wish.app, destination=DEVICE, who="owner")
        self.on_change()
        return WantedErasure(wish.id, wish.app, now, b"")

    def answered(self, wish: WantedErasure, receipt: bytes) -> None:
        """The fleet has erased, and signed this. Raises :class:`PrivacyFileError`."""
        with self._file.transaction() as database:
            database.execute("UPDATE erasure SET receipt = ? WHERE id = ?", (receipt, wish.id))
            self._ledger.add("receipt", wish.app, destination=FLEET, note=hashlib.sha256(receipt).hexdigest())
        self.on_change()

    def end(self, wish: WantedErasure) -> None:
        """There is no fleet to be asked: nothing is left to do. Raises :class:`PrivacyFileError`."""
        with self._file.transaction() as database:
            database.execute("DELETE FROM erasure WHERE id = ?", (wish.id,))
        self.on_change()
