"""Expressions: tuples ``(function, …)``, evaluated by ``e[0](e, environment)``; :mod:`.binder` reads them.

An environment is a list: ``[data, outer]`` at the root of a scope, ``[data, outer, item, index]`` in a row of a loop.
"""

from . import javascript as js
from .javascript import UNDEFINED

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Data, Environment, Evaluator, Expression
except ImportError:
    pass

ITEM, INDEX = 2, 3


def constant(e: "Expression", _: "Environment | None") -> "Any":
    """``(constant, value)``."""
    return e[1]


def data_member(e: "Expression", env: "Environment") -> "Any":
    """``(data_member, name)``."""
    return env[0].get(e[1], UNDEFINED)


def local(e: "Expression", env: "Environment") -> "Any":
    """``(local, levels up, slot)``."""
    for _ in range(e[1]):
        env = env[1]
    return env[e[2]]


def get(e: "Expression", env: "Environment") -> object:
    """``(get, base, key)``: a member whose name is known."""
    return js.member(e[1][0](e[1], env), e[2])


def get_computed(e: "Expression", env: "Environment") -> object:
    """``(get_computed, base, key expression)``."""
    base = e[1][0](e[1], env)
    return js.member(base, js.property_key(e[2][0](e[2], env)))


def operate(e: "Expression", env: "Environment") -> object:
    if len(e) == 3:
        return e[1](e[2][0](e[2], env))
    return e[1](e[2][0](e[2], env), e[3][0](e[3], env))


def both(e: "Expression", env: "Environment") -> object:
    value = e[1][0](e[1], env)
    return e[2][0](e[2], env) if js.truthy(value) else value


def either(e: "Expression", env: "Environment") -> object:
    value = e[1][0](e[1], env)
    return value if js.truthy(value) else e[2][0](e[2], env)


def defined(e: "Expression", env: "Environment") -> object:
    value = e[1][0](e[1], env)
    return e[2][0](e[2], env) if value is None or value is UNDEFINED else value


def conditional(e: "Expression", env: "Environment") -> object:
    chosen = e[2] if js.truthy(e[1][0](e[1], env)) else e[3]
    return chosen[0](chosen, env)


def join(e: "Expression", env: "Environment") -> str:
    return "".join([js.to_text(part[0](part, env)) for part in e[1]])


def array(e: "Expression", env: "Environment") -> "list[Any]":
    result: list[Any] = []
    for spread, part in e[1]:
        value = part[0](part, env)
        if not spread:
            result.append(value)
        elif isinstance(value, (list, str)):
            result.extend(value)
    return result


def object_value(e: "Expression", env: "Environment") -> "Data":
    """``(object_value, ((name or None, expression), …))``."""
    result: Data = {}
    for name, part in e[1]:
        value = part[0](part, env)
        if name is not None:
            result[name] = value
        elif isinstance(value, dict):
            result.update(value)
        elif isinstance(value, (list, str)):
            for index, item in enumerate(value):
                result[str(index)] = item
    return result


UNARY: "dict[str, Callable[[Any], object]]" = {
    "!": lambda a: not js.truthy(a),
    "-": js.negate,
    "+": js.to_number,
    "~": lambda a: ~js.to_int32(a),
    "typeof": js.type_of,
    "void": lambda _: UNDEFINED,
}
BINARY: "dict[str, Callable[[Any, Any], object]]" = {
    "+": js.add,
    "-": lambda a, b: js.normal(js.to_number(a) - js.to_number(b)),
    "*": js.multiply,
    "/": js.divide,
    "%": js.remainder,
    "==": js.loose_equals,
    "!=": lambda a, b: not js.loose_equals(a, b),
    "===": js.strict_equals,
    "!==": lambda a, b: not js.strict_equals(a, b),
    "<": js.less,
    "<=": lambda a, b: js.less(a, b, True),
    ">": lambda a, b: js.less(b, a),
    ">=": lambda a, b: js.less(b, a, True),
    "&": lambda a, b: js.to_int32(a) & js.to_int32(b),
    "|": lambda a, b: js.to_int32(a) | js.to_int32(b),
    "^": lambda a, b: js.to_int32(a) ^ js.to_int32(b),
    "<<": lambda a, b: js.to_int32(js.unsigned(a) << (js.to_int32(b) & 31)),
    ">>": lambda a, b: js.to_int32(a) >> (js.to_int32(b) & 31),
    ">>>": lambda a, b: js.unsigned(a) >> (js.to_int32(b) & 31),
}
LOGICAL: "dict[str, Evaluator]" = {"&&": both, "||": either, "??": defined}
