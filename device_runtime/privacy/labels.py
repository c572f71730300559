"""Which sensitive data a program has seen: marked where they come in, looked at where something goes out.

A label is of a whole program and stays with its storage and files, since its code may do anything with what it was
given: whatever it sends from then on may tell of it. So it may send under an item that says so
(:attr:`DataItem.covers`), and under others only closed fields, whose bits are counted: :data:`BITS_A_DAY` of them.

Source: a floating label that decides at the exit, as of processes in Asbestos (Efstathopoulos et al., SOSP 2005) and
of pages in COWL (Stefan et al., OSDI 2014); counting bits is quantitative information flow (Smith, FoSSaCS 2009).
"""

import time
from collections.abc import Callable

from device_runtime.privacy.file import PrivacyFile
from device_runtime.program.data_plan import CATEGORIES, Category

BITS_A_DAY = 256.0
"""What a program may tell in a day under items that do not say of what it has seen."""
_DAY = 86_400


class Labels:
    """The labels of all programs of a device."""

    def __init__(self, file: PrivacyFile, clock: Callable[[], float] = time.time) -> None:
        """``clock`` gives Unix time in seconds."""
        self._file, self._clock = file, clock
        self._labels: dict[str, frozenset[Category]] = {}
        self._load()
        file.on_rollback.append(self._load)

    def _load(self) -> None:
        found: dict[str, frozenset[Category]] = {}
        for app, category in self._file.rows("SELECT app, category FROM label"):
            known = {each for each in CATEGORIES if each == category}
            found[str(app)] = found.get(str(app), frozenset()) | known
        self._labels = found  # only now: while the file cannot be read, nothing that was known is forgotten

    def of(self, app: str) -> frozenset[Category]:
        """What a program may have seen."""
        return self._labels.get(app, frozenset())

    def mark(self, app: str, category: Category) -> None:
        """A program is given something of this category. Raises :class:`PrivacyFileError`: do not give it, then."""
        seen = self.of(app)
        if category in seen:
            return
        with self._file.transaction(synced=True) as database:
            database.execute("INSERT OR IGNORE INTO label VALUES (?, ?)", (app, category))
        self._labels[app] = seen | {category}

    def spend(self, app: str, bits: float) -> bool:
        """Count bits that a program tells today; false, and nothing is counted, if these are too many.

        Raises:
            PrivacyFileError: the disk refuses.
        """
        day, spent = self._today(app)
        if spent + bits > BITS_A_DAY:
            return False
        with self._file.transaction() as database:
            database.execute("INSERT OR REPLACE INTO spent VALUES (?, ?, ?)", (app, day, spent + bits))
        return True

    def spent(self, app: str) -> float:
        """The bits that a program has told today. Raises :class:`PrivacyFileError`."""
        return self._today(app)[1]

    def _today(self, app: str) -> tuple[int, float]:
        """The day, and the bits that were told in it; a clock that is put back gives no new day."""
        day = int(self._clock() // _DAY)
        rows = self._file.rows("SELECT day, bits FROM spent WHERE app = ?", app)
        last, spent = (int(str(rows[0][0])), float(str(rows[0][1]))) if rows else (day, 0.0)
        return (day, 0.0) if day > last else (last, spent)

    def clear(self, app: str) -> None:
        """All that a program kept is deleted, and nothing of it runs. Raises :class:`PrivacyFileError`."""
        with self._file.transaction() as database:
            database.execute("DELETE FROM label WHERE app = ?", (app,))
        self._labels.pop(app, None)
