"""All models of one operator, by the operator's name."""

from collections.abc import Callable

from tests.micro.inference.one_mover import (
    batch_to_space,
    concatenation,
    pad,
    reshape,
    resize_nearest,
    slice_,
    space_to_batch,
    split,
    split_v,
    strided_slice,
    tile,
    transpose,
)
from tests.micro.inference.one_operator import (
    Random,
    add,
    add_constant,
    average_pool,
    conv,
    depthwise,
    fully_connected,
    leaky_relu,
    logistic,
    max_pool,
    mean,
    mul,
    quantize,
    relu,
    softmax,
    sub,
    tanh,
)
from tests.micro.inference.running import Case

OPERATORS: dict[str, Callable[[Random], Case]] = {
    each.__name__.strip("_"): each
    for each in (
        conv, depthwise, fully_connected, average_pool, max_pool, add, sub, mul, add_constant, mean, softmax,
        logistic, tanh, relu, leaky_relu, quantize, reshape, concatenation, strided_slice, slice_, split,
        split_v, pad, transpose, resize_nearest, tile, space_to_batch, batch_to_space,
    )
}  # fmt: skip
