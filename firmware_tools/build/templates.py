"""The template compiler: WXML (WeChat) and SWAN (Baidu) source to a ``.view`` document.

``docs/view-format.md`` describes the document. ``import`` and ``include`` are resolved here, so that a page's
document stands alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from device_runtime.view.template import FORMAT, load_template
from firmware_tools.build.dialects import Dialect
from firmware_tools.build.directives import Condition, DirectiveReader, Loop, dataset_name, read_event
from firmware_tools.build.expressions import Instruction, parse_template_data
from firmware_tools.build.markup import (
    Attribute,
    Element,
    MarkupNode,
    Text,
    decode_entities,
    moustache_end,
    parse_markup,
)
from firmware_tools.build.source import Read, SourceText, did_you_mean, resolve_path

_CODE_TAGS = ("wxs", "import-sjs", "filter")
_IGNORED_PREFIXES = ("mark:", "generic:", "change:", "worklet:", "extra-attr:")


def compile_template(
    text: str, path: str, dialect: Dialect, read: Read, warnings: list[str] | None = None
) -> dict[str, Any]:
    """Compile the template ``text`` of the file ``path``; ``read`` gives the files that it imports and includes.

    Likely slips, such as a misspelt directive, are appended to ``warnings`` as ``file:line:column: sentence``.

    Raises:
        SourceError: the source is faulty; the message starts with file, line and column.
    """
    compiler = _Compiler(dialect, read, [] if warnings is None else warnings)
    document = compiler.compile(SourceText(path, text))
    load_template(document)  # what the device checks is checked here first, by the same code
    return document


@dataclass(slots=True)
class _File:
    """A parsed file. ``own`` are the templates that it defines, ``names`` all that it sees, by number."""

    source: SourceText
    directives: DirectiveReader
    nodes: list[MarkupNode]
    own: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Context:
    """What a part of a template is compiled in: its file, the templates in sight, and the files it is included by."""

    file: _File
    names: dict[str, int]
    including: tuple[str, ...]


class _Compiler:
    def __init__(self, dialect: Dialect, read: Read, warnings: list[str]) -> None:
        self._dialect = dialect
        self._read = read
        self._warnings = warnings
        self._files: dict[str, _File] = {}
        self._definitions: list[tuple[_File, Element]] = []
        self._scopes: list[dict[str, int]] = []

    def compile(self, source: SourceText) -> dict[str, Any]:
        file = self._load(source)
        body = self._nodes(file.nodes, _Context(file, file.names, (source.path,)))
        templates: list[list[Instruction]] = []
        # Compiling one may include files that bring more.
        while len(templates) < len(self._definitions):
            owner, element = self._definitions[len(templates)]
            context = _Context(owner, owner.names, (owner.source.path,))
            templates.append(self._nodes(element.children, context))
        return {"format": FORMAT, "body": body, "templates": templates, "scopes": self._scopes}

    # Files

    def _load(self, source: SourceText) -> _File:
        """A file with its templates and, one level deep, those of the files that it imports."""
        nodes = parse_markup(source)
        file = _File(source, DirectiveReader(source, self._dialect.name, self._warnings), nodes)
        self._files[source.path] = file
        for element in _elements(nodes):
            if element.tag == "template" and (name := element.attributes.get("name")):
                self._define(file, element, name)
        for element in _elements(nodes):
            if element.tag == "import":
                file.names |= self._open(file, element).own
        file.names |= file.own
        return file

    def _define(self, file: _File, element: Element, name: Attribute) -> None:
        if not name.value:
            raise file.source.error(name.offset, "a template's name is empty")
        if name.value in file.own:
            file.directives.warn(name.offset, f"the template {name.value!r} is defined twice; the second one counts")
        file.own[name.value] = len(self._definitions)
        self._definitions.append((file, element))

    def _open(self, file: _File, element: Element) -> _File:
        """The file that ``src`` of an ``import`` or ``include`` names."""
        attribute = element.attributes.get("src")
        if attribute is None or not attribute.value:
            raise file.source.error(element.offset, f"<{element.tag}> has no src")
        path = resolve_path(file.source, attribute.value_offset, attribute.value)
        for candidate in (path, path + self._dialect.template):
            if candidate in self._files:
                return self._files[candidate]
            text = self._read(candidate)
            if text is not None:
                return self._load(SourceText(candidate, text))
        raise file.source.error(attribute.value_offset, f"there is no file {attribute.value} ({path})")

    # Nodes

    def _nodes(self, nodes: Sequence[MarkupNode], context: _Context) -> list[Instruction]:
        made: list[Instruction] = []
        chain: list[Instruction] | None = None  # the branches of the if that an else may follow
        for node in nodes:
            if isinstance(node, Text):
                made += self._text(node, context)
                chain = chain if not node.text.strip() else None
                continue
            directives = context.file.directives.take(node)
            condition = context.file.directives.condition(directives)
            loop = context.file.directives.loop(directives)
            if condition and condition.word != "if":
                if chain is None:
                    raise context.file.source.error(condition.offset, self._lonely_else(condition))
                while made[-1][0] == "text":  # blanks between the branches
                    made.pop()
                body = self._element(node, context)
                chain.append([condition.test, self._loop(loop, body, node, context) if loop else body])
                chain = chain if condition.test is not None else None
                continue
            body = self._element(node, context)
            chain = None
            if condition:
                chain = [[condition.test, body]]
                body = [["if", chain]]
            if loop:
                # WeChat gives wx:for the higher rank, so that the test is made for each row.
                body = self._loop(loop, body, node, context)
                chain = None
            made += body
        return made

    def _lonely_else(self, condition: Condition) -> str:
        prefix = "s-" if self._dialect.name == "swan" else "wx:"
        return (
            f"{prefix}{condition.word} does not follow an element with {prefix}if; "
            f"if that one has {prefix}for too, put the {prefix}if on a <block> around it"
        )

    def _loop(self, loop: Loop, body: list[Instruction], element: Element, context: _Context) -> list[Instruction]:
        source = context.file.source
        where = f"{source.path}:{source.line(element.offset)}"
        key = None if loop.key is None else list(loop.key)
        return [["for", loop.source, loop.item, loop.index, key, where, body]]

    def _text(self, node: Text, context: _Context) -> list[Instruction]:
        if not node.text.strip() and "\n" in node.text:
            return []
        return [["text", context.file.directives.text(node.text, node.offset)]]

    def _element(self, element: Element, context: _Context) -> list[Instruction]:
        """An element without its directives."""
        source = context.file.source
        if element.tag in _CODE_TAGS:
            raise source.error(
                element.offset,
                f"<{element.tag}> modules do not run in this version; compute the values in the page's script",
            )
        if element.tag == "import" or (element.tag == "template" and "name" in element.attributes):
            return []
        if element.tag == "include":
            return self._include(element, context)
        if element.tag == "template":
            return self._template(element, context)
        children = self._nodes(element.children, context)
        if element.tag == "block":
            return children
        if element.tag == "slot":
            context.file.directives.warn(element.offset, "<slot> means something in a component only")
            return children
        return [self._plain_element(element, children, context)]

    def _plain_element(self, element: Element, children: list[Instruction], context: _Context) -> Instruction:
        reader = context.file.directives
        attributes: dict[str, Instruction] = {}
        dataset: dict[str, Instruction] = {}
        events: list[Instruction] = []
        two_way: dict[str, Instruction] = {}
        for name, attribute in element.attributes.items():
            value = attribute.value
            if reader.is_directive(name):
                continue
            if name.startswith(_IGNORED_PREFIXES):
                reader.warn(attribute.offset, f"{name} has no effect in this version")
            elif event := read_event(attribute):
                handler = reader.text(value.strip() if value else "", attribute.value_offset)
                events.append([*event, handler])
            elif bound := reader.two_way(attribute):
                attributes[bound[0]] = two_way[bound[0]] = bound[1]
            elif name.startswith("data-"):
                dataset[dataset_name(name)] = self._value(attribute, context)
            else:
                attributes.setdefault(name, self._value(attribute, context))
        return ["element", element.tag, attributes, dataset, events, two_way, children]

    def _value(self, attribute: Attribute, context: _Context) -> Instruction:
        """An attribute's value; one without is ``true``, as in ``<button disabled>``."""
        if attribute.value is None:
            return ["constant", True]
        return context.file.directives.text(attribute.value, attribute.value_offset)

    def _template(self, element: Element, context: _Context) -> list[Instruction]:
        source, reader = context.file.source, context.file.directives
        chosen = element.attributes.get("is")
        if chosen is None or not chosen.value:
            raise source.error(element.offset, "<template> has neither name nor is")
        name = reader.text(chosen.value, chosen.value_offset)
        if name[0] == "constant" and name[1] not in context.names:
            hint = did_you_mean(str(name[1]), context.names)
            reader.warn(chosen.value_offset, f"there is no template {name[1]!r}, nothing is shown{hint}")
        data = element.attributes.get("data")
        passed = self._template_data(data, context) if data and data.value and data.value.strip() else None
        return [["template", name, self._scope(context.names), passed]]

    def _template_data(self, attribute: Attribute, context: _Context) -> Instruction:
        source, value = context.file.source, attribute.value or ""
        start = len(value) - len(value.lstrip())
        if not value.startswith("{{", start):
            raise source.error(attribute.value_offset, 'data must be of the form data="{{name, other: 1, ...more}}"')
        end = moustache_end(value, start)
        if end < 0 or value[end:].strip():
            raise source.error(attribute.value_offset + start, "data must be one {{ }} and nothing else")
        inner = decode_entities(value[start + 2 : end - 2])
        if self._dialect.name == "swan":  # an object there is {{{ }}}, and {{a}} is a itself
            return context.file.directives.text(value.strip(), attribute.value_offset + start)
        return parse_template_data(source, inner, attribute.value_offset + start + 2)

    def _scope(self, names: dict[str, int]) -> int:
        if names not in self._scopes:
            self._scopes.append(names)
        return self._scopes.index(names)

    def _include(self, element: Element, context: _Context) -> list[Instruction]:
        included = self._open(context.file, element)
        path = included.source.path
        if path in context.including:
            chain = " -> ".join([*context.including, path])
            raise context.file.source.error(element.offset, f"files include each other without end: {chain}")
        inner = _Context(included, {**context.names, **included.names}, (*context.including, path))
        return self._nodes(included.nodes, inner)


def _elements(nodes: Sequence[MarkupNode]) -> list[Element]:
    """All elements, in document order."""
    found: list[Element] = []
    waiting = [node for node in reversed(nodes) if isinstance(node, Element)]
    while waiting:
        element = waiting.pop()
        found.append(element)
        waiting += [node for node in reversed(element.children) if isinstance(node, Element)]
    return found
