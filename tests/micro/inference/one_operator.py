"""Models of one operator, of random shapes, scales, zero points and values; half of them saturate here and there."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.micro.inference.running import Case
from tests.micro.inference.tflite_models import Array, Maker, options

Generator = np.random.Generator


def single(value: float) -> float:
    """The nearest 32-bit float."""
    return float(np.float32(value))


class Random:
    """Random parts of models.

    Args:
        seed: the same one gives the same model.
    """

    def __init__(self, seed: int) -> None:
        self.rng: Generator = np.random.default_rng(seed)

    def whole(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def real(self, low: float, high: float) -> float:
        """A 32-bit float, as likely in each power of ten."""
        return single(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def point(self, dtype: str = "int8") -> int:
        """A zero point, often at an end."""
        low, high = (-128, 127) if dtype == "int8" else (0, 255)
        return [low, high, self.whole(low, high), self.whole(low, high)][self.whole(0, 3)]

    def values(self, shape: Sequence[int], dtype: str = "int8") -> Array:
        """What a tensor holds: all of its range, or its ends only."""
        low, high = (-128, 127) if dtype == "int8" else (0, 255)
        if self.whole(0, 3) == 0:
            return self.rng.choice([low, high], tuple(shape)).astype(dtype)
        return self.rng.integers(low, high + 1, tuple(shape)).astype(dtype)

    def shape(self, rank: int, most: int = 6) -> list[int]:
        """Sizes of dimensions."""
        return [self.whole(1, most) for _ in range(rank)]

    def one_of(self, *choices: Any) -> Any:
        """One of them."""
        return choices[self.whole(0, len(choices) - 1)]


def finish(name: str, maker: Maker, given: Sequence[int], made: Sequence[int], random: Random) -> Case:
    values = []
    for _step in range(2):
        tensors = [maker.graph.tensors[index] for index in given]
        values.append([random.values(each.shape, "int8" if each.type == 9 else "uint8") for each in tensors])
    return Case(name, maker.finish(given, made), values)


def _window(random: Random, size: int, padding: int, *, dilated: bool) -> tuple[int, int, int, int]:
    """Taps, stride, dilation and the size of the output along one dimension."""
    dilation = random.one_of(1, 1, 2) if dilated else 1
    taps = random.whole(1, 4)
    while padding == 1 and (taps - 1) * dilation + 1 > size:
        taps -= 1
    stride = random.whole(1, 3) if dilation == 1 else 1
    reach = (taps - 1) * dilation + 1
    return taps, stride, dilation, -(-size // stride) if padding == 0 else (size - reach) // stride + 1


def _scales(random: Random, channels: int, taps: int, *, per_channel: bool) -> tuple[float, list[float], float]:
    """Scales of input, weights and output: results spread over the output's range or go beyond it."""
    scale = random.real(0.001, 0.3)
    spread = random.real(0.003, 0.1)
    weights = [single(spread * random.real(0.3, 3)) for _ in range(channels if per_channel else 1)]
    typical = scale * spread * 128 * 60 * np.sqrt(taps)
    return scale, weights, single(typical / random.real(30, 600))


def _weights(
    maker: Maker, random: Random, shape: Sequence[int], axis: int, given: tuple[float, int], scales: list[float]
) -> tuple[int, int]:
    """Tensors of weights and biases."""
    channels = shape[axis]
    content = random.rng.integers(-127, 128, tuple(shape)).astype(np.int8)
    if random.whole(0, 4) == 0:
        content[...] = random.one_of(-128, 127)
    weights = maker.tensor(shape, "int8", scales, 0, content, axis)
    if axis == 0 and len(shape) == 2 and random.whole(0, 5) == 0:  # convolutions need a bias in the reference
        return weights, -1
    most = int(128 * 128 * np.prod(shape) / channels)
    bias = random.rng.integers(-most, most + 1, channels).astype(np.int32)
    return weights, maker.tensor([channels], "int32", [single(given[0] * scale) for scale in scales], 0, bias)


