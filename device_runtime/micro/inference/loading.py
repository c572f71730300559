"""The kernels that a model needs, loaded when it needs them: each costs memory.

They come as source and are compiled where they run, by the board's own viper: one file for every chip. Where a firmware
has no viper the same source runs as bytecode, slower, with stand-ins for what viper knows by itself.
"""

try:
    from collections.abc import Callable
except ImportError:
    pass

_FUNCTIONS = ("conv", "depthwise", "pool", "binary", "lookup", "copy", "fill", "flip", "mean", "softmax")
"""By kind of operator, its function in :mod:`.kernels`."""


def kernel(kind: int) -> "Callable[..., None]":
    """The kernel of a kind of operator."""
    function = _FUNCTIONS[kind]
    module = _module(kind)
    found: Callable[..., None]
    try:
        found = getattr(__import__(module, None, None, (function,)), function)
    except SyntaxError:  # this firmware makes no machine code
        from .plain import load

        found = load(module)[function]
    return found


def _module(kind: int) -> str:
    """The whole name of a kernel's module; the toolchain finds such texts, and puts in their place what boards call
    it."""
    return (
        "micro.inference.kernels.conv",
        "micro.inference.kernels.depthwise",
        "micro.inference.kernels.pool",
        "micro.inference.kernels.elementwise",
        "micro.inference.kernels.elementwise",
        "micro.inference.kernels.moving",
        "micro.inference.kernels.moving",
        "micro.inference.kernels.moving",
        "micro.inference.kernels.mean",
        "micro.inference.kernels.softmax",
    )[kind]
