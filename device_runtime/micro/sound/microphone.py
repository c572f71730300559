"""The board's microphone: 16 kHz mono, 10 ms at a time, read so that all else on the board goes on."""

import asyncio

from .rows import narrowed

try:
    from typing import Any
except ImportError:
    pass

RATE = 16_000
_SAMPLES = 160
_BUFFER_MS = 250
"""What is kept while the board draws, or a model takes its time."""


class Microphone:
    """A microphone on I2S; ``part`` is ``microphone`` of ``board.json``: ``{id, sck, ws, sd, enable, bits, rate}``.

    Raises:
        OSError: the bus cannot be had.
    """

    def __init__(self, part: "dict[str, Any]") -> None:
        from machine import I2S, Pin

        if part.get("enable") is not None:
            self._enable = Pin(part["enable"], Pin.OUT, value=1)
        else:
            self._enable = None
        bits = part.get("bits", 16)
        self._bus = I2S(
            part.get("id", 0), sck=Pin(part["sck"]), ws=Pin(part["ws"]), sd=Pin(part["sd"]), mode=I2S.RX, bits=bits,
            format=I2S.MONO, rate=RATE, ibuf=RATE * bits // 8 * _BUFFER_MS // 1000,
        )  # fmt: skip
        self._stream = asyncio.StreamReader(self._bus)
        # 24 bits come in words of 32; what models hear is the upper 16.
        self._words = bytearray(4 * _SAMPLES) if bits == 32 else None

    async def fill(self, step: "memoryview") -> None:
        """The next 10 ms of sound into ``step``. Raises :class:`OSError`."""
        words = self._words
        await _filled(self._stream, step if words is None else memoryview(words))
        if words is not None:
            narrowed(words, step, _SAMPLES)

    def close(self) -> None:
        """Let go of the bus."""
        self._bus.deinit()
        if self._enable is not None:
            self._enable(0)


async def _filled(stream: "Any", buffer: "memoryview") -> None:
    at = 0
    while at < len(buffer):
        got = await stream.readinto(buffer if not at else buffer[at:])
        if not got:
            raise OSError("it gives no sound")
        at += got
