"""What a program sends, judged by its data plan; without one, a plan to start from."""

from collections import defaultdict
from collections.abc import Iterator

from device_runtime.program.data_plan import DEVICE, FLEET, OTHER_DEVICE, DataPlan, unspoken_plan
from device_runtime.program.manifest import Manifest
from firmware_tools.build.dialects import SourceProject
from firmware_tools.port.facts import MICROPHONE, TO_SERVERS
from firmware_tools.port.findings import Finding, Place, Report, Sent, Severity
from firmware_tools.port.outflows import Outflow, find_outflows
from firmware_tools.port.places import Places
from firmware_tools.port.plan_comparison import Compared, compare, may_share, unsent_items
from firmware_tools.port.plan_draft import draft_plan
from firmware_tools.port.plan_remarks import item_places, unsent_sentence
from firmware_tools.port.program import Program

_DECLARE = "declare it in `data_plan` of cygnet.json, with a reason for the owner"


class PlanJudge:
    """``manifest`` is ``None`` where it has a fault; then there is no plan to judge by."""

    def __init__(self, program: Program, places: Places, project: SourceProject, manifest: Manifest | None) -> None:
        self._project = project
        self._manifest = manifest
        self._outflows = find_outflows(program, places)
        self._plan: DataPlan = manifest.data_plan if manifest is not None else unspoken_plan(())
        self._compared = compare(self._plan, self._outflows, shares=manifest is not None and may_share(manifest))

    def findings(self, report: Report) -> Iterator[Finding]:
        """What the plan does not declare, and what of it nothing sends; the rest goes into the report."""
        report.has_data_plan = self._plan.spoken
        report.sends = [_sent(one) for one in self._compared]
        if self._manifest is not None and not self._plan.spoken:
            report.data_plan_draft = draft_plan(self._outflows, self._manifest).items
        unsent = list(item_places(self._project, self._plan, unsent_items(self._plan, self._compared)))
        report.unsent = [item.name for item, _ in unsent]
        yield from self._refused()
        for item, place in unsent:
            yield Finding(
                "data", item.name, Severity.UNCLEAR, unsent_sentence(item),
                "leave the item out, or see where it is sent", (place,),
            )  # fmt: skip

    def _refused(self) -> Iterator[Finding]:
        found: dict[tuple[str, Severity, str], list[Place]] = defaultdict(list)
        for one in self._compared:
            if one.refusal or one.unclear:
                found[_subject(one.outflow), _severity(one), one.refusal or one.unclear].append(one.outflow.place)
        for (name, severity, message), at in found.items():
            yield Finding(
                "data", name, severity, message, _DECLARE if severity is not Severity.UNCLEAR else "", tuple(at)
            )


def _severity(compared: Compared) -> Severity:
    """An event that is not sent is missed by nobody on the page."""
    if not compared.refusal:
        return Severity.UNCLEAR
    return Severity.DEGRADED if compared.outflow.kind == "event" else Severity.BREAKS


def _sent(compared: Compared) -> Sent:
    outflow = compared.outflow
    return Sent(
        kind=outflow.kind,
        subject=_subject(outflow),
        destination=_destination(outflow),
        fields=tuple(outflow.fields),
        whole=outflow.whole,
        items=() if compared.refusal else tuple(item.name for item in compared.items),
        refusal=compared.refusal,
        place=outflow.place,
    )


def _subject(outflow: Outflow) -> str:
    if outflow.kind in MICROPHONE:
        return "the microphone"
    if outflow.kind in TO_SERVERS:
        return outflow.shown_path
    return "the page" if outflow.kind == "share" else outflow.name or "…"


def _destination(outflow: Outflow) -> str:
    if outflow.kind in TO_SERVERS:
        return outflow.origin or "…"
    return {"event": FLEET, "share": OTHER_DEVICE}.get(outflow.kind, DEVICE)
