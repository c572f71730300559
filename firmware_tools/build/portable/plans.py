"""A program's data plan for microcontrollers: ``board.plan``, which ``device_runtime/micro/privacy`` reads.

It is lines of JSON. The first is ``[format, bits]``: what it tells that one of the plan's items leaves, and which. Each
further one is an item that matters to a board, as ``[name, destination, covers, purpose, basis, retention days,
precision, fields]``: all for the fleet, and of the others those of sensitive categories, which a microphone needs. A
field is ``[kind, bits, ...]`` with its choices, with its bounds and step, or with its length. Bits are in millionths,
rounded up; -1 where a field may say anything.
"""

import json
import math
from collections.abc import Iterator, Mapping

from device_runtime.program.data_fields import DataField
from device_runtime.program.data_plan import DEVICE, FLEET, DataItem, DataPlan

PLAN = "board.plan"
FORMAT = 1
MOST_PLAN_BYTES = 4096
MOST_PLAN_ITEMS = 16
_KINDS: Mapping[str, str] = {
    "boolean": "b", "choice": "c", "integer": "i", "number": "n", "text": "t", "bytes": "y", "audio": "a",
    "image": "m", "any": "*",
}  # fmt: skip
_UNTOLD = frozenset({"bytes", "audio", "image"})
_EXACT = 2**30
_SLACK = 1e-9


def board_plan(plan: DataPlan) -> dict[str, bytes]:
    """What is put into a package for boards; nothing where the program has no plan."""
    if not plan.spoken:
        return {}
    lines: list[object] = [[FORMAT, _millionths(math.log2(len(plan.items) + 1))]]
    lines += [board_item(item) for item in _that_matter(plan)]
    texts = (json.dumps(line, separators=(",", ":"), ensure_ascii=False) for line in lines)
    return {PLAN: "".join(f"{text}\n" for text in texts).encode()}


def board_item(item: DataItem) -> list[object]:
    """One item, as a line of the plan says it."""
    fields = {name: _field(each) for name, each in item.fields.items()}
    return [
        item.name, item.destination, sorted(item.covers), item.purpose, item.basis, item.retention_days,
        item.precision, fields,
    ]  # fmt: skip


def plan_faults(plan: DataPlan, name: str) -> Iterator[str]:
    """What of a plan the board ``name`` cannot do, in sentences."""
    if not plan.spoken:
        return
    for item in plan.items:
        if item.destination not in (DEVICE, FLEET):
            yield f"the item {item.name} of the data plan goes to {item.destination}; {name} sends to its fleet alone"
        if item.precision == "aggregated":
            yield f"the item {item.name} of the data plan is counted across the fleet, and {name} does not count so"
        for field, each in item.fields.items():
            if each.kind in _UNTOLD and item.destination == FLEET:
                yield f"the field {field} of the item {item.name} is {each.kind}, and {name} reports texts and numbers"
    items = len(list(_that_matter(plan)))
    if items > MOST_PLAN_ITEMS:
        yield f"the data plan has {items} items that matter on {name}, which takes {MOST_PLAN_ITEMS}"
    size = len(board_plan(plan)[PLAN])
    if size > MOST_PLAN_BYTES:
        yield f"the data plan is {size:,} bytes for boards, and {name} takes {MOST_PLAN_BYTES:,}: name fewer choices"


def _that_matter(plan: DataPlan) -> Iterator[DataItem]:
    return (item for item in plan.items if item.destination == FLEET or item.is_sensitive)


def _field(field: DataField) -> list[object]:
    made: list[object] = [_KINDS[field.kind], _millionths(field.bits) if field.is_closed else -1]
    if field.kind == "choice":
        made.append(list(field.choices))
    elif field.kind in ("integer", "number"):
        made += [_plain(field.least), _plain(field.most), _plain(field.step)]
    elif field.kind in ("text", *_UNTOLD):
        made.append(field.longest)
    return made


def _millionths(bits: float) -> int:
    """Rounded up, but not for what binary logarithms of whole powers are off by."""
    return math.ceil(bits * 1_000_000 - _SLACK)


def _plain(number: float | None) -> float | None:
    """Whole numbers as such: a board's real ones have 7 digits."""
    return int(number) if number is not None and number == int(number) and abs(number) < _EXACT else number
