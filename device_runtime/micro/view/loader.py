"""A ``.view`` document (``docs/view-format.md``) read from a stream into blocks.

A block is a part of a template that appears and vanishes as one. Its nodes are numbered in document order; an instance
of it takes one run of node ids. Where ``if``, ``for`` and ``template`` stand between them it has fragments.
"""

from . import javascript as js
from .binder import ExpressionReader
from .errors import TemplateError
from .expressions import INDEX, ITEM, constant
from .reader import Reader
from .template import CLASS, ROOT_PARENT, TEXT, VALUE, Block, Template, shown
from .trampoline import run

try:
    from typing import TYPE_CHECKING, TextIO

    if TYPE_CHECKING:
        from .shapes import (
            Children,
            Data,
            Expression,
            ForProgram,
            Handler,
            IfProgram,
            Key,
            Members,
            Program,
            Reads,
            Scope,
            Site,
            Step,
        )
except ImportError:
    pass

_FORMAT = 2
_DEPTH = 24
_PHASES = ("bind", "catch", "mut-bind", "capture-bind", "capture-catch")
_REFUSED = {
    "component": "components are not for boards; use elements and <template> (<%s>)",
    "slot": "slots are not for boards (%s)",
}


class _Loader:
    def __init__(self, reader: Reader) -> None:
        self.r = reader
        self.expressions = ExpressionReader(reader)

    def block(self, scope: "Scope", depth: int) -> "Step[Block]":
        """Gives a :class:`Block`; it and what it calls are run by :mod:`.trampoline`."""
        expressions = self.expressions
        outer, expressions.reads = expressions.reads, set()
        block = Block()
        block.roots = yield self.nodes(block, ROOT_PARENT, scope, depth)
        block.reads = tuple(sorted(expressions.reads))
        outer.update(block.reads)
        expressions.reads = outer
        return block

    def nodes(self, block: Block, parent: int, scope: "Scope", depth: int) -> "Step[Children]":
        """Instructions side by side below the node at offset ``parent``: the children."""
        r = self.r
        if depth > _DEPTH:
            raise TemplateError(f"nodes are nested more than {_DEPTH} deep, too deep for a board")
        children: list[int] = []
        before: list[int] = []
        r.expect("[")
        while r.items(not children):
            r.expect("[")
            kind = r.string()
            r.comma()
            if kind == "text":
                child = len(block.nodes)
                self._text(block, parent, scope)
            elif kind == "element":
                child = len(block.nodes)
                yield self._element(block, parent, scope, depth)
            else:
                child = ~len(block.fragments)
                block.fragments.append(None)  # type: ignore[arg-type]  # its place
                site = (parent, len(children) - len(before), tuple(before))
                block.fragments[~child] = yield self._fragment(kind, site, scope, depth)
                before.append(~child)
            r.expect("]")
            children.append(child)
        return tuple(children)

    def _text(self, block: Block, parent: int, scope: "Scope") -> None:
        expression, reads = self.expressions.bind(scope)
        offset = len(block.nodes)
        if expression[0] is constant:
            block.nodes.append((parent, js.to_text(expression[1]), -1))
        else:
            block.nodes.append((parent, "", len(block.bindings)))
            block.bindings.append((offset, None, TEXT, expression, reads))

    def _members(self, scope: "Scope") -> "Members":
        """``{name: value}`` as ``((name, expression), …)``."""
        r = self.r
        members: list[tuple[str, Expression]] = []
        r.expect("{")
        while r.items(not members, "}"):
            name = r.name()
            members.append((name, self.expressions.read(scope, 0)))
        return tuple(members)

    def _element(self, block: Block, parent: int, scope: "Scope", depth: int) -> "Step[None]":
        r = self.r
        tag = r.string()
        offset = len(block.nodes)
        block.nodes.append(None)  # type: ignore[arg-type]  # its place
        r.comma()
        static: Data = {}
        dynamic: list[tuple[str, int]] = []
        first = True
        r.expect("{")
        while r.items(first, "}"):
            first = False
            name = r.name()
            expression, reads = self.expressions.bind(scope)
            kind = CLASS if name == "class" else TEXT if name in ("style", "id") else VALUE
            if expression[0] is constant:
                value = shown(kind, expression[1])
                if value is not None and (name != "slot" or value == "refresher"):
                    static[name] = value
            elif name != "slot":
                dynamic.append((name, len(block.bindings)))
                block.bindings.append((offset, name, kind, expression, reads))
        r.comma()
        dataset = self._members(scope)
        r.comma()
        handlers = self._handlers(tag, scope)
        r.comma()
        two_way = self._members(scope)
        r.comma()
        types = self._types(handlers, bool(two_way))
        children = yield self.nodes(block, offset, scope, depth + 1)
        if r.is_next(","):
            r.skip()
        block.nodes[offset] = (
            parent, tag, static, tuple(dynamic), types, children, handlers, dataset, two_way,
        )  # fmt: skip

    def _handlers(self, tag: str, scope: "Scope") -> "tuple[Handler, ...]":
        """``[[type, phase, handler], …]``."""
        r = self.r
        handlers: list[Handler] = []
        r.expect("[")
        while r.items(not handlers):
            r.expect("[")
            kind = r.string()
            r.comma()
            phase = r.string()
            if phase not in _PHASES:
                raise TemplateError(
                    f"<{one_line(tag)}>: {one_line(phase)} needs code in templates, which is not for boards"
                )
            r.comma()
            handlers.append((kind, phase, self.expressions.read(scope, 0)))
            r.expect("]")
        return tuple(handlers)

    def _types(self, handlers: "tuple[Handler, ...]", two_way: bool) -> "list[str]":
        types: list[str] = []
        holding = False
        for kind, phase, _ in handlers:
            if kind not in types:
                types.append(kind)
            holding = holding or (kind == "touchmove" and phase in ("catch", "capture-catch"))
        for kind in ("input", "change") if two_way else ():
            if kind not in types:
                types.append(kind)
        if holding:
            types.append("catchtouchmove")
        return types

    def _fragment(self, kind: str, site: "Site", scope: "Scope", depth: int) -> "Step[Program]":
        r = self.r
        if kind == "if":
            return (yield self._if(site, scope, depth))  # type: ignore[no-any-return]
        if kind == "for":
            return (yield self._for(site, scope, depth))  # type: ignore[no-any-return]
        if kind == "template":
            name, reads = self.expressions.bind(scope)
            r.comma()
            number = r.integer()
            r.comma()
            data, more = (None, ()) if self._is_null() else self.expressions.bind(scope)
            return ("template", site, name, data, number, reads, reads + more)
        if kind in _REFUSED:
            raise TemplateError(_REFUSED[kind] % (one_line(r.string()) if r.peek() == '"' else "an instruction"))
        raise TemplateError(f"{kind[:40]!r} is not an instruction")

    def _is_null(self) -> bool:
        """Whether ``null`` comes next, which is taken then; else an instruction does."""
        if self.r.peek() == "[":
            return False
        self.r.skip()
        return True

    def _if(self, site: "Site", scope: "Scope", depth: int) -> "Step[IfProgram]":
        r = self.r
        branches: list[tuple[Expression | None, Block]] = []
        tests: Reads = ()
        blocks: Reads = ()
        r.expect("[")
        while r.items(not branches):
            r.expect("[")
            test, reads = (None, ()) if self._is_null() else self.expressions.bind(scope)
            r.comma()
            block = yield self.block(scope, depth + 1)
            r.expect("]")
            branches.append((test, block))
            tests += reads
            blocks += block.reads
        return ("if", site, tuple(branches), tests, tests + blocks)

    def _for(self, site: "Site", scope: "Scope", depth: int) -> "Step[ForProgram]":
        r = self.r
        source, reads = self.expressions.bind(scope)
        r.comma()
        item = r.string()
        r.comma()
        index = r.string()
        r.comma()
        key: list[Key] | None = None
        if not self._is_null():
            r.expect("[")
            key = []
            while r.items(not key):
                key.append(js.property_key(r.string()))
        r.comma()
        where = one_line(r.string())
        r.comma()
        level = scope[0] + 1
        names = scope[1].copy()
        names[item] = (level, ITEM, reads)
        names[index] = (level, INDEX, reads)
        body = yield self.block((level, names), depth + 1)
        return ("for", site, source, reads, body, key, where, reads + body.reads)


