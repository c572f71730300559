"""The template files of a program: each is read and parsed once, however many pages and components use it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_tools.build.dialects import Dialect
from firmware_tools.build.directives import DirectiveReader
from firmware_tools.build.markup import Attribute, Element, MarkupNode, parse_markup
from firmware_tools.build.source import Read, SourceText, resolve_path
from firmware_tools.build.wxs import CodeModules


@dataclass(slots=True)
class TemplateFile:
    """A parsed file. ``elements`` are all that it holds, in document order; ``modules`` are its wxs modules: name ->
    path in the package."""

    source: SourceText
    directives: DirectiveReader
    nodes: list[MarkupNode]
    elements: list[Element]
    modules: dict[str, str] = field(default_factory=dict)

    def definitions(self) -> dict[str, Element]:
        """The templates that the file defines, by name."""
        found: dict[str, Element] = {}
        for element in self.elements:
            if element.tag != "template" or (name := element.attributes.get("name")) is None:
                continue
            if not name.value:
                self.directives.warn(name.offset, "a template without a name cannot be used")
                continue
            if name.value in found:
                self.directives.warn(
                    name.offset, f"the template {name.value!r} is defined twice; the second one counts"
                )
            found[name.value] = element
        return found


class TemplateFiles:
    """Parses files on demand. ``read`` gives a file's text; likely slips are appended to ``warnings``."""

    def __init__(self, dialect: Dialect, read: Read, warnings: list[str]) -> None:
        self.dialect = dialect
        self.code = CodeModules(read, warnings)
        self.warnings = warnings
        self._read = read
        self._files: dict[str, TemplateFile] = {}

    def add(self, source: SourceText) -> TemplateFile:
        """Parse a file whose text is known.

        Raises:
            SourceError: it is faulty.
        """
        directives = DirectiveReader(source, self.dialect.name, self.warnings)
        nodes = parse_markup(source, self.dialect.code_tags, directives.warn)
        file = TemplateFile(source, directives, nodes, _elements(nodes))
        self._files[source.path] = file
        for element in file.elements:
            if element.tag in self.dialect.code_tags:
                self._add_module(file, element)
        return file

    def get(self, path: str) -> TemplateFile | None:
        """The file at a path inside the program, or ``None``.

        Raises:
            SourceError: it is faulty.
        """
        known = self._files.get(path)
        if known is not None:
            return known
        text = self._read(path)
        return None if text is None else self.add(SourceText(path, text))

    def named_by(self, file: TemplateFile, element: Element) -> TemplateFile | None:
        """The file that ``src`` of an ``import`` or ``include`` names; one that is missing is a warning.

        Raises:
            SourceError: ``src`` leads out of the program, or the file is faulty.
        """
        attribute: Attribute | None = element.attributes.get("src")
        if attribute is None or not attribute.value or not attribute.value.strip():
            file.directives.warn(element.offset, f"<{element.tag}> has no src, nothing is shown")
            return None
        target = attribute.value.strip()
        path = resolve_path(file.source, attribute.value_offset, target)
        found = self.get(path) or self.get(path + self.dialect.template)
        if found is None:
            file.directives.warn(attribute.value_offset, f"there is no file {target} ({path}), nothing is shown")
        return found

    def _add_module(self, file: TemplateFile, element: Element) -> None:
        name = element.attributes.get("module")
        if name is None or not name.value or not name.value.strip():
            file.directives.warn(element.offset, f"<{element.tag}> has no module name and cannot be used")
            return
        path = self.code.path_of(element, file.source)
        if path is None:
            file.directives.warn(element.offset, f"<{element.tag}> has neither src nor code")
            return
        module = name.value.strip()
        if module in file.modules:
            file.directives.warn(name.offset, f"the module {module!r} is defined twice; the second one counts")
        file.modules[module] = path


def _elements(nodes: Sequence[MarkupNode]) -> list[Element]:
    """All elements, in document order."""
    found: list[Element] = []
    waiting = [node for node in reversed(nodes) if isinstance(node, Element)]
    while waiting:
        element = waiting.pop()
        found.append(element)
        waiting += [node for node in reversed(element.children) if isinstance(node, Element)]
    return found
