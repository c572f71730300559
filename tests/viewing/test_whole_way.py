"""From the operator's wish to what the operator sees, and every end of it: a real fleet, broker and device."""

import asyncio
import dataclasses
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from device_runtime.host.board import Board
from device_runtime.host.provisioning import load_provisioning
from device_runtime.host.viewing.rules import FILE as RULE_FILE
from device_runtime.keys import key_ring
from firmware_tools.fleet.screen.answers import ScreenEvent
from firmware_tools.simulation.device import Setting, SimulatedDevice
from firmware_tools.simulation.weather import Fate, Weather
from tests.fleet.devices import connected_device, eventually
from tests.viewing.world import BANK, NOTES, QUICK, SECRET, Person, World

pytestmark = pytest.mark.broker


async def see_notes(person: Person) -> None:
    def shown() -> bool:
        return any(key[0] == NOTES and "Hello" in tree.root.text_content() for key, tree in person.trees.items())

    await person.until(shown)


async def refused(world: World, person: Person | None = None, *, yes: bool | None = None) -> str:
    """Ask, let the person answer, and give the reason of the refusal."""
    async with world.watching(await world.ask()) as watching:
        if person is not None and yes is not None:
            await person.answer(yes=yes)
        await watching.until(lambda: watching.ended)
        assert watching.messages == []
        assert watching.events[-1]["state"] == "refused"
        return str(watching.events[-1]["reason"])


async def test_what_the_person_allows_is_seen_as_it_changes_until_the_person_ends_it(world: World) -> None:
    await world.publish()
    said: list[str] = []

    async def say(sentence: str) -> None:
        said.append(sentence)

    async with world.running() as device, world.person() as person:
        assert device.viewing is not None
        device.viewing._say = say  # as a board that speaks
        await see_notes(person)
        number = await world.ask()
        async with world.watching(number) as watching:
            question = await person.question()
            await eventually(lambda: bool(said), "the question is heard")
            assert said == ["maria wants to see this screen. Please press allow, or no."]
            assert "“maria” of the fleet north wants to see this screen" in question["arguments"]["content"]
            assert question["arguments"]["confirmText"] == "Allow for 5 minutes"
            await watching.state("asked")
            assert watching.messages == []  # nothing leaves before the answer
            assert person.mark == ""
            await person.answer(yes=True)
            await watching.text("Hello, Ada")
            await person.until(lambda: person.mark == "maria")
            await person.tap("more")
            await watching.text("row 0")
            assert watching.tree.find("input", id="open").attributes["value"] == "milk"
            assert "not to be seen" not in json.dumps(watching.events)
            assert SECRET not in json.dumps(watching.events)
            assert [m["path"] for m in watching.messages if m["type"] == "image"] == ["red.png"]

            async with world.watching(number) as late:  # as a page that is loaded again
                await late.text("row 0")
                assert late.events[1]["whole"]
            await person.say("stop_viewing")
            await watching.state("ended", "person")
            await watching.until(lambda: watching.ended)
        await person.until(lambda: person.mark == "")
        await person.until(lambda: person.looks[0]["outcome"] == "person")
    look = json.loads((world.folder / "state" / "screen_views.json").read_text())[0]
    assert (look["by"], look["outcome"]) == ("maria", "person")
    assert look["bytes"] > 0


async def test_whoever_wants_it_ended_ends_it(world: World) -> None:
    await world.publish()
    await world.publish(BANK, "Bank", private=True)
    pace = dataclasses.replace(QUICK, ask=20)
    async with world.running(pace), world.person() as person:
        await see_notes(person)
        await person.bring(NOTES)

        assert await refused(world, person, yes=False) == "no"

        async with world.watching(await world.ask()) as watching:  # the operator thinks better of it
            await person.question()
            assert (await world.call("DELETE"))[0] == 200
            await watching.state("ended", "operator")
        await person.until(lambda: person.open_question() is None)

        async with world.shown(person) as watching:
            status, answer = await world.call("POST", json={"by": "eve"})
            assert (status, "maria looks at kitchen already" in answer["error"]) == (409, True)
            assert (await world.call("DELETE", params={"by": "eve"}))[0] == 200
            await watching.state("ended", "operator")
        await person.until(lambda: person.mark == "")

        async with world.shown(person) as watching:  # the program's pages are for nobody else
            await watching.text("Hello, Ada")
            seen = len(watching.messages)
            await person.until(lambda: any(len(m.get("programs", [])) == 2 for m in person.seen))
            await person.say("launch", app_id=BANK, path="")
            await watching.state("ended", "private")
            assert "Bank" not in json.dumps(watching.messages[seen:])
        assert await refused(world) == "private"
        await person.bring(NOTES)

        async with world.shown(person):
            await person.say("remote_screen", setting="never")
            await person.until(lambda: person.mark == "")
        assert await refused(world) == "never"
        await person.say("remote_screen", setting="ask")
        await person.until(lambda: person.seen[-1].get("setting") == "ask")

        async with world.shown(person) as watching:  # nobody is left to see the mark
            await person.socket.close()
            await watching.state("ended", "nobody")
        assert await refused(world) == "nobody"
    looks = json.loads((world.folder / "state" / "screen_views.json").read_text())
    assert [look["outcome"] for look in looks] == [
        *("no", "operator", "operator", "private", "private", "never", "never", "nobody", "nobody")
    ]


