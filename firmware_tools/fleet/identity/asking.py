"""How often one device may ask for a newer certificate, so that one that asks in a loop costs next to nothing.

A device asks once a day, within a minute of a start where it is due, and again after half a minute (a microcontroller:
ten) where no answer came. Who has used up what is saved may ask again ten minutes later at the latest, and what is
refused uses up nothing: so it renews whatever it does, since it has a third of a lifetime for it.
"""

import math
from collections.abc import Callable

from device_runtime.program.allowance import Allowance

AT_ONCE = 20
EVERY = 600
"""Seconds in which one more question comes in."""
_MANY = 1000


class Asking:
    """The allowances of all devices of one process. ``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._allowances: dict[str, Allowance] = {}
        self._look_at = _MANY

    def __len__(self) -> int:
        """How many devices are remembered."""
        return len(self._allowances)

    def wait(self, device: str) -> int:
        """0, and this question is one of its; or for how many seconds none is answered."""
        if device not in self._allowances:
            self._forget()
        allowance = self._allowances.setdefault(device, Allowance(1 / EVERY, AT_ONCE, self._monotonic))
        return 0 if allowance.spend() else max(1, math.ceil((1 - allowance.left) * EVERY))

    def _forget(self) -> None:
        """Whoever has saved up all again is as one who never asked."""
        if len(self._allowances) < self._look_at:
            return
        self._allowances = {device: each for device, each in self._allowances.items() if each.left < AT_ONCE}
        self._look_at = max(_MANY, 2 * len(self._allowances))
