"""Rollouts step by step, on a real database and with a clock of the test's own."""

from typing import Any

import pytest
from sqlalchemy import insert

from firmware_tools.fleet.errors import ConflictError, FleetError
from firmware_tools.fleet.rollouts import subjects
from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.schema import telemetry
from tests.fleet.rollouts.scene import APP, Scene

THREE = ["1", "10%", "100%"]


def test_three_stages_go_one_after_the_other_and_each_contains_the_one_before(scene: Scene) -> None:
    scene.publish(1, 2)
    names = scene.enroll(40)
    scene.assign(names, 1)
    number = scene.rollout(stages=THREE, soak="10m")
    sizes = []
    for _ in range(3):
        scene.settle(number)
        handed = scene.who(number, "handed")
        assert {device for device, code in scene.should().items() if code == 2} == set(
            handed + scene.who(number, "good")
        )
        scene.say(handed)
        scene.settle(number)
        assert scene.states(number)["reached"] == len(handed)
        sizes.append(len(handed) + scene.states(number).get("good", 0))
        scene.now += 599
        assert not scene.step(number).changed, "they have not soaked yet"
        scene.now += 1
        scene.settle(number)
    assert sizes == [1, 4, 40]
    assert scene.get(number).state == "done"
    assert scene.states(number) == {"good": 40}
    assert [action for _, action in scene.events(number)] == [
        *("created", "start", "stage", "succeeded", "stage", "succeeded", "stage", "succeeded", "done")
    ]


@pytest.mark.parametrize(
    ("on_error", "state", "versions"),
    [("pause", "paused", {1: 9, 2: 1}), ("abort", "aborted", {1: 9, 2: 1}), ("roll-back", "aborted", {1: 10})],
)
def test_a_bad_release_is_stopped_at_the_first_stage(
    scene: Scene, on_error: str, state: str, versions: dict[int, int]
) -> None:
    scene.publish(1, 2)
    names = scene.enroll(10)
    scene.assign(names, 1)
    number = scene.rollout(stages=THREE, on_error=on_error, errors=0)
    scene.settle(number)
    (first,) = scene.who(number, "handed")
    scene.say([first], "rolled-back", error="the program ended at once", cause="health")
    rollout = scene.settle(number)
    assert (rollout.state, rollout.reason) == (state, "1 of 1 devices failed; at most 0 may")
    codes = list(scene.should().values())
    assert {code: codes.count(code) for code in set(codes)} == versions
    if on_error == "roll-back":
        assert scene.states(number)["restoring"] == 1
        scene.say([first])
        scene.settle(number)
        assert scene.who(number, "restored") == [first]


def test_a_rolled_back_device_gets_what_it_had_and_one_that_had_nothing_gets_nothing(scene: Scene) -> None:
    scene.publish(1, 2, 3)
    names = scene.enroll(6)
    scene.assign(names[:2], 1)
    scene.assign(names[2:4], 2)
    before = scene.should()
    number = scene.rollout(3, stages=["100%"])
    scene.settle(number)
    assert set(scene.should().values()) == {3}
    scene.say(names)
    scene.settle(number)
    scene.assign(names[:1], 2)  # a person decided otherwise meanwhile
    scene.verbs("ada", "abort", number, back=True, reason="it is ugly")
    scene.settle(number)
    assert scene.should() == {**before, names[0]: 2}
    assert scene.states(number) == {"superseded": 1, "restoring": 5}


def test_what_cannot_be_fetched_for_now_is_no_failure(scene: Scene) -> None:
    scene.publish(2)
    names = scene.enroll(4)
    number = scene.rollout(errors=0, timeout="1h")
    scene.settle(number)
    scene.say(names, "failed", cause="unreachable", error="the fleet does not give the content")
    scene.now += 86_400
    assert scene.settle(number).state == "running"
    assert scene.states(number) == {"handed": 4}
    scene.say(names, "waiting")
    assert scene.settle(number).state == "running"
    scene.obey(number)
    assert scene.get(number).state == "done"


