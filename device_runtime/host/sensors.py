"""Sensors of a Linux board: what drivers of the kernel measure (thermal, hwmon, iio), or a value that stands for it."""

from collections.abc import Mapping
from pathlib import Path

from device_runtime.capability.parts import Sensor
from device_runtime.host.linuxparts import LinuxSensor
from device_runtime.program.data_plan import Category

SYS = Path("/sys")
# What a kernel's number is multiplied by to have degrees Celsius, percent, volts, amperes, watts, joules:
# https://docs.kernel.org/hwmon/sysfs-interface.html, and Documentation/ABI/testing/sysfs-bus-iio of the kernel.
_HWMON = {"temp": 1e-3, "in": 1e-3, "curr": 1e-3, "humidity": 1e-3, "power": 1e-6, "energy": 1e-6}
_IIO = {"temp": 1e-3, "humidityrelative": 1e-3, "voltage": 1e-3, "current": 1e-3}
_DIGITS = "0123456789"


def make_sensors(described: Mapping[str, LinuxSensor], *, sys: Path = SYS) -> dict[str, Sensor]:
    """The sensors of a board; ``sys`` is where the kernel's sysfs is."""
    return {name: _sensor(sensor, sys) for name, sensor in described.items()}


def sensor_categories(described: Mapping[str, LinuxSensor]) -> dict[str, Category]:
    """Which of them tell of a person, by name, and what."""
    return {name: sensor.category for name, sensor in described.items() if sensor.category != "sensor"}


def _sensor(sensor: LinuxSensor, sys: Path) -> Sensor:
    read = {"thermal": _thermal, "hwmon": _hwmon, "iio": _iio, "simulated": lambda *_: 0.0}[sensor.driver]

    def measure() -> tuple[float, str]:
        return read(sensor, sys) * sensor.scale + sensor.offset, sensor.unit

    return measure


def _thermal(sensor: LinuxSensor, sys: Path) -> float:
    """Degrees Celsius: https://docs.kernel.org/driver-api/thermal/sysfs-api.html."""
    return _number(_find(sys / "class" / "thermal", "thermal_zone*", "type", sensor.device) / "temp") * 1e-3


def _hwmon(sensor: LinuxSensor, sys: Path) -> float:
    channel = sensor.channel or "temp1"
    folder = _find(sys / "class" / "hwmon", "hwmon*", "name", sensor.device)
    return _number(folder / f"{channel}_input") * _HWMON.get(channel.rstrip(_DIGITS), 1.0)


def _iio(sensor: LinuxSensor, sys: Path) -> float:
    """What a driver has worked out (``_input``), or else (raw + offset) x scale."""
    channel = sensor.channel or "in_temp"
    folder = _find(sys / "bus" / "iio" / "devices", "iio:device*", "name", sensor.device)
    if (folder / f"{channel}_input").exists():
        value = _number(folder / f"{channel}_input")
    else:
        offset, scale = folder / f"{channel}_offset", folder / f"{channel}_scale"
        value = _number(folder / f"{channel}_raw") + (_number(offset) if offset.exists() else 0.0)
        value *= _number(scale) if scale.exists() else 1.0
    return value * _IIO.get(channel.removeprefix("in_").rstrip(_DIGITS), 1.0)


def _find(folder: Path, pattern: str, label: str, wanted: str) -> Path:
    """The device whose file ``label`` says ``wanted``; the first one where that is empty.

    Raises:
        OSError: there is none; the message names those that are there.
    """
    others: set[str] = set()
    for device in sorted(folder.glob(pattern), key=lambda path: (len(path.name), path.name)):
        try:
            name = (device / label).read_text().strip()
        except OSError:  # it was unplugged between the listing and the reading
            continue
        if wanted in ("", name):
            return device
        others.add(name)
    named = f"{wanted!r}" if wanted else "device"
    raise OSError(f"the kernel has no {named} in {folder}; it has {', '.join(sorted(others)) or 'none'}")


def _number(path: Path) -> float:
    text = path.read_text().strip()
    try:
        return float(text)
    except ValueError as error:
        raise ValueError(f"{path} holds no number") from error
