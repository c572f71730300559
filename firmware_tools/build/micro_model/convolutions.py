"""CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED and pooling."""

import struct
from collections.abc import Sequence

from firmware_tools.build.micro_model.compact import CONV, DEPTHWISE, POOL, Content, Numbers, View, Word
from firmware_tools.build.micro_model.fixed import activation_range, quantize_multiplier, whole_multiplier, wrap
from firmware_tools.build.micro_model.tflite import Operator, Tensor
from firmware_tools.build.micro_model.work import Work, as_bytes

_MOST_STEP = 32767
_ZERO_WEIGHT = 128


def conv(work: Work, operator: Operator) -> None:
    """CONV_2D: weights ``[channels, rows, columns, depth]``."""
    options = {"stride": (2, 1), "dilation": (5, 4)}
    strides, dilations = _pairs(work, operator, options)
    source, _weights = _shapes(work, operator)
    channels, kh, kw, deep = work.tensor(operator.inputs[1]).shape
    batch, high, wide, depth = source
    if deep != depth:
        work.refuse(
            operator, operator.inputs[1], f"has the depth {deep}, its input {depth}: grouped ones are not there"
        )
    rows, columns, top, left = _window(work, operator, source, (kh, kw), strides, dilations)
    work.check_shape(operator, operator.outputs[0], (batch, rows, columns, channels))
    table, weights = _table(work, operator, 0, fused=operator.option(3, "b"))
    given = work.input(operator, 0)
    out = work.output(operator)
    k = kh * kw * depth
    content = Content(_filled(weights, k))
    common = _common(work, operator, operator.option(3, "b"))
    macs = batch * rows * columns * channels * k
    geometry = [depth, kh, kw, *strides, *dilations, top, left]
    whole = (
        kw == wide
        and dilations[0] == 1
        and columns == 1
        and not left
        and not top
        and (rows - 1) * strides[0] + kh <= high
    )
    if (kh, kw, *strides, top, left) == (1, 1, 1, 1, 0, 0):
        together: tuple[int, int, int] | None = (1, batch * rows * columns, k)
    elif whole and (dilations[1] == 1 or kw == 1) and (batch == 1 or rows == 1):
        together = (rows, 1, strides[0] * wide * depth) if rows > 1 else (batch, 1, high * wide * depth)
    else:
        together = None
    scratch = View(work.place(k)) if together is None else View(given.place)
    head: list[Word] = [given, out, scratch, content, table, k, channels, _ZERO_WEIGHT, 1, *common]
    if together is None:
        words: list[Word] = [*head, batch, rows, columns, 1, _zero(work, operator), high, wide, *geometry, 0]
    else:
        lines, line, stride = together
        words = [*head, 1, lines, line, 0, 0, 1, 1, *[1] * 7, 0, 0, stride]
    work.step(CONV, words, macs)