def test_a_report_from_before_does_not_count(scene: Scene) -> None:
    scene.publish(1, 2)
    names = scene.enroll(2)
    scene.say(names, "rolled-back", code=2, error="of last week")
    number = scene.rollout(errors=0)
    assert scene.settle(number).state == "running"
    assert scene.states(number) == {"handed": 2}
    scene.say(names, "rolled-back", code=2, error="of today")
    assert scene.settle(number).state == "paused"


def test_a_program_that_is_stopped_while_it_is_watched_has_failed(scene: Scene) -> None:
    scene.publish(2)
    names = scene.enroll(4)
    number = scene.rollout(errors="25%", soak="10m", success="75%")
    scene.settle(number)
    scene.say(names)
    scene.settle(number)
    rows = [
        {"device": names[0], "sequence": 1, "time": scene.now + 5, "received_at": scene.now + 9},
        # what a device brings along from before, and what is of another program
        {"device": names[1], "sequence": 1, "time": scene.now - 900, "received_at": scene.now + 9},
        {"device": names[2], "sequence": 1, "time": scene.now + 5, "received_at": scene.now + 9},
    ]
    for row, app_id in zip(rows, [APP, APP, "org.example.other"], strict=True):
        row |= {"epoch": "00", "source": "device", "name": "program_stopped"}
        row["values"] = {"app_id": app_id, "reason": "it ended 4 times"}
    with scene.database.transaction() as connection:
        connection.execute(insert(telemetry), rows)
    scene.settle(number)
    assert scene.who(number, "failed") == [names[0]]
    scene.now += 700
    assert scene.settle(number).state == "done"
    assert scene.states(number) == {"good": 3, "failed": 1}


def test_devices_that_are_off_hold_a_stage_only_so_far(scene: Scene) -> None:
    scene.publish(2)
    names = scene.enroll(10)
    scene.set_status(names[:3], "offline")
    number = scene.rollout(away_share="20%", away_time="1d", soak=0)
    scene.settle(number)
    assert scene.states(number) == {"handed": 10}, "they find it when they come back"
    scene.say(names[3:])
    assert scene.settle(number).state == "running"
    assert "the other 3 are not online" in scene.get(number).reason
    scene.set_status(names[:1], "online")
    scene.say(names[:1])
    assert scene.settle(number).state == "done", "2 of 10 are left behind"
    scene.set_status(names[1:3], "online")
    scene.say(names[1:3])
    scene.settle(number)
    assert scene.states(number) == {"good": 10}, "who comes later is followed still"


def test_after_the_time_a_stage_waits_for_nobody_who_is_off_but_wants_proof(scene: Scene) -> None:
    scene.publish(2)
    names = scene.enroll(10)
    scene.set_status(names[1:], "lost")
    number = scene.rollout(away_share="0%", away_time="1d", soak=0)
    scene.settle(number)
    scene.now += 90_000
    assert scene.settle(number).state == "running", "nobody has shown that it works"
    scene.say(names[:1])
    assert scene.settle(number).state == "done"


@pytest.mark.parametrize(("late", "joins"), [("never", 0), ("join", 1), ("always", 2)])
def test_late_joiners(scene: Scene, late: str, joins: int) -> None:
    scene.publish(2)
    names = scene.enroll(4)
    with scene.database.transaction() as connection:
        groups = GroupRegistry(connection)
        groups.create("beta", "tag = beta", [], "", scene.now)
        for name in names[:2]:
            groups.tag(name, ["beta"], [])
    number = scene.rollout(group="beta", late=late, soak=0)
    scene.settle(number)
    scene.say(names[:1])
    with scene.database.transaction() as connection:
        GroupRegistry(connection).tag(names[2], ["beta"], [])
    scene.obey(number)
    assert scene.get(number).state == "done"
    with scene.database.transaction() as connection:
        GroupRegistry(connection).tag(names[3], ["beta"], [])
    scene.obey(number)
    assert scene.states(number) == {"good": 2 + joins}


