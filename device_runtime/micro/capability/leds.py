"""``led.set {name, on | level | color}``: a light, a dimmed light, or a strip of WS2812 pixels."""

from ..program.errors import CapabilityError
from .arguments import choice, number, refuse

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Pins, Values
except ImportError:
    pass

_HERTZ = 1000


class Leds:
    """The lights of ``board.json``: ``{name: {pin, low, pwm, pixels}}``."""

    def __init__(self, described: "dict[str, Any]", pins: "Pins") -> None:
        self._described = described
        self._pins = pins
        self._made: dict[str, Any] = {}

    def __call__(self, values: "Values") -> None:
        """Set one; what is not said is as if it were switched on wholly.

        Raises:
            CapabilityError: there is no such light, or it cannot do that.
        """
        name = choice(values, self._described, "light")
        part = self._described[name]
        level = self._level(values)
        colour = _colour(values["color"]) if values.get("color") is not None else (255, 255, 255)
        light = self._made.get(name)
        if light is None:
            light = self._made[name] = self._make(part)
        if part.get("pixels"):
            light.fill(tuple([round(value * level) for value in colour]))
            light.write()
        elif values.get("color") is not None:
            raise CapabilityError(f"the light {name!r} has no colours")
        elif part.get("pwm"):
            duty = round(level * 65535)
            light.duty_u16(65535 - duty if part.get("low") else duty)
        elif 0 < level < 1:
            raise CapabilityError(f"the light {name!r} cannot be dimmed")
        else:
            light(int(bool(level) is not bool(part.get("low"))))

    def _level(self, values: "Values") -> float:
        on = values.get("on", True)
        if not isinstance(on, bool):
            raise refuse("on must be true or false")
        level = number(values, "level", 0, 1) if values.get("level") is not None else 1
        return level if on else 0

    def _make(self, part: "dict[str, Any]") -> "Any":
        if part.get("pixels"):
            return self._pins.strip(part["pin"], part["pixels"])
        if part.get("pwm"):
            light = self._pins.pwm(part["pin"])
            light.freq(_HERTZ)
            return light
        return self._pins.output(part["pin"], part.get("low", False))


def _colour(text: object) -> "tuple[int, int, int]":
    if isinstance(text, str) and len(text) == 7 and text[0] == "#":
        try:
            value = int(text[1:], 16)
        except ValueError:
            pass
        else:
            return value >> 16, value >> 8 & 255, value & 255
    raise refuse("color must be a colour such as #1a2b3c")
