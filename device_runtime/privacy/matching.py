"""Holds one outflow against a data plan: which items it is, and how much it can tell beyond them."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from device_runtime.errors import CygnetError
from device_runtime.privacy.outflow import Named, Outflow, as_sent_in_path
from device_runtime.program.data_fields import DataField
from device_runtime.program.data_plan import FLEET, OTHER_DEVICE, DataItem, DataPlan, placeholders

_SHOWN = 60
_METHOD_BITS = 3.0
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,15})?")


class UnplannedError(CygnetError):
    """The plan does not cover what would leave; the sentence says what of it, and what to do."""

    def __init__(self, sentence: str, item: str = "") -> None:
        super().__init__(sentence)
        self.item = item


@dataclass(slots=True)
class Match:
    """The items that an outflow is; ``fields`` are those of its values, None for a value that is null, and ``ways`` the
    bits that it tells besides by what it is."""

    items: tuple[DataItem, ...]
    fields: Sequence[DataField | None] = ()
    ways: float = 0.0

    @property
    def bits(self) -> float:
        """The most bits that it can tell: infinite where a field is open."""
        told = sum(field.bits + 1 if field is not None else 1 for field in self.fields)
        # In which order they stand tells something, too.
        return told + math.lgamma(len(self.fields) + 1) / math.log(2) + self.ways


def match(plan: DataPlan, outflow: Outflow) -> Match:
    """Find the items of an outflow.

    Raises:
        UnplannedError: none covers it.
    """
    if outflow.channel == "count":
        return _match_count(plan, outflow)
    if outflow.destination == FLEET:
        item = plan.by_name.get(outflow.name) or (plan.by_name.get("*") if not plan.spoken else None)
        if item is None or item.destination != FLEET:
            raise UnplannedError(
                f"the data plan has no item {outflow.name[:_SHOWN]!r} for the fleet; add it to cygnet.data_plan"
            )
        if item.precision == "aggregated":
            raise UnplannedError(
                f"the item {item.name} of the data plan is only counted across the fleet; use reportCount for it",
                item.name,
            )
        fields = _fill((item,), outflow.values, outflow.written, outflow)
        # Where any name will do, a name can tell anything.
        return Match((item,), fields, math.inf if item.is_unspoken else math.log2(len(plan.items) + 1) + outflow.ways)
    candidates = tuple(_candidates(plan, outflow))
    if not candidates:
        raise UnplannedError(_nowhere(plan, outflow))
    texts = _texts_in_path(candidates[0], outflow.path)
    in_path = [(name, unquote(text)) for name, text in texts]
    values = [*in_path, *outflow.values] if in_path else outflow.values
    written = outflow.written | {name for name, _ in in_path} if in_path else outflow.written
    fields = _fill(candidates, values, written, outflow)
    # Which of the plan's ways it takes tells something, too; where any path will do, it can tell anything.
    ways = sum(max(1, len(item.paths)) for item in plan.items)
    is_free = candidates[0].is_unspoken or not all(_is_written_plainly(text) for _, text in texts)
    bits = math.inf if is_free else math.log2(ways + 1) + _METHOD_BITS + outflow.ways
    return Match(_used(candidates, [name for name, _ in values]), fields, bits)


def _match_count(plan: DataPlan, outflow: Outflow) -> Match:
    item = plan.by_name.get(outflow.name)
    if item is None or item.destination != FLEET:
        raise UnplannedError(
            f"the data plan has no item {outflow.name[:_SHOWN]!r} for the fleet; add it to cygnet.data_plan, with the "
            'precision "aggregated"'
        )
    if item.precision != "aggregated":
        raise UnplannedError(
            f'the item {item.name} of the data plan is not counted: give it the precision "aggregated", or send it '
            "with reportEvent",
            item.name,
        )
    ((name, field),) = item.fields.items()
    ((_, value),) = outflow.values
    if expected := field.refusal(value):
        raise UnplannedError(f"{name} must be {expected}, as the item {item.name} of the data plan says", item.name)
    return Match((item,), (field,), math.log2(len(plan.items) + 1))


def _candidates(plan: DataPlan, outflow: Outflow) -> Iterator[DataItem]:
    for item in plan.to(outflow.destination):
        if item.is_unspoken or outflow.destination == OTHER_DEVICE or _template(item, outflow.path) is not None:
            yield item


def _nowhere(plan: DataPlan, outflow: Outflow) -> str:
    target = "another device" if outflow.destination == OTHER_DEVICE else outflow.destination
    if any(plan.to(outflow.destination)):
        return (
            f"the data plan sends nothing to {target} at the path {outflow.path[:_SHOWN]!r}; "
            "add the path to an item of cygnet.data_plan"
        )
    return f"the data plan sends nothing to {target}; add an item for it to cygnet.data_plan"


def _template(item: DataItem, path: str) -> str | None:
    return next((template for template in item.paths if _pattern(template).fullmatch(path)), None)


@lru_cache(maxsize=1024)
def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{[^}]+\}", template)
    return re.compile("([^/]+)".join(map(re.escape, pieces)))


def _texts_in_path(item: DataItem, path: str) -> list[tuple[str, str]]:
    template = _template(item, path)
    if template is None or "{" not in template:
        return []
    found = _pattern(template).fullmatch(path)
    return list(zip(placeholders(template), found.groups() if found is not None else (), strict=True))


def _is_written_plainly(text: str) -> bool:
    """Whether a value in a path is escaped as ``encodeURIComponent`` does it; in other ways, such as ``+`` for ``%2B``
    and bytes that are no text, more could be told than the value."""
    return (text.isalnum() and text.isascii()) or text == as_sent_in_path(unquote(text))


def _fill(
    items: Sequence[DataItem], values: Sequence[Named], written: frozenset[str], outflow: Outflow
) -> list[DataField | None]:
    """Check each value against the field of its name; gives the fields."""
    fields: list[DataField | None] = []
    for name, value in values:
        item, field = _field(items, name)
        if field is None or item is None:
            raise UnplannedError(_extra(items, name, outflow), items[0].name)
        fields.append(field if value is not None else None)
        said = _read(field, value) if isinstance(value, str) and name in written else value
        if value is None or field.fits_plainly(said):
            continue
        if expected := field.refusal(said):
            raise UnplannedError(f"{name} must be {expected}, as the item {item.name} of the data plan says", item.name)
        settled = field.settled(said)
        if repr(settled) != repr(said):
            raise UnplannedError(
                f"{name} must be written as {settled}, in the one form that the value has; Number(x.toFixed(n)) rounds",
                item.name,
            )
    return fields


def _field(items: Sequence[DataItem], name: str) -> tuple[DataItem | None, DataField | None]:
    for item in items:
        field = item.fields.get(name) or item.fields.get("*")
        if field is not None:
            return item, field
    return None, None


def _extra(items: Sequence[DataItem], name: str, outflow: Outflow) -> str:
    known = ", ".join(sorted({field for item in items for field in item.fields})) or "none"
    where = f"{outflow.name[:_SHOWN]!r}" if outflow.destination == FLEET else f"{outflow.path[:_SHOWN]!r}"
    return (
        f"{where} holds {name[:_SHOWN]!r}, which the data plan does not have; its fields there are {known[:300]}; "
        "leave it out, or add it to cygnet.data_plan"
    )


def _read(field: DataField, text: str) -> object:
    """What a text says in a field of numbers or of yes and no; only in one way of writing it, since another way would
    say more."""
    if field.kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if field.kind in ("integer", "number") and _DECIMAL.fullmatch(text):
        number = float(text)
        said = int(number) if number.is_integer() else number
        return said if text == str(said) else text
    return text


def _used(items: Sequence[DataItem], names: Sequence[str]) -> tuple[DataItem, ...]:
    """The items whose fields are there; the first, where there are none: that something is asked for at all."""
    chosen = {id(item): item for item in (_field(items, name)[0] for name in names) if item is not None}
    return tuple(chosen.values()) or (items[0],)
