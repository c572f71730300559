"""A data plan beside what the code sends: what no item declares, and what nothing seems to send."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from device_runtime.program.data_plan import DEVICE, FLEET, OTHER_DEVICE, DataItem, DataPlan
from device_runtime.program.manifest import Manifest
from firmware_tools.port.facts import MICROPHONE, TO_SERVERS
from firmware_tools.port.outflows import Outflow
from firmware_tools.port.texts import Gap, Text

_HEARD = frozenset({"voice", "speech"})
_PLACEHOLDER = "{"


@dataclass(frozen=True, slots=True)
class Compared:
    """One place where something is sent. ``items`` are those of the plan that may be meant; ``refusal`` says why the
    device would not send it, or is empty; ``unclear`` what cannot be told from the source, or nothing."""

    outflow: Outflow
    items: tuple[DataItem, ...] = ()
    refusal: str = ""
    unclear: str = ""


def compare(plan: DataPlan, outflows: Sequence[Outflow], shares: bool) -> list[Compared]:
    """Each outflow beside the items. ``shares``: the program may share its pages; without it, what a page would share
    goes nowhere. Of a program without a plan nothing is refused."""
    if not plan.spoken:
        return [Compared(outflow) for outflow in outflows]
    return [_compared(plan, outflow) for outflow in outflows if outflow.kind != "share" or shares]


def may_share(manifest: Manifest) -> bool:
    """Whether the program asks for the right to share its pages."""
    return "share" in manifest.permissions


def unsent_items(plan: DataPlan, compared: Sequence[Compared]) -> Iterator[DataItem]:
    """The items that nothing in the code seems to send. What stays on the device is not looked for, nor events where
    the names of some are put together."""
    if not plan.spoken:
        return
    sent = {item.name for one in compared for item in one.items}
    any_event = any(one.outflow.kind == "event" and one.outflow.name is None for one in compared)
    for item in plan.items:
        if item.name not in sent and item.destination != DEVICE and not (item.destination == FLEET and any_event):
            yield item


def _compared(plan: DataPlan, outflow: Outflow) -> Compared:
    if outflow.kind == "event":
        return _event(plan, outflow)
    if outflow.kind in TO_SERVERS:
        return _to_server(plan, outflow)
    if outflow.kind in MICROPHONE:
        items = tuple(item for item in plan.items if item.covers & _HEARD)
        why = (
            ""
            if items
            else "no item of data_plan is of the category voice or speech: the device refuses the microphone"
        )
        return Compared(outflow, items, why)
    if outflow.kind == "share":
        items = tuple(plan.to(OTHER_DEVICE))
        why = "" if items else f"no item of data_plan goes to {OTHER_DEVICE}: the device does not share the page"
        return Compared(outflow, items, why)
    return Compared(outflow)


def _event(plan: DataPlan, outflow: Outflow) -> Compared:
    if outflow.name is None:
        return Compared(outflow, unclear="the name of the event is only known when the program runs")
    item = plan.by_name.get(outflow.name)
    if item is None or item.destination != FLEET:
        why = f"no item of data_plan with the name {outflow.name!r} goes to the fleet: the device refuses the event"
        return Compared(outflow, refusal=why)
    lacking = _lacking(outflow.fields, item)
    return Compared(outflow, (item,), _without(item, lacking, "the event") if lacking else "")


def _to_server(plan: DataPlan, outflow: Outflow) -> Compared:
    named = (
        item
        for item in plan.items
        if item.paths and (outflow.origin is None or item.destination.lower() == outflow.origin)
    )
    fitting = [item for item in named if any(may_be(outflow.path, path) for path in item.paths)]
    if not fitting:
        where = f"{outflow.origin or 'a server'} with the path {outflow.shown_path}"
        return Compared(outflow, refusal=f"no item of data_plan goes to {where}: the device refuses the call")
    best = min(fitting, key=lambda item: len(_lacking(outflow.fields, item)))
    if lacking := _lacking(outflow.fields, best):
        return Compared(outflow, (best,), _without(best, lacking, "the call"))
    return Compared(outflow, tuple(fitting))


def _lacking(fields: Collection[str], item: DataItem) -> list[str]:
    """The fields that an item does not have; one that is an object may be there by its members."""
    return [
        name
        for name in fields
        if name not in item.fields and not any(known.startswith(f"{name}.") for known in item.fields)
    ]


def _without(item: DataItem, lacking: Sequence[str], subject: str) -> str:
    names = ", ".join(repr(name) for name in lacking)
    word = "field" if len(lacking) == 1 else "fields"
    return f"the item {item.name!r} of data_plan does not have the {word} {names}: the device refuses {subject}"


def may_be(path: Text, template: str) -> bool:
    """Whether a path with gaps may be one of those that a template such as ``/v1/{city}`` stands for."""
    wanted = list(_template(template))
    ends = [False] * len(wanted) + [True]  # which rests of the template the rest of the path may be
    for step in reversed(list(_steps(path))):
        row = [False] * (len(wanted) + 1)
        for at in range(len(wanted), -1, -1):
            if step is None:
                row[at] = ends[at] or (at < len(wanted) and row[at + 1])
            elif at < len(wanted) and wanted[at] == _PLACEHOLDER:
                row[at] = step != "/" and (ends[at + 1] or ends[at])
            else:
                row[at] = at < len(wanted) and wanted[at] == step and ends[at + 1]
        ends = row
    return ends[0]


def _steps(path: Text) -> Iterator[str | None]:
    """The characters of a path; None for a gap."""
    for piece in path:
        yield from (None,) if isinstance(piece, Gap) else piece


def _template(template: str) -> Iterator[str]:
    """The characters of a template; an opening brace for a whole placeholder, which stands for part of a segment."""
    for index, segment in enumerate(template.split("/")):
        yield from "/" if index else ""
        yield from _PLACEHOLDER if segment.startswith(_PLACEHOLDER) else segment
