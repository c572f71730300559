"""The portable subset of Python as tables: what programs may use, and why they may not use the rest.

``docs/python-programs.md`` shows each with an example, and a test runs these on CPython, MicroPython and Monty.
"""

import ast
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

CYGNET_NAMES: Final = frozenset({"Page", "App", "CapabilityError", "call", "log"})
"""What ``from cygnet import`` gives."""

BASES: Final = frozenset({"Page", "App"})

PAGE_METHODS: Final = frozenset({"set_data", "after", "every", "cancel", "navigate_to", "redirect_to", "navigate_back"})
"""What a page has from its base, and may not define itself."""

MODULES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "math": frozenset(
            {
                "acos", "asin", "atan", "atan2", "ceil", "copysign", "cos", "degrees", "e", "exp", "fabs", "factorial",
                "floor", "fmod", "frexp", "inf", "isclose", "isfinite", "isinf", "isnan", "ldexp", "log", "log10",
                "log2", "modf", "nan", "pi", "pow", "radians", "sin", "sqrt", "tan", "tau", "trunc",
            }
        ),
        "json": frozenset({"dumps", "loads"}),
        "random": frozenset({"choice", "getrandbits", "randint", "random", "randrange", "seed", "uniform"}),
        "time": frozenset({"gmtime", "localtime", "time"}),
    }
)  # fmt: skip
"""The modules that all engines have, and of each what they agree on."""

MODULE_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {"time.sleep": "nothing else would run meanwhile; say self.after(seconds, method)"}
)

BUILTINS: Final = frozenset(
    {
        "abs", "all", "any", "bin", "bool", "bytes", "chr", "dict", "divmod", "enumerate", "filter", "float",
        "frozenset", "getattr", "hasattr", "hex", "int", "isinstance", "iter", "len", "list", "map", "max", "min",
        "next", "oct", "ord", "pow", "range", "repr", "reversed", "round", "set", "setattr", "sorted", "str", "sum",
        "tuple", "type", "zip",
        "ArithmeticError", "AssertionError", "AttributeError", "Exception", "IndexError", "KeyError", "LookupError",
        "NameError", "NotImplementedError", "OverflowError", "RuntimeError", "StopIteration", "TypeError",
        "ValueError", "ZeroDivisionError",
    }
)  # fmt: skip

BUILTIN_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "print": "a board has no console; say log(...)",
        "exec": "a program may not run text as code",
        "eval": "a program may not run text as code",
        "compile": "a program may not run text as code",
        "open": "a program has no files; say call(\"storage.set\", key=..., value=...)",
        "globals": "a program may not reach into the engine",
        "locals": "a program may not reach into the engine",
        "vars": "a program may not reach into the engine",
        "dir": "a program may not reach into the engine",
        "delattr": "Monty has no such function",
        "input": "a program has no console",
        "super": "classes have no bases but Page and App",
        "callable": "Monty has no such function",
        "bytearray": "Monty has no such type",
        "object": "classes have no bases but Page and App",
        "property": "decorators are not there in Monty",
        "BaseException": "a program that is stopped must not go on",
        "OSError": "Monty cannot raise it with a number",
        "MemoryError": "Monty ends a program that has used up its memory",
        "UnboundLocalError": "MicroPython has no such exception; say NameError",
        "_tick": "the name belongs to the runtime",
    }
)  # fmt: skip

ONLY_CALLED: Final = frozenset({"getattr", "hasattr", "iter", "setattr", "type"})
"""Functions that are not values: what they are asked for must be seen where they are called."""

NEVER: Final = frozenset(BUILTIN_HINTS) | {
    "GeneratorExit", "KeyboardInterrupt", "SystemExit", "classmethod", "const", "execfile", "memoryview",
    "staticmethod",
}  # fmt: skip
"""Names that a program does not even give to variables of its own: where such a variable is not assigned after all (the
line is never reached, a class body looks further), the engine gives what it has of this name."""

METHOD_HINTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "capitalize", "casefold", "expandtabs", "format_map", "isalnum", "isascii", "isdecimal", "isidentifier",
                "isnumeric", "isprintable", "istitle", "ljust", "maketrans", "removeprefix", "removesuffix", "rjust",
                "swapcase", "title", "translate", "zfill", "bit_length", "bit_count", "is_integer", "as_integer_ratio",
                "fromhex",
            ),
            "MicroPython has no such method",
        ),
        **dict.fromkeys(("to_bytes", "from_bytes"), "Monty has no such method"),
        "popitem": "MicroPython gives another member; dictionaries have no order there",
        "move_to_end": "dictionaries have no order in MicroPython",
    }
)  # fmt: skip
"""Methods of built-in types that an engine lacks; a class of the program may have its own of that name."""

CALLED_ONLY: Final = frozenset({"getattr", "setattr", "hasattr", "type"})
"""Functions whose arguments are looked at, so that they may not be called by another name."""

ORDERED_BY_CHANCE: Final = frozenset({"keys", "values", "items"})
ORDER_DOES_NOT_MATTER: Final = frozenset(
    {"sorted", "len", "sum", "min", "max", "set", "frozenset", "dict", "any", "all"}
)

KEYWORDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(BUILTINS, frozenset()),
        "sorted": frozenset({"key", "reverse"}),
        "min": frozenset({"key", "default"}),
        "max": frozenset({"key", "default"}),
        "enumerate": frozenset({"start"}),
        "dict": frozenset({"*"}),
    }
)
"""The keywords that a built-in function takes in all engines; ``*`` stands for any."""

METHOD_KEYWORDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "append", "extend", "insert", "remove", "pop", "index", "count", "reverse", "clear", "copy", "get",
                "setdefault", "keys", "values", "items", "split", "rsplit", "splitlines", "join", "replace", "find",
                "rfind", "strip", "lstrip", "rstrip", "startswith", "endswith", "upper", "lower", "encode", "decode",
                "partition", "rpartition", "center", "add", "discard", "union", "difference", "intersection", "loads",
            ),
            frozenset(),
        ),
        "sort": frozenset({"key", "reverse"}),
        "dumps": frozenset({"separators"}),
    }
)  # fmt: skip

MOST_CHARACTERS: Final = 200_000
MOST_POWER: Final = 1000

NODES: Final = (
    ast.Module, ast.Import, ast.ImportFrom, ast.alias,
    ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.ClassDef, ast.Lambda,
    ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal,
    ast.If, ast.While, ast.For, ast.Try, ast.ExceptHandler, ast.Raise, ast.Assert,
    ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.IfExp, ast.Compare, ast.Call, ast.keyword, ast.NamedExpr,
    ast.Dict, ast.Set, ast.List, ast.Tuple, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
    ast.comprehension, ast.FormattedValue, ast.JoinedStr, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice,
    ast.Starred, ast.Name,
    ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
)  # fmt: skip
"""All that a program may be made of; what is not here is refused, with the reason below."""

NODE_REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Delete": "Monty has no del; say pop(), or remove()",
        "With": "a program has nothing to be closed",
        "AsyncFunctionDef": "boards run one handler at a time; there is no async",
        "AsyncFor": "boards run one handler at a time; there is no async",
        "AsyncWith": "boards run one handler at a time; there is no async",
        "Await": "boards run one handler at a time; there is no await",
        "Yield": "Monty has no generators; make a list",
        "YieldFrom": "Monty has no generators; make a list",
        "Match": "MicroPython has no match; say if and elif",
        "TryStar": "MicroPython has no exception groups",
        "TypeAlias": "MicroPython has no type aliases",
        "TemplateStr": "no engine has template strings",
    }
)
