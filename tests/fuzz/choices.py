"""Decisions read from bytes, so that a fuzzer that alters bytes alters decisions."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Reads one decision after the other; when the bytes are used up, every further one is the first choice."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def below(self, count: int) -> int:
        """A number from 0 to ``count`` - 1; 0 where there is no choice."""
        if count <= 1:
            return 0
        number = self.byte()
        if count > 256:
            number = number << 8 | self.byte()
        return number % count

    def pick(self, items: Sequence[T]) -> T:
        return items[self.below(len(items))]

    def chance(self, one_in: int) -> bool:
        return self.below(one_in) == one_in - 1

    def rest(self) -> bytes:
        at, self._at = self._at, len(self._data)
        return self._data[at:]
