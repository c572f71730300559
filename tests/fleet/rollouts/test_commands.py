"""`cygnet fleet group|tag|rollout …` and the API beneath them, on a running fleet whose devices are only enrolled."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from device_runtime.errors import CygnetError
from firmware_tools.cli import cygnet, fleet_target
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.schema import devices
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.fleet.packages import small_package
from tests.fleet.rollouts.scene import Scene
from tests.fleet.rollouts.waiting import until

APP = "org.example.lamp"


@pytest.fixture
def home(tmp_path: Path) -> FleetHome:
    return init_home(tmp_path / "fleet", "north", broker="mqtt://127.0.0.1:9", listen="127.0.0.1:0")


@pytest.fixture
async def fleet(home: FleetHome) -> AsyncIterator[RunningFleet]:
    """Without a broker: nothing here needs one."""
    async with run_fleet(home, rollout_period=0.05) as running:
        for name in ("kitchen", "hall", "car"):
            await running.operations.enroll(name, "")
        await running.operations.publish(small_package(size=100), "lamp.ma")
        yield running


class Operator:
    def __init__(self, fleet: RunningFleet, home: FleetHome) -> None:
        self._options = ["fleet", "--fleet", fleet.url, "--token-file", str(home.token_file)]

    async def __call__(self, *arguments: str, code: int = 0) -> str:
        def run() -> str:
            result = CliRunner(env={"COLUMNS": "200"}).invoke(cygnet, [*self._options, *arguments])
            if isinstance(result.exception, CygnetError):  # what `main` prints and turns into exit code 1
                assert code == 1, result.exception
                return str(result.exception)
            assert result.exit_code == code, (result.output, result.exception)
            return result.output

        return await asyncio.to_thread(run)


@pytest.fixture
def operator(fleet: RunningFleet, home: FleetHome) -> Operator:
    return Operator(fleet, home)


async def say(fleet: RunningFleet, *names: str, **report: Any) -> None:
    """Devices are online and report the program so."""

    def work(registry: Registry) -> None:
        for name in names:
            here = devices.c.id == name
            version = registry.connection.scalar(select(devices.c.desired_version).where(here))
            program = {"version_code": 1, "version_name": "1.1.0", "phase": "installed", **report}
            values = {"desired_version": version, "programs": {APP: program}, "models": {}}
            registry.connection.execute(update(devices).where(here).values(reported=values, status="online"))

    await fleet.service.change(work)


async def reason(fleet: RunningFleet, number: int, state: str) -> str:
    """Wait until a rollout is in a state, and why it is."""
    found = await until(fleet, number, lambda it: it["state"] == state, f"it is {state}")
    return str(found["reason"])


async def test_groups_and_tags_from_the_command_line(operator: Operator) -> None:
    assert "No groups yet" in await operator("group", "list")
    assert await operator("tag", "kitchen", "beta", "floor:2") == "kitchen has the tags beta, floor:2.\n"
    assert await operator("tag", "kitchen", "--remove", "floor:2") == "kitchen has the tags beta.\n"
    assert await operator("group", "query", "tag = beta") == "kitchen\n"
    assert await operator("group", "create", "beta", "--query", "tag = beta") == "beta: 1 device now (tag = beta)\n"
    assert await operator("group", "create", "rooms", "kitchen", "hall") == "rooms: 2 devices now (a list)\n"
    assert json.loads(await operator("group", "show", "rooms", "--json"))["members"] == ["hall", "kitchen"]
    assert "rooms: 2 devices" in await operator("group", "change", "rooms", "--add", "car", "--remove", "hall")
    assert "  car\n  kitchen\n" in await operator("group", "show", "rooms")
    assert await operator("group", "delete", "rooms") == "Group rooms is deleted.\n"
    assert "wrong at character 5" in await operator("group", "query", "tag beta", code=1)


async def test_a_rollout_from_the_command_line(operator: Operator, fleet: RunningFleet) -> None:
    await operator("group", "create", "all", "--query", "all")
    made = await operator("rollout", "create", APP, "--group", "all", "--stage", "1", "--stage", "100%", "--soak", "0s")
    assert "Next: cygnet fleet rollout start 1" in made
    assert "is running: it begins." in await operator("rollout", "start", "1", "--by", "grace")
    assert "group all is what rollout 1" in await operator("group", "delete", "all", code=1)
    assert "is paused: paused by grace: lunch" in await operator(
        *("rollout", "pause", "1", "--by", "grace", "--reason", "lunch")
    )
    await operator("rollout", "resume", "1")
    await operator("rollout", "approve", "1", "--now")
    await reason(fleet, 1, "running")
    await until(fleet, 1, lambda it: it["counts"].get("handed") == 3, "all are told")
    await say(fleet, "kitchen", "hall")
    await say(fleet, "car", phase="failed", error="it \x1b[31mburns", cause="fault")
    assert (await reason(fleet, 1, "paused")).endswith("devices failed; at most 10% may")
    shown = await operator("rollout", "show", "1", "--devices", "failed")
    assert "failed: car: it " in shown
    assert "\x1b[31m" not in shown
    assert "grace" in shown
    table = await operator("rollout", "list")
    assert "paused" in table
    assert APP in table
    assert "is aborted: aborted by ada: ugly" in await operator(
        *("rollout", "abort", "1", "--roll-back", "--by", "ada", "--reason", "ugly")
    )
    assert "aborted" in await operator("rollout", "watch", "1", code=1)
    assert (
        json.loads((await operator("rollout", "watch", "1", "--json", code=1)).splitlines()[-1])["state"] == "aborted"
    )


async def test_the_emergency_stop_from_the_command_line(operator: Operator) -> None:
    await operator("rollout", "create", APP, "--query", "all", "--start")
    assert "1 rollout is stopped" in await operator("rollout", "stop", "--by", "ada", "--reason", "smoke")
    assert "Nothing is handed out: emergency stop by ada: smoke." in await operator("rollout", "list")
    assert "lift it with" in await operator("rollout", "resume", "1", code=1)
    assert await operator("rollout", "stop", "--lift") == "The emergency stop is lifted.\n"
    assert await operator("rollout", "stop", "--lift") == "There is no emergency stop.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["create"], 2, "Missing argument 'SUBJECT'"),
        (["create", APP], 1, "name one of the three"),
        (["create", APP, "--query", "all", "--approve-stage", "2"], 2, "--approve-stage names a stage from 1 to 1"),
        (["create", APP, "--query", "all", "--version", "new"], 1, "the version 'new' is no version code"),
        (["create", APP, "--query", "al"], 1, "the query is wrong at character 1"),
        (["create", APP, "--query", "all", "--errors", "few"], 1, "errors must be a share such as 10%"),
        (["show", "7"], 1, "there is no rollout 7; list them with `cygnet fleet rollout list`"),
        (["show", "0"], 2, "0 is not in the range"),
    ],
)
async def test_a_mistake_is_one_sentence(operator: Operator, arguments: list[str], code: int, sentence: str) -> None:
    assert sentence in await operator("rollout", *arguments, code=code)


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("POST", "/api/rollouts", {"kind": "pie"}, "kind must be one of program, model, runtime"),
        ("POST", "/api/rollouts", {"version": 1.5}, "version must be a version code"),
        ("POST", "/api/rollouts", {"version": True}, "version must be a version code"),
        ("POST", "/api/rollouts", {"subject": 3}, "subject must be a text"),
        ("POST", "/api/rollouts", {"color": 3}, "must be a JSON object with the members kind"),
        ("POST", "/api/rollouts", [], "must be a JSON object"),
        ("POST", "/api/rollouts", {"subject": "\ud800", "query": "all"}, "holds half a character"),
        ("POST", "/api/groups", {"name": "a", "devices": ["\udfff"]}, "holds half a character"),
        ("POST", "/api/rollouts", {"by": "x" * 101}, "by must be the name of who does it"),
        ("GET", "/api/rollouts/one", None, "a rollout's number must be a whole number"),
        ("GET", "/api/rollouts/99999999999999", None, "a rollout's number must be a whole number"),
        ("GET", "/api/rollouts/1/devices?state=sad", None, "state must be one of planned, handed"),
        ("GET", "/api/rollouts/1/devices?limit=0", None, "limit must be a whole number from 1 to 1000"),
        ("POST", "/api/rollouts/1/start", {"by": "a\nb"}, "by must be the name"),
        ("POST", "/api/rollouts/1/abort", {"roll_back": "yes"}, "roll_back must be true or false"),
        ("POST", "/api/rollouts/1/dance", {}, "Not Found: POST /api/rollouts/1/dance"),
        ("POST", "/api/groups", {"query": "all"}, 'a group takes {"name": "its-name"}'),
        ("POST", "/api/groups", {"name": "a", "devices": "car"}, "devices must be a list of texts"),
        ("PATCH", "/api/groups/a", {"query": 1}, "query must be a text"),
        ("PATCH", "/api/devices/nobody/tags", {"add": ["a"]}, "device nobody is not enrolled"),
    ],
)
async def test_what_makes_no_sense_to_the_api_is_one_sentence(
    fleet: RunningFleet, home: FleetHome, method: str, path: str, body: Any, sentence: str
) -> None:
    with pytest.raises(FleetError) as refusal:
        await FleetClient(fleet.url, home.token()).call(method, path, body=body)
    assert sentence in str(refusal.value)


async def test_a_change_of_many_devices_is_told_at_once_and_not_one_by_one(fleet: RunningFleet) -> None:
    names = [f"many-{number}" for number in range(30)]
    events: list[str] = []
    with fleet.service.feed.watch() as watcher:
        await fleet.service.change(lambda registry: [registry.enroll(name, "", 1.0) for name in names], names)
        async for event in watcher.events(5):
            assert event is not None
            events.append(event["type"])
            break
    assert events == ["refresh"]
    documents = await fleet.service.read(lambda registry, _: registry.desired.of("north", names, 5.0))
    assert [(document.device, document.version) for document in documents] == sorted((name, 1) for name in names)
    single = await fleet.service.read(lambda registry, _: registry.desired.one("north", names[7], 5.0))
    assert single in documents


async def test_a_dry_run_says_how_many_devices_each_stage_would_add_and_makes_nothing(
    fleet: RunningFleet, operator: Operator
) -> None:
    given = ("rollout", "create", APP, "--query", "all", "--exclude", "car", "--dry-run")
    output = await operator(*given, "--stage", "1", "--stage", "100%", "--approve-stage", "2")
    assert "Stage 1 (1): 1 more devices, 1 of 2 in all." in output
    assert "Stage 2 (100%): 1 more devices, 2 of 2 in all, when somebody approves it." in output
    assert json.loads(await operator(*given, "--json"))[0]["adds"] == 2
    assert "the last stage must be 100%" in await operator(*given, "--stage", "1", code=1)
    assert (await fleet.rollouts.overview())[0] == []


async def test_a_running_fleet_gives_up_devices_of_old_rollouts_and_says_so(home: FleetHome) -> None:
    database = Database(f"sqlite:///{home.database_file}")
    scene = Scene(database, now=time.time() - 402 * 86_400)
    scene.publish(1, 2)
    scene.assign(scene.enroll(3), 1)
    numbers = [scene.rollout(2, stages=["100%"], soak=0)]
    scene.obey(numbers[0])
    scene.now = time.time()
    numbers.append(scene.rollout(2, stages=["100%"], soak=0))
    database.close()
    async with run_fleet(home) as fleet:
        operator = Operator(fleet, home)
        await until(fleet, 1, lambda found: found["pruned_at"] is not None, "its devices are given up")
        shown = await operator("rollout", "show", "1", "--devices")
        assert "3 good" in shown
        assert "Its devices are not kept one by one any more (since 20" in shown
        assert "DEVICE" not in shown
        found = json.loads(await operator("rollout", "show", "1", "--devices", "--json"))
        assert found["devices"] == []
        assert found["pruned_at"] > 0
        assert "no longer kept" in await operator("rollout", "abort", "1", "--roll-back", code=1)
        client = FleetClient(fleet.url, home.token())
        assert (await client.call("GET", "/api/rollouts/1/devices"))["pruned_at"] == found["pruned_at"]
        young = await client.call("GET", "/api/rollouts/2/devices")
        assert (len(young["devices"]), young["pruned_at"]) == (3, None)
        acts = [entry["action"] for entry in (await client.call("GET", "/api/audit"))["entries"]]
        assert acts.count("rollout.finish") == 1, "the audit log keeps what the rollout did"


async def test_rollouts_are_listed_a_page_at_a_time_and_all_of_them_by_the_command(
    fleet: RunningFleet, home: FleetHome, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        made = await fleet.rollouts.create("program", APP, None, {"query": "all"}, f"number {number}", "ada")
        if number in (1, 3):
            await fleet.rollouts.start(made.id, "ada")
            await fleet.rollouts.abort(made.id, "ada", back=False)
    client = FleetClient(fleet.url, home.token())

    async def page(**params: str) -> tuple[list[int], int | None]:
        found = await client.call("GET", "/api/rollouts", params=params)
        return [one["id"] for one in found["rollouts"]], found["next"]

    assert await page() == ([5, 4, 3, 2, 1], None)
    assert await page(limit="2") == ([5, 4], 4)
    assert await page(limit="3", after="4") == ([3, 2, 1], None)
    assert await page(which="ended") == ([4, 2], None)
    assert await page(which="under way", limit="2") == ([5, 3], 3)
    assert await page(which="under way", limit="2", after="3") == ([1], None)
    for wrong, sentence in (
        ({"limit": "0"}, "limit must be a whole number from 1 to 1000"),
        ({"which": "late"}, "which must be one of under way, ended"),
        ({"after": "x"}, "after must be a whole number"),
    ):
        with pytest.raises(FleetError, match=sentence):
            await page(**wrong)

    monkeypatch.setattr(fleet_target, "_ON_A_PAGE", "2")
    listed = json.loads(await operator("rollout", "list", "--json"))
    assert [one["id"] for one in listed["rollouts"]] == [5, 4, 3, 2, 1]
    counted = await operator("overview")
    assert [f"Rollout {number} " in counted for number in range(1, 6)] == [True, False, True, False, True]


async def test_the_fleet_is_counted_searched_and_looked_into_from_the_command_line(
    fleet: RunningFleet, operator: Operator
) -> None:
    await operator("tag", "kitchen", "beta")
    await operator("group", "create", "beta", "--query", "tag = beta")
    await operator("rollout", "create", APP, "--group", "beta", "--start")
    counted = await operator("overview")
    assert "3 devices: 3 never" in counted
    assert "Rollout 1 (org.example.lamp 1.1.0), stage " in counted
    assert json.loads(await operator("overview", "--json"))["tags"] == [["beta", 1]]
    found = await operator("search", "id ~ *a*", "--limit", "1")
    assert "car" in found
    assert "2 in all; go on with --after car" in found
    assert [one["id"] for one in json.loads(await operator("search", "--tag", "beta", "--json"))["devices"]] == [
        "kitchen"
    ]
    await until(fleet, 1, lambda found: found["counts"].get("handed") == 1, "kitchen is told")
    shown = await operator("show", "kitchen")
    assert "Tags: beta" in shown
    assert "Groups: beta" in shown
    assert "Rollout 1 (org.example.lamp 1.1.0) is running; here: handed" in shown
    assert "device attic is not enrolled" in await operator("show", "attic", code=1)
