"""Expressions of a ``.view`` document, read into what :mod:`.expressions` evaluates.

A scope is ``(level, names)``, where ``names`` maps the variables of loops to ``(level, slot, reads)``: ``reads`` are
the members of the data that they come from.
"""

from . import javascript as js
from .errors import TemplateError
from .expressions import (
    BINARY,
    LOGICAL,
    UNARY,
    array,
    conditional,
    constant,
    data_member,
    get,
    get_computed,
    join,
    local,
    object_value,
    operate,
)  # fmt: skip
from .javascript import UNDEFINED

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .reader import Reader
        from .shapes import Expression, Reads, Scope, T
except ImportError:
    pass

_DEPTH = 40


def _folded(expression: "Expression", *operands: "Expression") -> "Expression":
    """``expression`` evaluated now, if its operands are constants."""
    for operand in operands:
        if operand[0] is not constant:
            return expression
    return (constant, expression[0](expression, None))  # type: ignore[arg-type]  # constants do not look at it


class ExpressionReader:
    """Reads expressions; ``reads`` gathers the members of the data that they read."""

    def __init__(self, reader: "Reader") -> None:
        self._reader = reader
        self.reads: set[str] = set()

    def bind(self, scope: "Scope") -> "tuple[Expression, Reads]":
        """An expression and the members of the data that it reads."""
        outer, self.reads = self.reads, set()
        expression = self.read(scope, 0)
        reads = tuple(sorted(self.reads))
        outer.update(reads)
        self.reads = outer
        return expression, reads

    def read(self, scope: "Scope", depth: int) -> "Expression":
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
        made: Expression
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
            function: Any = self._operator(UNARY)
            a = self.read(scope, depth)
            made = _folded((operate, function, a), a)
        elif kind == "binary" or kind == "logical":
            function = self._operator(BINARY if kind == "binary" else LOGICAL)
            a = self.read(scope, depth)
            r.comma()
            b = self.read(scope, depth)
            made = _folded((operate, function, a, b) if kind == "binary" else (function, a, b), a, b)
        elif kind == "conditional":
            a = self.read(scope, depth)
            r.comma()
            b = self.read(scope, depth)
            r.comma()
            c = self.read(scope, depth)
            made = _folded((conditional, a, b, c), a, b, c)
        elif kind == "join":
            r.expect("[")
            parts: list[Expression] = []
            while r.items(not parts):
                parts.append(self.read(scope, depth))
            made = _folded((join, tuple(parts)), *parts)
        elif kind == "array":
            made = (array, self._array(scope, depth))
        elif kind == "object":
            made = (object_value, self._object(scope, depth))
        elif kind == "wxs":
            raise TemplateError("code in templates (wxs, sjs, filter) is not for boards; compute it in the page")
        else:
            raise TemplateError(f"{kind[:40]!r} is not an expression")
        r.expect("]")
        return made

    def _operator(self, known: "dict[str, T]") -> "T":
        name = self._reader.string()
        self._reader.comma()
        if name not in known:
            raise TemplateError(f"{name[:40]!r} is not an operator")
        return known[name]

    def _variable(self, name: str, scope: "Scope") -> "Expression":
        variable = scope[1].get(name)
        if variable is None:
            self.reads.add(name)
            return (data_member, name)
        self.reads.update(variable[2])
        return (local, scope[0] - variable[0], variable[1])

    def _array(self, scope: "Scope", depth: int) -> "tuple[tuple[bool, Expression], ...]":
        r = self._reader
        r.expect("[")
        parts: list[tuple[bool, Expression]] = []
        while r.items(not parts):
            # A spread begins like an expression does, so that its bracket and name are taken here.
            parts.append(self._maybe_spread(scope, depth))
        return tuple(parts)

    def _maybe_spread(self, scope: "Scope", depth: int) -> "tuple[bool, Expression]":
        r = self._reader
        if not r.starts_with('["spread"'):
            return (False, self.read(scope, depth))
        r.expect("[")
        r.string()
        r.comma()
        part = (True, self.read(scope, depth))
        r.expect("]")
        return part

    def _object(self, scope: "Scope", depth: int) -> "tuple[tuple[str | None, Expression], ...]":
        r = self._reader
        r.expect("[")
        parts: list[tuple[str | None, Expression]] = []
        while r.items(not parts):
            r.expect("[")
            name = r.scalar()
            if name is not None and not isinstance(name, str):
                raise TemplateError(f"{name!r} is not the name of a member")
            r.comma()
            parts.append((name, self.read(scope, depth)))
            r.expect("]")
        return tuple(parts)
