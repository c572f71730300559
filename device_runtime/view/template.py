"""Compiled templates: the check of an untrusted ``.view`` document, and its instructions bound to closures.

``docs/view-format.md`` describes the document. Nothing here runs text as code: each instruction is looked up in a
closed set, and whatever is not in it is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from device_runtime.values import Value
from device_runtime.view.blocks import ROOT_PARENT, Block, BlockInstance, Element, Handler, Make, Site, make_nodes
from device_runtime.view.errors import TemplateError
from device_runtime.view.expressions import MAX_NAME_LENGTH, Evaluate, Expression, ExpressionBinder, Scope
from device_runtime.view.fragments import IfProgram, TemplateProgram
from device_runtime.view.javascript import exported, property_key, to_text
from device_runtime.view.loops import ForProgram
from device_runtime.view.paths import Read

FORMAT: Final = 1
MAX_NODE_DEPTH = 100
PHASES: Final = ("bind", "catch", "mut-bind", "capture-bind", "capture-catch")
_STRING_ATTRIBUTES = ("class", "style", "id")


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template. ``blocks`` are all the blocks in it; ``largest_block`` is the most nodes that one has."""

    body: Block
    blocks: tuple[Block, ...]
    largest_block: int


def load_template(document: object) -> Template:
    """Check a ``.view`` document and bind its instructions.

    Raises:
        TemplateError: it is malformed, of another format, too large, or nested too deeply.
    """
    match document:
        case {"format": int(number)} if number != FORMAT:
            raise TemplateError(
                f"the template is in format {number}; this runtime reads format {FORMAT}: build the program again"
            )
        case {"format": 1, "body": list(body), "templates": list(templates), "scopes": list(scopes)}:
            return _Loader(templates, scopes).load(body)
    raise TemplateError("the document is not a compiled template: format, body, templates and scopes are expected")


