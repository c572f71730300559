"""What a component declares, and how values become its properties' types (as WeChat's base library converts them)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from device_runtime.values import Value
from device_runtime.view.javascript import UNDEFINED, to_number, to_string, truthy

if TYPE_CHECKING:
    from device_runtime.view.template import Template

PROPERTY_TYPES: Final = ("String", "Number", "Boolean", "Object", "Array", "null")
STYLE_ISOLATIONS: Final = ("isolated", "apply-shared", "shared")


@dataclass(frozen=True, slots=True)
class PropertyDefinition:
    """A property: its type, then the other types that it takes as they are; ``null`` or none is any type."""

    types: tuple[str, ...]
    default: Value


@dataclass(frozen=True, slots=True, eq=False)
class ComponentDefinition:
    """A component as its template and its script declare it. ``data`` holds the properties' defaults, too.

    ``style_isolation`` is one of ``STYLE_ISOLATIONS``: whether the classes in its template are its own alone.
    """

    path: str
    template: "Template"
    data: Mapping[str, Value]
    properties: Mapping[str, PropertyDefinition]
    external_classes: tuple[str, ...] = ()
    style_isolation: str = "isolated"
    multiple_slots: bool = False
    dynamic_slots: bool = False
    virtual_host: bool = False


def coerce(value: Any, definition: PropertyDefinition) -> tuple[Value, str]:
    """``value`` as a property has it, a copy of its own, and what was wrong with it (empty if nothing)."""
    types = definition.types
    if len(types) > 1 and any(_is_of(value, other) for other in types[1:]):
        return copied(value), ""
    kind = types[0] if types else "null"
    if kind == "null":
        return copied(definition.default if value is UNDEFINED else value), ""
    if kind == "Boolean":
        return truthy(value), ""
    if kind == "String":
        if value is None or value is UNDEFINED:
            return copied(definition.default), "is null"
        return to_string(value), "is no string" if type(value) in (list, dict) else ""
    if kind == "Number":
        number = math.nan if value is UNDEFINED else to_number(value)
        if math.isfinite(number):
            return number, ""
        return copied(definition.default), "is no number"
    if _is_of(value, kind) or (kind == "Object" and type(value) in (list, type(None))):
        return copied(value), ""
    return copied(definition.default), f"is no {kind.lower()}"


def copied(value: Any) -> Value:
    """A deep copy of a value of an expression, as data hold it."""
    kind = type(value)
    if kind is list:
        return [copied(item) for item in value]
    if kind is dict:
        return {key: copied(item) for key, item in value.items() if item is not UNDEFINED}
    return None if value is UNDEFINED else value


def _is_of(value: Any, kind: str) -> bool:
    match kind:
        case "String":
            return type(value) is str
        case "Number":
            return type(value) is int or (type(value) is float and math.isfinite(value))
        case "Boolean":
            return type(value) is bool
        case "Object":
            return value is None or type(value) is dict
        case "Array":
            return type(value) is list
    return value is not UNDEFINED


def camel_case(name: str) -> str:
    """``show-name`` as ``showName``, as the names of attributes become those of properties."""
    if "-" not in name:
        return name
    first, *rest = name.split("-")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)
