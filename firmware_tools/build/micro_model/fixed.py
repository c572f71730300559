"""Fixed-point and 32-bit float arithmetic as the reference kernels have it.

Of tensorflow/lite/kernels/internal: quantization_util.cc (QuantizeMultiplier), common.cc (MultiplyByQuantizedMultiplier
with two roundings), kernel_util.cc (CalculateActivationRangeQuantized).
"""

import math
import struct

_INT32 = 1 << 31


def quantize_multiplier(real: float) -> tuple[int, int]:
    """A factor as ``multiplier * 2 ** (shift - 31)``, the multiplier of 31 bits."""
    if real == 0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * _INT32 + 0.5)
    if multiplier == _INT32:
        multiplier //= 2
        shift += 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def whole_multiplier(real: float) -> tuple[int, int, int]:
    """All of a 64-bit float: 31 bits, the 31 bits below them, and the shift as for :func:`quantize_multiplier`."""
    fraction, shift = math.frexp(real)
    if shift < -31:
        return 0, 0, 0
    whole = int(math.ldexp(fraction, 62))
    return whole >> 31, whole & _INT32 - 1, shift


def multiply(value: int, multiplier: int, shift: int) -> int:
    """``value`` times a factor of :func:`quantize_multiplier`, rounded twice."""
    high = (wrap(value << max(shift, 0)) * multiplier + (1 << 30)) >> 31
    return divide_by_power(high, max(-shift, 0))


def divide_by_power(value: int, exponent: int) -> int:
    """``value / 2 ** exponent`` to the nearest, halves away from zero."""
    rest = value & ((1 << exponent) - 1)
    half = ((1 << exponent) - 1) >> 1
    return (value >> exponent) + (rest > half + (value < 0))


def wrap(value: int) -> int:
    """What an int32 makes of a whole number."""
    return (value + _INT32 & 2 * _INT32 - 1) - _INT32


def single(value: float) -> float:
    """The nearest 32-bit float; infinity beyond them."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)


def round_away(value: float) -> int:
    """C's ``round``: halves away from zero."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def activation_range(activation: int, scale: float, zero: int) -> tuple[int, int]:
    """The bytes that a fused activation (0 none, 1 ReLU, 2 ReLU from -1 to 1, 3 ReLU6) leaves.

    Args:
        activation: as the schema numbers them.
        scale: of the output.
        zero: of the output, as a byte of the arena.
    """
    bounds = {0: (None, None), 1: (0.0, None), 2: (-1.0, 1.0), 3: (0.0, 6.0)}[activation]
    low, high = (None if bound is None else zero + round_away(single(bound / scale)) for bound in bounds)
    return max(0, 0 if low is None else low), min(255, 255 if high is None else high)
