"""The gate through which everything passes that leaves a program of a board, and what it may hear: planned? agreed to?
no more than it says?

The rules are those of ``device_runtime/privacy``, and tests compare. What is not so here: nobody is asked. Somebody at
the cable decides (``cygnet board privacy``), or the organisation whose board it is; who has not said yes has said no.
"""

import json
import math

from .. import clock
from ..modules import forget
from ..program.errors import CapabilityError
from .fields import refusal
from .ledger import Ledger

try:
    from collections.abc import Callable
    from typing import Any
except ImportError:
    pass

_ONE = 1_000_000
BITS_A_DAY = 256 * _ONE
"""What a program may tell in a day under items that do not say of what it has seen, in millionths of bits."""
_PORTION = 32 * _ONE
"""So much is set aside at a time: a write of the flash for each event would wear it."""
# Which of 64 items it is of, why of 4, and how many to a power of two: what an operator is told of refusals.
_HINT = 14 * _ONE
_DAY = 86_400
_TELL_MS = 60_000
_SHOWN = 60
_SOURCE = "privacy"


class Privacy:
    """The privacy of the program ``app_id``, which lies in ``folder``.

    Args:
        root: below it lies ``cygnet/``.
        folder: the program's.
        app_id: its id.
        is_spoken: its manifest has a data plan.
        organisation: whose board it is, if it is no person's.
        tell: takes telemetry: source, name, values.

    Raises:
        OwnError: the plan cannot be read.
    """

    def __init__(
        self,
        root: str,
        folder: str,
        app_id: str,
        is_spoken: bool,
        organisation: str,
        tell: "Callable[[str, str, dict[str, Any]], bool]",
    ) -> None:
        self._root, self._app_id, self._is_spoken, self._tell = root, app_id, is_spoken, tell
        from ..consents import read_privacy
        from .planned import read_plan
        from .widening import standings

        self._base, self._items = read_plan(folder, is_spoken)
        record = read_privacy(root, app_id)
        self._stands = standings(self._items, record.get("items", {}), organisation != "")
        del read_plan, standings, read_privacy
        forget("planned", "widening", "consents")
        self._seen: list[str] = record.get("seen", [])
        self._day: int = record.get("day", 0)
        self._spent: int = record.get("spent", 0)
        self._aside = self._spent
        self._ledger = Ledger(root, app_id, tell)
        self._told: dict[str, tuple[int | None, int]] = {}
        self._quiet_until = 0
        self._untold: list[dict[str, Any]] = []
        self.is_due = False
        """Whether something must be on the flash before the program hears, or anything of this turn leaves."""

    # -- out ------------------------------------------------------------------------------------------------------

    def permit(self, name: str, values: "dict[str, Any]", size: int) -> None:
        """Let an event of about ``size`` bytes leave when this turn is over.

        Raises:
            CapabilityError: it may not.
        """
        item = destination = ""
        head = f'["{name if self._is_spoken else "*"}",'
        for line in self._items:
            if line[: len(head)] == head:
                item, destination, covers, _, _, _, precision, fields = json.loads(line)
                break
        if destination != "fleet":
            raise self._refusal(
                "unplanned", "",
                f"the data plan has no item {name[:_SHOWN]!r} for the fleet; add it to cygnet.data_plan",
            )  # fmt: skip
        if precision == "aggregated":
            raise self._refusal(
                "unplanned", item,
                f"the item {item} of the data plan is only counted across the fleet, which boards do not",
            )  # fmt: skip
        bits = self._fill(item, fields, name, values)
        self._check_agreed(item)
        unsaid = [category for category in self._seen if category not in covers]
        if unsaid and not self._spend(bits):
            raise self._refusal(
                "seen", item,
                f"the program has seen {', '.join(sorted(unsaid))}, and the item {item} of its data plan does not say "
                "that it may tell of it: add derived_from to it, or send closed fields, 256 bits a day",
            )  # fmt: skip
        self._ledger.add("send", item, size)

    def _fill(self, item: str, fields: "dict[str, list[Any]]", name: str, values: "dict[str, Any]") -> int:
        """Check each value against the field of its name; millionths of the bits that all of them can tell together,
        -1 if they can tell anything."""
        total, is_open, count = self._base, False, 0
        for key, value in values.items():
            field = fields.get(key) or fields.get("*")
            if field is None:
                known = ", ".join(sorted(fields)) or "none"
                raise self._refusal(
                    "unplanned", item,
                    f"{name[:_SHOWN]!r} holds {key[:_SHOWN]!r}, which the data plan does not have; its fields there "
                    f"are {known[:300]}; leave it out, or add it to cygnet.data_plan",
                )  # fmt: skip
            count += 1
            # In which order they stand tells something, too.
            total += _ONE + int(math.log(count) / math.log(2) * _ONE + 0.999)
            if value is None:
                continue
            expected = refusal(field, value)
            if expected:
                raise self._refusal(
                    "unplanned", item,
                    f"{key} must be {expected}, as the item {item} of the data plan says",
                )  # fmt: skip
            is_open = is_open or field[1] < 0
            total += field[1]
        return -1 if is_open else total

    def _check_agreed(self, item: str) -> None:
        stands = self._stands.get(item)
        if not stands:
            why = "nobody has agreed yet" if stands is None else "the person at the device said no"
            raise self._refusal(
                "unasked" if stands is None else "refused", item,
                f"{why} to the item {item} of the data plan; the program has to live without it",
            )  # fmt: skip

    def _spend(self, bits: int) -> bool:
        """Count bits that are told today; false, and nothing is counted, if these are too many."""
        day = max(clock.now() // _DAY, self._day)  # a clock that is put back gives no new day
        spent = self._spent if day == self._day else 0
        if bits < 0 or spent + bits > BITS_A_DAY:
            return False
        if day > self._day:
            self._day, self._aside = day, 0
        self._spent = spent + bits
        if self._spent > self._aside:
            self._aside = min(self._spent + _PORTION, BITS_A_DAY)
            self.is_due = True
        return True

    # -- in -------------------------------------------------------------------------------------------------------

    def collect(self, category: str) -> None:
        """Let the program have data of a sensitive category, from its next turn on. It is labelled.

        Raises:
            CapabilityError: it may not.
        """
        first = ""
        for line in self._items:
            name, _, covers = json.loads(line)[:3]
            if category not in covers and not (category == "speech" and "voice" in covers):
                continue
            if self._stands.get(name):
                if category not in self._seen:
                    self._seen.append(category)
                    self.is_due = True
                return
            first = first or name
        if first:
            self._check_agreed(first)
        raise self._refusal(
            "unplanned", "",
            f"the data plan has no item of the category {category}; add one to cygnet.data_plan, "
            'with the destination "device" if it stays here',
        )  # fmt: skip

    # -- what is told and kept ------------------------------------------------------------------------------------

    def _refusal(self, why: str, item: str, sentence: str) -> CapabilityError:
        """Count it, for the ledger and the operator; ``item`` is a word of the plan, never of the program's call."""
        self._ledger.add("refused", item)
        key, now = f"{why} {item}", clock.ticks_ms()
        told, count = self._told.get(key, (None, 0))
        count += 1
        if told is not None and 0 <= clock.ticks_diff(now, told) < _TELL_MS:
            self._told[key] = (told, count)
        elif self._seen and not self._spend(_HINT):
            self._told[key] = (told, count)
            if clock.now() >= self._quiet_until:  # it has told all that it may: once a day that is told, and no more
                self._quiet_until = clock.now() + _DAY
                self._untold.append({"app_id": self._app_id, "why": "spent", "item": "", "count": 1})
        else:
            self._told[key] = (now, 0)
            while self._seen and count & count - 1:  # the greatest power of two that is not more
                count &= count - 1
            self._untold.append({"app_id": self._app_id, "why": why, "item": item, "count": count})
        return CapabilityError("privacy: " + sentence)

    def flush(self) -> str:
        """The turn is over: write what must be written, and tell of what was refused. A sentence where the flash does
        not take it, else an empty text; as long as :attr:`is_due` then, nothing of the program may leave."""
        try:
            if self.is_due:
                self._keep()
            untold, self._untold = self._untold, []
            for refused in untold:
                self._tell(_SOURCE, "refused", refused)
            self._ledger.tidy()
        except OSError as error:
            return f"what of the program leaves the board cannot be written down: {error}"
        return ""

    def _keep(self) -> None:
        from ..consents import write_privacy

        write_privacy(self._root, self._app_id, {"seen": self._seen, "day": self._day, "spent": self._aside})
        self.is_due = False
        del write_privacy
        forget("consents")

    def end(self) -> str:
        """The program is over; as :meth:`flush`."""
        said = self.flush()
        try:
            self._ledger.write()
        except OSError as error:
            said = f"what left the board at last is not written down: {error}"
        return said
