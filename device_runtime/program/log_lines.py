"""A program that floods its console loses lines, not the board its time; errors are lost later than others."""

import time
from collections.abc import Callable


class LogLines:
    """Which lines of a console pass: ``a_second``, and twice as many where they are errors."""

    def __init__(self, a_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = a_second
        self._clock = clock
        self._second = -1
        self._count = 0

    def take(self, level: str) -> tuple[bool, int]:
        """Whether this line passes, and how many were lost in the second before, to be told once."""
        second = int(self._clock())
        lost = 0
        if second != self._second:
            lost = max(0, self._count - self._most)
            self._second, self._count = second, 0
        self._count += 1
        return self._count <= (2 * self._most if level == "error" else self._most), lost


def lost_text(lost: int, a_second: int) -> str:
    """What is said in the place of lines that were lost."""
    return f"{lost} lines were left out: more than {a_second} came in a second"
