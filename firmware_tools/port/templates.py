"""What the templates of a program use: tags, their attributes and events, other templates, pictures of a network."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from device_runtime.errors import CygnetError
from firmware_tools.build.directives import read_event
from firmware_tools.build.markup import Attribute, Element, MarkupNode, parse_markup
from firmware_tools.build.source import SourceText

# Parts of the template language itself.
STRUCTURE = frozenset(("block", "template", "import", "include", "slot", "page"))
_PICTURES = frozenset(("image", "cover-image"))
_MEDIA = frozenset(("video", "audio", "live-player"))
_NETWORK = re.compile(r"\s*(?:https?:)?//[^\s{]+")


@dataclass(frozen=True, slots=True)
class TagUse:
    """A tag, or with ``attribute`` an attribute or the event of that name on it; ``value`` is as written."""

    tag: str
    offset: int
    attribute: str = ""
    value: str = ""
    event: bool = False


@dataclass(slots=True)
class TemplateFacts:
    """One template file. ``error`` is the sentence why it cannot be read; then nothing else is known of it."""

    uses: list[TagUse] = field(default_factory=list)
    files: list[tuple[str, int]] = field(default_factory=list)
    pictures: list[tuple[str, int]] = field(default_factory=list)
    error: str = ""


def read_template(path: str, text: str, code_tags: Collection[str]) -> TemplateFacts:
    """The facts of a template; one that cannot be parsed says why. ``code_tags`` are elements that hold code."""
    facts = TemplateFacts()
    source = SourceText(path, text)
    try:
        nodes = parse_markup(source, code_tags, lambda *_: None)  # slips are the build's to tell
    except CygnetError as error:
        facts.error = str(error)
        return facts
    for element in _elements(nodes):
        _read_element(element, facts)
    return facts


def _elements(nodes: Sequence[MarkupNode]) -> Iterator[Element]:
    waiting = [node for node in reversed(nodes) if isinstance(node, Element)]
    while waiting:
        element = waiting.pop()
        yield element
        waiting += [node for node in reversed(element.children) if isinstance(node, Element)]


def _read_element(element: Element, facts: TemplateFacts) -> None:
    facts.uses.append(TagUse(element.tag, element.offset))
    for name, attribute in element.attributes.items():
        value = attribute.value or ""
        if name == "src" and element.tag in ("import", "include") and value:
            facts.files.append((value, attribute.value_offset))
        elif name in ("src", "poster") and element.tag in _PICTURES | _MEDIA and _NETWORK.match(value):
            facts.pictures.append((value.strip(), attribute.value_offset))
        facts.uses.append(_attribute_use(element.tag, attribute, value))


def _attribute_use(tag: str, attribute: Attribute, value: str) -> TagUse:
    if event := read_event(attribute):
        return TagUse(tag, attribute.offset, event[0], value, event=True)
    return TagUse(tag, attribute.offset, attribute.name.removeprefix("model:"), value)
