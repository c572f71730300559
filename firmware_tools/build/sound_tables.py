"""The tables of the micro runtime's audio front end, made on a computer: a board's floats are too short for them.

They are those that TensorFlow Lite Micro's front end makes for itself (window 30 ms at 16 kHz, FFT of 512 points,
40 channels from 125 Hz to 7.5 kHz): ``tensorflow/lite/experimental/microfrontend/lib``, window_util, filterbank_util,
pcan_gain_control_util and log_lut, and the fixed-point twiddles of kissfft. Written anew by
``python -m firmware_tools.build.sound_tables``; a test compares.
"""

import math
import struct
from collections.abc import Sequence
from pathlib import Path

import device_runtime.micro.sound

CHANNELS = 40
_RATE, _WINDOW, _POINTS = 16_000, 480, 512
_LOW, _HIGH = 125.0, 7500.0
_WEIGHT_ONE = 1 << 12
_GAIN_BITS, _GAIN_OFFSET, _GAIN_STRENGTH = 21, 80.0, 0.95
_ONE_MORE = (149, 221)
"""Bins whose weight is one more: there glibc's ``log1pf``, which is not always the nearest float, lies beside it."""
_NOISE_FRACTION_BITS = 7
"""Bits behind the point of a noise estimate: 10 of its smoothing, less 3 that correct the FFT's scale."""


def module_text() -> str:
    """``device_runtime/micro/sound/tables.py``, whole."""
    twiddles, last = fft_twiddles()
    weights, widths = filterbank()
    parts = [
        ("WINDOW", "480 of int16: the window, times 4096.", _int16(window())),
        ("TWIDDLES", "192 of the FFT's 256 complex roots of unity, int16 each, times 32767.", _int16(twiddles)),
        ("LAST", "128 complex roots that make a real FFT of it, int16 each, times 32767.", _int16(last)),
        ("WEIGHTS", "236 of int16, times 4096: what bins 5 to 240 give to their channel.", _int16(weights)),
        ("WIDTHS", "How many bins lie in each of 41 channels; the first is nobody's.", bytes(widths)),
        ("GAINS", "125 of int16: the gain by the noise, a parabola for each number of bits.", _int16(gains())),
        ("LOGARITHMS", "130 of uint16: what a line misses of 65536 log2(1 + i / 128).", _int16(logarithms())),
    ]
    text = '"""Tables of the audio front end, written by ``firmware_tools/build/sound_tables.py``."""\n'
    for name, meaning, data in parts:
        lines = "".join(f'    b"{_escaped(data[at : at + 24])}"\n' for at in range(0, len(data), 24))
        text += f'\n{name} = (\n{lines})\n"""{meaning}"""\n'
    return text


def window() -> list[int]:
    """A Hann window of 480 values, with the roundings of its floats."""
    angle = _float32(_float32(_float32(math.pi) * 2) / _WINDOW)
    values = []
    for at in range(_WINDOW):
        cosine = _float32(math.cos(_float32(angle * (at + 0.5))))
        values.append(math.floor(_float32(_float32(_float32(0.5 - _float32(0.5 * cosine)) * 4096) + 0.5)))
    return values


def fft_twiddles() -> tuple[list[int], list[int]]:
    """Real and imaginary parts in turn: of a complex FFT of 256 points as far as radix 4 asks, and of the last step."""
    half = _POINTS // 2
    angles = [-2 * math.pi * at / half for at in range(3 * half // 4)]
    last = [-math.pi * ((at + 1) / half + 0.5) for at in range(half // 2)]
    return _roots(angles), _roots(last)


def _roots(angles: Sequence[float]) -> list[int]:
    return [math.floor(0.5 + 32767 * part(angle)) for angle in angles for part in (math.cos, math.sin)]


def filterbank() -> tuple[list[int], list[int]]:
    """The weights of the bins, first to last, and how many of them each channel has.

    A bin gives ``4096 - weight`` to the channel above the one that it lies in.
    """
    low, high = _mel(_LOW), _mel(_HIGH)
    spacing = _float32(_float32(high - low) / (CHANNELS + 1))
    centres = [_float32(low + _float32(spacing * (at + 1))) for at in range(CHANNELS + 1)]
    hertz = _RATE / _POINTS
    bin_at = int(1.5 + _LOW / hertz)
    weights: list[int] = []
    widths: list[int] = []
    below = low
    for centre in centres:
        width = 0
        while (mel := _mel(bin_at * hertz)) <= centre:
            weight = _float32(_float32(centre - mel) / _float32(centre - below))
            weights.append(math.floor(_float32(weight * _WEIGHT_ONE + 0.5)) + (bin_at in _ONE_MORE))
            bin_at += 1
            width += 1
        widths.append(width)
        below = centre
    return weights, widths


def gains() -> list[int]:
    """At ``4 n - 6``: gain, slope and curve for noise of n bits; the first two are of noise 0 and 1."""
    table = [0] * 125
    table[0], table[1] = _gain(0), _gain(1)
    for bits in range(2, 33):
        least = 1 << (bits - 1)
        low, middle = _gain(least), _gain(least + (least >> 1))
        high = _gain(2 * least - (bits == 32))
        slope = 4 * (middle - low) - (high - low)
        table[4 * bits - 6 : 4 * bits - 3] = low, slope, high - low - slope
    return table


def _gain(noise: int) -> int:
    level = _float32(_float32(noise) / (1 << _NOISE_FRACTION_BITS))
    power = _float32(_float32(level + _GAIN_OFFSET) ** -_float32(_GAIN_STRENGTH))
    return min(0x7FFF, int(_float32(_float32((1 << _GAIN_BITS) * power) + 0.5)))


def logarithms() -> list[int]:
    """65536 (log2(1 + x) - x) for x = 0, 1/128, … 1, and one to spare."""
    return [math.floor(65536 * (math.log2(1 + at / 128) - at / 128) + 0.5) for at in range(129)] + [0]


def _mel(hertz: float) -> float:
    return _float32(1127.0 * _float32(math.log1p(_float32(hertz / 700.0))))


def _float32(value: float) -> float:
    single: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return single


def _int16(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


def _escaped(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def main() -> None:
    """Write the module."""
    folder = Path(device_runtime.micro.sound.__path__[0])
    (folder / "tables.py").write_text(module_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
