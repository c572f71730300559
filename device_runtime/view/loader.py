"""The instructions of one ``.view`` document, checked and made into blocks."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from device_runtime.values import Value
from device_runtime.view.assembly import ElementPlan, HostPlan, Plan, TextPlan, assemble
from device_runtime.view.attributes import CLASS_ATTRIBUTES, AttributeTarget, classes_of, text_of, value_of
from device_runtime.view.blocks import HOLDING, ROOT_PARENT, Block, Element, FragmentProgram, Handler, Site
from device_runtime.view.content import FIRST_VALUE, ContentProgram, NamedProgram
from device_runtime.view.errors import TemplateError, one_line, shown
from device_runtime.view.expressions import MAX_NAME_LENGTH, Expression, ExpressionBinder, Scope, Variable
from device_runtime.view.fragments import IfProgram, TemplateProgram
from device_runtime.view.hosts import TEXT_ATTRIBUTES, ComponentProgram
from device_runtime.view.javascript import property_key, to_text
from device_runtime.view.loops import ForProgram
from device_runtime.view.parts import (
    MAX_NODE_DEPTH,
    UNHEARD,
    Events,
    Part,
    Roots,
    SlotValues,
    Tables,
    check_name,
    inner_roots,
    names_slots,
)
from device_runtime.view.paths import Read
from device_runtime.view.properties import camel_case
from device_runtime.view.slots import SlotProgram
from device_runtime.view.wxs import WxsLink

PHASES: Final = ("bind", "catch", "mut-bind", "capture-bind", "capture-catch")
_CHANGE: Final = "change"


class Loader:
    """Loads one document."""

    def __init__(self, tables: Tables, wxs: WxsLink) -> None:
        self._binder = ExpressionBinder(tables.modules, wxs)
        self._tables = tables
        self._bodies: list[Block] = []
        self._in_sight: list[list[Block]] = [[] for _ in tables.scopes]
        self._planned: list[tuple[Block, dict[int, Plan]]] = []
        self._symbols = 0

    def load(self, body: list[Any]) -> tuple[Block, ...]:
        """All the blocks; the last is the body's.

        Raises:
            TemplateError: an instruction is not as the format has it.
        """
        for number, template in enumerate(self._tables.templates):
            if not isinstance(template, list):
                raise TemplateError(f"templates[{number}] must be a list of instructions")
            roots = Roots(names_slots(template))
            self._bodies.append(self._block(template, Scope(), f"templates[{number}]", 0, roots))
        self._block(body, Scope(), "body", 0, None)
        for blocks, scope in zip(self._in_sight, self._tables.scopes, strict=True):
            blocks += [self._bodies[number] for number in sorted(set(scope.values()))]
        assemble(self._planned)
        return tuple(block for block, _ in self._planned)

    def _block(self, instructions: Sequence[Any], scope: Scope, where: str, depth: int, roots: Roots | None) -> Block:
        part = Part(Block(), {})
        self._nodes(part, instructions, ROOT_PARENT, scope, where, depth, roots)
        part.block.seal()
        self._planned.append((part.block, part.plans))
        return part.block

    def _nodes(
        self,
        part: Part,
        instructions: Sequence[Any],
        parent: int,
        scope: Scope,
        where: str,
        depth: int,
        roots: Roots | None,
    ) -> None:
        """Add instructions side by side below the node at offset ``parent``."""
        if depth > MAX_NODE_DEPTH:
            raise TemplateError(f"{where}: nodes are nested more than {MAX_NODE_DEPTH} deep")
        block = part.block
        listed = block.lists[parent] = []
        nodes_before = 0
        fragments: list[int] = []
        for number, instruction in enumerate(instructions):
            place = f"{where}[{number}]"
            self._binder.count(place)
            kind = instruction[0] if isinstance(instruction, list) and instruction else None
            if kind == "text" and len(instruction) == 2 and not (roots and roots.named):
                child = self._text(part, instruction[1], parent, scope, place)
            elif kind == "element" and not (roots and roots.named):
                child = self._element(part, instruction, parent, scope, place, depth, roots)
            else:
                site = Site(parent, nodes_before, fragments, len(fragments))
                child = ~len(block.fragments)
                block.fragments.append(self._fragment(part, instruction, site, scope, place, depth, roots))
                block.order.append(child)
                fragments.append(~child)
            nodes_before += child >= 0
            listed.append(child)

    def _text(self, part: Part, value: Any, parent: int, scope: Scope, where: str) -> int:
        offset = part.take_offset(parent)
        part.block.order.append(offset)
        expression = self._binder.bind(value, scope, where)
        if expression.constant:
            part.plans[offset] = TextPlan(to_text(expression.evaluate([{}, None])), None)
        else:
            part.plans[offset] = TextPlan("", part.bind(expression, (offset, None), text_of))
        return offset

    def _element(
        self,
        part: Part,
        instruction: list[Any],
        parent: int,
        scope: Scope,
        where: str,
        depth: int,
        roots: Roots | None,
    ) -> int:
        match instruction:
            case [_, str(tag), dict(attributes), dict(dataset), list(events), dict(two_way), list(children), *rest]:
                where = f"{where} <{one_line(tag[:40])}>"
            case _:
                raise TemplateError(f"{where}: {shown(instruction)} is not an instruction")
        check_name(tag, where)
        if rest:
            scope = self._with_slot_values(rest, roots, scope, where)
        offset = part.take_offset(parent)
        part.block.order.append(offset)
        heard = self._events(events, two_way, scope, where) if events or two_way else UNHEARD
        bound = self._members(attributes, scope, where) if attributes else []
        static: dict[str, Value] = {}
        dynamic: list[tuple[str, int]] = []
        for name, expression in bound:
            # A scroll-view puts the child with slot="refresher" above its content; of other slots screens know nothing.
            if name != "slot" or (expression.constant and expression.evaluate([{}, None]) == "refresher"):
                self._attribute(part, offset, name, expression, heard.observers.get(name), static, dynamic)
        part.block.elements[offset] = Element(
            tag=tag,
            attributes=dict(bound),
            dataset=tuple(self._members(dataset, scope, where)) if dataset else (),
            handlers=heard.handlers,
            two_way=dict(self._members(two_way, scope, where)) if two_way else {},
            marks=self._marks(rest, scope, where) if rest else (),
        )
        classes = attributes.keys() & CLASS_ATTRIBUTES if self._tables.prefix else ()
        translated = tuple(name for name in attributes if name in classes)
        part.plans[offset] = ElementPlan(tag, static, dynamic, heard.types, translated)
        self._nodes(part, children, offset, scope, where, depth + 1, None)
        return offset

    def _attribute(
        self,
        part: Part,
        offset: int,
        name: str,
        expression: Expression,
        observer: Expression | None,
        static: dict[str, Value],
        dynamic: list[tuple[str, int]],
    ) -> None:
        read = classes_of if name == "class" else text_of if name in TEXT_ATTRIBUTES else value_of
        translated = name in CLASS_ATTRIBUTES and self._tables.prefix != ""
        special = AttributeTarget(offset, name, translated, observer) if translated or observer else None
        if expression.constant:
            value = read(expression)([{}, None])
            if value is not None:
                static[name] = value
            slot = None
        else:
            value = None
            slot = part.bind(expression, (offset, special or name), read)
            dynamic.append((name, slot))
        if observer is not None and special is not None:
            part.block.watched.append((special, slot, value))

    def _component(
        self,
        part: Part,
        instruction: list[Any],
        site: Site,
        scope: Scope,
        where: str,
        depth: int,
        roots: Roots | None,
    ) -> ComponentProgram:
        match instruction:
            case [_, str(tag), dict(attributes), dict(dataset), list(events), dict(two_way), list(children), *rest]:
                where = f"{where} <{one_line(tag[:40])}>"
            case _:
                raise TemplateError(f"{where}: {shown(instruction)} is not an instruction")
        if tag not in self._tables.uses:
            raise TemplateError(f"{where}: the document's components have no {shown(tag)}")
        scope = self._with_slot_values(rest, roots, scope, where)
        offset = part.take_offset(site.parent)
        part.block.order.append(offset)
        part.plans[offset] = HostPlan(len(part.block.fragments))
        # What a property is bound to both ways comes back from the component itself, not from a screen.
        heard = self._events(events, {}, scope, where)
        bound = self._members(attributes, scope, where)
        element = Element(
            tag=tag,
            attributes=dict(bound),
            dataset=tuple(self._members(dataset, scope, where)),
            handlers=heard.handlers,
            two_way={camel_case(name): path for name, path in self._members(two_way, scope, where)},
            marks=self._marks(rest, scope, where),
            fragment=len(part.block.fragments),
        )
        part.block.elements[offset] = element
        return ComponentProgram(
            site=site,
            offset=offset,
            element=element,
            uses=self._tables.uses,
            attributes=tuple((name, expression) for name, expression in bound if name != "slot"),
            observers={camel_case(name): observer for name, observer in heard.observers.items()},
            generics=self._generics(rest, where),
            types=heard.types,
            content=self._content(children, offset, scope, where, depth + 1) if children else None,
        )

    def _content(self, children: list[Any], offset: int, scope: Scope, where: str, depth: int) -> ContentProgram:
        inner = scope.within_content()
        values = SlotValues(inner.level)
        block = self._block(children, inner, where, depth, Roots(names_slots(children), values))
        return ContentProgram(
            block=block,
            site=Site(offset, 0, (), 0, mixed=True),
            names=tuple(values.symbols),
            symbols=tuple(values.symbols.values()),
        )

    def _with_slot_values(self, rest: list[Any], roots: Roots | None, scope: Scope, where: str) -> Scope:
        """The scope of an element that takes slot values as variables; where no slot gives any they are undefined."""
        match rest:
            case [] | [{"slot_values": []}]:
                return scope
            case [{"slot_values": list(pairs)}]:
                pass
            case [dict()]:
                return scope
            case _:
                raise TemplateError(f"{where}: {shown(rest)} are no extras of an element")
        values = roots.values if roots else None
        variables: dict[str, Variable] = {}
        for pair in pairs:
            self._binder.count(where)
            match pair:
                case [str(name), str(local)]:
                    check_name(local, where)
                case _:
                    raise TemplateError(f"{where}: {shown(pair)} is not a slot value and the variable for it")
            if values is not None:
                name = camel_case(name)
                if name not in values.symbols:
                    values.slots[name] = FIRST_VALUE + len(values.symbols)
                    values.symbols[name] = self._take_symbol()
                variables[local] = Variable(values.symbols[name], values.level, values.slots[name])
        return scope.with_variables(variables)

    def _take_symbol(self) -> int:
        self._symbols += 1
        return self._symbols

    def _marks(self, rest: list[Any], scope: Scope, where: str) -> tuple[tuple[str, Expression], ...]:
        marks = rest[0].get("marks", {}) if rest else {}
        if not isinstance(marks, dict):
            raise TemplateError(f"{where}: marks must map names to values")
        return tuple(self._members(marks, scope, where))

    def _generics(self, rest: list[Any], where: str) -> dict[str, str]:
        generics = rest[0].get("generics", {}) if rest else {}
        if not isinstance(generics, dict):
            raise TemplateError(f"{where}: generics must map names to tags")
        for name, tag in generics.items():
            if not isinstance(name, str) or not isinstance(tag, str):
                raise TemplateError(f"{where}: the generic {shown(name)} must be a tag")
        return generics

    def _members(self, members: Mapping[Any, Any], scope: Scope, where: str) -> list[tuple[str, Expression]]:
        bound: list[tuple[str, Expression]] = []
        for name, instruction in members.items():
            check_name(name, where)
            bound.append((name, self._binder.bind(instruction, scope, f"{where} {name}")))
        return bound

    def _events(self, events: list[Any], two_way: Mapping[str, Any], scope: Scope, where: str) -> Events:
        handlers: list[Handler] = []
        observers: dict[str, Expression] = {}
        for event in events:
            match event:
                case [str(name), str(phase), handler] if phase in PHASES or phase == _CHANGE:
                    check_name(name, where)
                    expression = self._binder.bind(handler, scope, where)
                case _:
                    raise TemplateError(f"{where}: {shown(event)} is not an event handler")
            if phase == _CHANGE:
                observers[name] = expression
            else:
                handlers.append(Handler(name, phase, expression))
        # The value of a two-way binding comes back in one of these, whether or not a handler listens too.
        returning: tuple[str, ...] = ("input", "change") if two_way else ()
        # What catches touchmove keeps a finger from scrolling what is around it: screens must know at once.
        holding = any(one.event_type == "touchmove" and one.phase in ("catch", "capture-catch") for one in handlers)
        returning += (HOLDING,) if holding else ()
        types: list[Value] = [*dict.fromkeys((*(handler.event_type for handler in handlers), *returning))]
        return Events(tuple(handlers), observers, types)

    def _fragment(
        self, part: Part, instruction: Any, site: Site, scope: Scope, where: str, depth: int, roots: Roots | None
    ) -> FragmentProgram:
        match instruction:
            case ["text", _] | ["element" | "component", _, dict(), *_] | ["slot", _, dict()] if roots and roots.named:
                return self._named(instruction, site, scope, where, depth, roots)
            case ["component", *_]:
                return self._component(part, instruction, site, scope, where, depth, roots)
            case ["slot", name, dict(values)]:
                return self._slot(part, name, values, site, scope, where)
            case ["if", [_, *_] as branches]:
                return self._if(branches, site, scope, where, depth, roots)
            case ["for", source, str(), str(), (None | list()), str(), list()]:
                expression = self._binder.bind(source, scope, where)
                return self._for(instruction, expression, site, scope, where, depth, roots)
            case ["template", name, int(number), data] if not isinstance(number, bool):
                return self._template(name, number, data, site, scope, where)
        raise TemplateError(f"{where}: {shown(instruction)} is not an instruction")

    def _named(
        self, instruction: list[Any], site: Site, scope: Scope, where: str, depth: int, roots: Roots
    ) -> NamedProgram:
        attributes = instruction[2] if len(instruction) > 2 else {}
        name = self._binder.bind(attributes["slot"], scope, where) if "slot" in attributes else None
        block = self._block([instruction], scope, where, depth, Roots(False, roots.values))
        reads = block.reads if name is None else block.reads | name.reads
        return NamedProgram(site, name, block, reads)

    def _slot(
        self, part: Part, name: Any, values: Mapping[Any, Any], site: Site, scope: Scope, where: str
    ) -> SlotProgram:
        named = self._binder.bind(name, scope, where)
        bound = [(camel_case(key), value) for key, value in self._members(values, scope, where) if key != "slot"]
        offset = part.take_offset(site.parent)
        reads = named.reads.union(*(value.reads for _, value in bound))
        return SlotProgram(site, offset, named, tuple(bound), reads)

    def _template(self, name: Any, number: int, data: Any, site: Site, scope: Scope, where: str) -> TemplateProgram:
        scopes = self._tables.scopes
        if not 0 <= number < len(scopes):
            raise TemplateError(f"{where}: there is no scope {number}")
        named = self._binder.bind(name, scope, where)
        passed = None if data is None else self._binder.bind(data, scope, where)
        reads = named.reads | (passed.reads if passed else frozenset())
        return TemplateProgram(site, named, passed, scopes[number], self._bodies, self._in_sight[number], reads)

    def _if(
        self, branches: list[Any], site: Site, scope: Scope, where: str, depth: int, roots: Roots | None
    ) -> IfProgram:
        bound: list[tuple[Expression | None, Block]] = []
        for number, branch in enumerate(branches):
            match branch:
                case [test, list(children)]:
                    expression = None if test is None else self._binder.bind(test, scope, where)
                    block = self._block(children, scope, f"{where}.{number}", depth + 1, inner_roots(roots, site))
                    bound.append((expression, block))
                case _:
                    raise TemplateError(f"{where}: {shown(branch)} is not a branch")
        tests = frozenset[Read]().union(*(test.reads for test, _ in bound if test))
        return IfProgram(site, bound, tests, tests.union(*(block.reads for _, block in bound)))

    def _for(
        self,
        instruction: list[Any],
        source: Expression,
        site: Site,
        scope: Scope,
        where: str,
        depth: int,
        roots: Roots | None,
    ) -> ForProgram:
        _, _, item, index, key, told, children = instruction
        check_name(item, where)
        check_name(index, where)
        if key is not None and not all(isinstance(step, str) for step in key):
            raise TemplateError(f"{where}: the key of a loop must be a list of names")
        item_symbol, index_symbol = self._take_symbol(), self._take_symbol()
        inner = scope.within_loop(item, item_symbol, index, index_symbol)
        body = self._block(children, inner, where, depth + 1, inner_roots(roots, site))
        outer = frozenset(read for read in body.reads if read[0] not in (item_symbol, index_symbol))
        return ForProgram(
            site=site,
            source=source,
            body=body,
            item=item_symbol,
            index=index_symbol,
            key=None if key is None else tuple(property_key(step) for step in key),
            where=one_line(told[:MAX_NAME_LENGTH]),
            outer_reads=outer,
            reads=source.reads | outer,
        )