def conv(random: Random) -> Case:
    maker, padding = Maker(), random.whole(0, 1)
    batch, high, wide, deep = random.shape(4, 7)
    channels = random.whole(1, 9)
    kh, sh, dh, rows = _window(random, high, padding, dilated=True)
    kw, sw, dw, columns = _window(random, wide, padding, dilated=True)
    scale, scales, out_scale = _scales(random, channels, kh * kw * deep, per_channel=random.whole(0, 3) > 0)
    point = random.point()
    given = maker.tensor([batch, high, wide, deep], "int8", scale, point)
    weights, bias = _weights(maker, random, [channels, kh, kw, deep], 0, (scale, point), scales)
    made = maker.tensor([batch, rows, columns, channels], "int8", out_scale, random.point())
    chosen = options("Conv2D", padding=padding, strideH=sh, strideW=sw, dilationHFactor=dh, dilationWFactor=dw,
                     fusedActivationFunction=random.whole(0, 3))  # fmt: skip
    maker.add("CONV_2D", [given, weights, bias], [made], chosen)
    return finish("conv", maker, [given], [made], random)


def depthwise(random: Random) -> Case:
    maker, padding = Maker(), random.whole(0, 1)
    batch, high, wide, deep = random.shape(4, 7)
    many = random.one_of(1, 1, 2, 3)
    channels = deep * many
    kh, sh, dh, rows = _window(random, high, padding, dilated=True)
    kw, sw, dw, columns = _window(random, wide, padding, dilated=True)
    scale, scales, out_scale = _scales(random, channels, kh * kw, per_channel=random.whole(0, 3) > 0)
    point = random.point()
    given = maker.tensor([batch, high, wide, deep], "int8", scale, point)
    weights, bias = _weights(maker, random, [1, kh, kw, channels], 3, (scale, point), scales)
    made = maker.tensor([batch, rows, columns, channels], "int8", out_scale, random.point())
    chosen = options("DepthwiseConv2D", padding=padding, strideH=sh, strideW=sw, dilationHFactor=dh, dilationWFactor=dw,
                     depthMultiplier=many, fusedActivationFunction=random.whole(0, 3))  # fmt: skip
    maker.add("DEPTHWISE_CONV_2D", [given, weights, bias], [made], chosen)
    return finish("depthwise", maker, [given], [made], random)


def fully_connected(random: Random) -> Case:
    maker = Maker()
    batch, deep, channels = random.whole(1, 4), random.whole(1, 40), random.whole(1, 20)
    scale, scales, out_scale = _scales(random, channels, deep, per_channel=random.whole(0, 2) == 0)
    point = random.point()
    given = maker.tensor([batch, deep], "int8", scale, point)
    weights, bias = _weights(maker, random, [channels, deep], 0, (scale, point), scales)
    made = maker.tensor([batch, channels], "int8", out_scale, random.point())
    maker.add("FULLY_CONNECTED", [given, weights, bias], [made],
              options("FullyConnected", fusedActivationFunction=random.one_of(0, 0, 1, 3)))  # fmt: skip
    return finish("fully connected", maker, [given], [made], random)


def _pool(random: Random, code: str) -> Case:
    maker, padding = Maker(), random.whole(0, 1)
    batch, high, wide, deep = random.shape(4, 7)
    kh, sh, _, rows = _window(random, high, padding, dilated=False)
    kw, sw, _, columns = _window(random, wide, padding, dilated=False)
    dtype, scale = random.one_of("int8", "int8", "uint8"), random.real(0.01, 0.3)
    point = random.point(dtype)
    given = maker.tensor([batch, high, wide, deep], dtype, scale, point)
    made = maker.tensor([batch, rows, columns, deep], dtype, scale, point)
    chosen = options("Pool2D", padding=padding, strideH=sh, strideW=sw, filterHeight=kh, filterWidth=kw,
                     fusedActivationFunction=random.whole(0, 3))  # fmt: skip
    maker.add(code, [given], [made], chosen)
    return finish(code, maker, [given], [made], random)


def average_pool(random: Random) -> Case:
    return _pool(random, "AVERAGE_POOL_2D")


def max_pool(random: Random) -> Case:
    return _pool(random, "MAX_POOL_2D")


def _binary(random: Random, code: str) -> Case:
    maker, shape = Maker(), random.shape(random.whole(1, 4))
    shapes = [shape, shape]
    if random.whole(0, 1):
        one = [size if random.whole(0, 1) else 1 for size in shape]
        two = [size if mine != size or random.whole(0, 1) else 1 for size, mine in zip(shape, one, strict=True)]
        shapes = [one, two[random.whole(0, 1) :] if two[0] == 1 else two]
        shape = list(np.broadcast_shapes(*(tuple(each) for each in shapes)))
    dtype = random.one_of("int8", "int8", "int8", "uint8")
    one_scale, two_scale = random.real(0.005, 0.3), random.real(0.005, 0.3)
    typical = one_scale * two_scale * 128 if code == "MUL" else one_scale + two_scale
    given = [maker.tensor(each, dtype, scale, random.point(dtype))
             for each, scale in zip(shapes, (one_scale, two_scale), strict=True)]  # fmt: skip
    made = maker.tensor(shape, dtype, single(typical * random.real(0.2, 2)), random.point(dtype))
    name = {"ADD": "Add", "SUB": "Sub", "MUL": "Mul"}[code]
    maker.add(code, given, [made], options(name, fusedActivationFunction=random.whole(0, 3)))
    return finish(code, maker, given, [made], random)