def fully_connected(work: Work, operator: Operator) -> None:
    """FULLY_CONNECTED: weights ``[channels, depth]``."""
    work.check_counts(operator, (2, 3))
    if operator.option(1, "b"):
        work.refuse(operator, operator.inputs[1], "has shuffled weights; expected them as they are")
    weights_index = operator.inputs[1]
    shape = work.tensor(weights_index).shape
    if len(shape) != 2:
        work.refuse(operator, weights_index, f"has the shape {list(shape)}; expected [channels, depth]")
    channels, depth = shape
    size = work.tensor(operator.inputs[0]).size
    if size % depth:
        work.refuse(operator, operator.inputs[0], f"has {size} elements, which are no rows of {depth}")
    work.check_size(operator, operator.outputs[0], size // depth * channels)
    table, weights = _table(work, operator, 0, fused=operator.option(0, "b"), once=True)
    given, out = work.input(operator, 0), work.output(operator)
    # The 0 before the bounds: rounded once.
    words: list[Word] = [
        given, out, View(given.place), Content(_filled(weights, depth)), table, depth, channels, _ZERO_WEIGHT, 0,
        *_common(work, operator, operator.option(0, "b")), 1, 1, size // depth, 0, 0, 1, 1, *[1] * 7, 0, 0, 0,
    ]  # fmt: skip
    work.step(CONV, words, size * channels)


def depthwise(work: Work, operator: Operator) -> None:
    """DEPTHWISE_CONV_2D: weights ``[1, rows, columns, depth * multiplier]``."""
    strides, dilations = _pairs(work, operator, {"stride": (2, 1), "dilation": (6, 5)})
    source, _weights = _shapes(work, operator)
    one, kh, kw, channels = work.tensor(operator.inputs[1]).shape
    batch, high, wide, depth = source
    if one != 1 or channels % depth:
        work.refuse(operator, operator.inputs[1], f"has {channels} channels, which are no multiple of {depth}")
    rows, columns, top, left = _window(work, operator, source, (kh, kw), strides, dilations)
    work.check_shape(operator, operator.outputs[0], (batch, rows, columns, channels))
    table, weights = _table(work, operator, 3, fused=operator.option(4, "b"), folded=False)
    given, out = work.input(operator, 0), work.output(operator)
    point, low, high_bound = _common(work, operator, operator.option(4, "b"))
    words: list[Word] = [
        given, out, Content(weights), table, batch, high, wide, depth, channels // depth, rows, columns, kh, kw,
        *strides, *dilations, top, left, _zero(work, operator), _ZERO_WEIGHT, point, low, high_bound,
    ]  # fmt: skip
    work.step(DEPTHWISE, words, batch * rows * columns * channels * kh * kw)


def pool(work: Work, operator: Operator) -> None:
    """AVERAGE_POOL_2D and MAX_POOL_2D."""
    work.check_counts(operator, (1,))
    given = work.tensor(operator.inputs[0])
    if len(given.shape) != 4:
        work.refuse(operator, operator.inputs[0], f"has the shape {list(given.shape)}; expected four dimensions")
    strides = operator.option(2), operator.option(1)
    kernel = operator.option(4), operator.option(3)
    _check_steps(work, operator, (*strides, *kernel, *given.shape[1:3]))
    batch, high, wide, depth = given.shape
    rows, columns, top, left = _window(work, operator, given.shape, kernel, strides, (1, 1))
    work.check_shape(operator, operator.outputs[0], (batch, rows, columns, depth))
    if work.tensor(operator.outputs[0]).dtype != given.dtype:
        work.refuse(operator, operator.outputs[0], f"must be {given.dtype} as the input is")
    _scale, _zero_point = work.quantized(operator, operator.inputs[0])
    scale, zero = work.quantized(operator, operator.outputs[0])
    low, most = activation_range(_activation(work, operator, operator.option(5, "b")), scale, zero)
    average = operator.code == "AVERAGE_POOL_2D"
    source, out = work.input(operator, 0), work.output(operator)
    words: list[Word] = [
        source, out, batch, high, wide, depth, rows, columns, *kernel, *strides, top, left, int(average),
        128 if given.dtype == "int8" else 0, low, most,
    ]  # fmt: skip
    work.step(POOL, words)


def _pairs(work: Work, operator: Operator, options: dict[str, tuple[int, int]]) -> list[tuple[int, int]]:
    """Options of height and width, by their fields in the schema."""
    pairs = [tuple(operator.option(field, default=int(name == "dilation")) for field in fields)
             for name, fields in options.items()]  # fmt: skip
    _check_steps(work, operator, [value for pair in pairs for value in pair])
    return [(pair[0], pair[1]) for pair in pairs]


def _check_steps(work: Work, operator: Operator, values: Sequence[int]) -> None:
    if any(not 0 < value <= _MOST_STEP for value in values):
        work.refuse(operator, None, f"has a size, stride or dilation that is not from 1 to {_MOST_STEP}")


def _shapes(work: Work, operator: Operator) -> list[tuple[int, ...]]:
    """The shapes of picture and weights, of four dimensions each."""
    work.check_counts(operator, (2, 3))
    shapes = []
    for index in operator.inputs[:2]:
        if index < 0 or len(work.tensor(index).shape) != 4:
            work.refuse(operator, index, "must have four dimensions")
        shapes.append(work.tensor(index).shape)
        _check_steps(work, operator, shapes[-1][1:3])
    return shapes


def _window(
    work: Work, operator: Operator, source: Sequence[int], kernel: Sequence[int], strides: Sequence[int],
    dilations: Sequence[int],
) -> tuple[int, int, int, int]:  # fmt: skip
    """Rows and columns of the output, and what is added above and to the left (padding.h)."""
    padding = operator.option(0, "b")
    if padding not in (0, 1):
        work.refuse(operator, None, f"has padding of kind {padding}; expected SAME (0) or VALID (1)")
    sizes, before = [], []
    for size, taps, stride, dilation in zip(source[1:3], kernel, strides, dilations, strict=True):
        reach = (taps - 1) * dilation + 1
        count = -(-size // stride) if padding == 0 else -(-(size - reach + 1) // stride)
        if count < 1:
            work.refuse(operator, operator.inputs[0], f"has {size} rows or columns, less than the {reach} of a window")
        sizes.append(count)
        before.append(max((count - 1) * stride + reach - size, 0) // 2)
    return sizes[0], sizes[1], before[0], before[1]


def _activation(work: Work, operator: Operator, number: int) -> int:
    if number not in (0, 1, 2, 3):
        work.refuse(
            operator, None, f"has the fused activation {number}; expected none, ReLU, ReLU6 or ReLU from -1 to 1"
        )
    return number


def _zero(work: Work, operator: Operator) -> int:
    return work.quantized(operator, operator.inputs[0])[1]


def _common(work: Work, operator: Operator, fused: int) -> tuple[int, int, int]:
    """Zero point of the output, and its bounds."""
    scale, zero = work.quantized(operator, operator.outputs[0])
    return (zero, *activation_range(_activation(work, operator, fused), scale, zero))


def _table(
    work: Work, operator: Operator, axis: int, *, fused: int, once: bool = False, folded: bool = True
) -> tuple[Numbers, bytes]:
    """Bias, multiplier and shift of each channel, for one rounding more of it; and weights as bytes by channel."""
    _activation(work, operator, fused)
    given, output = (work.tensor(index) for index in (operator.inputs[0], operator.outputs[0]))
    if given.dtype != "int8" or output.dtype != "int8":
        wrong = operator.inputs[0] if given.dtype != "int8" else operator.outputs[0]
        work.refuse(operator, wrong, f"is {work.tensor(wrong).dtype}; expected int8")
    scale, zero = work.quantized(operator, operator.inputs[0])
    out_scale, _out = work.quantized(operator, operator.outputs[0])
    index = operator.inputs[1]
    weights = work.tensor(index)
    if weights.content is None or weights.dtype != "int8":
        work.refuse(
            operator, index, f"is {weights.dtype}{'' if weights.content else ' and computed'}; expected constant int8"
        )
    channels = weights.shape[axis]
    if any(weights.zero_points) or len(weights.scales) not in (1, channels):
        work.refuse(operator, index, f"must be symmetric, with one scale or {channels}")
    if len(weights.scales) > 1 and weights.axis != axis:
        work.refuse(operator, index, f"has its scales along dimension {weights.axis}; expected {axis}")
    biases = _biases(work, operator, channels)
    # Of a depthwise one the taps of a channel are brought together.
    by_channel = (weights.content[channel::channels] for channel in range(channels))
    content = as_bytes(b"".join(by_channel) if axis else weights.content, "int8")
    size = len(content) // channels
    rows = bytearray()
    for channel in range(channels):
        factor = weights.scales[channel if len(weights.scales) > 1 else 0]
        multiplier, shift = quantize_multiplier(scale * factor / out_scale)
        more: tuple[int, ...] = ()
        if once:
            multiplier, low, shift = whole_multiplier(scale * factor / out_scale)
            more = (low,)
        if shift > 30:
            work.refuse(operator, index, f"has the scale {factor}, far above what its output can show")
        total = sum(content[channel * size : (channel + 1) * size]) - _ZERO_WEIGHT * size
        rows += struct.pack(
            f"<{3 + once}i", wrap(biases[channel] - zero * total * folded), multiplier, shift + 64, *more
        )
    return Numbers(bytes(rows)), content


def _biases(work: Work, operator: Operator, channels: int) -> Sequence[int]:
    index = operator.inputs[2] if len(operator.inputs) > 2 else -1
    if index < 0:
        return [0] * channels
    bias: Tensor = work.tensor(index)
    if bias.content is None or bias.dtype != "int32" or bias.size != channels:
        work.refuse(operator, index, f"must be a constant of {channels} int32")
    return struct.unpack(f"<{channels}i", bias.content)


def _filled(weights: bytes, size: int) -> bytes:
    """Each channel's weights filled up with zeros to a multiple of four."""
    more = bytes(-size % 4)
    if not more:
        return weights
    return b"".join(weights[at : at + size] + more for at in range(0, len(weights), size))
