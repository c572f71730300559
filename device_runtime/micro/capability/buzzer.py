"""``buzzer.play {frequency, seconds}``: a tone; it ends by itself."""

import asyncio

from .arguments import number

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Pins, Values
except ImportError:
    pass

_HALF = 32768


class Buzzer:
    """The buzzer of ``board.json``: ``{pin}``."""

    def __init__(self, described: "dict[str, Any]", pins: "Pins") -> None:
        self._pin = pins.pwm(described["pin"])
        self._tone = 0

    def __call__(self, values: "Values") -> None:
        """Begin a tone in place of one that still sounds."""
        hertz = number(values, "frequency", 20, 20_000)
        seconds = number(values, "seconds", 0.01, 10) if values.get("seconds") is not None else 0.2
        self._pin.freq(int(hertz))
        self._pin.duty_u16(_HALF)
        self._tone += 1
        asyncio.create_task(self._end(self._tone, seconds))  # noqa: RUF006 - MicroPython's loop holds it

    async def _end(self, tone: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if tone == self._tone:
            self.silence()

    def silence(self) -> None:
        """No tone any more."""
        self._tone += 1
        self._pin.duty_u16(0)