def add(random: Random) -> Case:
    return _binary(random, "ADD")


def sub(random: Random) -> Case:
    return _binary(random, "SUB")


def mul(random: Random) -> Case:
    return _binary(random, "MUL")


def add_constant(random: Random) -> Case:
    maker, shape = Maker(), random.shape(4)
    scale, other = random.real(0.005, 0.3), random.real(0.005, 0.3)
    given = maker.tensor(shape, "int8", scale, random.point())
    constant = maker.tensor(shape[3:], "int8", other, random.point(), random.values(shape[3:]))
    made = maker.tensor(shape, "int8", single((scale + other) * random.real(0.3, 2)), random.point())
    maker.add("ADD", [given, constant], [made], options("Add"))
    return finish("add constant", maker, [given], [made], random)


def mean(random: Random) -> Case:
    maker, rank = Maker(), random.whole(1, 4)
    shape, keep = random.shape(rank), bool(random.whole(0, 1))
    axes = [axis for axis in range(rank) if random.whole(0, 1)] or [random.whole(0, rank - 1)]
    stays = [size for axis, size in enumerate(shape) if axis not in axes]
    kept = [1 if axis in axes else size for axis, size in enumerate(shape)]
    scale = random.real(0.01, 0.3)
    given = maker.tensor(shape, "int8", scale, random.point())
    made = maker.tensor(kept if keep else stays, "int8", single(scale * random.real(0.3, 3)), random.point())
    named = [axis - rank if random.whole(0, 2) == 0 else axis for axis in axes]
    maker.add("MEAN", [given, maker.ints(named)], [made], options("Reducer", keepDims=keep))
    return finish("mean", maker, [given], [made], random)


def softmax(random: Random) -> Case:
    maker, shape = Maker(), [*random.shape(random.whole(0, 2)), random.whole(1, 40)]
    given = maker.tensor(shape, "int8", random.real(0.001, 1.0), random.point())
    made = maker.tensor(shape, "int8", 1 / 256, -128)
    maker.add("SOFTMAX", [given], [made], options("Softmax", beta=random.one_of(1.0, 1.0, single(random.real(0.1, 3)))))
    return finish("softmax", maker, [given], [made], random)


def _table(random: Random, code: str, out: tuple[float, int] | None = None, chosen: Any = None) -> Case:
    maker = Maker()
    shape = [16, 16]
    scale = random.real(0.003, 0.3)
    given = maker.tensor(shape, "int8", scale, random.point())
    out_scale, point = out or (single(scale * random.real(0.2, 3)), random.point())
    made = maker.tensor(shape, "int8", out_scale, point)
    maker.add(code, [given], [made], chosen)
    every = np.arange(-128, 128, dtype=np.int8).reshape(shape)
    return Case(code, maker.finish([given], [made]), [[every], [every[::-1]]])


def logistic(random: Random) -> Case:
    return _table(random, "LOGISTIC", (1 / 256, -128))


def tanh(random: Random) -> Case:
    return _table(random, "TANH", (1 / 128, 0))


def relu(random: Random) -> Case:
    return _table(random, random.one_of("RELU", "RELU6", "RELU_N1_TO_1"))


def leaky_relu(random: Random) -> Case:
    return _table(random, "LEAKY_RELU", None, options("LeakyRelu", alpha=single(random.real(0.01, 0.9))))


def quantize(random: Random) -> Case:
    maker, size = Maker(), random.whole(1, 300)
    one, two = (random.one_of("int8", "uint8") for _ in range(2))
    scale = random.real(0.003, 0.3)
    out_scale = scale if random.whole(0, 3) == 0 else single(scale * random.real(0.1, 4))
    given = maker.tensor([size], one, scale, random.point(one))
    made = maker.tensor([size], two, out_scale, random.point(two))
    maker.add("QUANTIZE", [given], [made], options("Quantize"))
    return finish("quantize", maker, [given], [made], random)
