"""An update whose plan is wider waits for a person."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.plan_changes import PlanChanges
from device_runtime.privacy.gate import ASK_AGAIN_SECONDS
from device_runtime.update.machine import State, Update
from device_runtime.update.records import Kind
from tests.privacy.room import APP, Room, item, manifest
from tests.sync.waiting import until

OLD = manifest(data_plan=[item("heard")])
NARROWER = manifest(data_plan=[item("heard", retention_days=1)])
WIDER = manifest(data_plan=[item("heard", retention_days=60)])
MORE = manifest(data_plan=[item("heard"), item("place", category="location", fields={"lat": "number"})])
HERE = manifest(data_plan=[item("heard"), item("notes", category="content", destination="device", fields={})])


class Store:
    """A program, and a version of it that is staged."""

    def __init__(self, staged: Any) -> None:
        self.staged = staged

    def installed(self) -> dict[str, object]:
        return {APP: object()}

    def package(self, app_id: str) -> Any:  # noqa: ARG002 - there is one
        return type("Package", (), {"manifest": OLD})

    def staged_manifest(self, app_id: str) -> Any:  # noqa: ARG002 - as above
        return self.staged


class Target:
    sha256 = "ab" * 32
    version_code, version_name = 2, "2"


async def good(_kind: Kind, _name: str, _update: Update) -> str:
    return ""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def changes(room: Room, staged: Any) -> PlanChanges:
    return PlanChanges(Store(staged), room.consents, lambda: room.gate.asker, good, lambda: room.now)  # type: ignore[arg-type]


def update() -> Update:
    return Update(Target(), State.WAITING)  # type: ignore[arg-type]


@pytest.mark.parametrize("staged", [OLD, NARROWER, HERE], ids=["same", "narrower", "stays here"])
async def test_an_update_that_collects_no_more_does_not_wait(room: Room, staged: Any) -> None:
    room.allow(OLD.data_plan)
    assert await changes(room, staged).objection("programs", APP, update()) == ""
    assert room.person.asked == []


@pytest.mark.parametrize(("staged", "asked"), [(WIDER, ["heard"]), (MORE, ["place"])], ids=["longer", "more"])
async def test_one_that_collects_more_waits_until_a_person_agrees(room: Room, staged: Any, asked: list[str]) -> None:
    room.allow(OLD.data_plan)
    room.person.answer = True
    of = changes(room, staged)
    assert "waits until the person at the device agrees" in await of.objection("programs", APP, update())
    await until(lambda: room.person.asked == [asked])
    assert await of.objection("programs", APP, update()) == ""


async def test_after_a_no_the_version_before_runs_on_with_what_it_had(room: Room) -> None:
    room.allow(OLD.data_plan)
    room.person.answer = False
    of = changes(room, WIDER)
    await of.objection("programs", APP, update())
    await until(lambda: room.consents.declined(APP))
    for _ in range(2):
        assert "does not agree" in await of.objection("programs", APP, update())
    assert room.person.asked == [["heard"]]
    assert room.consents.standing(APP, OLD.data_plan.items[0]).value == "granted"
    assert "does not agree" in await changes(room, WIDER).objection("programs", APP, update()), "after a restart, too"


async def test_who_does_not_answer_is_asked_again_later(room: Room) -> None:
    room.allow(OLD.data_plan)
    of = changes(room, WIDER)
    for _ in range(3):
        await of.objection("programs", APP, update())
        await until(lambda: not of._asking)
    assert len(room.person.asked) == 1
    room.now += ASK_AGAIN_SECONDS + 1
    await of.objection("programs", APP, update())
    await until(lambda: len(room.person.asked) == 2)


@pytest.mark.parametrize("profile", ["guest", "child"])
async def test_whoever_uses_the_device_it_is_the_owner_for_whom_an_update_waits(room: Room, profile: Any) -> None:
    room.allow(OLD.data_plan)
    room.person.answer = True
    room.consents.switch(profile)
    room.consents.decide(APP, [*OLD.data_plan.items, *WIDER.data_plan.items], granted=True, who=profile)
    of = changes(room, WIDER)
    assert "waits until the person" in await of.objection("programs", APP, update())
    assert room.person.asked == []
    room.consents.switch("owner")
    await of.objection("programs", APP, update())
    await until(lambda: room.person.asked == [["heard"]])
    assert await of.objection("programs", APP, update()) == ""


async def test_who_takes_over_the_device_does_not_answer_for_its_owner(room: Room) -> None:
    room.allow(OLD.data_plan)
    room.person.answer, room.person.thinks = False, asyncio.Event()
    of = changes(room, WIDER)
    await of.objection("programs", APP, update())
    await until(lambda: room.person.asked == [["heard"]])
    room.consents.switch("guest")
    room.person.thinks.set()
    await until(lambda: not of._asking)
    room.consents.switch("owner")
    assert room.consents.declined(APP) == ""
    assert "waits until the person" in await of.objection("programs", APP, update())


async def test_where_nobody_has_agreed_to_anything_nothing_waits(room: Room) -> None:
    assert await changes(room, MORE).objection("programs", APP, update()) == ""


async def test_models_and_other_objections_are_as_they_were(room: Room) -> None:
    room.allow(OLD.data_plan)

    async def driving(_kind: Kind, _name: str, _update: Update) -> str:
        return "waits while driving"

    of = PlanChanges(Store(OLD), room.consents, lambda: room.gate.asker, driving)  # type: ignore[arg-type]
    assert await of.objection("programs", APP, update()) == "waits while driving"
    assert await of.objection("models", "wake", update()) == "waits while driving"
