"""Expression instructions, checked and bound to closures. The instructions are listed in ``docs/view-format.md``.

An environment is a list: ``[data, parent]`` at the root of a scope, ``[data, parent, item, index]`` in a row of a
loop, ``[data, parent, *slot values]`` in the content of a component's host. A closure takes one and gives a value;
what it reads is known when it is bound.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, TypeAlias

from device_runtime.view import javascript as js
from device_runtime.view.errors import TemplateError, shown
from device_runtime.view.javascript import UNDEFINED, member, property_key, to_text, truthy
from device_runtime.view.paths import ANY, Key, Read, Symbol
from device_runtime.view.wxs import WxsLink

Environment: TypeAlias = list[Any]
Evaluate: TypeAlias = Callable[[Environment], Any]

ITEM, INDEX = 2, 3
MAX_EXPRESSION_DEPTH = 100
MAX_INSTRUCTIONS = 200_000
MAX_NAME_LENGTH = 1_000

BINARY: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "+": js.add,
    "-": js.subtract,
    "*": js.multiply,
    "/": js.divide,
    "%": js.remainder,
    "==": js.loose_equals,
    "!=": lambda a, b: not js.loose_equals(a, b),
    "===": js.strict_equals,
    "!==": lambda a, b: not js.strict_equals(a, b),
    "<": js.less,
    "<=": js.less_or_equal,
    ">": lambda a, b: js.less(b, a),
    ">=": lambda a, b: js.less_or_equal(b, a),
    "&": lambda a, b: js.to_int32(a) & js.to_int32(b),
    "|": lambda a, b: js.to_int32(a) | js.to_int32(b),
    "^": lambda a, b: js.to_int32(a) ^ js.to_int32(b),
    "<<": lambda a, b: js.to_int32((js.to_int32(a) & 0xFFFFFFFF) << (js.to_int32(b) & 31) & 0xFFFFFFFF),
    ">>": lambda a, b: js.to_int32(a) >> (js.to_int32(b) & 31),
    ">>>": lambda a, b: (js.to_int32(a) & 0xFFFFFFFF) >> (js.to_int32(b) & 31),
}
UNARY: Final[Mapping[str, Callable[[Any], Any]]] = {
    "!": lambda a: not truthy(a),
    "-": js.negate,
    "+": js.to_number,
    "~": lambda a: ~js.to_int32(a),
    "typeof": js.type_of,
    "void": lambda _: UNDEFINED,
}
LOGICAL: Final = ("&&", "||", "??")


@dataclass(frozen=True, slots=True)
class Expression:
    """A bound expression.

    ``chain`` is set if it is a chain of members, ``a.b[c].d``: the path that it reads, with ``ANY`` for computed keys.
    ``others`` are the paths that it reads besides. ``constant`` says that it always gives the same plain value.
    ``fields`` is set for an object literal: its members in order, ``None`` as the name of a spread. ``item_member`` is
    the name of a member of the row's own item, where it is no more than that: what lists consist of.
    """

    evaluate: Evaluate
    others: frozenset[Read] = frozenset()
    chain: Read | None = None
    constant: bool = False
    fields: "tuple[tuple[str | None, Expression], ...] | None" = None
    item_member: str | None = None

    @property
    def reads(self) -> frozenset[Read]:
        """Every path that it may read."""
        return self.others if self.chain is None else self.others | {self.chain}

    @property
    def path(self) -> Read | None:
        """The path that it is, if it is nothing but a path."""
        return self.chain if self.chain is not None and ANY not in self.chain[1] else None


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a loop or of content: its symbol, its nesting level, and its slot in the environment there."""

    symbol: Symbol
    level: int
    slot: int


@dataclass(frozen=True, slots=True)
class Scope:
    """The variables in sight; every other name is a member of the scope's data."""

    level: int = 0
    variables: Mapping[str, Variable] | None = None

    def within_loop(self, item: str, item_symbol: Symbol, index: str, index_symbol: Symbol) -> "Scope":
        """The scope of a loop's body."""
        level = self.level + 1
        inner = {item: Variable(item_symbol, level, ITEM), index: Variable(index_symbol, level, INDEX)}
        return Scope(level, {**(self.variables or {}), **inner})

    def within_content(self) -> "Scope":
        """The scope of a host's content, whose level holds the values that its slot gives."""
        return Scope(self.level + 1, self.variables)

    def with_variables(self, variables: Mapping[str, Variable]) -> "Scope":
        """This scope with more variables."""
        return Scope(self.level, {**(self.variables or {}), **variables})

    def find(self, name: str) -> Variable | None:
        """The loop variable of this name."""
        return self.variables.get(name) if self.variables else None


def constant(value: Any) -> Expression:
    """The expression that always gives the plain value ``value``."""
    return Expression(lambda _: value, constant=True)


