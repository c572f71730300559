"""The template compiler: WXML (WeChat) and SWAN (Baidu) source to a ``.view`` document.

``docs/view-format.md`` describes the document. ``import`` and ``include`` are resolved here, so that the document of a
page or component stands alone, but for the code of its wxs modules and for the components that it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from device_runtime.view.errors import TemplateError
from device_runtime.view.template import FORMAT, load_template
from firmware_tools.build.dialects import Dialect, SourceError
from firmware_tools.build.directives import Condition, Loop
from firmware_tools.build.elements import ElementReader
from firmware_tools.build.expressions import Instruction, parse_template_data
from firmware_tools.build.markup import Attribute, Element, MarkupNode, Text, decode_entities, moustache_end
from firmware_tools.build.names import Names
from firmware_tools.build.source import Read, SourceText, did_you_mean
from firmware_tools.build.template_files import TemplateFile, TemplateFiles


@dataclass(frozen=True, slots=True)
class UsedComponent:
    """What a tag stands for: the component at ``path``, or the generic ``generic``, whose default that is.

    A ``path`` of ``None`` is that of a generic without default, or of what is not there or cannot be in a package, such
    as a plugin.
    ``placeholder`` is the tag that stands in for a component that is not there.
    """

    path: str | None
    generic: str | None = None
    placeholder: str | None = None


@dataclass(frozen=True, slots=True)
class Owner:
    """The page or component whose template is compiled. ``missing`` are tags whose component is not there, each with
    the sentence that says so; ``prefix`` is put before the classes."""

    components: Mapping[str, UsedComponent] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    is_component: bool = False
    prefix: str = ""


def compile_template(
    text: str,
    path: str,
    dialect: Dialect,
    read: Read,
    warnings: list[str] | None = None,
    owner: Owner | None = None,
) -> dict[str, Any]:
    """Compile the template ``text`` of the file ``path`` alone; ``read`` gives the files that it imports and includes.

    Likely slips, such as a misspelt directive, are appended to ``warnings`` as ``file:line:column: sentence``. To
    compile many, use one :class:`TemplateCompiler`.

    Raises:
        SourceError: the source is faulty; the message starts with file, line and column.
    """
    compiler = TemplateCompiler(dialect, read, [] if warnings is None else warnings)
    return compiler.compile(compiler.files.add(SourceText(path, text)), owner or Owner())


class TemplateCompiler:
    """Compiles the templates of a program. ``files.code.files`` are the wxs modules that they need, by their paths;
    ``stand_ins`` say what is shown for components that are not there, by the sentences about them."""

    def __init__(self, dialect: Dialect, read: Read, warnings: list[str]) -> None:
        self.files = TemplateFiles(dialect, read, warnings)
        self.stand_ins: dict[str, str] = {}

    def compile(self, file: TemplateFile, owner: Owner, appended: Sequence[str] = ()) -> dict[str, Any]:
        """The ``.view`` document of a file. ``appended`` are tags of components that end it.

        Raises:
            SourceError: the source is faulty; the message starts with file, line and column.
        """
        document = _Document(self.files, owner, file.source.path, self.stand_ins).compile(file, appended)
        try:
            load_template(document)  # what the device checks is checked here first, by the same code
        except TemplateError as error:
            raise SourceError(f"{file.source.path}: {error}") from error
        return document


@dataclass(slots=True)
class _Seen:
    """A file within one document. ``own`` are the templates that it defines, ``templates`` all that it sees."""

    file: TemplateFile
    elements: ElementReader
    modules: dict[str, int]
    own: dict[str, int] = field(default_factory=dict)
    templates: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Context:
    """What a part of a template is compiled in: its file, the templates and names in sight, and the files that it is
    included by."""

    seen: _Seen
    templates: dict[str, int]
    names: Names
    including: tuple[str, ...]

    @property
    def file(self) -> TemplateFile:
        return self.seen.file


class _Document:
    """Compiles one document."""

    def __init__(self, files: TemplateFiles, owner: Owner, path: str, stand_ins: dict[str, str]) -> None:
        self._files = files
        self._owner = owner
        self._stand_ins = stand_ins
        self._folder = path.rpartition("/")[0]
        self._seen: dict[str, _Seen] = {}
        self._definitions: list[tuple[_Seen, Element]] = []
        self._scopes: list[dict[str, int]] = []
        self._modules: list[str] = []
        self._used: dict[str, UsedComponent] = {}

    def compile(self, file: TemplateFile, appended: Sequence[str]) -> dict[str, Any]:
        seen = self._see(file)
        body = self._nodes(file.nodes, self._context(seen, seen.templates, (file.source.path,)))
        for tag in appended:
            self._use(tag)
            body.append(["component", tag, {}, {}, [], {}, []])
        templates: list[list[Instruction]] = []
        # Compiling one may include files that bring more.
        while len(templates) < len(self._definitions):
            owner, element = self._definitions[len(templates)]
            context = self._context(owner, owner.templates, (owner.file.source.path,))
            templates.append(self._nodes(element.children, context))
        return {
            "format": FORMAT,
            "body": body,
            "templates": templates,
            "scopes": self._scopes,
            "prefix": self._owner.prefix,
            "components": {
                tag: {"path": used.path, "generic": used.generic, "placeholder": used.placeholder}
                for tag, used in sorted(self._used.items())
            },
            "modules": self._modules,
        }

    # Files

    def _context(self, seen: _Seen, templates: dict[str, int], including: tuple[str, ...]) -> _Context:
        return _Context(seen, templates, Names(seen.file.directives.warn, seen.modules), including)

    def _see(self, file: TemplateFile) -> _Seen:
        """A file with its templates and, one level deep, those of the files that it imports."""
        path = file.source.path
        if path in self._seen:
            return self._seen[path]
        folder = path.rpartition("/")[0]
        elsewhere = self._owner.is_component or folder != self._folder
        reader = ElementReader(file.directives, folder if elsewhere else None)
        seen = _Seen(file, reader, {name: self._module(module) for name, module in file.modules.items()})
        self._seen[path] = seen
        for name, element in file.definitions().items():
            seen.own[name] = len(self._definitions)
            self._definitions.append((seen, element))
        for element in file.elements:
            if element.tag == "import" and (imported := self._files.named_by(file, element)):
                seen.templates |= self._see(imported).own
        seen.templates |= seen.own
        return seen

    def _module(self, path: str) -> int:
        if path not in self._modules:
            self._modules.append(path)
        return self._modules.index(path)

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
            inner = replace(context, names=context.names.within((loop.item, loop.index))) if loop else context
            body = self._element(node, inner)
            if condition and condition.word != "if" and chain is None:
                context.file.directives.warn(condition.offset, self._lonely_else(condition))
                condition = None
            if condition and condition.word != "if" and chain is not None:
                while made[-1][0] == "text":  # blanks between the branches
                    made.pop()
                test = context.names.resolve(condition.test) if condition.test is not None else None
                chain.append([test, self._loop(loop, body, node, context) if loop else body])
                chain = chain if test is not None else None
                continue
            if node.tag not in self._files.dialect.code_tags:
                chain = None
            if condition and condition.test is not None:
                chain = [[inner.names.resolve(condition.test), body]]
                body = [["if", chain]]
            if loop:
                # WeChat gives wx:for the higher rank, so that the test is made for each row.
                body = self._loop(loop, body, node, context)
                chain = None
            made += body
        return made

    def _lonely_else(self, condition: Condition) -> str:
        prefix = "s-" if self._files.dialect.name == "swan" else "wx:"
        return (
            f"{prefix}{condition.word} does not follow an element with {prefix}if and is ignored; "
            f"if that one has {prefix}for too, put the {prefix}if on a <block> around it"
        )

    def _loop(self, loop: Loop, body: list[Instruction], element: Element, context: _Context) -> list[Instruction]:
        source = context.file.source
        where = f"{source.path}:{source.line(element.offset)}"
        key = None if loop.key is None else list(loop.key)
        return [["for", context.names.resolve(loop.source), loop.item, loop.index, key, where, body]]

    def _text(self, node: Text, context: _Context) -> list[Instruction]:
        if not node.text.strip() and "\n" in node.text:
            return []
        return [["text", context.names.resolve(context.file.directives.text(node.text, node.offset))]]

    def _element(self, element: Element, context: _Context) -> list[Instruction]:
        """An element without its directives."""
        if element.tag == "import" or element.tag in self._files.dialect.code_tags:
            return []
        if element.tag == "include":
            return self._include(element, context)
        if element.tag == "template":
            return [] if "name" in element.attributes else self._template(element, context)
        if element.tag == "block":
            return self._block(element, context)
        if element.tag == "slot":
            return self._slot(element, context)
        used = self._owner.components.get(element.tag)
        if used is not None and used.path is None and used.generic is None:
            return self._stand_in(element, used, context)
        return [self._whole(element, element.tag, context, component=used is not None)]

    def _whole(self, element: Element, tag: str, context: _Context, *, component: bool) -> Instruction:
        reader = context.seen.elements
        locals_ = [local for _, local in reader.slot_values(element)]
        inner = replace(context, names=context.names.within(locals_)) if locals_ else context
        parts = reader.read(element, inner.names, component=component)
        if component:
            self._use(tag)
        for name, generic_tag in list(parts.generics.items()):
            if not component or not self._use(generic_tag):
                hint = did_you_mean(generic_tag, self._owner.components)
                place = element.attributes[f"generic:{name}"].value_offset
                context.file.directives.warn(place, f"{generic_tag!r} is no component here, ignored{hint}")
                del parts.generics[name]
        children = self._nodes(element.children, inner)
        return parts.instruction("component" if component else "element", tag, children)

    def _use(self, tag: str) -> bool:
        """Note that a component is used; says if there is one."""
        used = self._owner.components.get(tag)
        if used is None or tag in self._owner.missing:
            return False
        self._used[tag] = used
        if used.placeholder is not None and used.placeholder not in self._used:
            self._use(used.placeholder)
        return True

    def _stand_in(self, element: Element, used: UsedComponent, context: _Context) -> list[Instruction]:
        """What is shown for a component that is not there, or that no package can hold: its placeholder, else a box
        with its content, or its name."""
        tag = used.placeholder or "view"
        if element.tag in self._owner.missing:
            shown = f"<{tag}> stands" if used.placeholder else "an empty box stands"
            self._stand_ins[self._owner.missing[element.tag]] = f"{shown} in for it"
        other = self._owner.components.get(tag)
        made = self._whole(element, tag, context, component=other is not None and other.path is not None)
        if used.placeholder is None:
            made[2] = {name: value for name, value in made[2].items() if name in ("class", "style", "id", "slot")}
            made[6] = made[6] or [["text", ["constant", f"<{element.tag}>"]]]
        return [made]

    def _block(self, element: Element, context: _Context) -> list[Instruction]:
        """The children of a block, which is no node; its slot is theirs."""
        reader = context.seen.elements
        pairs = reader.slot_values(element)
        inner = replace(context, names=context.names.within([local for _, local in pairs])) if pairs else context
        children = self._nodes(element.children, inner)
        slot = element.attributes.get("slot")
        if slot is None and not pairs:
            return children
        value = reader.value(slot, context.names) if slot is not None else None
        for child in _content_roots(children):
            if value is not None and child[0] in ("element", "component"):
                child[2].setdefault("slot", value)
            if pairs and child[0] in ("element", "component"):
                if len(child) == 7:
                    child.append({})
                child[7].setdefault("slot_values", pairs)
        return children

    def _slot(self, element: Element, context: _Context) -> list[Instruction]:
        if not self._owner.is_component:
            context.file.directives.warn(element.offset, "<slot> means something in a component only")
            return self._nodes(element.children, context)
        if any(isinstance(child, Element) or child.text.strip() for child in element.children):
            context.file.directives.warn(element.offset, "what is in a <slot> is never shown")
        return [context.seen.elements.slot(element, context.names)]

    # Templates and included files

    def _template(self, element: Element, context: _Context) -> list[Instruction]:
        reader = context.file.directives
        chosen = element.attributes.get("is")
        if chosen is None or not chosen.value:
            reader.warn(element.offset, "<template> has neither name nor is, nothing is shown")
            return []
        name = context.names.resolve(reader.text(chosen.value, chosen.value_offset))
        if name[0] == "constant" and name[1] not in context.templates:
            hint = did_you_mean(str(name[1]), context.templates)
            reader.warn(chosen.value_offset, f"there is no template {name[1]!r}, nothing is shown{hint}")
        data = element.attributes.get("data")
        passed = self._template_data(data, context) if data and data.value and data.value.strip() else None
        return [["template", name, self._scope(context.templates), passed]]

    def _template_data(self, attribute: Attribute, context: _Context) -> Instruction | None:
        source, value = context.file.source, attribute.value or ""
        reader = context.file.directives
        start = len(value) - len(value.lstrip())
        if not value.startswith("{{", start):
            reader.warn(attribute.value_offset, 'data must be of the form data="{{name, other: 1, ...more}}", ignored')
            return None
        end = moustache_end(value, start)
        if end < 0 or value[end:].strip():
            raise source.error(attribute.value_offset + start, "data must be one {{ }} and nothing else")
        if self._files.dialect.name == "swan":  # an object there is {{{ }}}, and {{a}} is a itself
            data = reader.text(value.strip(), attribute.value_offset + start)
        else:
            inner = decode_entities(value[start + 2 : end - 2])
            data = parse_template_data(source, inner, attribute.value_offset + start + 2)
        return context.names.resolve(data)

    def _scope(self, templates: dict[str, int]) -> int:
        if templates not in self._scopes:
            self._scopes.append(templates)
        return self._scopes.index(templates)

    def _include(self, element: Element, context: _Context) -> list[Instruction]:
        included = self._files.named_by(context.file, element)
        if included is None:
            return []
        path = included.source.path
        if path in context.including:
            chain = " -> ".join([*context.including, path])
            raise context.file.source.error(element.offset, f"files include each other without end: {chain}")
        seen = self._see(included)
        # Its own modules come first, and those of the file that includes it are in sight as well.
        names = Names(included.directives.warn, {**context.names.modules, **seen.modules}, context.names.variables)
        templates = {**context.templates, **seen.templates}
        return self._nodes(included.nodes, _Context(seen, templates, names, (*context.including, path)))


def _content_roots(instructions: list[Instruction]) -> list[Instruction]:
    """The elements, components and slots that stand for themselves, behind branches and loops too."""
    roots: list[Instruction] = []
    for instruction in instructions:
        if instruction[0] == "if":
            for _, body in instruction[1]:
                roots += _content_roots(body)
        elif instruction[0] == "for":
            roots += _content_roots(instruction[6])
        else:
            roots.append(instruction)
    return roots
