"""The buttons of a board, without their bounces."""

from .. import clock

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Pins
except ImportError:
    pass

_STEADY_MS = 30


class Buttons:
    """``{name: {pin, low}}`` of ``board.json``."""

    def __init__(self, described: "dict[str, Any]", pins: "Pins") -> None:
        now = clock.ticks_ms()
        self._buttons: list[list[Any]] = []
        for name in sorted(described):
            part = described[name]
            pin = pins.input(part["pin"], part.get("low", False))
            # name, pin, whether low is pressed, what it is, what it seems to be, since when
            self._buttons.append([name, pin, bool(part.get("low")), False, False, now])

    def poll(self, now: int) -> "list[tuple[str, bool]]":
        """``(name, pressed)`` of those that changed: what a pin says counts when it has said so for 30 ms."""
        changed: list[tuple[str, bool]] = []
        for button in self._buttons:
            seems = bool(button[1]()) is not button[2]
            if seems is not button[4]:
                button[4] = seems
                button[5] = now
            elif seems is not button[3] and clock.ticks_diff(now, button[5]) >= _STEADY_MS:
                button[3] = seems
                changed.append((button[0], seems))
        return changed
