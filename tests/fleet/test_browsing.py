"""A fleet too large to be listed whole: the counts and pages of the API."""

from typing import Any

import pytest

from device_runtime.sync.messages import ProgramReport
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet
from tests.fleet.packages import small_package
from tests.fleet.page.populated import LAMP, appear, enroll, report, running, tell

pytestmark = pytest.mark.broker


@pytest.fixture
async def client(fleet: RunningFleet, home: FleetHome) -> FleetClient:
    """Seven devices: two in step, one behind, failed, rolled back, wrong in its runtime, and with nothing."""
    names = ["behind", "failed", "fine-1", "fine-2", "nothing", "pico", "rolled"]
    await enroll(fleet, {name: name.title() for name in names})
    await fleet.operations.publish(small_package(LAMP, 1), "lamp.ma")
    for name in names[:4] + names[6:]:
        await fleet.operations.assign(name, LAMP, None, launch=False)
    await report(fleet, ["fine-1", "fine-2"], {LAMP: running(1, "1.1.0")})
    await report(fleet, ["failed"], {LAMP: ProgramReport(1, "1.1.0", "failed", error="no space")})
    await report(fleet, ["rolled"], {LAMP: ProgramReport(1, "1.1.0", "rolled-back", error="x", cause="health")})
    await report(fleet, ["pico"], {}, error="its flash is full")
    await appear(fleet, ["fine-1", "fine-2", "failed"])
    await appear(fleet, ["rolled"], "lost")
    await fleet.rollouts.tag("fine-1", ["beta", "hall"], [])
    await fleet.rollouts.tag("behind", ["beta"], [])
    return FleetClient(fleet.url, home.token())


async def ids(client: FleetClient, **params: str) -> list[str]:
    return [one["id"] for one in (await client.call("GET", "/api/overview/devices", params=params))["devices"]]


async def test_devices_are_counted_by_the_worst_that_is_on_them(client: FleetClient) -> None:
    found: dict[str, Any] = await client.call("GET", "/api/overview")
    assert found["devices"] == 7
    assert found["status"] == {"online": 3, "lost": 1, "never": 3}
    assert found["conditions"] == {"in step": 2, "behind": 1, "failed": 2, "rolled back": 1, "nothing": 1}
    assert found["tags"] == [["beta", 2], ["hall", 1]]


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, ["behind", "failed", "fine-1", "fine-2", "nothing", "pico", "rolled"]),
        ({"q": "status = online"}, ["failed", "fine-1", "fine-2"]),
        ({"condition": "failed"}, ["failed", "pico"]),
        ({"condition": "in step", "tag": "hall"}, ["fine-1"]),
        ({"condition": "nothing", "q": "tag = beta"}, []),
        ({"tag": "beta", "after": "behind"}, ["fine-1"]),
        ({"q": f"program({LAMP}) >= 1"}, ["fine-1", "fine-2"]),
    ],
)
async def test_a_page_has_the_devices_that_fit_all_that_is_asked(
    client: FleetClient, params: dict[str, str], wanted: list[str]
) -> None:
    assert await ids(client, **params) == wanted


async def test_pages_follow_each_other_and_say_how_many_there_are_in_all(client: FleetClient) -> None:
    first = await client.call("GET", "/api/overview/devices", params={"limit": "3"})
    assert (first["total"], first["next"], len(first["devices"])) == (7, "fine-1", 3)
    assert [(one["id"], one["condition"], one["tags"]) for one in first["devices"]] == [
        ("behind", "behind", ["beta"]),
        ("failed", "failed", []),
        ("fine-1", "in step", ["beta", "hall"]),
    ]
    second = await client.call("GET", "/api/overview/devices", params={"limit": "3", "after": first["next"]})
    third = await client.call("GET", "/api/overview/devices", params={"limit": "3", "after": second["next"]})
    assert [one["id"] for one in third["devices"]] == ["rolled"]
    assert third["next"] is None


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"q": "board ="}, "the query is wrong at character 8"),
        ({"condition": "broken"}, "condition must be one of failed, rolled back, behind, in step, nothing"),
        ({"limit": "0"}, "limit must be a whole number from 1 to 200"),
        ({"limit": "²"}, "limit must be a whole number from 1 to 200"),
    ],
)
async def test_what_is_wrong_in_a_question_is_said(client: FleetClient, params: dict[str, str], sentence: str) -> None:
    with pytest.raises(FleetError, match=sentence):
        await ids(client, **params)


async def test_a_device_knows_what_it_belongs_to(fleet: RunningFleet, client: FleetClient) -> None:
    await fleet.rollouts.create_group("beta", "tag = beta", [], "")
    await fleet.rollouts.create_group("table", None, ["fine-1"], "")
    await fleet.rollouts.create_group("others", None, ["fine-2"], "")
    made = await fleet.rollouts.create("program", LAMP, 1, {"group": "beta"}, "Lamps", "ada")
    await fleet.rollouts.start(made.id, "ada")
    await tell(fleet, "fine-1", [(5, "app", "ping", {"n": 1}), (4, "app", "ping", {"n": 2})])
    found = await client.call("GET", "/api/devices/fine-1/memberships")
    assert (found["tags"], found["groups"]) == (["beta", "hall"], ["beta", "table"])
    assert [(one["id"], one["name"], one["state"], one["stage"]) for one in found["rollouts"]] == [
        (1, "Lamps", "running", 1)
    ]
    assert sum(found["telemetry"].values()) == 2
    with pytest.raises(FleetError, match="device nobody is not enrolled"):
        await client.call("GET", "/api/devices/nobody/memberships")
