"""Styles and classes that code lays over those of a template: wxs descriptors and animations do so.

They stay when a binding of the element changes, and go with the element.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from device_runtime.values import Value
from device_runtime.view.errors import ViewError
from device_runtime.view.patches import Node, Operation

NAMES: Final = ("style", "class")


@dataclass(slots=True)
class Override:
    """What is laid over one element. ``translate`` gives the classes that screens know for those of its owner."""

    translate: Callable[[str], str]
    text: str = ""
    style: dict[str, str] = field(default_factory=dict)
    classes: dict[str, bool] = field(default_factory=dict)

    def change(self, name: str, value: Value) -> None:
        """Lay ``value`` over ``name``: of a style a text in place of the last one, or declarations to add (``None``
        takes one away); of a class names to add (true), to remove (false) or to leave to the template (``None``).

        Raises:
            ViewError: it is something else.
        """
        match name, value:
            case "style", (None | str()) as text:
                self.text = text or ""
            case "style", dict(declarations):
                for property_name, given in declarations.items():
                    self.style.pop(property_name, None)
                    if given is not None:
                        self.style[property_name] = str(given)
            case "class", dict(names):
                for class_name, there in names.items():
                    self.classes.pop(class_name, None)
                    if there is not None:
                        self.classes[class_name] = bool(there)
            case _:
                raise ViewError(f"code may set style and class of a node, as a text or an object, not {name!r} so")

    def over(self, name: str, bound: Value) -> Value:
        """An attribute with what is laid over it."""
        text = bound if isinstance(bound, str) else ""
        if name == "class":
            return self._classes(text)
        parts = [text, self.text, *(f"{key}: {value}" for key, value in self.style.items())]
        return "; ".join(filter(None, (part.strip().rstrip(";") for part in parts)))

    def own_classes(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The classes of its owner's template with those laid over them."""
        added = [name for name, there in self.classes.items() if there]
        return tuple(name for name in dict.fromkeys((*names, *added)) if self.classes.get(name, True))

    def _classes(self, text: str) -> str:
        names = dict.fromkeys(text.split())
        for name, there in self.classes.items():
            for shown in self.translate(name).split():
                names.pop(shown, None)
                if there:
                    names[shown] = None
        return " ".join(names)


Overrides = dict[int, Override]


def lay_over(overrides: Mapping[int, Override], operations: list[Operation]) -> None:
    """Change operations so that what is laid over elements stays there."""
    for operation in operations:
        match operation:
            case ["set", int(node), str(name), value] if node in overrides and name in NAMES:
                operation[3] = overrides[node].over(name, value)
            case ["insert", _, _, list(node)]:
                _lay_over_node(overrides, node)


def _lay_over_node(overrides: Mapping[int, Override], node: Node) -> None:
    if len(node) < 5:
        return
    identifier, _, attributes, _, children = node
    override: Any = overrides.get(identifier)  # type: ignore[arg-type]
    if override is not None and isinstance(attributes, dict):
        laid = {name: override.over(name, attributes.get(name)) for name in NAMES}
        node[2] = {**attributes, **{name: value for name, value in laid.items() if value or name in attributes}}
    for child in children if isinstance(children, list) else ():
        if isinstance(child, list):
            _lay_over_node(overrides, child)
