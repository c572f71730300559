"""What people said to the items of programs' plans, by profile: yes, no, or nothing yet.

A yes holds for the item as it was shown: one that an update made wider (:meth:`DataItem.is_wider_than`) is asked for
anew. A no holds until somebody changes it. Nobody has to answer, and no answer is no yes.
"""

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal, get_args

from device_runtime.privacy.file import PrivacyFile
from device_runtime.privacy.ledger import Ledger
from device_runtime.program.data_plan import DataItem, restored

log = logging.getLogger(__name__)

Profile = Literal["owner", "guest", "child"]
"""Who uses the device now. Nothing of a ``guest`` is kept; a ``child`` is not asked: the owner decides for it."""
GUEST: Profile = "guest"
PROFILES: tuple[Profile, ...] = get_args(Profile)
_PROFILE = "profile"
_DECLINED = "declined"
_MOST_CACHED = 4_096


class Standing(Enum):
    """How an item stands with the person who uses the device now."""

    GRANTED = "granted"
    REFUSED = "refused"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer: to ``item`` as it was then, at ``milliseconds`` (Unix time), by ``who``."""

    app: str
    item: DataItem
    granted: bool
    milliseconds: int
    who: str


class Consents:
    """The decisions of one device; each is in the ledger, too."""

    def __init__(
        self,
        file: PrivacyFile,
        ledger: Ledger,
        *,
        organisation: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            file: where they are kept.
            ledger: where each is written down.
            organisation: whose device it is, if it is no person's: what its programs declare is agreed to then, unless
                somebody at the device refuses it.
            clock: Unix time in seconds.
        """
        self._file, self._ledger, self._clock, self.organisation = file, ledger, clock, organisation
        self.profile: Profile = "owner"
        """Who uses the device now."""
        self._decisions: dict[tuple[Profile, str, str], Decision] = {}
        self._cache: dict[tuple[str, int], tuple[DataItem, Standing]] = {}
        self.on_change: list[Callable[[str], None]] = []
        """Told the app id of what changed; empty for all of them."""
        self._is_behind = False
        self._load()
        file.on_rollback.append(self._load)

    def _load(self) -> None:
        found: dict[tuple[Profile, str, str], Decision] = {}
        rows = self._file.rows("SELECT value FROM setting WHERE name = ?", _PROFILE)
        for profile, app, name, granted, document, milliseconds, who in self._file.rows("SELECT * FROM decision"):
            try:
                item = restored(json.loads(str(document)))
            except (KeyError, TypeError):
                log.warning("a decision about %s of %s is of another Cygnet; it is asked about anew", name, app)
                continue
            key: tuple[Profile, str, str] = (profile, str(app), item.name)  # type: ignore[assignment] # one of them
            found[key] = Decision(str(app), item, bool(granted), int(str(milliseconds)), str(who))
        # Only now: while the file cannot be read, nobody's no is forgotten.
        self.profile = next((each for each in PROFILES if rows and each == rows[0][0]), "owner")
        self._decisions = found
        self._cache.clear()

    def switch(self, profile: Profile) -> None:
        """Somebody else uses the device from now on; what a guest said is forgotten.

        Raises:
            PrivacyFileError: the disk refuses; nothing changes.
        """
        with self._file.transaction(synced=True) as database:
            database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (_PROFILE, profile))
            database.execute("DELETE FROM decision WHERE profile = ?", (GUEST,))
            self._ledger.add("profile", who=profile)
        self._load()
        self._tell("")

    def look(self) -> None:
        """Another process may have changed something: know it, and tell. Raises :class:`PrivacyFileError`."""
        self._is_behind = self._file.changed_elsewhere() or self._is_behind
        if self._is_behind:
            self._load()
            self._is_behind = False
            self._tell("")

    def standing(self, app: str, item: DataItem) -> Standing:
        """How an item of a program stands now."""
        key = (app, id(item))
        kept = self._cache.get(key)
        if kept is not None and kept[0] is item:
            return kept[1]
        if len(self._cache) >= _MOST_CACHED:  # a program that starts anew brings items of its own
            self._cache.clear()
        found = self.standing_with(self.profile, app, item)
        self._cache[key] = (item, found)
        return found

    def standing_with(self, profile: Profile, app: str, item: DataItem) -> Standing:
        """How it stands with somebody, whoever uses the device now."""
        decision = self._decisions.get((profile, app, item.name))
        if decision is not None and not decision.granted:
            return Standing.REFUSED
        if decision is not None and not item.is_wider_than(decision.item):
            return Standing.GRANTED
        if self.organisation:
            return Standing.GRANTED
        return Standing.REFUSED if profile == "child" else Standing.UNASKED

    def decide(
        self, app: str, items: Iterable[DataItem], *, granted: bool, who: str, profile: Profile | None = None
    ) -> None:
        """Note what ``who`` said to items, for the profile that is in use, or for another.

        Raises:
            PrivacyFileError: the disk refuses; nothing changes.
        """
        chosen = profile or self.profile
        with self._file.transaction(synced=True) as database:
            for item in items:
                before = self._decisions.get((chosen, app, item.name))
                now = round(self._clock() * 1000)
                values = (chosen, app, item.name, int(granted), json.dumps(item.document()), now, who)
                database.execute("INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?, ?, ?, ?)", values)
                was_granted = before.granted if before is not None else bool(self.organisation)
                self._ledger.add(
                    "grant" if granted else "revoke" if was_granted else "refuse", app, item.name, item.destination, who
                )
                self._decisions[chosen, app, item.name] = Decision(app, item, granted, now, who)
        self._cache.clear()
        self._tell(app)

    def forget(self, app: str) -> None:
        """A program is gone: should it come back, everything is asked anew. Raises :class:`PrivacyFileError`."""
        with self._file.transaction(synced=True) as database:
            database.execute("DELETE FROM decision WHERE app = ?", (app,))
        self._load()
        self._tell(app)

    def declined(self, app: str) -> str:
        """The SHA-256 of the version of a program whose plan somebody refused; empty for none."""
        rows = self._file.rows("SELECT value FROM setting WHERE name = ?", f"{_DECLINED} {app}")
        return str(rows[0][0]) if rows else ""

    def decline(self, app: str, sha256: str) -> None:
        """Somebody does not want the version of a program with this SHA-256. Raises :class:`PrivacyFileError`."""
        with self._file.transaction(synced=True) as database:
            database.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (f"{_DECLINED} {app}", sha256))
            self._ledger.add("refuse", app, who=self.profile)

    def decisions(self, app: str = "") -> list[Decision]:
        """What the person who uses the device now has said, to one program or to all."""
        profile = self.profile
        return [
            decision
            for (of_profile, of_app, _), decision in sorted(self._decisions.items())
            if of_profile == profile and app in ("", of_app)
        ]

    def by_item(self, app: str) -> Mapping[str, Decision]:
        """Those of one program, by the names of items."""
        return {decision.item.name: decision for decision in self.decisions(app)}

    def _tell(self, app: str) -> None:
        for hear in self.on_change:
            hear(app)
