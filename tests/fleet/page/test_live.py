"""The operator page follows its fleet: what devices say appears as they say it."""

import os
import time

import pytest
from playwright.async_api import Page, expect

from device_runtime.sync.messages import (
    ModelReport,
    ProgramReport,
    Reported,
    TelemetryBatch,
    TelemetryRecord,
    encode,
)
from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.server import RunningFleet
from tests.brokers import Mosquitto
from tests.fleet.devices import connected_device
from tests.fleet.packages import small_package
from tests.fleet.page.conftest import Visit
from tests.inference.model_packages import digits_package

pytestmark = [pytest.mark.broker, pytest.mark.browser]
EPOCH = "00112233aabbccdd"


async def test_a_device_and_its_telemetry_appear_live(
    fleet: RunningFleet, mosquitto: Mosquitto, page: Page, visit: Visit
) -> None:
    await visit("#/")
    await expect(page.get_by_text("No devices yet")).to_be_visible()
    assert "token" not in page.url
    await visit("#/devices")
    await expect(page.get_by_text("No devices yet")).to_be_visible()
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    row = page.get_by_role("article", name="Kitchen speaker")
    await expect(row).to_contain_text("not seen yet")

    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.say_online()
        await expect(row).to_contain_text("online")
        await expect(row).to_contain_text("now")
        release, _ = await fleet.operations.publish(small_package(), "lamp.ma")
        await row.get_by_role("link", name="Kitchen speaker").click()
        await page.get_by_role("button", name="Assign…").click()
        await page.get_by_role("dialog").get_by_role("button", name="Assign").click()
        program = page.locator(".program")
        await expect(program).to_contain_text("waiting")
        half = ProgramReport(1, "1.1.0", "downloading", release.size // 2, release.size)
        await device.report(Reported(1, 2, "speaker", "cygnet", {release.app_id: half}))
        await expect(program.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "49")
        sentence = "package <b>lamp</b> is refused: no space"
        failed = ProgramReport(1, "1.1.0", "failed", error=sentence)
        await device.report(Reported(1, 2, "speaker", "cygnet", {release.app_id: failed}))
        await expect(program.get_by_text(sentence)).to_be_visible()  # as text, never as markup
        done = ProgramReport(1, "1.1.0", "running")
        await device.report(Reported(1, 2, "speaker", "cygnet", {release.app_id: done}))
        await expect(program).to_contain_text("running")

        await visit("#/telemetry")
        await device.send_batch(EPOCH, range(1, 6), name="doorbell")
        feed = page.get_by_role("list", name="Records, the newest first")
        await expect(feed).to_contain_text("doorbell")
        await expect(feed.locator("li")).to_have_count(5)

        await visit("#/devices")
        await expect(row).to_contain_text("in step")
        link = device.transport._link
        assert link is not None
        device.session = 2
        link.abort()
        await expect(row).to_contain_text("lost")
        await visit("#/")
        await expect(page.get_by_text("1 device lost")).to_be_visible()


async def test_how_far_an_update_is_is_said_in_words(
    fleet: RunningFleet, mosquitto: Mosquitto, page: Page, visit: Visit
) -> None:
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    for name in ("lamp", "maps", "news"):
        await fleet.operations.publish(small_package(f"org.example.{name}", 2), f"{name}.ma")
        await fleet.operations.assign("kitchen", f"org.example.{name}", None, launch=False)
    await fleet.operations.publish_model(digits_package(3), "digits.ma")
    await fleet.operations.assign_model("kitchen", "digits", None)
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.say_online()
        programs = {
            "org.example.lamp": ProgramReport(2, "1.2.0", "waiting", 9, 9, note="waits while driving"),
            "org.example.maps": ProgramReport(2, "1.2.0", "trial"),
            "org.example.news": ProgramReport(
                2, "1.2.0", "rolled-back", error="it did not show its first page within 10 s", cause="health"
            ),
        }
        models = {"digits": ModelReport(3, "3.0", "rolled-back", error="counter ended", cause="health")}
        await device.report(Reported(1, 4, "speaker", "cygnet", programs, models=models))
        await visit("#/devices/kitchen")
        for name, words in (
            ("Lamp", "ready, waits for a good moment"),
            ("Lamp", "waits while driving"),
            ("Maps", "on trial"),
            ("News", "rolled back"),
            ("News", "it did not show its first page within 10 s"),
            ("digits", "rolled back"),
            ("digits", "counter ended"),
        ):
            await expect(page.locator(".program", has_text=name)).to_contain_text(words)
        if folder := os.environ.get("CYGNET_SCREENSHOTS"):
            await page.screenshot(path=f"{folder}/updates.png")
        steps = await fleet.service.read(lambda registry, _: device_document(registry.device("kitchen")))
        assert {program["app_id"].rpartition(".")[2]: program["step"] for program in steps["programs"]} == {
            "lamp": "staged", "maps": "trial", "news": "rolled back",
        }  # fmt: skip


async def test_a_stranger_is_shown_and_can_be_let_in(
    fleet: RunningFleet, mosquitto: Mosquitto, page: Page, visit: Visit
) -> None:
    await visit("#/devices")
    async with connected_device("north", "garage", mosquitto.url) as device:
        await device.say_online()
        await expect(page.get_by_text("garage speaks to this fleet without being enrolled")).to_be_visible()
        await page.get_by_role("button", name="Enroll…").click()
        await page.get_by_role("dialog").get_by_role("button", name="Enroll").click()
        await expect(page.get_by_role("dialog")).to_contain_text('device = "garage"')
        await page.get_by_role("button", name="Done").click()
        await device.say_online()
        await expect(page.get_by_role("article", name="garage")).to_contain_text("online")
        await expect(page.get_by_text("without being enrolled")).to_have_count(0)


async def test_a_broker_that_goes_away_is_said_and_its_return_too(
    fleet: RunningFleet, mosquitto: Mosquitto, page: Page, visit: Visit
) -> None:
    await visit("#/")
    await expect(page.get_by_text("No devices yet")).to_be_visible()
    mosquitto.kill()
    await expect(page.get_by_text("The broker is away")).to_be_visible()
    mosquitto.start_again()
    await expect(page.get_by_text("The broker is away")).to_have_count(0, timeout=15_000)


async def test_models_are_shown_beside_programs_and_are_assigned_and_taken_away(
    fleet: RunningFleet, mosquitto: Mosquitto, page: Page, visit: Visit
) -> None:
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    await fleet.operations.publish_model(digits_package(2, "numbers"), "numbers")
    await fleet.operations.publish(small_package(models=["numbers", "alarms"]), "lamp.ma")
    await fleet.operations.assign("kitchen", "org.example.lamp", None, launch=False)
    await visit("#/releases")
    await expect(page.locator("#releases")).to_contain_text("digit-classification")
    await visit("#/devices/kitchen")
    holds = page.locator(".programs")
    await expect(holds).to_contain_text("not published")
    await expect(holds).to_contain_text("asks for the model alarms, which this fleet does not have")

    async with connected_device("north", "kitchen", mosquitto.url) as device:
        half = ModelReport(2, "2.0", "downloading", 7, 14)
        await device.report(Reported(1, 2, "speaker", "cygnet", {}, models={"numbers": half}))
        await expect(holds.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "50")
        sentence = "model <b>numbers</b> is refused"
        failed = ModelReport(2, "2.0", "failed", error=sentence)
        await device.report(Reported(1, 2, "speaker", "cygnet", {}, models={"numbers": failed}))
        await expect(holds.get_by_text(sentence)).to_be_visible()  # as text, never as markup
        there = {"numbers": ModelReport(2, "2.0", "installed"), "alarms": ModelReport(1, "1.0", "built-in")}
        await device.report(Reported(1, 2, "speaker", "cygnet", {}, models=there))
        await expect(holds).to_contain_text("built in")
        await expect(holds).not_to_contain_text("not published")

        await visit("#/releases")
        await page.get_by_role("button", name="Assign numbers 2.0").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Device").fill("kitchen")
        await dialog.get_by_role("button", name="Assign").click()
        await expect(page.get_by_text("Model numbers 2.0 is assigned to kitchen.")).to_be_visible()
        await visit("#/devices/kitchen")
        await page.get_by_role("button", name="Take the model numbers away from Kitchen speaker").click()
        await dialog.get_by_role("button", name="Take away").click()
        await expect(page.get_by_text("keeps the model numbers for org.example.lamp.")).to_be_visible()

        await device.report(Reported(1, 3, "pico", "cygnet", {}))
        await expect(holds).to_contain_text("not supported")
        await expect(holds.get_by_text("takes no models from its fleet")).to_have_count(1)  # for both, said once


async def test_long_windows_draw_sums_and_what_devices_dropped_is_said(
    fleet: RunningFleet, mosquitto: Mosquitto, page: Page, visit: Visit
) -> None:
    await fleet.operations.enroll("kitchen", "Kitchen speaker")
    now = time.time()
    records = [
        TelemetryRecord(number, now - 60 * (200 - number), "app", "temperature", {"degrees": 20 + number % 5})
        for number in range(1, 200)
    ]
    dropped = TelemetryRecord(200, now, "telemetry", "records_dropped", {"records": 1200, "priority": "metric"})
    async with connected_device("north", "kitchen", mosquitto.url) as device:
        await device.say("telemetry", encode(TelemetryBatch(EPOCH, (*records, dropped))))
        await device.receipt(EPOCH, 200)
    await visit("#/telemetry")
    await expect(page.get_by_text("1,200 records of 1 device are missing")).to_be_visible()
    await page.get_by_role("button", name="24 h").click()
    async with page.expect_response(lambda response: "/api/telemetry/sums?step=60" in response.url) as answer:
        await page.get_by_label("What to draw").select_option(label="temperature · degrees")
    sums = (await (await answer.value).json())["sums"]
    assert len(sums) == len({int(record.time) // 60 for record in records})
    await expect(page.locator(".chart polyline").first).to_be_visible()
    await visit("#/devices/kitchen")
    missing = page.get_by_role("region", name="Stored and missing")
    await expect(missing.get_by_role("row", name="metric")).to_contain_text("1,200")
    await expect(missing).to_contain_text("its budget was used up")
