"""Lights of a Linux board: the kernel's own (sysfs), a line of a GPIO chip, or one that its screens show."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from device_runtime.capability.parts import Colour, Light
from device_runtime.errors import CygnetError
from device_runtime.host.linuxparts import LinuxLed
from device_runtime.values import Value

SYS = Path("/sys")
Show = Callable[[list[Value]], None]


def make_lights(described: Mapping[str, LinuxLed], show: Show, *, sys: Path = SYS) -> dict[str, Light]:
    """The lights of a board. None is touched before a program sets it.

    Args:
        described: by name, of the board's configuration.
        show: told all simulated lights that were set so far, when one of them changes.
        sys: where the kernel's sysfs is.
    """
    shown: dict[str, Value] = {}

    def changed(name: str, level: float, colour: Colour) -> None:
        shown[name] = {"name": name, "level": level, "color": "#{:02x}{:02x}{:02x}".format(*colour)}
        show(list(shown.values()))

    lights: dict[str, Light] = {}
    for name, led in described.items():
        if led.driver == "sysfs":
            lights[name] = SysfsLight(sys / "class" / "leds" / led.device)
        elif led.driver == "gpio":
            lights[name] = GpioLight(name, f"/dev/{led.device or 'gpiochip0'}", led.line or 0, low=led.low)
        else:
            lights[name] = SimulatedLight(name, changed)
    return lights


class SysfsLight:
    """A light that a driver of the kernel has.

    https://docs.kernel.org/leds/leds-class.html: ``brightness`` from 0 to ``max_brightness``; a ``trigger``, such as
    the card's activity, would go on switching it.
    """

    colours = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def dims(self) -> bool:
        return self._most() > 1

    def set(self, level: float, colour: Colour) -> None:  # noqa: ARG002 it has none
        """See :meth:`Light.set`."""
        trigger = self._folder / "trigger"
        if trigger.exists() and "[none]" not in trigger.read_text():
            trigger.write_text("none")
        (self._folder / "brightness").write_text(str(round(level * self._most())))

    def _most(self) -> int:
        try:
            return int((self._folder / "max_brightness").read_text())
        except ValueError as error:
            raise OSError(f"{self._folder}/max_brightness holds no number") from error


class GpioLight:
    """A light on a line of a GPIO chip, which is taken when it is first set, and held."""

    dims = colours = False

    def __init__(self, name: str, chip: str, line: int, *, low: bool) -> None:
        self._name, self._chip, self._line, self._low = name, chip, line, low
        self._request: Any = None

    def set(self, level: float, colour: Colour) -> None:  # noqa: ARG002 it has none
        """See :meth:`Light.set`."""
        try:
            gpiod = importlib.import_module("gpiod")
            line = importlib.import_module("gpiod.line")
        except ImportError as error:
            raise CygnetError(
                f"the light {self._name!r} needs gpiod; install it with: pip install 'cygnet[gpio]'"
            ) from error
        value = line.Value.ACTIVE if level else line.Value.INACTIVE
        if self._request is None:
            wanted = gpiod.LineSettings(
                direction=line.Direction.OUTPUT, active_low=self._low, output_value=line.Value.INACTIVE
            )
            self._request = gpiod.request_lines(self._chip, consumer="cygnet", config={self._line: wanted})
        self._request.set_value(self._line, value)


class SimulatedLight:
    """A light of a board without lights: its screens show it."""

    dims = colours = True

    def __init__(self, name: str, changed: Callable[[str, float, Colour], None]) -> None:
        self._name, self._changed = name, changed

    def set(self, level: float, colour: Colour) -> None:
        """See :meth:`Light.set`."""
        self._changed(self._name, level, colour)
