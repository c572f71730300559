"""The kernels that a model needs, loaded when it needs them: each costs memory.

They come as source and are compiled where they run, by the board's own viper: one file for every chip. Where a firmware
has no viper the same source runs as bytecode, slower, with stand-ins for what viper knows by itself.
"""

try:
    from collections.abc import Callable
except ImportError:
    pass

_NAMES = (
    ("conv", "conv"),
    ("depthwise", "depthwise"),
    ("pool", "pool"),
    ("elementwise", "binary"),
    ("elementwise", "lookup"),
    ("moving", "copy"),
    ("moving", "fill"),
    ("moving", "flip"),
    ("mean", "mean"),
    ("softmax", "softmax"),
)
"""By kind of operator, its module in :mod:`.kernels` and its function there."""


def kernel(kind: int) -> "Callable[..., None]":
    """The kernel of a kind of operator."""
    module, function = _NAMES[kind]
    package = __name__.rsplit(".", 1)[0] + ".kernels"
    found: Callable[..., None]
    try:
        found = getattr(__import__(package + "." + module, None, None, (function,)), function)
    except SyntaxError:  # this firmware makes no machine code
        from .plain import load

        found = load(package, module)[function]
    return found
