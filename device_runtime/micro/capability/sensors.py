"""``sensor.read {name}`` -> ``{"value", "unit"}``."""

from .. import clock
from ..program.errors import CapabilityError
from .arguments import choice

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Pins, Values
except ImportError:
    pass

_VOLTS = 3.3
_AHT20 = 0x38


class Sensors:
    """The sensors of ``board.json``: ``{name: {driver, pin | sda, scl, scale, offset, unit}}``."""

    def __init__(self, described: "dict[str, Any]", pins: "Pins") -> None:
        self._described = described
        self._pins = pins

    def __call__(self, values: "Values") -> "dict[str, Any]":
        """Read one: scale x what its driver reads + offset.

        Raises:
            CapabilityError: there is no such sensor, or it does not answer.
        """
        name = choice(values, self._described, "sensor")
        part = self._described[name]
        read = _DRIVERS.get(part["driver"])
        if read is None:
            raise CapabilityError(f"this runtime has no driver {part['driver']!r} for the sensor {name!r}")
        try:
            value = read(part, self._pins)
        except (OSError, ImportError, ValueError) as error:
            raise CapabilityError(f"the sensor {name!r} does not answer: {error}") from error
        return {"value": value * part.get("scale", 1) + part.get("offset", 0), "unit": part.get("unit", "")}


def _adc(part: "dict[str, Any]", pins: "Pins") -> float:
    """Volts."""
    return pins.adc(part["pin"]).read_u16() / 65535 * _VOLTS


def _aht20(part: "dict[str, Any]", pins: "Pins") -> float:
    """Degrees Celsius, or percent with ``"quantity": "humidity"``: AHT20 product manuals, ASAIR, section 5.4."""
    bus, address = pins.i2c(part), part.get("address", _AHT20)
    bus.writeto(address, b"\xac\x33\x00")
    answer = b"\x80"
    for _ in range(8):  # a measurement takes 80 ms
        clock.sleep_ms(20)
        answer = bus.readfrom(address, 7)
        if not answer[0] & 0x80:
            break
    if answer[0] & 0x80 or crc8(answer[:6]) != answer[6]:
        raise OSError("no whole answer")
    if part.get("quantity") == "humidity":
        return (answer[1] << 12 | answer[2] << 4 | answer[3] >> 4) * 100 / 1048576
    return ((answer[3] & 15) << 16 | answer[4] << 8 | answer[5]) * 200 / 1048576 - 50


def crc8(data: bytes) -> int:
    """The check sum of Sensirion's and ASAIR's sensors: polynomial 0x31, from 0xFF."""
    crc = 0xFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc << 1 ^ 0x31 if crc & 0x80 else crc << 1) & 0xFF
    return crc


def _dht(part: "dict[str, Any]", pins: "Pins") -> float:  # noqa: ARG001
    """DHT11 and DHT22 by MicroPython's own driver."""
    import dht  # type: ignore[import-not-found]
    from machine import Pin

    sensor = (dht.DHT11 if part["driver"] == "dht11" else dht.DHT22)(Pin(part["pin"]))
    sensor.measure()
    return sensor.humidity() if part.get("quantity") == "humidity" else sensor.temperature()  # type: ignore[no-any-return]


def _ds18x20(part: "dict[str, Any]", pins: "Pins") -> float:  # noqa: ARG001
    """The first DS18B20 on a wire, by MicroPython's own driver."""
    import ds18x20  # type: ignore[import-not-found]
    import onewire  # type: ignore[import-not-found]
    from machine import Pin

    wire = ds18x20.DS18X20(onewire.OneWire(Pin(part["pin"])))
    found = wire.scan()
    if not found:
        raise OSError("nobody is on the wire")
    wire.convert_temp()
    clock.sleep_ms(750)
    return wire.read_temp(found[0])  # type: ignore[no-any-return]


_DRIVERS: "dict[str, Callable[[dict[str, Any], Pins], float]]" = {
    "adc": _adc,
    "aht20": _aht20,
    "dht11": _dht,
    "dht22": _dht,
    "ds18x20": _ds18x20,
}
