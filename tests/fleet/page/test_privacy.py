"""What people decided, on the page: of a device, and of a program over all devices; and erasing."""

import json

import pytest
from playwright.async_api import Page, expect

from device_runtime.program.manifest import parse_manifest
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.fleet.telemetry import TelemetryQuery
from tests.fleet.page.conftest import Visit
from tests.fleet.privacy.told import WEATHER, Told, decided, head, refused, sent, tell
from tests.privacy.room import item

pytestmark = [pytest.mark.broker, pytest.mark.browser]

TOLD: list[Told] = [
    (WEATHER, "heard", {"station": "one"}),
    decided("grant", "heard", 2),
    decided("revoke", "<b>place</b>", 3),
    refused("unplanned", "", 2),
    sent("heard", 3, 2048, 0, 9),
    sent("seen", 8, 128, 0, 9, to="https://api.weather.example", rounded=True),
    head(9),
]


async def decide(fleet: RunningFleet) -> None:
    """A program with a plan, and a device that told of it."""
    document = {
        "app_id": WEATHER, "name": "Weather", "version": {"code": 4, "name": "4"}, "icons": [],
        "platform_version": {"min_code": 1}, "pages": ["pages/index"],
        "cygnet": {"data_plan": [item("heard"), item("shared", destination="other-device")]},
    }  # fmt: skip
    manifest = parse_manifest(json.dumps(document))
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    await fleet.service.change(lambda registry: registry.publish(manifest, "0" * 64, 1, 1.0))
    await fleet.service.change(lambda registry: tell(registry.connection, TOLD, at=1_700_000_000.0))


async def test_what_people_decided_on_a_device_is_shown_and_what_a_program_told_is_erased(
    fleet: RunningFleet, page: Page, visit: Visit
) -> None:
    await decide(fleet)
    await visit("#/devices/kitchen")
    place = page.get_by_role("region", name="What people decided")
    card = place.get_by_role("listitem", name=WEATHER)
    await expect(card).to_contain_text("heard allowed by owner")
    await expect(card).to_contain_text("<b>place</b> taken back by owner")
    await expect(card).to_contain_text("heard: sent 3 times, 2 KB, to this fleet; last told")
    await expect(card).to_contain_text(
        "seen: sent about 8 times, about 128 B, to https://api.weather.example; last told"
    )
    await expect(card).to_contain_text("turned away 2 times (its plan does not say it)")
    await expect(place).to_contain_text("Its ledger had 9 entries")
    await card.get_by_role("button", name="Erase what Weather told").click()
    await page.get_by_role("dialog").get_by_role("button", name="Erase").click()
    await expect(place).to_contain_text("as the operator wanted: Weather, 2 records")
    await expect(card).not_to_contain_text("turned away")
    await expect(card).to_contain_text("heard allowed by owner")
    left = await fleet.service.read(lambda _, store: store.records(TelemetryQuery("kitchen")))
    assert {record["source"] for record in left} == {"privacy"}


async def test_a_device_that_told_of_nothing_has_no_such_place(fleet: RunningFleet, page: Page, visit: Visit) -> None:
    await fleet.operations.enroll("kitchen", "")
    await visit("#/devices/kitchen")
    await expect(page.get_by_role("region", name="Stored and missing")).to_be_visible()
    await expect(page.get_by_role("region", name="What people decided")).to_have_count(0)


async def test_the_plan_of_a_program_is_shown_with_what_devices_said_to_it(
    fleet: RunningFleet, page: Page, visit: Visit
) -> None:
    await decide(fleet)
    await visit("#/releases")
    await page.get_by_role("button", name="What Weather may send").click()
    rows = page.get_by_role("dialog").get_by_role("row")
    await expect(rows.nth(1)).to_have_text("heardusage, for improvement30 days10")
    await expect(rows.nth(2)).to_contain_text("goes to other-device")
    await page.get_by_role("dialog").get_by_role("button", name="Close").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
