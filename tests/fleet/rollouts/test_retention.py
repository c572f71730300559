"""Devices of rollouts that ended long ago: given up a little at a time, with what is said of them then."""

from typing import Any

import pytest
from sqlalchemy import func, select

from firmware_tools.fleet.errors import ConflictError
from firmware_tools.fleet.rollouts.documents import rollout_document
from firmware_tools.fleet.rollouts.retention import prune_some
from firmware_tools.fleet.rollouts.schema import rollout_devices
from firmware_tools.fleet.rollouts.store import RolloutStore
from tests.fleet.rollouts.scene import Scene

DAY = 86_400.0
DAYS = 400


def prune(scene: Scene, most: int = 100, days: int = DAYS) -> int:
    with scene.database.transaction() as connection:
        return prune_some(connection, days, scene.now, most)


def rows(scene: Scene) -> dict[int, int]:
    """How many rows of devices each rollout has in the database."""
    query = select(rollout_devices.c.rollout, func.count()).group_by(rollout_devices.c.rollout)
    with scene.database.transaction() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def document(scene: Scene, number: int) -> Any:
    with scene.database.transaction() as connection:
        store = RolloutStore(connection)
        return rollout_document(store, store.rollout(number), scene.now)


def ended(scene: Scene, code: int = 2, count: int = 10, **plan: Any) -> int:
    """A rollout with one failed device, which is done."""
    number = scene.rollout(code, **{"soak": 0, "errors": "50%", "success": "50%", "stages": ["2", "100%"], **plan})
    scene.settle(number)
    scene.say(scene.who(number, "handed")[:1], "failed", error="the disk is full", cause="fault")
    scene.obey(number)
    assert scene.get(number).state == "done", scene.get(number)
    assert sum(scene.states(number).values()) == count
    return number


def test_an_old_rollout_loses_its_devices_a_portion_at_a_time_and_keeps_what_became_of_them(scene: Scene) -> None:
    scene.publish(1, 2)
    names = scene.enroll(10)
    scene.assign(names, 1)
    number = ended(scene)
    before, should = document(scene, number), scene.should()
    assert before["pruned_at"] is None
    scene.now += DAYS * DAY - 3600 * 100
    assert prune(scene) == 0, "it is not old enough"
    scene.now += 3600 * 200
    assert prune(scene, days=0) == 0, "0 is for ever"
    scene.set_status(names, "offline")
    assert prune(scene, most=4) == 4
    half = document(scene, number)
    assert scene.who(number, "") == [], "of what is half deleted nothing is seen"
    assert [prune(scene, most=4) for _ in range(3)] == [4, 2, 0]
    after = document(scene, number)
    assert rows(scene) == {}
    assert half == after
    assert after["pruned_at"] == scene.now
    for name in ("name", "state", "reason", "created_by", "ended_at", "counts", "stages", "failures", "events", "plan"):
        assert after[name] == before[name], name
    assert after["counts"] == {"good": 9, "failed": 1}
    assert scene.states(number) == {"good": 9, "failed": 1}
    assert scene.should() == should, "what devices should have is no part of it"


def test_what_is_given_up_cannot_be_rolled_back_and_what_was_rolled_back_is_young_again(scene: Scene) -> None:
    scene.publish(1, 2, 3)
    names = scene.enroll(10)
    scene.assign(names, 1)
    first, second = ended(scene, 2), ended(scene, 3)
    scene.now += (DAYS + 1) * DAY
    scene.verbs("ada", "abort", second, back=True)
    while prune(scene, most=3):
        pass
    assert rows(scene) == {second: 10}
    scene.settle(second)
    assert set(scene.should().values()) == {2}
    with pytest.raises(ConflictError, match=f"rollout {first} cannot be rolled back: .* no longer kept"):
        scene.verbs("ada", "abort", first, back=True)
    assert scene.get(first).state == "done"


@pytest.mark.parametrize("state", ["draft", "running", "approval", "paused", "always"])
def test_a_rollout_that_is_not_over_keeps_its_devices_however_old(scene: Scene, state: str) -> None:
    scene.publish(1, 2)
    names = scene.enroll(10)
    scene.assign(names, 1)
    if state == "always":
        number = ended(scene, late="always")
    else:
        stages = ["5", {"size": "100%", "approval": True}]
        number = (scene.make if state == "draft" else scene.rollout)(2, soak=0, stages=stages)
    if state == "approval":
        scene.obey(number)
    if state == "paused":
        scene.verbs("ada", "pause", number)
    assert scene.get(number).state == ("done" if state == "always" else state)
    scene.now += 10 * DAYS * DAY
    assert prune(scene) == 0
    assert rows(scene) == ({} if state == "draft" else {number: 10})


def test_an_older_rollout_that_goes_on_leaves_the_devices_alone_that_a_newer_old_one_served(scene: Scene) -> None:
    scene.publish(1, 2, 3)
    names = scene.enroll(10)
    scene.assign(names, 1)
    always = ended(scene, 3, devices=names[:5], count=5, late="always", downgrade=True)
    newer = ended(scene, 2, devices=names[5:], count=5, downgrade=True)
    scene.now += (DAYS + 1) * DAY
    assert prune(scene) == 0, "the older one would take its devices"
    scene.verbs("ada", "abort", always, back=True)
    assert prune(scene) == 5
    assert rows(scene) == {always: 5}
    assert scene.who(newer, "") == []


def test_who_is_not_online_when_devices_are_given_up_is_not_counted_for_ever(scene: Scene) -> None:
    scene.publish(1)
    names = scene.enroll(4)
    number = scene.rollout(1)
    scene.settle(number)
    scene.verbs("ada", "abort", number, back=False)
    scene.set_status(names, "lost")
    assert document(scene, number)["counts"] == {"handed": 4, "away": 4}
    scene.now += (DAYS + 1) * DAY
    assert prune(scene) == 4
    assert document(scene, number)["counts"] == {"handed": 4}


def test_rollouts_that_never_had_devices_are_left_as_they_are(scene: Scene) -> None:
    scene.publish(1)
    scene.enroll(1)
    number = scene.make(1)
    scene.verbs("ada", "abort", number, back=False)
    scene.now += (DAYS + 1) * DAY
    assert prune(scene) == 0
    assert document(scene, number)["pruned_at"] is None
