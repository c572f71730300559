"""Tables of 256 entries: what an operator makes of each byte of the arena.

Whatever is a function of one quantised byte is computed here, once, as the reference does it, and looked up on the
board. Bytes of the arena are int8 plus 128, or uint8; ``zero`` is a zero point in the same form.
"""

import math
import struct
from collections.abc import Callable

from firmware_tools.build.micro_model.fixed import multiply, quantize_multiplier, round_away, single, single_bits


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
    return single(1 / single(1 + _exp(-value)))


def tanh(value: float) -> float:
    """The hyperbolic tangent, to the nearest 32-bit float."""
    return single(math.tanh(value))


def _exp(value: float) -> float:
    try:
        return single(math.exp(value))
    except OverflowError:
        return math.inf


def softmax_exponentials(scale: float, beta: float) -> bytes:
    """Bits of ``exp(-scale * beta * distance)`` as 32-bit floats, for distances 0 to 255."""
    step = single(-scale * beta)
    return struct.pack("<256I", *(single_bits(_exp(single(step * distance))) for distance in range(256)))


def addend(scale: float, zero: int, twice_largest: float, *, negative: bool = False) -> bytes:
    """One input of ADD or SUB, rescaled with 20 bits more (reference/integer_ops/add.h): 256 numbers of 32 bits."""
    multiplier, shift = quantize_multiplier(scale / twice_largest)
    sign = -1 if negative else 1
    return struct.pack("<256i", *(sign * multiply((byte - zero) << 20, multiplier, shift) for byte in range(256)))
