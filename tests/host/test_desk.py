"""The programs of a device: those that end by themselves come back, and are stopped in the end."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
import pytest_asyncio

from device_runtime.errors import CygnetError
from device_runtime.host.desk import Desk
from device_runtime.host.screen.server import ScreenServer
from device_runtime.program.restarts import DELAYS
from device_runtime.program.sessions import Sessions
from device_runtime.program.store import ProgramStore
from device_runtime.values import Value
from tests.program.running import Program, Recorder, program, surroundings

pytestmark = pytest.mark.asyncio(loop_scope="module")

# It ends itself for good: its heap is used up.
GREEDY = "Page({onReady(){ setTimeout(() => { const all = []; for (;;) all.push(new ArrayBuffer(1e6)) }, 1) }})"


@dataclass
class PaperScreen:
    """What a desk tells a screen."""

    said: list[tuple[Any, ...]] = field(default_factory=list)

    def foreground(self, app_id: str | None) -> None:
        self.said.append(("foreground", app_id))

    def exited(self, app_id: str, reason: str = "", *, replaced: bool = False) -> None:
        self.said.append(("exited", app_id, reason, replaced))

    def error(self, text: str) -> None:
        self.said.append(("error", text))

    def programs(self) -> None:
        self.said.append(("programs",))

    def stack(self, *_: object) -> None:
        self.said.append(("stack",))

    def patch(self, *_: object) -> None:
        """Pages are not looked at here."""

    def exits(self) -> list[tuple[str, bool]]:
        return [(said[2], said[3]) for said in self.said if said[0] == "exited"]


@dataclass
class PaperStore:
    """The installed programs."""

    programs: dict[str, Program] = field(default_factory=dict)

    def package(self, app_id: str) -> Program:
        if app_id not in self.programs:
            raise CygnetError(f"{app_id} is not installed")
        return self.programs[app_id]

    def add(self, source: Program) -> str:
        self.programs[source.manifest.app_id] = source
        return source.manifest.app_id


@dataclass
class Device:
    """A desk with real workers; restarts wait until they are let go."""

    desk: Desk
    screen: PaperScreen
    store: PaperStore
    heard: Recorder
    records: list[tuple[str, Mapping[str, Value]]]
    waits: list[float]
    go: asyncio.Event

    def named(self, name: str) -> list[Mapping[str, Value]]:
        return [values for found, values in self.records if found == name]


@pytest_asyncio.fixture(loop_scope="module")
async def device() -> AsyncIterator[Device]:
    screen, store, heard, go = PaperScreen(), PaperStore(), Recorder(), asyncio.Event()
    records: list[tuple[str, Mapping[str, Value]]] = []
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await go.wait()

    desk = Desk(
        cast("ProgramStore", store),
        cast("ScreenServer", screen),
        lambda _source, name, values: records.append((name, values)),
        lambda _app, _plan, outflow: outflow.name == "program_error",
        sleep=sleep,
    )
    sessions = Sessions(surroundings(heard, listener=desk))
    desk.use(sessions)
    await sessions.start()
    yield Device(desk, screen, store, heard, records, waits, go)
    await desk.stop()
    await sessions.close()


async def test_a_program_that_ends_again_and_again_is_stopped_and_reported(device: Device) -> None:
    app_id = device.store.add(program({"pages/a/a": GREEDY}))
    device.go.set()
    await device.desk.launch(app_id)
    await device.heard.until(lambda: device.desk.is_stopped(app_id))

    assert device.waits == list(DELAYS)
    assert len(device.named("program_ended")) == len(DELAYS) + 1
    (record,) = device.named("program_stopped")
    assert record == {"app_id": app_id, "ends": 4, "reason": "it needs more than the 64 MB it may have"}
    *_, (text, replaced) = device.screen.exits()
    assert text.startswith("test was stopped, since it ended 4 times by itself. Open it to start it again.")
    assert not replaced
    assert device.desk.front is None
    assert ("programs",) in device.screen.said
    assert device.desk.running(app_id) is None


async def test_a_program_that_was_stopped_is_started_by_hand(device: Device) -> None:
    app_id = device.store.add(program({"pages/a/a": GREEDY}))
    device.go.set()
    await device.desk.launch(app_id)
    await device.heard.until(lambda: device.desk.is_stopped(app_id))
    device.go.clear()
    await device.desk.launch(app_id)
    assert not device.desk.is_stopped(app_id)
    await device.heard.until(lambda: len(device.waits) > len(DELAYS))
    assert device.waits[-1] == DELAYS[0]


async def test_a_program_in_front_stays_in_front_while_it_comes_back(device: Device) -> None:
    app_id = device.store.add(program({"pages/a/a": GREEDY}))
    await device.desk.launch(app_id)
    await device.heard.until(lambda: device.waits)
    assert device.desk.front == app_id
    assert device.screen.exits() == [("", True)]
    assert ("error", "test ended by itself and is started again. (it needs more than the 64 MB it may have)") in (
        device.screen.said
    )
    stacks = device.screen.said.count(("stack",))
    device.go.set()
    await device.heard.until(lambda: device.screen.said.count(("stack",)) > stacks)


async def test_a_program_that_somebody_opens_meanwhile_is_not_started_twice(device: Device) -> None:
    app_id = device.store.add(program({"pages/a/a": "Page({})"}))
    session = await device.desk.session(app_id)
    session._end("it is ended by the test")
    await device.heard.until(lambda: device.waits)
    again = await device.desk.session(app_id)
    device.go.set()
    await asyncio.sleep(0)
    assert device.desk.running(app_id) is again
    assert len(device.named("program_started")) == 2


async def test_a_flood_of_errors_does_not_push_out_the_telemetry_of_others(device: Device) -> None:
    app_id = device.store.add(
        program({"pages/a/a": "Page({onReady(){ for (let i = 0; i < 300; i++) console.error(i) }})"})
    )
    await device.desk.launch(app_id)
    await device.heard.until(lambda: len(device.named("program_error")) >= 60)
    for number in range(100):
        device.desk.on_log("another.program", "error", str(number), "")
    told = [values["app_id"] for values in device.named("program_error")]
    assert 60 <= told.count(app_id) < 100
    assert 60 <= told.count("another.program") < 100


async def test_a_program_that_was_closed_stays_closed(device: Device) -> None:
    device.go.set()
    app_id = device.store.add(program({"pages/a/a": "Page({})"}))
    await device.desk.launch(app_id)
    await device.desk.stop_program(app_id)
    assert device.waits == []
    assert device.screen.exits() == [("", False)]


async def test_a_program_that_is_closed_while_it_waits_to_come_back_stays_closed(device: Device) -> None:
    app_id = device.store.add(program({"pages/a/a": GREEDY}))
    await device.desk.launch(app_id)
    await device.heard.until(lambda: device.waits)
    await device.desk.stop_program(app_id)
    device.go.set()
    await asyncio.sleep(0)
    assert device.desk.running(app_id) is None
    assert len(device.named("program_started")) == 1
    assert device.screen.exits()[-1] == ("", False)
    assert device.desk.front is None


async def test_a_program_that_never_ran_is_no_restart_but_an_error(device: Device) -> None:
    app_id = device.store.add(
        program({"pages/a/a": "for (;;) {}"}, app="const all = []; for (;;) all.push(new ArrayBuffer(1e6))")
    )
    with pytest.raises(CygnetError, match="cannot be started"):
        await device.desk.launch(app_id)
    assert device.waits == []


async def test_a_program_that_cannot_come_back_is_stopped_in_the_end(device: Device) -> None:
    app_id = device.store.add(program({"pages/a/a": GREEDY}))
    await device.desk.launch(app_id)
    await device.heard.until(lambda: device.waits)
    del device.store.programs[app_id]
    device.go.set()
    await device.heard.until(lambda: device.desk.is_stopped(app_id))
    assert device.named("program_stopped")[0]["reason"] == f"{app_id} is not installed"
