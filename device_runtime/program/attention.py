"""How much of the host's own time goes into what one worker sends: reading and passing on, on the one thread that
serves all programs."""

import time
from collections.abc import Callable
from typing import Final

from device_runtime.program.allowance import Allowance

# A worker's share of each second, and what it saves up for a great moment, such as its launch.
_SHARE: Final = 0.25
_SAVED_SECONDS: Final = 0.1
# So long others may have to wait for one who has not used up his share.
_TURN_SECONDS: Final = 0.005
# To be woken costs so much before a byte is looked at: who sends single bytes pays for it.
_WAKING_SECONDS: Final = 50e-6


class Attention:
    """What one worker gets of it. Processor time counts, not the time that others take from this thread."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._allowance = Allowance(_SHARE, _SAVED_SECONDS)
        self._began = self._since = 0.0

    def begin(self) -> None:
        """A turn begins."""
        self._began = self._since = self._clock()

    def spend(self, more: float = 0.0) -> float:
        """The time since this was last asked is spent; gives the seconds that the worker now has to wait."""
        since, self._since = self._since, self._clock()
        return self._allowance.owe(self._since - since + more)

    def wake(self) -> float:
        """As :meth:`spend`, with what it cost to be woken for this turn."""
        return self.spend(_WAKING_SECONDS)

    @property
    def turn_is_over(self) -> bool:
        """Whether others are to have theirs before this worker goes on."""
        return self._since - self._began > _TURN_SECONDS
