"""The schema of lights and sensors of boards that run Linux; ``docs/board-maker.md`` holds the table of keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from device_runtime.host.board_file import key

__all__ = ["LinuxLed", "LinuxSensor", "faults"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinuxLed:
    """A light."""

    driver: Literal["sysfs", "gpio", "simulated"] = key(
        "`sysfs`: a light of the kernel's; `gpio`: a line of a GPIO chip, which needs the extra `gpio`; `simulated`: "
        "the screens show it"
    )
    device: str = key(
        "the light's name in `/sys/class/leds`, or the GPIO chip's in `/dev`; `gpiochip0` when empty", default=""
    )
    line: int | None = key("line of the GPIO chip", default=None, minimum=0, maximum=1023)
    low: bool = key("if it shines when the line is low", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinuxSensor:
    """Something that gives a number: ``scale`` x what the driver reads + ``offset``."""

    driver: Literal["thermal", "hwmon", "iio", "simulated"] = key(
        "the kernel's interface, read in C, %, V, A, W, or in the kernel's unit; `simulated` reads 0"
    )
    device: str = key("`type` of the thermal zone, `name` of the hwmon or iio device; empty for the first", default="")
    channel: str = key("`temp1`, `humidity1`, … (hwmon), `in_temp`, `in_illuminance`, … (iio)", default="")
    scale: float = key("what a reading is multiplied by", default=1.0, minimum=-1e9, maximum=1e9)
    offset: float = key("what is then added", default=0.0, minimum=-1e9, maximum=1e9)
    unit: str = key("unit of the result", default="")
    category: Literal["sensor", "vehicle", "location"] = key(
        "what it tells of: what is `vehicle` or `location`, a program gets only with an item of its data plan and a "
        "person's yes, and is remembered to have had",
        default="sensor",
    )


def faults(leds: Mapping[str, LinuxLed], sensors: Mapping[str, LinuxSensor]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What no single key shows."""
    for name, led in leds.items():
        missing = {"sysfs": "device" if not led.device else "", "gpio": "line" if led.line is None else ""}
        if wanted := missing.get(led.driver):
            yield ("leds", name), f"the key 'leds.{name}.{wanted}' is missing: the driver {led.driver} needs it"
        if "/" in led.device:
            yield ("leds", name, "device"), f"'leds.{name}.device' must be a name, not a path"
    for name, sensor in sensors.items():
        if "/" in sensor.channel:
            yield ("sensors", name, "channel"), f"'sensors.{name}.channel' must be a name, not a path"
