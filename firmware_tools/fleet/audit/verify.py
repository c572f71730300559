"""Whether a log is whole; and if not, which entry is the first that is not what it was."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from device_runtime.keys import KeyRing
from firmware_tools.fleet.audit.chain import FIRST, Checkpoint, Entry
from firmware_tools.fleet.audit.log import Head

Kind = Literal["changed", "inserted", "removed", "reordered", "cut off", "checkpoint", "unsigned"]


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong, at the entry ``number``."""

    number: int
    kind: Kind
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found. ``entries``: how many were looked at, up to the fault; ``signed``: up to which number the fleet's
    signature says that nothing was changed."""

    entries: int
    signed: int
    fault: Fault | None

    def document(self) -> dict[str, Any]:
        """The verdict as the API answers it."""
        return {
            "whole": self.whole,
            "entries": self.entries,
            "signed": self.signed,
            "fault": None if self.fault is None else asdict(self.fault),
        }

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return self.fault is None


@dataclass(frozen=True, slots=True)
class Start:
    """An entry after which to begin; what is before it is believed."""

    number: int = 0
    hash: str = FIRST


def verify(
    read: Callable[[], Iterable[Entry]],
    checkpoints: Sequence[Checkpoint],
    fleet: str,
    keys: KeyRing,
    *,
    witnesses: Sequence[Checkpoint] = (),
    head: Head | None = None,
    start: Start | None = None,
) -> Verdict:
    """Look at a whole log.

    Args:
        read: gives the entries after ``start`` up to the head, by number; called again where one is wrong.
        checkpoints: those of the log.
        fleet: the id of the fleet.
        keys: the fleet's public keys, the former ones too.
        witnesses: checkpoints that lie elsewhere than the log, beside the fleet's key or in an earlier export.
        head: what the log says its newest entry is.
        start: where to begin; at the first entry without it.
    """
    begin = start or Start()
    known = [*checkpoints, *witnesses]
    for checkpoint in known:
        if not checkpoint.is_signed(fleet, keys):
            sentence = (
                f"the checkpoint of entry {checkpoint.number} is not signed by this fleet's key: somebody made it up, "
                "or the key is another"
            )
            return Verdict(0, 0, Fault(checkpoint.number, "checkpoint", sentence))
    return _Walk(read, known, begin, head).verdict()


class _Walk:
    def __init__(
        self,
        read: Callable[[], Iterable[Entry]],
        checkpoints: Sequence[Checkpoint],
        start: Start,
        head: Head | None,
    ) -> None:
        self._read, self._head, self._start = read, head, start
        self._signed: dict[int, set[str]] = {}
        for checkpoint in checkpoints:
            self._signed.setdefault(checkpoint.number, set()).add(checkpoint.hash)
        self._last_signed = start.number

    def verdict(self) -> Verdict:
        before: Entry | None = None
        number, digest, count = self._start.number, self._start.hash, 0
        for entry in self._read():
            fault = self._fault(entry, before, number + 1, digest)
            if fault is not None:
                return Verdict(count, self._last_signed, fault)
            number, digest, before, count = entry.number, entry.hash, entry, count + 1
            if (signed := self._signed.get(number)) is not None:
                if signed != {digest}:
                    return Verdict(count, self._last_signed, self._rewritten(number))
                self._last_signed = number
        return Verdict(count, self._last_signed, self._cut(number, digest))

    def _fault(self, entry: Entry, before: Entry | None, number: int, digest: str) -> Fault | None:
        intact = entry.hash == entry.expected()
        if entry.number == number and entry.previous == digest and intact:
            return None
        if entry.number < number:
            return Fault(entry.number, "inserted", f"entry {entry.number} is there twice, or out of its order")
        if entry.number > number and any(other.number == number for other in self._read()):
            return Fault(number, "reordered", f"entry {number} was reordered: it comes after entry {entry.number}")
        if entry.number > number and intact and entry.previous != digest:
            return Fault(number, "removed", f"{_span(number, entry.number - 1)} removed")
        if not intact:
            return self._altered(entry, number, digest)
        if entry.number != number:  # a hash that was made to fit
            return Fault(
                number, "removed", f"{_span(number, entry.number - 1)} removed, and what follows was rewritten"
            )
        # It is whole by itself, and says that another one came before.
        if before is None:
            return Fault(number, "removed", f"what came before entry {number} was removed or rewritten")
        if before.previous == entry.previous or entry.expected(number - 1) == entry.hash:
            return Fault(before.number, "inserted", f"entry {before.number} was inserted")
        return Fault(before.number, "changed", f"entry {before.number} was changed, and its hash with it")

    def _altered(self, entry: Entry, number: int, digest: str) -> Fault:
        """An entry whose hash is not its own: it was changed, or it belongs to another place."""
        if entry.number > number:
            return Fault(number, "removed", f"{_span(number, entry.number - 1)} removed")
        home = self._home(entry, number)
        # Who says that it follows what is right up to here, and stands elsewhere?
        displaced = next((other for other in self._read() if other.previous == digest and other.number != number), None)
        if home == number - 1 or (home is None and displaced is not None and self._home(displaced, number) == number):
            inserted = number - 1 if home == number - 1 and entry.previous != digest else number
            return Fault(inserted, "inserted", f"entry {inserted} was inserted")
        if home is not None and displaced is not None:
            sentence = f"entry {number} was reordered: what stands there was entry {home}"
            return Fault(number, "reordered", sentence)
        if home is not None:
            return Fault(number, "removed", f"{_span(number, home - 1)} removed, and the numbers after it changed")
        return Fault(number, "changed", f"entry {number} was changed")

    def _home(self, entry: Entry, number: int) -> int | None:
        """The number under which an entry has the hash that it carries; None if that is none of those around."""
        for distance in range(1, 1_000):
            for place in (number - distance, number + distance):
                if place > 0 and entry.expected(place) == entry.hash:
                    return place
        return number if entry.expected(number) == entry.hash else None

    def _rewritten(self, number: int) -> Fault:
        sentence = (
            f"{_span(self._last_signed + 1, number)} rewritten: the hash of entry {number} is not the one that the "
            "fleet signed"
        )
        return Fault(self._last_signed + 1, "changed", sentence)

    def _cut(self, number: int, digest: str) -> Fault | None:
        last = max(self._signed, default=0)
        if last > number:
            sentence = (
                f"the log ends at entry {number}, but the fleet signed entry {last}: {_span(number + 1, last)} cut "
                "off, or an older database was restored"
            )
            return Fault(number + 1, "cut off", sentence)
        if self._head is None:
            return None
        newest = self._head.number
        if newest > number:
            return Fault(number + 1, "cut off", f"{_span(number + 1, newest)} cut off")
        if self._head.highest > newest:
            sentence = f"{_span(newest + 1, self._head.highest)} added past the fleet, whose newest is entry {newest}"
            return Fault(newest + 1, "inserted", sentence)
        if newest < number or self._head.hash != digest:
            return Fault(number, "changed", f"entry {number} is not the one that the fleet wrote last")
        return None


def _span(first: int, last: int) -> str:
    return f"entry {first} was" if first >= last else f"entries {first} to {last} were"
