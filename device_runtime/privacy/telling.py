"""What the fleet is told of a device's ledger: each decision as it is, what left in sums, and now and then how far the
ledger is.

A sum is of one program, item and destination, from one entry up to another. The hash of the last entry goes with it, so
that the entries themselves can later be held against the sum. What a program that has seen something sensitive sent
elsewhere than to the fleet is told once a day and in powers of two, and counts as bits that the program tells: it could
send something often or seldom for the fleet to see.
"""

import time
from collections.abc import Callable, Mapping

from device_runtime.privacy.gate import SOURCE, PrivacyGate
from device_runtime.privacy.ledger import MOST_KEPT, Act, Sending
from device_runtime.program.data_plan import FLEET, MOST_ITEMS
from device_runtime.values import Value

DECISIONS: frozenset[Act] = frozenset({"grant", "refuse", "revoke", "profile"})
"""The acts of the ledger of which the fleet is told, each as an event of its name."""
SENT, HEAD = "sent", "head"
"""The events that tell of what left, and of how far the ledger is."""
SUM_SECONDS, GUARDED_SUM_SECONDS = 3_600.0, 86_400.0
"""Between two sums of a program; and of one that has seen something sensitive."""
_HEAD_SECONDS = 3_600.0
_LOOK_SECONDS = 60.0
_TOLD = "told_the_fleet"
_TOLD_AT_ONCE = 200
# Which item, and powers of two of how often and of how many bytes.
_ROUNDED_SUMS = MOST_ITEMS * 32 * 64
_SUMMING, _SUMMED = "summing", "summed"


class LedgerTelling:
    """Tells of one device's ledger; called again and again on the event loop."""

    def __init__(
        self,
        gate: PrivacyGate,
        record: Callable[[str, str, Mapping[str, Value]], object],
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            gate: whose ledger it is, and which counts the bits.
            record: takes telemetry.
            clock: Unix time in seconds.
            steady: seconds of a clock that nobody sets.

        Raises:
            PrivacyFileError: the file of the ledger cannot be read.
        """
        self._gate, self._ledger, self._record = gate, gate.ledger, record
        self._clock, self._steady = clock, steady
        self._told = int(self._ledger.noted(_TOLD) or 0)
        self._head_told, self._head_at = 0, -_HEAD_SECONDS
        self._looked, self._look_at = 0, -_LOOK_SECONDS
        self._newest: dict[str, int] = {}

    def tell(self) -> None:
        """Tell what is due. Raises :class:`PrivacyFileError`; what was not told then is told later."""
        self._tell_decisions()
        if self._steady() - self._look_at >= _LOOK_SECONDS:
            self._tell_sendings()
            self._look_at = self._steady()
        self._tell_head()

    def _tell_decisions(self) -> None:
        number, _ = self._ledger.head
        while self._told < number and (entries := self._ledger.entries(self._told, _TOLD_AT_ONCE)):
            for entry in entries:
                if entry.act in DECISIONS:
                    values: dict[str, Value] = {"app_id": entry.app, "item": entry.item, "who": entry.who}
                    self._record(SOURCE, entry.act, values | {"number": entry.number, "hash": entry.hash})
            self._told = entries[-1].number
            self._ledger.note(_TOLD, str(self._told))

    def _tell_head(self) -> None:
        """Who changes the ledger later cannot change what the fleet has."""
        number, digest = self._ledger.head
        if number != self._head_told and self._steady() - self._head_at >= _HEAD_SECONDS:
            self._ledger.settle()  # one that lost what it told of would look as if somebody had put it back
            self._record(SOURCE, HEAD, {"number": number, "hash": digest})
            self._head_told, self._head_at = number, self._steady()

    # -- what left ------------------------------------------------------------------------------------------------

    def _tell_sendings(self) -> None:
        self._newest.update(self._ledger.senders(self._looked))
        self._looked, _ = self._ledger.head
        for app, newest in list(self._newest.items()):
            summed, at = self._noted(_SUMMED, app)
            until, begun = self._noted(_SUMMING, app)
            if until > summed:  # it was being told when the device stopped: the same sum once more, not another
                self._tell_sum(app, summed, until, begun)
            elif self._is_due(app, at) or newest - summed > MOST_KEPT // 2:  # before the ledger lets go of some
                self._ledger.note(f"{_SUMMING} {app}", f"{newest} {self._clock():.0f}")
                self._tell_sum(app, summed, newest, self._clock())
            else:
                continue
            if self._noted(_SUMMED, app)[0] >= newest:
                del self._newest[app]

    def _is_due(self, app: str, last: float) -> bool:
        seconds = GUARDED_SUM_SECONDS if self._gate.labels.of(app) else SUM_SECONDS
        return not last <= self._clock() < last + seconds  # a clock that was put back must not silence it

    def _tell_sum(self, app: str, after: int, until: int, at: float) -> None:
        last = next(iter(self._ledger.entries(until - 1, 1)), None)
        if last is None:  # somebody cut the ledger
            for word in (_SUMMING, _SUMMED):
                self._ledger.note(f"{word} {app}", f"{self._ledger.head[0]} {at:.0f}")
            return
        self._ledger.settle()
        for sending in self._ledger.sent_between(app, after, last.number):
            exact = sending.destination == FLEET or not self._gate.labels.of(app)
            if exact or self._gate.may_hint(app, _ROUNDED_SUMS):
                shown = sending if exact else _rounded(sending)
                values: dict[str, Value] = {
                    "app_id": app, "item": shown.item, "to": shown.destination, "count": shown.count,
                    "bytes": shown.bytes, "after": after, "number": last.number, "hash": last.hash,
                }  # fmt: skip
                self._record(SOURCE, SENT, values if exact else values | {"rounded": True})
        self._ledger.note(f"{_SUMMED} {app}", f"{last.number} {at:.0f}")

    def _noted(self, word: str, app: str) -> tuple[int, float]:
        """Up to which entry, and when."""
        number, _, at = self._ledger.noted(f"{word} {app}").partition(" ")
        return int(number or 0), float(at or 0)


def _rounded(sending: Sending) -> Sending:
    return Sending(sending.item, sending.destination, _power(sending.count), _power(sending.bytes))


def _power(number: int) -> int:
    """The greatest power of two that is not more."""
    return 1 << number.bit_length() - 1 if number else 0
