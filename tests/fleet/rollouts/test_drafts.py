"""A draft that was made long ago and is started now: it is what was decided last, whatever was made after it."""

from collections.abc import Sequence

import pytest

from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.rollouts.retention import prune_some
from tests.fleet.rollouts.scene import Scene

DAY = 86_400.0
pruning = pytest.mark.parametrize("pruned", [False, True], ids=["kept", "pruned"])


def tag(scene: Scene, names: Sequence[str]) -> None:
    with scene.database.transaction() as connection:
        for name in names:
            GroupRegistry(connection).tag(name, ["beta"], [])


def prune(scene: Scene) -> int:
    with scene.database.transaction() as connection:
        return prune_some(connection, 400, scene.now, 100)


def a_draft_and_a_newer_one_of_long_ago(scene: Scene, *, downgrade: bool, pruned: bool) -> tuple[int, list[str]]:
    """The draft brings version 2 to whoever has a tag; the newer one brought version 3 to two devices without it."""
    scene.publish(1, 2, 3)
    names = scene.enroll(4)
    scene.assign(names, 1)
    tag(scene, names[:2])
    draft = scene.make(2, query="tag = beta", soak=0, downgrade=downgrade, stages=["1", "100%"])
    newer = scene.rollout(3, devices=names[2:], soak=0, stages=["100%"])
    scene.obey(newer)
    assert scene.states(newer) == {"good": 2}
    scene.now += 401 * DAY
    if pruned:
        assert prune(scene) == 2
    return draft, names


@pruning
def test_it_leaves_those_alone_that_should_have_a_newer_version_when_it_starts_and_when_they_come_later(
    scene: Scene, pruned: bool
) -> None:
    draft, names = a_draft_and_a_newer_one_of_long_ago(scene, downgrade=False, pruned=pruned)
    tag(scene, names[2:3])
    scene.verbs("ada", "start", draft)
    scene.settle(draft)
    tag(scene, names[3:])
    scene.obey(draft)
    assert scene.get(draft).state == "done"
    assert scene.who(draft, "skipped") == names[2:]
    assert scene.should() == dict.fromkeys(names[:2], 2) | dict.fromkeys(names[2:], 3)


@pruning
def test_with_downgrade_it_takes_them_whether_they_are_there_when_it_starts_or_come_later(
    scene: Scene, pruned: bool
) -> None:
    draft, names = a_draft_and_a_newer_one_of_long_ago(scene, downgrade=True, pruned=pruned)
    tag(scene, names[2:3])
    scene.verbs("ada", "start", draft)
    scene.settle(draft)
    tag(scene, names[3:])
    scene.obey(draft)
    assert scene.states(draft) == {"good": 4}
    assert set(scene.should().values()) == {2}


def test_one_that_was_made_later_but_started_before_gives_its_devices_up_to_it(scene: Scene) -> None:
    scene.publish(1, 2, 3)
    names = scene.enroll(10)
    scene.assign(names, 1)
    draft = scene.make(2, supersede=True, downgrade=True, soak=0)
    other = scene.rollout(3, stages=["5", "100%"])
    scene.settle(other)
    scene.now += 60
    scene.verbs("ada", "start", draft)
    scene.settle(draft)
    assert scene.states(other) == {"superseded": 10}
    assert set(scene.should().values()) == {2}
    scene.verbs("ada", "abort", draft, back=True)
    scene.settle(draft)
    assert set(scene.should().values()) == {1}


def test_what_a_rollout_that_was_started_later_served_is_kept_for_one_that_goes_on_though_made_later(
    scene: Scene,
) -> None:
    scene.publish(1, 2, 3)
    names = scene.enroll(4)
    scene.assign(names, 1)
    tag(scene, names[:2])
    draft = scene.make(2, devices=names[2:], soak=0, downgrade=True)
    always = scene.rollout(3, query="tag = beta", late="always", soak=0)
    scene.obey(always)
    scene.now += 60
    scene.verbs("ada", "start", draft)
    scene.obey(draft)
    scene.now += 401 * DAY
    assert prune(scene) == 0, "the one that goes on would take its devices"
    tag(scene, names[2:])
    scene.obey(always)
    assert scene.should() == dict.fromkeys(names[:2], 3) | dict.fromkeys(names[2:], 2)
