"""Programs on their way to another version, with the real stores: waiting, trials, the way back, and power cuts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from device_runtime.errors import CygnetError
from device_runtime.update.machine import State, Update
from device_runtime.update.moment import Sight, objection
from device_runtime.update.records import Kind, UpdateRecordError
from device_runtime.update.rules import UpdateRules
from tests.update.household import LAMP, QUICK, Household, PowerCut, package_of, shas

ONE, TWO, THREE = package_of(1), package_of(2), package_of(3)


async def with_first(folder: Path, **options: object) -> Household:
    """A device that has version 1 and runs it."""
    first = Household(folder)
    await first.start()
    await first.desire(ONE, launch=True)
    await first.until(lambda: not first.state(), "version 1 is committed")
    await first.note("one")
    await first.close()
    house = Household(folder, **options)  # type: ignore[arg-type]
    await house.desk.session(LAMP)
    await house.start()
    return house


def falls(*codes: int) -> Callable[[int], None]:
    def start(code: int) -> None:
        if code in codes:
            raise CygnetError(f"version {code} did not show its first page within 10 s")

    return start


async def test_a_good_version_is_switched_to_tried_and_committed_and_the_old_one_deleted(tmp_path: Path) -> None:
    house = await with_first(tmp_path)
    await house.desire(TWO, launch=True)
    await house.until(lambda: not house.state(), "committed")
    assert house.states == ["downloading", "verifying", "staged", "waiting", "switching", "trial", "committed", "done"]
    assert (house.runs(), house.desk.up[LAMP], house.packages()) == (2, 2, shas(TWO))
    assert house.notes() == ("one", "one")
    assert not (tmp_path / "files" / LAMP / "kept").exists()
    await house.close()


async def test_the_old_version_runs_until_the_moment_is_good(tmp_path: Path) -> None:
    house = await with_first(tmp_path)
    house.objections = ["waits while it moves"]
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.updates.notes.get(LAMP), "it waits")
    assert (house.state(), house.runs(), house.desk.up[LAMP]) == ("waiting", 1, 1)
    assert house.packages() == shas(ONE, TWO)
    house.objections.clear()
    await house.until(lambda: house.runs() == 2, "switched")
    await house.close()


async def test_what_is_withdrawn_while_it_waits_is_not_switched_to_and_leaves_nothing(tmp_path: Path) -> None:
    house = await with_first(tmp_path)
    house.objections = ["waits while it moves"]
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.updates.notes.get(LAMP), "it waits")
    house.withdrawn = "the fleet's metadata names it no more"
    house.objections.clear()
    await house.until(lambda: house.state() == "failed" and house.packages() == shas(ONE), "refused, and cleared away")
    update = house.updates.get(LAMP)
    assert update is not None
    assert (update.reason, update.cause) == ("the fleet's metadata names it no more", "refused")
    assert (house.runs(), house.desk.up[LAMP]) == (1, 1)
    await house.close()


async def test_what_waits_is_switched_at_once_when_the_fleet_says_that_it_is_urgent(tmp_path: Path) -> None:
    house = await with_first(tmp_path)
    house.objections = ["waits while it moves"]
    await house.desire(TWO)
    await house.until(lambda: house.updates.notes.get(LAMP), "it waits")
    await house.desire(TWO, urgent=True)
    await house.until(lambda: house.runs() == 2, "switched")
    await house.close()


@pytest.mark.parametrize("launch", [True, False])
async def test_a_version_that_does_not_start_is_rolled_back_with_its_reason_and_not_tried_again(
    tmp_path: Path, launch: bool
) -> None:
    house = await with_first(tmp_path, behaves=falls(2))
    await house.desire(TWO, launch=launch)
    await house.until(lambda: house.state() == "rolled-back", "rolled back")
    update = house.updates.get(LAMP)
    assert update is not None
    assert (update.reason, update.cause) == ("version 2 did not show its first page within 10 s", "health")
    assert (house.runs(), house.desk.up[LAMP]) == (1, 1), "what ran runs again"
    assert house.packages() == shas(ONE)
    tries = house.desk.starts.count(2)
    assert tries == QUICK.trial_tries
    await house.desire(TWO, launch=launch)
    assert (house.state(), house.desk.starts.count(2)) == ("rolled-back", tries)
    await house.desire(THREE, launch=launch)
    await house.until(lambda: house.runs() == 3 and not house.state(), "something newer is tried")
    await house.close()


async def test_a_version_that_was_rolled_back_is_tried_again_when_it_is_named_anew(tmp_path: Path) -> None:
    broken = {2}
    house = await with_first(tmp_path, behaves=lambda code: falls(*broken)(code))
    await house.desire(TWO)
    await house.until(lambda: house.state() == "rolled-back", "rolled back")
    await house.desire(ONE)
    assert house.state() == "", "the fleet has something else in its place"
    broken.clear()
    await house.desire(TWO)
    await house.until(lambda: house.runs() == 2 and not house.state(), "tried again, and good")
    await house.close()


async def test_a_rolled_back_program_finds_its_data_as_they_were_at_the_switch(tmp_path: Path) -> None:
    house = await with_first(tmp_path, rules=UpdateRules(check_seconds=0.1, trial_seconds=60, trial_tries=1))
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.desk.up.get(LAMP) == 2, "on trial")
    await house.note("two, in a form that version 1 cannot read")
    house.updates.said(LAMP, "the data cannot be converted")
    await house.until(lambda: house.state() == "rolled-back", "rolled back")
    update = house.updates.get(LAMP)
    assert update is not None
    assert update.reason == "it said that it is not well: the data cannot be converted"
    assert (house.runs(), house.notes()) == (1, ("one", "one"))
    await house.close()


async def test_a_version_that_keeps_ending_by_itself_is_rolled_back_after_its_tries(tmp_path: Path) -> None:
    house = await with_first(tmp_path, rules=UpdateRules(check_seconds=0.1, trial_seconds=60, trial_tries=2))
    await house.desire(TWO, launch=True)
    for number in (1, 2):
        await house.until(lambda number=number: house.desk.starts.count(2) == number, "a try")  # type: ignore[misc]
        await house.until(lambda: house.desk.up.get(LAMP) == 2, "it runs")
        assert house.desk.falls_over(LAMP), "its trial decides what follows"
    await house.until(lambda: house.state() == "rolled-back", "rolled back")
    assert not house.desk.falls_over(LAMP), "what is proven is started again by the desk"
    await house.close()


@pytest.mark.parametrize("by", ["its start", "its end"])
async def test_a_failed_try_that_the_disk_does_not_take_at_once_is_no_proof(tmp_path: Path, by: str) -> None:
    refused = 0

    def full(when: str, update: Update | None) -> None:
        nonlocal refused
        if when == "before" and update is not None and update.state is State.ROLLING_BACK and refused < 2:
            refused += 1
            raise UpdateRecordError("the disk is full")

    seconds = 0.1 if by == "its start" else 60
    rules = UpdateRules(check_seconds=0.1, trial_seconds=seconds, trial_tries=1)
    house = await with_first(tmp_path, rules=rules, behaves=falls(2) if by == "its start" else falls(), cut=full)
    await house.desire(TWO, launch=True)
    if by == "its end":
        await house.until(lambda: house.desk.up.get(LAMP) == 2, "it runs")
        house.desk.falls_over(LAMP)
    await house.until(lambda: house.state() == "rolled-back", "rolled back")
    assert (refused, house.runs()) == (2, 1)
    await house.close()


async def test_a_first_version_that_fails_leaves_nothing(tmp_path: Path) -> None:
    house = Household(tmp_path, behaves=falls(1))
    await house.start()
    await house.desire(ONE, launch=True)
    await house.until(lambda: house.state() == "rolled-back", "rolled back")
    assert (house.runs(), house.packages()) == (0, [])
    await house.close()


async def test_a_program_that_is_not_to_run_is_opened_for_its_trial_and_closed_again(tmp_path: Path) -> None:
    house = await with_first(tmp_path)
    await house.desk.stop_program(LAMP)
    house.desk.front = None
    await house.desire(TWO)
    await house.until(lambda: not house.state() and house.runs() == 2, "committed")
    assert (house.desk.starts[-1], house.desk.up) == (2, {})
    await house.close()


async def test_the_fleet_takes_a_version_back_in_its_trial(tmp_path: Path) -> None:
    house = await with_first(tmp_path, rules=UpdateRules(check_seconds=0.1, trial_seconds=60))
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.desk.up.get(LAMP) == 2, "on trial")
    await house.desire(ONE, launch=True)
    await house.until(lambda: not house.state(), "back")
    assert (house.runs(), house.desk.up[LAMP], house.packages()) == (1, 1, shas(ONE))
    await house.close()


async def test_a_program_that_is_taken_away_in_its_trial_leaves_no_copies(tmp_path: Path) -> None:
    house = await with_first(tmp_path, rules=UpdateRules(check_seconds=0.1, trial_seconds=60))
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.desk.up.get(LAMP) == 2, "on trial")
    await house.updates.drop(LAMP)
    house.store.remove(LAMP)
    assert (house.state(), house.packages()) == ("", [])
    assert not list((tmp_path / "files" / LAMP).glob("kept*"))
    assert house.notes() == ("one", "one"), "what a program stored stays on the device"
    await house.close()


async def test_another_wish_in_a_trial_waits_for_its_end(tmp_path: Path) -> None:
    house = await with_first(tmp_path, rules=UpdateRules(check_seconds=0.1, trial_seconds=1))
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.state() == "trial", "on trial")
    await house.desire(THREE, launch=True)
    assert house.state() == "trial"
    await house.until(lambda: not house.state(), "proved")
    await house.desire(THREE, launch=True)
    await house.until(lambda: house.runs() == 3, "then the other")
    await house.close()


async def test_another_wish_while_it_waits_replaces_what_was_staged(tmp_path: Path) -> None:
    house = await with_first(tmp_path)
    house.objections = ["waits while it moves"]
    await house.desire(TWO)
    await house.until(lambda: house.state() == "waiting", "it waits")
    await house.desire(THREE)
    assert house.packages() == shas(ONE, THREE)
    await house.desire(ONE)
    assert (house.state(), house.packages()) == ("", shas(ONE))
    await house.close()


async def test_a_program_that_must_say_that_it_is_well_and_does_not_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await with_first(tmp_path)
    monkeypatch.setattr(house.stages, "must_say", lambda _name: True)
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.state() == "rolled-back", "rolled back")
    assert house.updates.get(LAMP).reason == "it did not say within 0.1 s that it is well"  # type: ignore[union-attr]
    house.desk.behaves = lambda _code: house.updates.said(LAMP, "")
    await house.desire(THREE, launch=True)
    await house.until(lambda: house.runs() == 3 and not house.state(), "it said so")
    await house.close()


async def test_a_device_that_loses_its_fleet_in_the_trial_goes_back_where_its_board_says_so(tmp_path: Path) -> None:
    house = await with_first(tmp_path, rules=UpdateRules(check_seconds=0.1, trial_seconds=0.2, trial_fleet=True))
    house.desk.behaves = lambda code: setattr(house, "online", code != 2)
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.state() == "rolled-back", "rolled back")
    assert house.updates.get(LAMP).reason == "the device lost its fleet when it was switched"  # type: ignore[union-attr]
    assert house.runs() == 1
    await house.close()


async def test_a_full_disk_at_the_switch_leaves_the_old_version_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = await with_first(tmp_path)
    house.objections = ["waits"]
    await house.desire(TWO, launch=True)
    monkeypatch.setattr("device_runtime.update.stages.RESERVE_BYTES", 2**62)
    house.objections.clear()
    await house.until(lambda: house.failures, "failed")
    assert house.failures[0].cause == "space"
    await house.until(lambda: house.packages() == shas(ONE), "what was staged makes room")
    assert (house.runs(), house.desk.up[LAMP]) == (1, 1)
    monkeypatch.undo()
    await house.desire(TWO, launch=True)
    await house.until(lambda: house.runs() == 2, "with room it goes on")
    await house.close()


_ALWAYS = (State.DOWNLOADING, State.VERIFYING, State.STAGED, State.WAITING, State.SWITCHING)
CUTS = [
    *((state, True) for state in (*_ALWAYS, State.TRIAL, State.COMMITTED, None)),
    *((state, False) for state in (State.TRIAL, State.ROLLING_BACK, State.ROLLED_BACK)),
]
"""The state (None: the update is over) as which is written the power goes, and whether the new version is good."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("at", "good"), CUTS)
async def test_a_power_cut_at_any_transition_ends_in_one_whole_version(
    tmp_path: Path, at: State | None, when: str, good: bool
) -> None:
    """Committed, or rolled back with the data of before; and nothing is left lying about."""
    rules = UpdateRules(check_seconds=0.1, trial_seconds=0.1, trial_tries=2)
    behaves = falls() if good else falls(2)
    await (await with_first(tmp_path, rules=rules)).close()
    cuts = 0

    def cut(moment: str, update: Update | None) -> None:
        nonlocal cuts
        if moment == when and (update.state if update else None) == at and not cuts:
            cuts += 1
            raise PowerCut

    house = Household(tmp_path, rules, behaves, cut)
    await house.desk.session(LAMP)
    try:
        await house.start()
        await house.desire(TWO, launch=True)
        await house.until(lambda: (house.runs() == 2 and not house.state()) or house.state() == "rolled-back", "an end")
    except PowerCut:
        pass
    await house.close()

    after = Household(tmp_path, rules, behaves)
    await after.start()
    await after.desire(TWO, launch=True)
    if good:
        await after.until(lambda: after.runs() == 2 and not after.state(), "committed")
        assert after.packages() == shas(TWO)
    else:
        await after.until(lambda: after.state() == "rolled-back", "rolled back")
        assert (after.runs(), after.packages()) == (1, shas(ONE))
    assert after.notes() == ("one", "one")
    assert not list((tmp_path / "files" / LAMP).glob("kept*"))
    assert cuts == 1
    await after.close()


