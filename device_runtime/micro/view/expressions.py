# mypy: allow-any-generics, allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, no-warn-return-any
"""Expressions of a template: read into tuples ``(function, …)``, evaluated by ``e[0](e, environment)``.

An environment is a list: ``[data, outer]`` at the root of a scope, ``[data, outer, item, index]`` in a row of a loop.
A scope is ``(level, names)``, where ``names`` maps the variables of loops to ``(level, slot, reads)``: ``reads`` are
the members of the data that they come from.
"""

from . import javascript as js
from .errors import TemplateError
from .javascript import UNDEFINED
from .reader import Reader

ITEM, INDEX = 2, 3
_DEPTH = 40


def value_of(expression: tuple, environment: list) -> object:
    """The value of an expression."""
    return expression[0](expression, environment)


def constant(e, _):
    """``(constant, value)``."""
    return e[1]


def data_member(e, env):
    """``(data_member, name)``."""
    return env[0].get(e[1], UNDEFINED)


def local(e, env):
    """``(local, levels up, slot)``."""
    for _ in range(e[1]):
        env = env[1]
    return env[e[2]]


def get(e, env):
    """``(get, base, key)``: a member whose name is known."""
    return js.member(e[1][0](e[1], env), e[2])


def get_computed(e, env):
    """``(get_computed, base, key expression)``."""
    base = e[1][0](e[1], env)
    return js.member(base, js.property_key(e[2][0](e[2], env)))


def _operate(e, env):
    if len(e) == 3:
        return e[1](e[2][0](e[2], env))
    return e[1](e[2][0](e[2], env), e[3][0](e[3], env))


def _and(e, env):
    value = e[1][0](e[1], env)
    return e[2][0](e[2], env) if js.truthy(value) else value


def _or(e, env):
    value = e[1][0](e[1], env)
    return value if js.truthy(value) else e[2][0](e[2], env)


def _defined(e, env):
    value = e[1][0](e[1], env)
    return e[2][0](e[2], env) if value is None or value is UNDEFINED else value


def _conditional(e, env):
    chosen = e[2] if js.truthy(e[1][0](e[1], env)) else e[3]
    return chosen[0](chosen, env)


def _join(e, env):
    return "".join([js.to_text(part[0](part, env)) for part in e[1]])


def _array(e, env):
    result = []
    for spread, part in e[1]:
        value = part[0](part, env)
        if not spread:
            result.append(value)
        elif isinstance(value, (list, str)):
            result.extend(value)
    return result


def object_value(e, env):
    """``(object_value, ((name or None, expression), …))``."""
    result = {}
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


_UNARY = {
    "!": lambda a: not js.truthy(a),
    "-": js.negate,
    "+": js.to_number,
    "~": lambda a: ~js.to_int32(a),
    "typeof": js.type_of,
    "void": lambda _: UNDEFINED,
}
_BINARY = {
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
_LOGICAL = {"&&": _and, "||": _or, "??": _defined}


def _folded(expression: tuple, *operands: tuple) -> tuple:
    """``expression`` evaluated now, if its operands are constants."""
    for operand in operands:
        if operand[0] is not constant:
            return expression
    return (constant, expression[0](expression, None))


class ExpressionReader:
    """Reads expressions; ``reads`` gathers the members of the data that they read."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.reads: set[str] = set()

    def bind(self, scope: tuple) -> tuple:
        """An expression and the members of the data that it reads."""
        outer, self.reads = self.reads, set()
        expression = self.read(scope, 0)
        reads = tuple(sorted(self.reads))
        outer.update(reads)
        self.reads = outer
        return expression, reads

    def read(self, scope: tuple, depth: int) -> tuple:
        """One expression, from its opening bracket.

        Raises:
            TemplateError: it is malformed, unknown or nested too deeply.
        """
        r = self._reader
        if depth > _DEPTH:
            raise TemplateError(f"an expression is nested more than {_DEPTH} deep, too deep for a board")
        r.expect("[")
        kind = r.string()
        if kind == "undefined":
            r.expect("]")
            return (constant, UNDEFINED)
        r.comma()
        depth += 1
        made: tuple
        if kind == "constant":
            made = (constant, r.scalar())
        elif kind == "variable":
            made = self._variable(r.string(), scope)
        elif kind == "member":
            base = self.read(scope, depth)
            r.comma()
            key = self.read(scope, depth)
            made = (get, base, js.property_key(key[1])) if key[0] is constant else (get_computed, base, key)
        elif kind == "unary":
            operate = self._operator(_UNARY)
            a = self.read(scope, depth)
            made = _folded((_operate, operate, a), a)
        elif kind == "binary" or kind == "logical":
            operate = self._operator(_BINARY if kind == "binary" else _LOGICAL)
            a = self.read(scope, depth)
            r.comma()
            b = self.read(scope, depth)
            made = _folded((_operate, operate, a, b) if kind == "binary" else (operate, a, b), a, b)
        elif kind == "conditional":
            a = self.read(scope, depth)
            r.comma()
            b = self.read(scope, depth)
            r.comma()
            c = self.read(scope, depth)
            made = _folded((_conditional, a, b, c), a, b, c)
        elif kind == "join":
            r.expect("[")
            parts: list[tuple] = []
            while r.items(not parts):
                parts.append(self.read(scope, depth))
            made = _folded((_join, tuple(parts)), *parts)
        elif kind == "array":
            made = (_array, self._array(scope, depth))
        elif kind == "object":
            made = (object_value, self._object(scope, depth))
        elif kind == "wxs":
            raise TemplateError("code in templates (wxs, sjs, filter) is not for boards; compute it in the page")
        else:
            raise TemplateError(f"{kind[:40]!r} is not an expression")
        r.expect("]")
        return made

    def _operator(self, known: dict) -> object:
        name = self._reader.string()
        self._reader.comma()
        if name not in known:
            raise TemplateError(f"{name[:40]!r} is not an operator")
        return known[name]

    def _variable(self, name: str, scope: tuple) -> tuple:
        variable = scope[1].get(name)
        if variable is None:
            self.reads.add(name)
            return (data_member, name)
        self.reads.update(variable[2])
        return (local, scope[0] - variable[0], variable[1])

    def _array(self, scope: tuple, depth: int) -> tuple:
        r = self._reader
        r.expect("[")
        parts: list[tuple] = []
        while r.items(not parts):
            # A spread begins like an expression does, so that its bracket and name are taken here.
            parts.append(self._maybe_spread(scope, depth))
        return tuple(parts)

    def _maybe_spread(self, scope: tuple, depth: int) -> tuple:
        r = self._reader
        if not r.starts_with('["spread"'):
            return (False, self.read(scope, depth))
        r.expect("[")
        r.string()
        r.comma()
        part = (True, self.read(scope, depth))
        r.expect("]")
        return part

    def _object(self, scope: tuple, depth: int) -> tuple:
        r = self._reader
        r.expect("[")
        parts: list[tuple] = []
        while r.items(not parts):
            r.expect("[")
            name = r.scalar()
            if name is not None and not isinstance(name, str):
                raise TemplateError(f"{name!r} is not the name of a member")
            r.comma()
            parts.append((name, self.read(scope, depth)))
            r.expect("]")
        return tuple(parts)
