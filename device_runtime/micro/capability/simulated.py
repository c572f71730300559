"""Pins that are files, for boards without pins (MicroPython's unix port): ``cygnet/pins/<pin>``.

What is driven is written there; what is read is taken from there: 0 or 1, for analogue inputs 0 to 65535, for I2C
devices (``i2c-56``) the bytes of the next answer in hexadecimal. A microphone hears what its file (that of ``sd``) is
given more of, as its samples: 16 kHz mono, 16 bits each, the smaller byte first; and silence where there is no more.
"""

import asyncio
import binascii
import os

from .. import clock

try:
    from typing import Any
except ImportError:
    pass


class _Output:
    def __init__(self, path: str, value: int) -> None:
        self._path = path
        self(value)

    def __call__(self, value: int) -> None:
        _write(self._path, str(value))


class _Input:
    def __init__(self, path: str, value: int) -> None:
        self._path = path
        self._value = value

    def __call__(self) -> int:
        return int(_read(self._path, str(self._value)))

    read_u16 = __call__


class _Pwm:
    def __init__(self, path: str) -> None:
        self._path = path
        self._hertz = 0

    def freq(self, hertz: int) -> None:
        self._hertz = hertz

    def duty_u16(self, duty: int) -> None:
        _write(self._path, f"{duty} {self._hertz}")

    def deinit(self) -> None:
        _write(self._path, "0 0")


class _Strip:
    def __init__(self, path: str, pixels: int) -> None:
        self._path = path
        self._pixels: list[tuple[int, ...]] = [(0, 0, 0)] * pixels

    def fill(self, colour: "tuple[int, ...]") -> None:
        self._pixels = [colour] * len(self._pixels)

    def write(self) -> None:
        _write(self._path, " ".join([f"{red:02x}{green:02x}{blue:02x}" for red, green, blue in self._pixels]))


class _I2c:
    def __init__(self, folder: str) -> None:
        self._folder = folder

    def writeto(self, address: int, data: bytes) -> None:  # noqa: ARG002
        if not _read(f"{self._folder}i2c-{address}", ""):
            raise OSError(19)  # ENODEV, as a bus on which nobody answers

    def readfrom(self, address: int, count: int) -> bytes:
        answer = binascii.unhexlify(_read(f"{self._folder}i2c-{address}", "").strip())
        if not answer:
            raise OSError(19)
        return answer[:count]


class _Microphone:
    def __init__(self, path: str) -> None:
        self._path = path
        self._at = 0
        self._due = clock.ticks_ms()
        try:
            self._at = os.stat(path)[6]  # what was said before nobody heard
        except OSError:
            pass

    async def fill(self, step: "memoryview") -> None:
        self._due = clock.ticks_add(self._due, 10)
        await asyncio.sleep_ms(max(0, clock.ticks_diff(self._due, clock.ticks_ms())))  # type: ignore[attr-defined]
        got = 0
        try:
            if os.stat(self._path)[6] >= self._at + len(step):
                with open(self._path, "rb") as file:
                    file.seek(self._at)
                    got = file.readinto(step)
        except OSError:
            pass  # nobody has said anything yet
        self._at += got
        if not got:
            step[:] = bytes(len(step))

    def close(self) -> None:
        pass


class Simulated:
    """The same as ``pins.Hardware``."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            os.mkdir(folder[:-1])
        except OSError:
            pass  # it is there

    def output(self, pin: "int | str", low: bool) -> _Output:
        return _Output(f"{self._folder}{pin}", 1 if low else 0)

    def input(self, pin: "int | str", low: bool) -> _Input:
        return _Input(f"{self._folder}{pin}", 1 if low else 0)

    def pwm(self, pin: "int | str") -> _Pwm:
        return _Pwm(f"{self._folder}{pin}")

    def strip(self, pin: "int | str", pixels: int) -> _Strip:
        return _Strip(f"{self._folder}{pin}", pixels)

    def adc(self, pin: "int | str") -> _Input:
        return _Input(f"{self._folder}{pin}", 0)

    def i2c(self, part: "dict[str, Any]") -> _I2c:  # noqa: ARG002
        return _I2c(self._folder)

    def microphone(self, part: "dict[str, Any]") -> _Microphone:
        return _Microphone(f"{self._folder}{part['sd']}")


def _read(path: str, otherwise: str) -> str:
    try:
        with open(path) as file:
            return file.read() or otherwise
    except OSError:
        return otherwise


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