def test_who_leaves_the_group_before_its_turn_is_left_out_until_it_returns(scene: Scene) -> None:
    scene.publish(2)
    names = scene.enroll(2)
    with scene.database.transaction() as connection:
        GroupRegistry(connection).create("some", None, names, "", scene.now)
    number = scene.rollout(group="some", soak=0, stages=["1", "100%"])
    scene.settle(number)
    (second,) = scene.who(number, "planned")

    def change(**lists: Any) -> None:
        with scene.database.transaction() as connection:
            kept: dict[str, Any] = {"query": None, "description": None, "add": [], "remove": []}
            GroupRegistry(connection).change("some", **{**kept, **lists})

    change(remove=[second])
    scene.obey(number)
    assert scene.who(number, "skipped") == [second]
    assert second not in scene.should()
    change(add=[second])
    assert scene.get(number).state == "done"


def test_approval_is_waited_for_and_says_by_whom(scene: Scene) -> None:
    scene.publish(2)
    scene.enroll(10)
    number = scene.rollout(stages=["1", {"size": "100%", "approval": True}], soak=0)
    rollout = scene.obey(number)
    assert (rollout.state, rollout.reason) == ("approval", "stage 2 (100%) waits for approval")
    assert scene.states(number) == {"good": 1, "planned": 9}
    scene.verbs("grace", "approve", number)
    assert scene.obey(number).state == "done"
    assert ("grace", "approve") in scene.events(number)


def test_a_first_stage_may_wait_for_approval(scene: Scene) -> None:
    scene.publish(2)
    scene.enroll(2)
    number = scene.rollout(approval=True)
    assert scene.settle(number).state == "approval"
    assert not scene.told
    scene.verbs("grace", "approve", number)
    scene.settle(number)
    assert len(scene.told) == 2


def test_nothing_is_handed_out_while_it_is_paused_and_failures_are_accepted_by_who_resumes(scene: Scene) -> None:
    scene.publish(2)
    scene.enroll(10)
    number = scene.rollout(stages=["2", "100%"], errors=0, soak=0)
    scene.settle(number)
    bad, good = scene.who(number, "handed")
    scene.say([bad], "failed", error="no space", cause="space")
    assert scene.settle(number).state == "paused"
    scene.say([good])
    scene.settle(number)
    assert scene.states(number) == {"failed": 1, "good": 1, "planned": 8}
    scene.verbs("ada", "resume", number)
    assert scene.obey(number).state == "done"
    assert scene.states(number) == {"failed": 1, "good": 9}


def test_the_emergency_stop_takes_back_what_has_not_switched_and_lets_nothing_out(scene: Scene) -> None:
    scene.publish(1, 2)
    names = scene.enroll(4)
    scene.assign(names, 1)
    number = scene.rollout(soak=0)
    scene.settle(number)
    scene.say(names[:1])
    scene.settle(number)
    scene.verbs("ada", "stop_all", "smoke")
    scene.settle(number)
    assert sorted(scene.should().values()) == [1, 1, 1, 2]
    assert scene.states(number) == {"planned": 3, "good": 1}
    for verb in ("resume", "start"):
        with pytest.raises(ConflictError, match=r"emergency stop by ada: smoke; lift it with"):
            scene.verbs("ada", verb, number)
    assert scene.verbs("ada", "lift_stop")
    scene.verbs("ada", "resume", number)
    assert scene.obey(number).state == "done"
    assert set(scene.should().values()) == {2}


def test_the_emergency_stop_holds_for_late_joiners_of_a_rollout_that_is_done(scene: Scene) -> None:
    scene.publish(2)
    names = scene.enroll(2)
    with scene.database.transaction() as connection:
        GroupRegistry(connection).tag(names[0], ["beta"], [])
    number = scene.rollout(query="tag = beta", late="always", soak=0)
    assert scene.obey(number).state == "done"
    scene.verbs("ada", "stop_all")
    with scene.database.transaction() as connection:
        GroupRegistry(connection).tag(names[1], ["beta"], [])
    scene.obey(number)
    assert scene.states(number) == {"good": 1}
    scene.verbs("ada", "lift_stop")
    scene.obey(number)
    assert scene.states(number) == {"good": 2}