async def test_no_answer_is_a_no_and_time_ends_it(world: World) -> None:
    async with world.running(dataclasses.replace(QUICK, ask=0.2, view=0.5)), world.person() as person:
        assert await refused(world) == "unanswered"
        assert await refused(world, person, yes=None) == "unanswered"
        await person.until(lambda: person.open_question() is None)
    async with world.running(dataclasses.replace(QUICK, view=0.3)), world.person() as person:
        async with world.shown(person) as watching:
            await watching.state("ended", "time")
            assert [message["type"] for message in watching.messages] == ["begin", "home"]
        async with world.shown(person) as watching:
            await watching.state("ended", "time")
    async with world.running(dataclasses.replace(QUICK, quiet=60)), world.person() as person:
        assert await refused(world, person, yes=False) == "no"
        assert await refused(world) == "soon"  # nobody is worn down by questions


async def test_a_connection_that_breaks_and_a_start_end_it(world: World) -> None:
    async with world.running() as device, world.person() as person:
        assert device._agent is not None
        transport = device._agent._transport
        async with world.shown(person) as watching:
            transport.break_off()
            await watching.state("ended", "connection")
            await person.until(lambda: person.mark == "")
        await eventually(lambda: transport.connected, "the device is back")
        async with world.shown(person) as watching:
            world.device = None
            await device.stop()
            await watching.until(lambda: watching.ended)
            assert watching.events[-1]["reason"] in ("stopped", "connection")
    file = world.folder / "state" / "screen_views.json"
    looks = json.loads(file.read_text())
    assert [look["outcome"] for look in looks] == ["connection", "stopped"]
    file.write_text(json.dumps([{**looks[0], "outcome": "open"}]))  # as a power cut leaves it
    async with world.running(), world.person() as person:
        assert person.mark == ""
        assert person.looks[0]["outcome"] == "restart"


def never(board: Board) -> Board:
    return dataclasses.replace(board, screen=dataclasses.replace(board.screen, remote_screen="never"))


def tight(board: Board) -> Board:
    return dataclasses.replace(board, screen=dataclasses.replace(board.screen, remote_kb=1))


async def test_an_owner_can_let_operators_look_unasked_but_not_unseen(world: World) -> None:
    rule = world.folder / "state" / RULE_FILE
    rule.parent.mkdir()
    rule.write_text("always\n")
    async with world.running(), world.person() as person, world.watching(await world.ask()) as watching:
        await watching.state("shown")
        await person.until(lambda: person.mark == "maria")
        assert person.open_question() is None
        rule.write_text("never\n")  # as the command does, beside the device
        await watching.state("ended", "never")
    rule.write_text("always\n")
    async with world.running(board=never), world.person() as person:
        assert await refused(world) == "never"
        await person.say("remote_screen", setting="ask")
        await person.until(lambda: any("board's file says" in message.get("text", "") for message in person.seen))


async def test_the_bytes_of_a_look_are_limited(world: World) -> None:
    await world.publish()
    async with world.running(board=tight), world.person() as person:
        await see_notes(person)
        async with world.watching(await world.ask()) as watching:
            assert "At most 1 KB are sent" in (await person.question())["arguments"]["content"]
            await person.answer(yes=True)
            await watching.text("Hello, Ada")
            for number in range(20):
                await person.tap("more")
                row = f"row {number}"
                await watching.until(lambda row=row: watching.ended or row in watching.tree.root.text_content())  # type: ignore[misc] # a default binds it
            await watching.state("ended", "bytes")
        assert world.device is not None
        world.device._telemetry.set_daily_bytes(1)
        world.device._telemetry.spend(1)
        assert await refused(world) == "bytes"


