"""One element of a template with its attributes: what goes on the screen, into a component, or to a handler."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from firmware_tools.build.directives import DirectiveReader, dataset_name, read_event
from firmware_tools.build.expressions import Instruction
from firmware_tools.build.markup import Attribute, Element
from firmware_tools.build.names import Names
from firmware_tools.build.source import did_you_mean

# Attributes of built-in elements that name a file; the screen resolves them from the page's folder.
_RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "image": ("src",),
    "cover-image": ("src",),
    "audio": ("src", "poster"),
    "video": ("src", "poster"),
    "live-player": ("src",),
}
_NOT_RELATIVE = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:|\{|\s*$")
_NO_EFFECT: Final = ("worklet:", "extra-attr:")
_NOT_SLOT_VALUES: Final = frozenset(("name", "class", "style", "id", "hidden"))
_NATIVE_EVENTS: Final = frozenset(
    (
        "tap", "longtap", "longpress", "touchstart", "touchmove", "touchend", "touchcancel", "touchforcechange",
        "transitionend", "animationstart", "animationiteration", "animationend", "input", "change", "focus", "blur",
        "confirm", "scroll", "scrolltoupper", "scrolltolower", "submit", "reset", "load", "error", "linechange",
    )
)  # fmt: skip


@dataclass(slots=True)
class Parts:
    """What the attributes of an element say, as the members of its instruction."""

    attributes: dict[str, Instruction] = field(default_factory=dict)
    dataset: dict[str, Instruction] = field(default_factory=dict)
    events: list[Instruction] = field(default_factory=list)
    two_way: dict[str, Instruction] = field(default_factory=dict)
    marks: dict[str, Instruction] = field(default_factory=dict)
    generics: dict[str, str] = field(default_factory=dict)
    slot_values: list[list[str]] = field(default_factory=list)

    def instruction(self, word: str, tag: str, children: list[Instruction]) -> Instruction:
        """The instruction ``element`` or ``component``; extras only where there are any."""
        made: Instruction = [word, tag, self.attributes, self.dataset, self.events, self.two_way, children]
        extras: dict[str, Any] = {}
        if self.marks:
            extras["marks"] = self.marks
        if self.generics:
            extras["generics"] = self.generics
        if self.slot_values:
            extras["slot_values"] = self.slot_values
        return [*made, extras] if extras else made


class ElementReader:
    """Reads the attributes of the elements of one file. ``folder`` is set where relative paths of resources are to be
    made absolute: it is the file's own."""

    def __init__(self, directives: DirectiveReader, folder: str | None) -> None:
        self._directives = directives
        self._folder = folder

    def slot_values(self, element: Element) -> list[list[str]]:
        """The ``slot:name="local"`` of a content root: pairs of the slot's name for a value and the one used here."""
        pairs: list[list[str]] = []
        for name, attribute in element.attributes.items():
            if name.startswith("slot:") and (value_name := camel_case(name.removeprefix("slot:"))):
                pairs.append([value_name, (attribute.value or "").strip() or value_name])
        return pairs

    def read(self, element: Element, names: Names, *, component: bool) -> Parts:
        """Everything that an element's attributes say; directives are left out.

        Raises:
            SourceError: an expression is faulty.
        """
        parts = Parts(slot_values=self.slot_values(element))
        for name, attribute in element.attributes.items():
            if self._directives.is_directive(name) or name.startswith("slot:"):
                continue
            if name.startswith(_NO_EFFECT):
                self._directives.warn(attribute.offset, f"{name} has no effect here")
            elif name.startswith("mark:"):
                parts.marks[name.removeprefix("mark:")] = self.value(attribute, names)
            elif name.startswith("generic:"):
                self._generic(name.removeprefix("generic:"), attribute, parts)
            elif name.startswith("change:"):
                parts.events.append([name.removeprefix("change:"), "change", self._handler(attribute, names)])
            elif event := read_event(attribute):
                if not component:
                    self._check_event(event[0], attribute)
                parts.events.append([*event, self._handler(attribute, names)])
            elif bound := self._directives.two_way(attribute):
                target, path = bound[0], names.resolve(bound[1])
                parts.attributes[target] = path
                if bound[2]:
                    parts.two_way[target] = path
            elif name.startswith("data-"):
                parts.dataset[dataset_name(name)] = self.value(attribute, names)
            else:
                value = self.value(attribute, names)
                if not component and name in _RESOURCES.get(element.tag, ()):
                    value = self._absolute(value)
                parts.attributes.setdefault(name, value)
        return parts

    def slot(self, element: Element, names: Names) -> Instruction:
        """A ``<slot>`` of a component: its name, and the values that it hands to its content."""
        name: Instruction = ["constant", ""]
        values: dict[str, Instruction] = {}
        for attribute in element.attributes.values():
            if attribute.name == "name":
                name = self.value(attribute, names) if attribute.value is not None else name
            elif self._directives.is_directive(attribute.name) or attribute.name in _NOT_SLOT_VALUES:
                continue
            elif ":" not in attribute.name and not attribute.name.startswith("data-") and not read_event(attribute):
                key = attribute.name if attribute.name == "slot" else camel_case(attribute.name)
                if key:
                    values[key] = self.value(attribute, names)
        return ["slot", name, values]

    def value(self, attribute: Attribute, names: Names) -> Instruction:
        """An attribute's value; one without is ``true``, as in ``<button disabled>``."""
        if attribute.value is None:
            return ["constant", True]
        return names.resolve(self._directives.text(attribute.value, attribute.value_offset))

    def _handler(self, attribute: Attribute, names: Names) -> Instruction:
        value = attribute.value.strip() if attribute.value else ""
        return names.resolve(self._directives.text(value, attribute.value_offset))

    def _generic(self, name: str, attribute: Attribute, parts: Parts) -> None:
        tag = (attribute.value or "").strip()
        if not tag or "{{" in tag:
            self._directives.warn(attribute.offset, f"generic:{name} must be the tag of a component, ignored")
        else:
            parts.generics[name] = tag

    def _check_event(self, event_type: str, attribute: Attribute) -> None:
        lowered = event_type.lower()
        if event_type != lowered and lowered in _NATIVE_EVENTS:
            hint = did_you_mean(attribute.name, [attribute.name.removesuffix(event_type) + lowered])
            self._directives.warn(attribute.offset, f"no element sends an event {event_type!r}{hint}")

    def _absolute(self, value: Instruction) -> Instruction:
        if self._folder is None:
            return value
        match value:
            case ["constant", str(path)] if not _NOT_RELATIVE.match(path):
                return ["constant", self._from_root(path)]
            case ["join", [["constant", str(start)], *rest]] if "/" in start and not _NOT_RELATIVE.match(start):
                return ["join", [["constant", self._from_root(start)], *rest]]
        return value

    def _from_root(self, path: str) -> str:
        whole = posixpath.normpath(posixpath.join("/", self._folder or "", path.strip()))
        return f"{whole}/" if path.endswith("/") else whole


def camel_case(name: str) -> str:
    """``list-item`` as ``listItem``."""
    first, *rest = name.split("-")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