class _Loader:
    """Loads one document."""

    def __init__(self, templates: list[Any], scopes: list[Any]) -> None:
        self._binder = ExpressionBinder()
        self._templates = templates
        self._scopes = [_check_scope(scope, number, len(templates)) for number, scope in enumerate(scopes)]
        self._bodies: list[Block] = []
        self._blocks: list[Block] = []
        self._symbols = 0

    def load(self, body: list[Any]) -> Template:
        for number, template in enumerate(self._templates):
            if not isinstance(template, list):
                raise TemplateError(f"templates[{number}] must be a list of instructions")
            self._bodies.append(self._block(template, Scope(), f"templates[{number}]", 0))
        block = self._block(body, Scope(), "body", 0)
        return Template(block, tuple(self._blocks), max(block.size for block in self._blocks))

    def _block(self, instructions: list[Any], scope: Scope, where: str, depth: int) -> Block:
        block = Block()
        block.makes = self._nodes(block, instructions, ROOT_PARENT, scope, where, depth)
        block.seal()
        self._blocks.append(block)
        return block

    def _nodes(
        self, block: Block, instructions: list[Any], parent: int, scope: Scope, where: str, depth: int
    ) -> list[Make | int]:
        """Add instructions side by side below the node at offset ``parent``."""
        if depth > MAX_NODE_DEPTH:
            raise TemplateError(f"{where}: nodes are nested more than {MAX_NODE_DEPTH} deep")
        makes: list[Make | int] = []
        nodes_before = 0
        fragments_before: list[int] = []
        for number, instruction in enumerate(instructions):
            place = f"{where}[{number}]"
            self._binder.count(place)
            match instruction:
                case ["text", _]:
                    make: Make | int = self._text(block, instruction, parent, scope, place)
                case ["element", str(), dict(), dict(), list(), dict(), list()]:
                    make = self._element(block, instruction, parent, scope, place, depth)
                case _:
                    site = Site(parent, nodes_before, tuple(fragments_before))
                    program = self._fragment(instruction, site, scope, place, depth)
                    make = len(block.fragments)
                    block.fragments.append(program)
                    fragments_before.append(make)
                    if parent == ROOT_PARENT:
                        block.roots.append(~make)
            nodes_before += not isinstance(make, int)
            makes.append(make)
        return makes

    def _take_offset(self, block: Block, parent: int) -> int:
        block.parents.append(parent)
        offset = len(block.parents) - 1
        if parent == ROOT_PARENT:
            block.roots.append(offset)
        return offset

    def _bind_slot(self, block: Block, expression: Expression, offset: int, name: str | None) -> int:
        block.bindings.append(_text_of(expression) if name in (None, *_STRING_ATTRIBUTES) else _value_of(expression))
        block.binding_reads.append(expression.reads)
        block.targets.append((offset, name))
        return len(block.bindings) - 1

    def _text(self, block: Block, instruction: list[Any], parent: int, scope: Scope, where: str) -> Make:
        offset = self._take_offset(block, parent)
        expression = self._binder.bind(instruction[1], scope, where)
        if expression.constant:
            return _static_text(offset, to_text(expression.evaluate([{}, None])))
        return _dynamic_text(offset, self._bind_slot(block, expression, offset, None))

    def _element(self, block: Block, instruction: list[Any], parent: int, scope: Scope, where: str, depth: int) -> Make:
        _, tag, attributes, dataset, events, two_way, children = instruction
        where = f"{where} <{tag[:40]}>"
        _check_name(tag, where)
        offset = self._take_offset(block, parent)
        static: dict[str, Value] = {}
        dynamic: list[tuple[str, int]] = []
        for name, expression in self._members(attributes, scope, where):
            if not expression.constant:
                dynamic.append((name, self._bind_slot(block, expression, offset, name)))
                continue
            value = expression.evaluate([{}, None])
            value = to_text(value) if name in _STRING_ATTRIBUTES else exported(value)
            if value is not None:
                static[name] = value
        handlers = tuple(self._handler(event, scope, where) for event in events)
        block.elements[offset] = Element(
            id=self._binder.bind(attributes["id"], scope, where) if "id" in attributes else None,
            dataset=tuple(self._members(dataset, scope, where)),
            handlers=handlers,
            two_way=dict(self._members(two_way, scope, where)),
        )
        # The value of a two-way binding comes back in one of these, whether or not a handler listens too.
        returning = ("input", "change") if two_way else ()
        types: list[Value] = [*dict.fromkeys((*(handler.event_type for handler in handlers), *returning))]
        makes = self._nodes(block, children, offset, scope, where, depth + 1)
        return _make_element(offset, tag, static, dynamic, types, makes)

    def _members(self, members: Mapping[Any, Any], scope: Scope, where: str) -> list[tuple[str, Expression]]:
        bound: list[tuple[str, Expression]] = []
        for name, instruction in members.items():
            _check_name(name, where)
            bound.append((name, self._binder.bind(instruction, scope, f"{where} {name}")))
        return bound

    def _handler(self, event: Any, scope: Scope, where: str) -> Handler:
        match event:
            case [str(event_type), str(phase), name] if phase in PHASES:
                _check_name(event_type, where)
                return Handler(event_type, phase, self._binder.bind(name, scope, where))
        raise TemplateError(f"{where}: {str(event)[:80]} is not an event handler")

    def _fragment(
        self, instruction: Any, site: Site, scope: Scope, where: str, depth: int
    ) -> IfProgram | ForProgram | TemplateProgram:
        match instruction:
            case ["if", [_, *_] as branches]:
                return self._if(branches, site, scope, where, depth)
            case ["for", source, str(), str(), (None | list()), str(), list()]:
                expression = self._binder.bind(source, scope, where)
                return self._for(instruction, expression, site, scope, where, depth)
            case ["template", name, int(number), data] if not isinstance(number, bool):
                if not 0 <= number < len(self._scopes):
                    raise TemplateError(f"{where}: there is no scope {number}")
                named = self._binder.bind(name, scope, where)
                passed = None if data is None else self._binder.bind(data, scope, where)
                reads = named.reads | (passed.reads if passed else frozenset())
                return TemplateProgram(site, named, passed, self._scopes[number], self._bodies, reads)
        raise TemplateError(f"{where}: {str(instruction)[:80]} is not an instruction")

    def _if(self, branches: list[Any], site: Site, scope: Scope, where: str, depth: int) -> IfProgram:
        bound: list[tuple[Expression | None, Block]] = []
        for number, branch in enumerate(branches):
            match branch:
                case [test, list(children)]:
                    expression = None if test is None else self._binder.bind(test, scope, where)
                    bound.append((expression, self._block(children, scope, f"{where}.{number}", depth + 1)))
                case _:
                    raise TemplateError(f"{where}: {str(branch)[:80]} is not a branch")
        tests = frozenset[Read]().union(*(test.reads for test, _ in bound if test))
        return IfProgram(site, bound, tests, tests.union(*(block.reads for _, block in bound)))

    def _for(
        self, instruction: list[Any], source: Expression, site: Site, scope: Scope, where: str, depth: int
    ) -> ForProgram:
        _, _, item, index, key, told, children = instruction
        _check_name(item, where)
        _check_name(index, where)
        if key is not None and not all(isinstance(step, str) for step in key):
            raise TemplateError(f"{where}: the key of a loop must be a list of names")
        item_symbol, index_symbol = self._symbols, self._symbols + 1
        self._symbols += 2
        inner = scope.within_loop(item, item_symbol, index, index_symbol)
        body = self._block(children, inner, where, depth + 1)
        outer = frozenset(read for read in body.reads if read[0] not in (item_symbol, index_symbol))
        return ForProgram(
            site=site,
            source=source,
            body=body,
            item=item_symbol,
            index=index_symbol,
            key=None if key is None else tuple(property_key(step) for step in key),
            where=told[:MAX_NAME_LENGTH],
            outer_reads=outer,
            reads=source.reads | outer,
        )


