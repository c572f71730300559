"""What a build says of a program's data plan, held against its code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from device_runtime.program.data_plan import DataItem, DataPlan
from device_runtime.program.json_lines import find_line
from device_runtime.program.manifest import Manifest
from firmware_tools.build.dialects import OWN_FILE, SourceProject, load_project
from firmware_tools.port.findings import Place
from firmware_tools.port.opening import open_program
from firmware_tools.port.outflows import Outflow, find_outflows
from firmware_tools.port.plan_comparison import Compared, compare, may_share, unsent_items


@dataclass(frozen=True, slots=True)
class PlanRemarks:
    """``warnings`` are about what the device would refuse, ``notes`` about what the code does not seem to send; each is
    a sentence with file and line."""

    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_remarks(directory: Path, manifest: Manifest) -> PlanRemarks:
    """Hold the plan of the program in ``directory``, which was built with this manifest, against its code. Of a program
    without a plan nothing is said.

    Raises:
        CygnetError: no program is there, or its configuration cannot be read.
    """
    if not manifest.data_plan.spoken:
        return PlanRemarks()
    project = load_project(directory)
    compared = compare(manifest.data_plan, outflows_of(directory, project), may_share(manifest))
    unsent = unsent_items(manifest.data_plan, compared)
    return PlanRemarks(
        tuple(f"{_where(one)}: {one.refusal}" for one in compared if one.refusal),
        (
            *(f"{_where(one)}: {one.unclear}" for one in compared if one.unclear),
            *(f"{place}: {unsent_sentence(item)}" for item, place in item_places(project, manifest.data_plan, unsent)),
        ),
    )


def outflows_of(directory: Path, project: SourceProject) -> Sequence[Outflow]:
    """What the code of a program sends."""
    opened = open_program(directory, project)
    opened.program.read()
    return find_outflows(opened.program, opened.places)


def unsent_sentence(item: DataItem) -> str:
    """What is said of an item that nothing seems to send."""
    return f"nothing in the code seems to send what the item {item.name!r} of data_plan declares"


def item_places(project: SourceProject, plan: DataPlan, items: Iterator[DataItem]) -> Iterator[tuple[DataItem, Place]]:
    """Items with their places in ``cygnet.json``."""
    text = project.own_file.read_text(encoding="utf-8-sig") if project.own_file else "{}"
    for item in items:
        yield item, Place(OWN_FILE, find_line(text, ("data_plan", plan.items.index(item), "name")), 1)


def _where(compared: Compared) -> str:
    place = compared.outflow.place
    return f"{place.file}:{place.line}:{place.column}"