def one_line(text: str) -> str:
    """A name or place of a document as a message has it."""
    return repr(text)[1:-1][:80]


def load_template(stream: "TextIO") -> Template:
    """Read a document from a stream whose ``read(n)`` gives text.

    Raises:
        TemplateError: it is malformed, of another format, nested too deeply, or uses what boards do not have.
    """
    r = Reader(stream)
    template = Template()
    loader = _Loader(r)
    first = True
    r.expect("{")
    while r.items(first, "}"):
        first = False
        name = r.name()
        if name == "format":
            number = r.scalar()
            if number != _FORMAT:
                said = str(number)[:20]
                raise TemplateError(
                    f"the template is in format {said!r}; this runtime reads format {_FORMAT}: build the program again"
                )
        elif name == "body":
            template.body = run(loader.block((0, {}), 0))
        elif name == "templates":
            r.expect("[")
            while r.items(not template.bodies):
                template.bodies.append(run(loader.block((0, {}), 0)))
        elif name == "scopes":
            r.expect("[")
            while r.items(not template.scopes):
                template.scopes.append(_scope(r))
        else:
            r.skip()
    return template


def _scope(r: Reader) -> "dict[str, int]":
    names: dict[str, int] = {}
    r.expect("{")
    while r.items(not names, "}"):
        name = r.name()
        names[name] = r.integer()
    return names