def _check_scope(scope: Any, number: int, templates: int) -> dict[str, int]:
    if not isinstance(scope, dict):
        raise TemplateError(f"scopes[{number}] must map names to templates")
    for name, index in scope.items():
        if not isinstance(name, str) or type(index) is not int or not 0 <= index < templates:
            raise TemplateError(f"scopes[{number}]: {str(name)[:80]!r} names no template")
    return scope


def _check_name(name: Any, where: str) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
        raise TemplateError(f"{where}: a name must be 1 to {MAX_NAME_LENGTH} characters, not {str(name)[:40]!r}")


def _text_of(expression: Expression) -> Evaluate:
    get = expression.evaluate

    def evaluate(environment: list[Any]) -> str:
        value = get(environment)
        return value if type(value) is str else to_text(value)

    return evaluate


def _value_of(expression: Expression) -> Evaluate:
    get = expression.evaluate

    def evaluate(environment: list[Any]) -> Value:
        value = get(environment)
        return value if type(value) is str else exported(value)

    return evaluate


def _static_text(offset: int, text: str) -> Make:
    return lambda instance: [instance.base + offset, text]


def _dynamic_text(offset: int, slot: int) -> Make:
    return lambda instance: [instance.base + offset, instance.values[slot]]


def _make_element(
    offset: int,
    tag: str,
    static: dict[str, Value],
    dynamic: list[tuple[str, int]],
    types: list[Value],
    makes: list[Make | int],
) -> Make:
    def attributes(instance: BlockInstance) -> dict[str, Value]:
        if not dynamic:
            return static
        made = static.copy()
        values = instance.values
        for name, slot in dynamic:
            value = values[slot]
            if value is not None:
                made[name] = value
        return made

    plain: list[Callable[[BlockInstance], Value]] = [make for make in makes if not isinstance(make, int)]
    if len(plain) < len(makes):
        return lambda instance: [
            instance.base + offset, tag, attributes(instance), types, [*make_nodes(makes, instance)]
        ]  # fmt: skip
    if dynamic:
        return lambda instance: [
            instance.base + offset, tag, attributes(instance), types, [make(instance) for make in plain]
        ]  # fmt: skip
    return lambda instance: [
        instance.base + offset, tag, static, types, [make(instance) for make in plain]
    ]  # fmt: skip