async def test_only_who_asked_sees_it_and_the_fleet_keeps_nothing(world: World) -> None:
    await world.publish()
    async with world.running(), world.person() as person:
        await see_notes(person)
        number = await world.ask()
        with world.fleet.service.feed.watch() as everybody:
            async with world.watching(number) as watching:
                for query in ({"id": "0" * 32, "by": "maria"}, {"id": number, "by": "eve"}, {"id": "x"}, {}):
                    status, _ = await world.call("GET", params=query)
                    assert status in (400, 404)
                await person.answer(yes=True)
                await watching.text("Hello, Ada")
                await world.call("DELETE")
                await watching.until(lambda: watching.ended)
            heard: list[ScreenEvent] = []
            async with asyncio.timeout(5):
                async for event in everybody.events(1.0):
                    if event is not None and event["type"] == "screen":
                        heard.append(event)
                        if event["state"] == "ended":
                            break
        assert [event["state"] for event in heard] == ["shown", "ended"]
        assert "Ada" not in json.dumps(heard)
        assert number not in json.dumps(heard)
    for file in world.home.directory.rglob("*"):
        if file.is_file():
            assert b"Hello, Ada" not in file.read_bytes() or file.suffix != ".db"


async def test_who_cannot_be_asked_is_not(world: World) -> None:
    assert (await world.call("POST"))[0] == 409  # it is away
    await world.fleet.operations.enroll("pico", "", True)
    headers = {"Authorization": f"Bearer {world.home.token()}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{world.fleet.url}/api/devices/pico/screen") as response:
            assert response.status == 409
            assert "microcontroller" in (await response.json())["error"]
        async with session.post(f"{world.fleet.url}/api/devices/nobody/screen") as response:
            assert response.status == 404
    async with connected_device("north", "kitchen", world.broker) as device:
        await device.say_online()
        await world.online()
        number = await world.ask()
        await eventually(lambda: bool(device.orders), "the order came")
        async with world.watching(number) as watching:
            assert (await world.call("DELETE"))[0] == 200
            await watching.state("ended", "operator")


async def test_a_look_that_cannot_be_written_down_is_refused(world: World) -> None:
    (world.folder / "state" / "screen_views.json.new").mkdir(parents=True)  # as a disk that takes nothing
    async with world.running(), world.person() as person:
        assert await refused(world) == "log"
        assert person.open_question() is None


async def test_the_command_reads_the_screen_and_says_what_the_person_answered(world: World) -> None:
    await world.publish()

    @asynccontextmanager
    async def command() -> AsyncIterator[asyncio.subprocess.Process]:
        arguments = (
            "-m",
            "firmware_tools.cli",
            "fleet",
            "--home",
            str(world.home.directory),
            "--fleet",
            world.fleet.url,
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, "screen", "kitchen", "--by", "maria",
            env={**os.environ, "CYGNET_FLEET_TOKEN": world.home.token()},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def said(process: asyncio.subprocess.Process, text: str) -> None:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            while text not in (line := (await process.stdout.readline()).decode()):
                assert line, "it ended"

    async with world.running(), world.person() as person:
        await see_notes(person)
        async with command() as process:
            await said(process, "The person at kitchen is asked")
            await person.answer(yes=True)
            await said(process, "+ Hello, Ada")
            await person.tap("more")
            await said(process, "+ row 0")
            process.send_signal(signal.SIGINT)
            await process.communicate()
        await person.until(lambda: person.looks[0]["outcome"] == "operator")
        async with command() as process:
            await person.answer(yes=False)
            _, trouble = await process.communicate()
        assert process.returncode == 1
        assert "kitchen does not show its screen: the person at the device said no" in trouble.decode()


async def test_a_simulated_device_has_no_person_and_refuses(world: World) -> None:
    told = load_provisioning(world.folder / "kitchen.toml")
    setting = Setting("north", told.broker, key_ring([told.fleet_key]), world.folder / "simulated")
    device = SimulatedDevice("kitchen", setting, Fate(1, "kitchen", Weather()))
    device.power_on()
    try:
        await world.online()
        assert await refused(world) == "unsupported"
    finally:
        await device.power_off(goodbye=True)