async def test_a_moment_that_never_comes_ends_with_the_deadline_also_across_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("device_runtime.update.updates._WRITE_WAITED_SECONDS", 0.0)
    rules = UpdateRules(check_seconds=0.1, trial_seconds=0.1, deadline_hours=2.0)

    async def noisy(_kind: Kind, _name: str, update: Update) -> str:
        return objection(rules, Sight(sound=True), update)

    def waited(house: Household) -> float:
        update = house.updates.get(LAMP)
        return update.waited if update is not None else 0.0

    house = await with_first(tmp_path, rules=rules)
    monkeypatch.setattr(house, "objection", noisy)
    await house.desire(TWO)
    await house.until(lambda: waited(house) > 0.1, "what it waited is written down")
    before = waited(house)
    await house.close()

    again = Household(tmp_path, rules)
    monkeypatch.setattr(again, "objection", noisy)
    await again.start()
    await again.until(lambda: waited(again) > before, "it goes on from there")
    assert again.runs() == 1
    await again.close()

    rules = UpdateRules(check_seconds=0.1, trial_seconds=0.1, deadline_hours=before / 3600)
    late = Household(tmp_path, rules)
    monkeypatch.setattr(late, "objection", noisy)
    await late.start()
    await late.until(lambda: late.runs() == 2, "the deadline has passed")
    await late.close()
