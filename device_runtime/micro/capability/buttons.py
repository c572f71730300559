"""The buttons of a board, without their bounces."""

from .. import clock

try:
    from collections.abc import Callable
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
            # name, pin, whether low is pressed, what it is, what it seems to be, since when; by edges: pressed since
            # when, whether it was pressed for long enough and let go
            self._buttons.append([name, pin, bool(part.get("low")), False, False, now, None, False])

    def listen(self, on: bool) -> None:
        """Catch presses between two looks, where pins can; a page takes longer to draw than a quick press."""
        for button in self._buttons:
            irq = getattr(button[1], "irq", None)
            if irq is not None:
                button[6], button[7] = None, False
                irq(_listener(button) if on else None)

    def poll(self, now: int) -> "list[tuple[str, bool]]":
        """``(name, pressed)`` of those that changed: what a pin says counts when it has said so for 30 ms."""
        changed: list[tuple[str, bool]] = []
        for button in self._buttons:
            seems = bool(button[1]()) is not button[2]
            if button[7]:
                button[7] = False
                if not button[3] and not seems:
                    button[4] = False
                    changed += [(button[0], True), (button[0], False)]
                    continue
            if seems is not button[4]:
                button[4] = seems
                button[5] = now
            elif seems is not button[3] and clock.ticks_diff(now, button[5]) >= _STEADY_MS:
                button[3] = seems
                changed.append((button[0], seems))
        return changed


def _listener(button: "list[Any]") -> "Callable[[object], None]":
    """What an edge calls, in the midst of anything: it only notes."""

    def heard(_: object) -> None:
        if bool(button[1]()) is not button[2]:
            button[6] = clock.ticks_ms()
        elif button[6] is not None:
            if clock.ticks_diff(clock.ticks_ms(), button[6]) >= _STEADY_MS:
                button[7] = True
            button[6] = None

    return heard
