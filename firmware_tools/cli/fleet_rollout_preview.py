"""What a rollout would do if it were made now, as the operator page says it before somebody presses."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from firmware_tools.cli.fleet_target import Target
from firmware_tools.fleet.client import segment
from firmware_tools.fleet.rollouts.options import MEMBERS, parse_plan


def preview(target: Target, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each stage of a rollout that is not made: how many devices it would ``add``, and how many it ``reaches`` in all.

    Raises:
        FleetError: the plan is wrong, or the fleet refuses or does not answer.
    """
    plan = parse_plan({name: value for name, value in body.items() if name in MEMBERS})
    if plan.query:
        chosen = target.ask("GET", "/api/query", params={"q": plan.query})["devices"]
    elif plan.group:
        chosen = target.ask("GET", f"/api/groups/{segment(plan.group)}")["members"]
    else:
        chosen = plan.devices
    total, before, stages = len(set(chosen) - set(plan.exclude)), 0, []
    for number, stage in enumerate(plan.stages, 1):
        reaches = max(before, stage.size.of(total))
        stages.append(
            {
                "stage": number,
                "size": stage.size.text(),
                "approval": stage.approval,
                "adds": reaches - before,
                "reaches": reaches,
                "devices": total,
            }
        )
        before = reaches
    return stages


def preview_lines(stages: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The same for people."""
    for stage in stages:
        when = ", when somebody approves it" if stage["approval"] else ""
        yield (
            f"Stage {stage['stage']} ({stage['size']}): {stage['adds']} more devices, {stage['reaches']} of "
            f"{stage['devices']} in all{when}."
        )
    yield "Nothing was made: leave out --dry-run."