def test_two_rollouts_of_one_program_are_refused_or_the_newer_takes_the_devices(scene: Scene) -> None:
    scene.publish(1, 2, 3)
    names = scene.enroll(10)
    scene.assign(names, 1)
    older = scene.rollout(2, stages=["5", "100%"])
    scene.settle(older)
    plain = scene.make(3)
    with pytest.raises(ConflictError, match=r"rollout 1 \(org.example.lamp 1.2\) is running and has 10 of these"):
        scene.verbs("ada", "start", plain)
    newer = scene.rollout(3, supersede=True)
    scene.settle(newer)
    assert set(scene.should().values()) == {3}
    assert scene.states(older) == {"superseded": 10}
    scene.verbs("ada", "abort", newer, back=True)
    scene.settle(newer)
    assert set(scene.should().values()) == {1}, "what was not proven is not what they go back to"


def test_a_device_that_should_have_a_newer_version_is_left_alone_unless_told_otherwise(scene: Scene) -> None:
    scene.publish(1, 2, 3)
    names = scene.enroll(2)
    scene.assign(names[:1], 3)
    number = scene.rollout(2, soak=0)
    scene.obey(number)
    assert scene.who(number, "skipped") == names[:1]
    assert scene.should() == {names[0]: 3, names[1]: 2}
    back = scene.rollout(2, soak=0, downgrade=True)
    scene.obey(back)
    assert set(scene.should().values()) == {2}


def test_outside_of_the_maintenance_window_nothing_is_handed_out(scene: Scene) -> None:
    scene.publish(2)
    scene.enroll(3)
    scene.now = 1_800_000_000.0  # 2027-01-15 08:00 UTC, 09:00 in Berlin
    number = scene.rollout(window={"spans": ["22:00-05:00"], "zone": "Europe/Berlin"}, soak=0)
    rollout = scene.settle(number)
    assert not scene.told
    assert rollout.reason == "waits for its maintenance window: 22:00-05:00 Europe/Berlin"
    scene.now += 13 * 3600 - 1
    scene.settle(number)
    assert not scene.told
    scene.now += 1
    scene.settle(number)
    assert len(scene.told) == 3


def test_only_so_many_a_minute(scene: Scene) -> None:
    scene.publish(2)
    scene.enroll(10)
    number = scene.rollout(per_minute=4)
    handed = []
    for _ in range(4):
        scene.settle(number)
        handed.append(scene.states(number).get("handed", 0))
        scene.now += 61
    assert handed == [4, 8, 10, 10]


def test_named_devices_and_exceptions(scene: Scene) -> None:
    scene.publish(2)
    names = scene.enroll(5)
    number = scene.rollout(devices=names[:4], exclude=names[3:4])
    scene.settle(number)
    assert sorted(scene.should()) == names[:3]
    with pytest.raises(FleetError, match="no device is in the query id = nobody now"):
        scene.rollout(query="id = nobody")


def test_what_cannot_happen_is_refused_in_one_sentence(scene: Scene) -> None:
    scene.publish(2)
    scene.enroll(1)
    number = scene.rollout(soak=0)
    scene.obey(number)
    for verb, sentence in (("pause", "cannot be paused: it is done"), ("approve", "cannot be approved: it is done")):
        with pytest.raises(ConflictError, match=sentence):
            scene.verbs("ada", verb, number)
    with pytest.raises(ConflictError, match="it can only be rolled back"):
        scene.verbs("ada", "abort", number, back=False)


def test_of_devices_that_say_the_same_each_report_is_read_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.publish(1, 2)
    names = scene.enroll(40)
    number = scene.rollout(stages=["100%"])
    scene.settle(number)
    scene.say(names[:30])
    scene.say(names[30:], "failed", error="no room", cause="space")
    read: list[Any] = []

    def standing(report: Any, code: int) -> tuple[str, str, str]:
        read.append(report)
        return as_it_is(report, code)

    as_it_is = subjects._standing
    monkeypatch.setattr(subjects, "_standing", standing)
    scene.step(number)
    assert scene.states(number) == {"reached": 30, "failed": 10}
    assert len(read) == 2
