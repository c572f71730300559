"""``cygnet.data_plan`` of a manifest: what a program may collect, for what, where it goes and how long it is kept.

A plan is a list of items. Whatever leaves a program is held against them (:mod:`device_runtime.privacy`); the words
for people are in :mod:`device_runtime.privacy.words`, and ``docs/privacy.md`` describes all of it. A program from
elsewhere that has no plan gets one that says so (:func:`unspoken_plan`).
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from device_runtime.program.data_fields import MEDIA, MOST_TEXT, DataField, read_fields
from device_runtime.program.members import MemberError, Members, shown, written

Category = Literal[
    "usage", "diagnostics", "preferences", "content", "identifier", "contact", "device", "sensor", "vehicle",
    "location", "voice", "speech", "image", "health", "finance", "address_book", "unspecified",
]  # fmt: skip
"""What kind of data it is. ``voice`` is sound from a microphone, ``speech`` what was understood of it; ``content`` is
what a person writes or chooses; ``unspecified`` is that of a program which does not say."""
CATEGORIES: tuple[Category, ...] = tuple(each for each in get_args(Category) if each != "unspecified")
SENSITIVE = frozenset(
    {"location", "vehicle", "voice", "speech", "image", "health", "finance", "address_book", "contact"}
)
"""Each item of these is asked for by itself (PIPL, article 29; GDPR, articles 7 and 9)."""
Purpose = Literal["service", "improvement", "personalisation", "safety", "statistics", "research", "marketing"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
Basis = Literal["consent", "contract"]
Precision = Literal["exact", "rounded", "aggregated"]
DEVICE, FLEET, OTHER_DEVICE = "device", "fleet", "other-device"
"""Destinations besides origins: it stays here, goes to the fleet, or to another device of the same fleet."""

MOST_ITEMS = 64
MOST_FIELDS = 64
MOST_COUNTED = 64
"""So many values at most has what is counted across the fleet; fewer than two tell nothing."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_PATH = re.compile(r"(?:/(?:\{[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\}|[A-Za-z0-9_.~!$&'()*+,;=:@%-]*))+")
_MOST_REASON = 200
_MOST_DAYS = 36_500
_MEMBERS = (
    "name", "category", "fields", "purpose", "reason", "basis", "retention_days", "destination", "precision",
    "derived_from", "paths",
)  # fmt: skip
_MEDIA_CATEGORIES: Mapping[str, Category] = {"audio": "voice", "image": "image"}


@dataclass(frozen=True, slots=True)
class DataItem:
    """One kind of data that goes one way.

    ``name`` is the event's name for what goes to the fleet. ``derived_from`` are further categories that it may tell
    something of. ``paths`` are those of requests, such as ``/v1/forecast/{city}``, where ``city`` is a field.
    ``retention_days`` is how long it is kept at its destination; 0: no longer than answering takes.
    """

    name: str
    category: Category
    fields: Mapping[str, DataField]
    purpose: Purpose
    reason: str
    basis: Basis
    retention_days: int
    destination: str
    precision: Precision = "exact"
    derived_from: tuple[Category, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def covers(self) -> frozenset[Category]:
        """The categories that it may tell something of."""
        return frozenset({self.category, *self.derived_from})

    @property
    def is_sensitive(self) -> bool:
        """Whether it is asked for by itself, and not with the others of its purpose."""
        return bool(self.covers & SENSITIVE) or self.holds_media

    @property
    def holds_media(self) -> bool:
        """Whether raw sound or a picture leaves with it."""
        return any(each.kind in MEDIA for each in self.fields.values())

    @property
    def is_unspoken(self) -> bool:
        """Whether the program does not say what it sends."""
        return self.category == "unspecified"

    @property
    def leaves(self) -> bool:
        """Whether it goes anywhere."""
        return self.destination != DEVICE

    def document(self) -> dict[str, Any]:
        """As the manifest has it."""
        return {
            "name": self.name,
            "category": self.category,
            "fields": {name: each.document() for name, each in self.fields.items()},
            "purpose": self.purpose,
            "reason": self.reason,
            "basis": self.basis,
            "retention_days": self.retention_days,
            "destination": self.destination,
            "precision": self.precision,
            "derived_from": list(self.derived_from),
            "paths": list(self.paths),
        }

    def is_wider_than(self, other: "DataItem") -> bool:
        """Whether a yes to ``other`` is no yes to this."""
        return (
            (self.purpose, self.basis, self.destination) != (other.purpose, other.basis, other.destination)
            or not self.covers <= other.covers
            or self.retention_days > other.retention_days
            or not set(self.paths) <= set(other.paths)
            or (other.precision == "aggregated" and self.precision != "aggregated")
            or any(
                name not in other.fields or each.is_finer_than(other.fields[name]) for name, each in self.fields.items()
            )
        )


@dataclass(frozen=True, slots=True)
class DataPlan:
    """All items of a program. ``spoken``: the program's author wrote it."""

    items: tuple[DataItem, ...] = ()
    spoken: bool = True
    by_name: Mapping[str, DataItem] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {item.name: item for item in self.items})

    def settled(self, event: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of an event for the fleet, each in the one form in which it leaves (:meth:`DataField.settled`)."""
        item = self.by_name.get(event)
        fields = item.fields if item is not None else {}
        return {
            name: fields[name].settled(value) if name in fields and not fields[name].refusal(value) else value
            for name, value in values.items()
        }

    def to(self, destination: str) -> Iterator[DataItem]:
        """The items that go there."""
        return (item for item in self.items if item.destination == destination)


def restored(document: Mapping[str, Any]) -> DataItem:
    """The item of which :meth:`DataItem.document` made this.

    Raises:
        KeyError, TypeError: another version of Cygnet made it, with members that this one does not know.
    """
    fields = {
        name: DataField(
            each["type"],
            tuple(each.get("of", ())),
            each.get("min"),
            each.get("max") if each["type"] in ("integer", "number") else None,
            each.get("step", 0.0),
            each["max"] if "max" in each and each["type"] not in ("integer", "number") else MOST_TEXT,
        )
        for name, each in document["fields"].items()
    }
    listed = {name: tuple(document[name]) for name in ("derived_from", "paths")}
    return DataItem(**{**document, "fields": fields, **listed})


def unspoken_plan(origins: Sequence[str]) -> DataPlan:
    """The plan of a program that has none: anything to each of its ``origins`` and to the fleet, for what it is there
    for, as long as they like. A person is told so, and nothing from a sensitive source goes out under it."""
    anything = {"*": DataField("any")}

    def item(name: str, destination: str) -> DataItem:
        return DataItem(name, "unspecified", anything, "service", "", "consent", _MOST_DAYS, destination)

    unique = dict.fromkeys(origins)
    return DataPlan((item("*", FLEET), *(item(origin, origin) for origin in unique)), spoken=False)


def read_data_plan(entries: Sequence[Members], origins: Sequence[str]) -> DataPlan:
    """Check the items of ``cygnet.data_plan``; ``origins`` are those that the manifest declares under ``network``.

    Raises:
        MemberError: an item is wrong, or there are too many.
    """
    items: list[DataItem] = []
    for entry in entries[: MOST_ITEMS + 1]:
        if len(items) == MOST_ITEMS:
            raise MemberError(entry.path("name"), f"cygnet.data_plan holds more than {MOST_ITEMS} items")
        item = read_item(entry, origins)
        if any(other.name == item.name for other in items):
            raise entry.fault("name", "a name that no other item has")
        items.append(item)
    return DataPlan(tuple(items))


def read_item(entry: Members, origins: Sequence[str] | None = None) -> DataItem:
    """Check one item; ``origins`` of ``None`` are those of nobody: any will do.

    Raises:
        MemberError: it is wrong.
    """
    entry.only(_MEMBERS)
    name = entry.matching("name", _NAME, "1 to 64 letters, digits, dots, underscores and hyphens")
    category: Category = entry.one_of("category", CATEGORIES)  # type: ignore[assignment] # it is one of them
    destination = _destination(entry, origins)
    item = DataItem(
        name,
        category,
        read_fields(entry, "fields"),
        entry.one_of("purpose", PURPOSES),  # type: ignore[arg-type] # as above
        _reason(entry),
        entry.one_of("basis", get_args(Basis), "consent"),  # type: ignore[arg-type] # as above
        _days(entry, destination),
        destination,
        entry.one_of("precision", get_args(Precision), "exact"),  # type: ignore[arg-type] # as above
        _derived(entry),
        _paths(entry, destination),
    )
    _check_fields(entry, item)
    _check_precision(entry, item)
    return item


def _reason(entry: Members) -> str:
    reason = entry.filled("reason")
    if len(reason) > _MOST_REASON or not reason.isprintable():
        raise entry.fault("reason", f"one line of at most {_MOST_REASON} characters: a person reads it")
    return reason


def _destination(entry: Members, origins: Sequence[str] | None) -> str:
    destination = entry.filled("destination")
    if destination in (DEVICE, FLEET, OTHER_DEVICE) or origins is None or destination in origins:
        return destination
    known = ", ".join([DEVICE, FLEET, OTHER_DEVICE, *origins])
    raise entry.fault("destination", f"one of {known} (the origins are those of cygnet.network)")


def _days(entry: Members, destination: str) -> int:
    days = entry.number("retention_days", 0, 0 if destination == DEVICE else None)
    if days > _MOST_DAYS:
        raise entry.fault("retention_days", f"at most {_MOST_DAYS}")
    return days


def _derived(entry: Members) -> tuple[Category, ...]:
    def fault(text: str) -> str | None:
        return None if text in CATEGORIES else f"one of {', '.join(CATEGORIES)}"

    return entry.each("derived_from", list(entry.strings("derived_from")), fault)  # type: ignore[return-value]


def _paths(entry: Members, destination: str) -> tuple[str, ...]:
    is_origin = destination not in (DEVICE, FLEET, OTHER_DEVICE)
    paths = entry.strings("paths", required=is_origin)
    if paths and not is_origin:
        raise entry.fault("paths", "left out: only what goes to an origin has paths")
    expected = "a path such as /v1/forecast/{city}, where city is one of the fields"

    def fault(path: str) -> str | None:
        return None if _PATH.fullmatch(path) else expected

    checked = entry.each("paths", list(paths), fault)
    if is_origin and not checked:
        raise entry.fault("paths", "a list of at least one path")
    return checked


def placeholders(path: str) -> list[str]:
    """The fields that stand in a path."""
    return re.findall(r"\{([^}]+)\}", path)


def _check_fields(entry: Members, item: DataItem) -> None:
    if len(item.fields) > MOST_FIELDS:
        raise entry.fault("fields", f"at most {MOST_FIELDS} fields")
    for name in item.fields:
        if not _NAME.fullmatch(name):
            path = (*entry.path("fields"), name)
            raise MemberError(
                path, f"{written(path)}: a field's name is letters, digits, dots, underscores and hyphens"
            )
    for template in item.paths:
        for name in placeholders(template):
            if name not in item.fields:
                raise MemberError(entry.path("paths"), f"{shown(template)} has {{{name}}}, which is none of the fields")
    for kind, category in _MEDIA_CATEGORIES.items():
        if category not in item.covers and any(each.kind == kind for each in item.fields.values()):
            raise entry.fault(
                "category", f"{category}, since a field is of the type {kind}; or {category} in derived_from"
            )


def _check_precision(entry: Members, item: DataItem) -> None:
    if item.precision == "rounded":
        for name, each in item.fields.items():
            if not each.is_closed and not (each.kind in ("integer", "number") and each.step):
                path = (*entry.path("fields"), name)
                raise MemberError(path, f"{written(path)} is exact, and the item is rounded: give it a step or choices")
    elif item.precision == "aggregated":
        counted = list(item.fields.values())
        if len(counted) != 1 or not counted[0].is_closed or not 1 <= counted[0].bits <= math.log2(MOST_COUNTED):
            raise entry.fault(
                "precision", f"aggregated only for a single field of 2 to {MOST_COUNTED} values, which are counted"
            )
        if item.destination != FLEET:
            raise entry.fault("destination", "fleet, since the item is aggregated: the fleet counts")
