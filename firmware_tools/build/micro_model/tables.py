"""Tables of 256 entries: what an operator makes of each byte of the arena.

Whatever is a function of one quantised byte is computed here, once, as the reference does it, and looked up on the
board. Bytes of the arena are int8 plus 128, or uint8; ``zero`` is a zero point in the same form.
"""

import math
import struct
from collections.abc import Callable

from firmware_tools.build.micro_model.fixed import (
    divide_by_power,
    multiply,
    quantize_multiplier,
    round_away,
    single,
    wrap,
)  # fmt: skip

_INT32_MAX = (1 << 31) - 1
_STEPS_PER_UNIT = 32 / math.log(2)
_CUBIC = float.fromhex("0x1.c6af84b912394p-5") / 32**3
_SQUARE = float.fromhex("0x1.ebfce50fac4f3p-3") / 32**2
_LINEAR = float.fromhex("0x1.62e42ff0c52d6p-1") / 32


def _clamped(value: int) -> int:
    return min(max(value, 0), 255)


def requantize(scale: float, zero: int, out_scale: float, out_zero: int) -> bytes:
    """QUANTIZE between 8-bit types (reference/requantize.h)."""
    factor = quantize_multiplier(scale / out_scale)
    return bytes(_clamped(multiply(byte - zero, *factor) + out_zero) for byte in range(256))


def relu(scale: float, zero: int, out_scale: float, out_zero: int, bounds: tuple[int, int]) -> bytes:
    """RELU, RELU6 and RELU_N1_TO_1 as operators of their own (activations.cc, QuantizedReluX)."""
    factor = quantize_multiplier(single(scale / out_scale))
    low, high = bounds
    return bytes(min(max(multiply(byte - zero, *factor) + out_zero, low), high) for byte in range(256))


def leaky_relu(scale: float, zero: int, out_scale: float, out_zero: int, alpha: float) -> bytes:
    """LEAKY_RELU (reference/leaky_relu.h)."""
    same = quantize_multiplier(single(scale / out_scale))
    less = quantize_multiplier(single(single(scale * alpha) / out_scale))
    return bytes(_clamped(multiply(byte - zero, *(same if byte >= zero else less)) + out_zero) for byte in range(256))


def by_float(function: Callable[[float], float], scale: float, zero: int, out_scale: float, out_zero: int) -> bytes:
    """LOGISTIC and TANH (activations.cc, PopulateLookupTable): each byte as a 32-bit float and back."""
    inverse = single(1 / out_scale)
    made = []
    for byte in range(256):
        value = single(function(single(scale * (byte - zero))))
        made.append(_clamped(round_away(single(value * inverse)) + out_zero))
    return bytes(made)


def logistic(value: float) -> float:
    """``1 / (1 + exp(-value))`` in 32-bit floats."""
    return single(1 / single(1 + exponential(-value)))


def tanh(value: float) -> float:
    """The hyperbolic tangent, to the nearest 32-bit float."""
    return single(math.tanh(value))


def exponential(value: float) -> float:
    """``expf`` of glibc and of Arm's optimised routines, which is not always the nearest 32-bit float.

    A power of two in steps of 1/32, times a polynomial of what is left, in 64-bit floats; past the range of 32-bit
    floats infinity or 0.
    """
    if not -103.97208 < value < 88.72284:
        return math.inf if value > 0 else 0.0
    scaled = value * _STEPS_PER_UNIT
    steps = round(scaled)
    rest = scaled - steps
    power = 2.0 ** ((steps % 32) / 32) * 2.0 ** (steps // 32)
    return single(((_CUBIC * rest + _SQUARE) * (rest * rest) + (_LINEAR * rest + 1)) * power)


def softmax_exponentials(scale: float, beta: float) -> bytes:
    """``exp(-scale * beta * distance)`` for distances 0 to 255, and the constants 48/17 and 32/17.

    As softmax.cc and reference/softmax.h compute it: distances are rescaled to 5 whole bits; too far is 0.
    """
    real = min(beta * scale * (1 << 26), _INT32_MAX)
    multiplier, shift = quantize_multiplier(real)
    farthest = math.floor(31 * (1 << 26) / 2.0**shift)
    values = [
        exp_on_negative(wrap(multiply(-distance, multiplier, shift))) if distance <= farthest else 0
        for distance in range(256)
    ]
    return struct.pack("<258i", *values, round(48 / 17 * (1 << 29)), round(32 / 17 * (1 << 29)))


def exp_on_negative(value: int) -> int:
    """gemmlowp's ``exp_on_negative_values``: of 5 whole bits and 26 behind the point, to none and 31."""
    if value == 0:
        return _INT32_MAX
    quarter = 1 << 24
    rest = (value & (quarter - 1)) - quarter
    # A Taylor series around -1/8 for what is left of quarters.
    constant = round(math.exp(-1 / 8) * (1 << 31))
    x = (rest << 5) + (1 << 28)
    square = _product(x, x)
    cube, fourth = _product(square, x), _product(square, square)
    series = divide_by_power(_product(divide_by_power(fourth, 2) + cube, round((1 << 31) / 3)) + square, 1)
    result = constant + _product(constant, x + series)
    remainder = rest - value
    for exponent in range(-2, 5):
        if remainder >> (26 + exponent) & 1:
            result = _product(result, round(math.exp(-(2.0**exponent)) * (1 << 31)))
    return result


def _product(one: int, other: int) -> int:
    """gemmlowp's ``SaturatingRoundingDoublingHighMul``."""
    return (one * other + (1 << 30)) >> 31


def addend(scale: float, zero: int, twice_largest: float, *, negative: bool = False) -> bytes:
    """One input of ADD or SUB, rescaled with 20 bits more (reference/integer_ops/add.h): 256 numbers of 32 bits."""
    multiplier, shift = quantize_multiplier(scale / twice_largest)
    sign = -1 if negative else 1
    return struct.pack("<256i", *(sign * multiply((byte - zero) << 20, multiplier, shift) for byte in range(256)))