class ExpressionBinder:
    """Binds the expressions of one document, and counts its instructions."""

    def __init__(self, modules: Sequence[str], wxs: WxsLink) -> None:
        self._instructions = 0
        self._modules = modules
        self._wxs = wxs

    def count(self, where: str) -> None:
        """Count one instruction.

        Raises:
            TemplateError: the document holds too many.
        """
        self._instructions += 1
        if self._instructions > MAX_INSTRUCTIONS:
            raise TemplateError(f"{where}: the template holds more than {MAX_INSTRUCTIONS} instructions")

    def bind(self, instruction: Any, scope: Scope, where: str, depth: int = 0) -> Expression:
        """Check one instruction and bind it.

        Raises:
            TemplateError: it is malformed, unknown, or nested too deeply.
        """
        self.count(where)
        if depth > MAX_EXPRESSION_DEPTH:
            raise TemplateError(f"{where}: an expression is nested more than {MAX_EXPRESSION_DEPTH} deep")
        match instruction:
            case ["constant", (None | bool() | int() | float() | str()) as value]:
                return constant(value)
            case ["undefined"]:
                return constant(UNDEFINED)
            case ["variable", str(name)] if len(name) <= MAX_NAME_LENGTH:
                return _variable(name, scope)
            case ["member", base, key]:
                return _member(self.bind(base, scope, where, depth + 1), self.bind(key, scope, where, depth + 1))
            case ["unary", str(operator), operand] if operator in UNARY:
                return _unary(UNARY[operator], self.bind(operand, scope, where, depth + 1))
            case ["binary", str(operator), left, right] if operator in BINARY:
                return _binary(
                    BINARY[operator],
                    self.bind(left, scope, where, depth + 1),
                    self.bind(right, scope, where, depth + 1),
                )
            case ["logical", str(operator), left, right] if operator in LOGICAL:
                return _logical(
                    operator, self.bind(left, scope, where, depth + 1), self.bind(right, scope, where, depth + 1)
                )
            case ["conditional", test, then, otherwise]:
                return _conditional(*(self.bind(part, scope, where, depth + 1) for part in (test, then, otherwise)))
            case ["join", list(parts)]:
                return _join([self.bind(part, scope, where, depth + 1) for part in parts])
            case ["array", list(items)]:
                return self._array(items, scope, where, depth)
            case ["object", list(members)]:
                return self._object(members, scope, where, depth)
            case ["wxs", int(module), list(keys), (None | list()) as given] if not isinstance(module, bool):
                return self._wxs_member(module, keys, given, scope, where, depth)
        raise TemplateError(f"{where}: {shown(instruction)} is not an expression")

    def _array(self, items: list[Any], scope: Scope, where: str, depth: int) -> Expression:
        parts: list[tuple[bool, Expression]] = []
        for item in items:
            match item:
                case ["spread", inner]:
                    parts.append((True, self.bind(inner, scope, where, depth + 1)))
                case _:
                    parts.append((False, self.bind(item, scope, where, depth + 1)))

        def evaluate(environment: Environment) -> list[Any]:
            result: list[Any] = []
            for spread, part in parts:
                value = part.evaluate(environment)
                if spread:
                    result.extend(value if type(value) in (list, str) else ())
                else:
                    result.append(value)
            return result

        return Expression(evaluate, _union(part for _, part in parts))

    def _object(self, members: list[Any], scope: Scope, where: str, depth: int) -> Expression:
        fields: list[tuple[str | None, Expression]] = []
        for entry in members:
            match entry:
                case [(None | str()) as name, inner]:
                    fields.append((name, self.bind(inner, scope, where, depth + 1)))
                case _:
                    raise TemplateError(f"{where}: {shown(entry)} is not a member of an object")

        def evaluate(environment: Environment) -> dict[str, Any]:
            result: dict[str, Any] = {}
            for name, part in fields:
                value = part.evaluate(environment)
                if name is not None:
                    result[name] = value
                elif type(value) is dict:
                    result.update(value)
                elif type(value) in (list, str):
                    result.update((str(index), item) for index, item in enumerate(value))
            return result

        return Expression(evaluate, _union(part for _, part in fields), fields=tuple(fields))

    def _wxs_member(
        self, module: int, keys: list[Any], given: list[Any] | None, scope: Scope, where: str, depth: int
    ) -> Expression:
        if not 0 <= module < len(self._modules):
            raise TemplateError(f"{where}: there is no wxs module {module}")
        if not all(isinstance(key, str) and len(key) <= MAX_NAME_LENGTH for key in keys):
            raise TemplateError(f"{where}: a member of a wxs module is named by texts")
        path, names, wxs = self._modules[module], tuple(keys), self._wxs
        if given is None:
            return Expression(lambda _: wxs.value(path, names))
        parts = [self.bind(part, scope, where, depth + 1) for part in given]
        # Data hold no undefined, what is made here may.
        getters = [part.evaluate if part.chain else _exporting(part.evaluate) for part in parts]
        return Expression(
            lambda environment: wxs.call(path, names, [get(environment) for get in getters]), _union(parts)
        )


