"""What a rollout does by itself is in the audit log, under the fleet's own name."""

import json

import pytest

from firmware_tools.fleet.audit.log import entries
from tests.fleet.rollouts.scene import Scene


def logged(scene: Scene) -> list[tuple[str, str, str]]:
    with scene.database.transaction() as connection:
        found = list(entries(connection))
    assert {(entry.actor, entry.role, entry.outcome) for entry in found} <= {("fleet", "admin", "done")}
    return [(entry.action, entry.subject, json.loads(entry.detail)["reason"]) for entry in found]


@pytest.mark.parametrize(
    ("on_error", "further"),
    [("pause", []), ("abort", []), ("roll-back", [("rollout.roll-back", "1 devices get back what they had before")])],
)
def test_a_rollout_that_stops_itself(scene: Scene, on_error: str, further: list[tuple[str, str]]) -> None:
    scene.publish(1, 2)
    names = scene.enroll(10)
    scene.assign(names, 1)
    number = scene.rollout(stages=["1", "100%"], on_error=on_error, errors=0)
    scene.settle(number)
    scene.say(scene.who(number, "handed"), "rolled-back", error="it ended at once", cause="health")
    scene.settle(number)
    found = logged(scene)
    assert {subject for _, subject, _ in found} == {str(number)}
    verb = "paused" if on_error == "pause" else "aborted"
    assert [(action, reason) for action, _, reason in found] == [
        ("rollout.advance", "stage 1 (1) begins"),
        ("rollout.stop", f"{verb}: 1 of 1 devices failed; at most 0 may"),
        *further,
    ]


def test_a_rollout_that_advances_and_ends(scene: Scene) -> None:
    scene.publish(1, 2)
    scene.enroll(4)
    number = scene.rollout(stages=["1", {"size": "100%", "approval": True}], soak=0)
    for _ in range(2):
        scene.settle(number)
        scene.say(scene.who(number, "handed"))
        scene.settle(number)
        if scene.get(number).state == "approval":
            scene.verbs("ada", "approve", number)
    actions = [action.partition(".")[2] for action, _, _ in logged(scene)]
    assert actions == ["advance", "wait", "advance", "finish"]


def test_a_step_that_changes_nothing_writes_nothing(scene: Scene) -> None:
    scene.publish(1, 2)
    scene.enroll(4)
    number = scene.rollout(stages=["1", "100%"], soak="10m")
    scene.settle(number)
    before = logged(scene)
    for _ in range(5):
        scene.now += 1
        scene.step(number)
    assert logged(scene) == before