def _exporting(get: Evaluate) -> Evaluate:
    def evaluate(environment: Environment) -> Any:
        value = get(environment)
        return js.exported(value) if type(value) in (list, dict) else value

    return evaluate


def _union(parts: Any) -> frozenset[Read]:
    return frozenset().union(*(part.reads for part in parts))


def _folded(expression: Expression, *operands: Expression) -> Expression:
    """``expression`` evaluated now, if its operands are constants."""
    if all(operand.constant for operand in operands):
        return constant(expression.evaluate([{}, None]))
    return expression


_get_item: Final[Evaluate] = itemgetter(ITEM)


def _variable(name: str, scope: Scope) -> Expression:
    variable = scope.find(name)
    if variable is None:
        return Expression(lambda environment: environment[0].get(name, UNDEFINED), chain=(name, ()))
    slot, up = variable.slot, scope.level - variable.level
    chain: Read = (variable.symbol, ())
    if up == 0:
        get = _get_item if slot == ITEM else itemgetter(slot)
        return Expression(get, chain=chain)
    if up == 1:
        return Expression(lambda environment: environment[1][slot], chain=chain)

    def evaluate(environment: Environment) -> Any:
        for _ in range(up):
            environment = environment[1]
        return environment[slot]

    return Expression(evaluate, chain=chain)


def _item_member(name: str, base: Expression) -> Expression:
    def evaluate(environment: Environment) -> Any:
        item = environment[ITEM]
        return item.get(name, UNDEFINED) if type(item) is dict else member(item, name)

    return Expression(evaluate, base.others, _below(base.chain, name), item_member=name)


def _member(base: Expression, key: Expression) -> Expression:
    get, get_key = base.evaluate, key.evaluate
    if not key.constant:

        def evaluate_computed(environment: Environment) -> Any:
            return member(get(environment), property_key(get_key(environment)))

        return Expression(evaluate_computed, base.others | key.reads, _below(base.chain, ANY))

    name = property_key(get_key([{}, None]))
    if isinstance(name, int):
        return Expression(lambda environment: member(get(environment), name), base.others, _below(base.chain, name))

    if get is _get_item:
        return _item_member(name, base)

    def evaluate(environment: Environment) -> Any:
        value = get(environment)
        return value.get(name, UNDEFINED) if type(value) is dict else member(value, name)

    return Expression(evaluate, base.others, _below(base.chain, name))


def _below(chain: Read | None, key: Key) -> Read | None:
    return None if chain is None else (chain[0], (*chain[1], key))


def _unary(operate: Callable[[Any], Any], operand: Expression) -> Expression:
    get = operand.evaluate
    return _folded(Expression(lambda environment: operate(get(environment)), operand.reads), operand)


def _binary(operate: Callable[[Any, Any], Any], left: Expression, right: Expression) -> Expression:
    get_left, get_right = left.evaluate, right.evaluate

    def evaluate(environment: Environment) -> Any:
        return operate(get_left(environment), get_right(environment))

    return _folded(Expression(evaluate, left.reads | right.reads), left, right)


def _logical(operator: str, left: Expression, right: Expression) -> Expression:
    get_left, get_right = left.evaluate, right.evaluate

    def both(environment: Environment) -> Any:
        value = get_left(environment)
        return get_right(environment) if truthy(value) else value

    def either(environment: Environment) -> Any:
        value = get_left(environment)
        return value if truthy(value) else get_right(environment)

    def defined(environment: Environment) -> Any:
        value = get_left(environment)
        return get_right(environment) if value is None or value is UNDEFINED else value

    evaluate = {"&&": both, "||": either, "??": defined}[operator]
    return _folded(Expression(evaluate, left.reads | right.reads), left, right)


def _conditional(test: Expression, then: Expression, otherwise: Expression) -> Expression:
    get_test, get_then, get_otherwise = test.evaluate, then.evaluate, otherwise.evaluate

    def evaluate(environment: Environment) -> Any:
        return get_then(environment) if truthy(get_test(environment)) else get_otherwise(environment)

    reads = test.reads | then.reads | otherwise.reads
    return _folded(Expression(evaluate, reads), test, then, otherwise)


def _join(parts: list[Expression]) -> Expression:
    getters = [part.evaluate for part in parts]

    def evaluate(environment: Environment) -> str:
        return "".join([to_text(get(environment)) for get in getters])

    return _folded(Expression(evaluate, _union(parts)), *parts)
