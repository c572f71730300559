"""Rollouts: built with their consequences in words, followed, and stopped, from the page."""

import time

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from sqlalchemy import update

from device_runtime.sync.messages import ProgramReport
from firmware_tools.fleet.rollouts.retention import prune_some
from firmware_tools.fleet.rollouts.schema import rollouts
from firmware_tools.fleet.server import RunningFleet
from tests.fleet.packages import small_package
from tests.fleet.page.conftest import Visit
from tests.fleet.page.populated import LAMP, SENTENCE, appear, enroll, report, running, until

pytestmark = [pytest.mark.broker, pytest.mark.browser]


@pytest_asyncio.fixture(loop_scope="session")
async def ten(fleet: RunningFleet) -> RunningFleet:
    """Ten devices with a lamp, of which a newer version is published."""
    names = {f"d{number}": f"Device {number}" for number in range(10)}
    await enroll(fleet, names)
    for code in (1, 2):
        await fleet.operations.publish(small_package(LAMP, code), "lamp.ma")
    await fleet.service.change(lambda registry: [registry.assign(device, LAMP, 1, False) for device in names])
    await appear(fleet, list(names))
    await report(fleet, list(names), {LAMP: running(1, "1.1.0")})
    await fleet.rollouts.create_group("everybody", "all", [], "")
    return fleet


async def test_the_builder_says_what_will_happen_and_puts_errors_beside_their_fields(
    ten: RunningFleet, page: Page, visit: Visit
) -> None:
    await visit("#/rollouts/new")
    words = page.locator(".words")
    await expect(words).to_contain_text("Lamp 1.2.0 goes to the group everybody, 10 devices now.")
    await expect(words).to_contain_text("First, 1 device gets it.")
    await expect(words).to_contain_text(
        "If more than 10% of a stage, or of all so far, fail, it pauses and waits for somebody."
    )
    preview = page.get_by_role("list", name="The stages, drawn")
    await expect(preview.get_by_role("listitem").last).to_contain_text("+9 → 10")
    await page.get_by_label("Size of stage 2", exact=True).fill("35%")
    await expect(preview.get_by_role("listitem").nth(1)).to_contain_text("+3 → 4")
    await page.get_by_label("waits for approval").nth(1).check()
    await expect(words).to_contain_text("When somebody has approved it, 3 more devices get it.")
    await page.get_by_label("Leave out").fill("d3")
    await expect(words).to_contain_text("9 devices now, without d3")
    await page.get_by_label("If more fail").select_option("roll-back")
    await expect(words).to_contain_text("each device gets back what it had before")

    make = page.get_by_role("button", name="Make it, start later")
    for label, wrong, right, sentence in (
        ("Healthy for", "soon", "2s", "soak must be a time such as 90s"),
        ("Must get there", "many", "90%", "success must be a share"),
        ("May be off", "3", "30%", "away_share must be a share"),
        ("Only in these hours", "night", "22:00-06:00", "22:00-06:00"),
        ("Time zone", "Moon", "Europe/Berlin", "Moon"),
        ("Size of stage 2", "0", "35%", "stage 2: size must be more than nothing"),
    ):
        control = page.get_by_label(label, exact=True)
        await control.fill(wrong)
        if label == "Time zone":
            await page.get_by_label("Only in these hours").fill("22:00-06:00")
        await make.click()
        error = page.locator(f"#{(await control.get_attribute('aria-describedby') or '').split()[-1]}")
        await expect(error).to_contain_text(sentence)
        await expect(control).to_have_attribute("aria-invalid", "true")
        await control.fill(right)
    await make.click()
    await expect(page.get_by_role("heading", name="org.example.lamp 1.2.0")).to_be_visible()
    plan = (await ten.rollouts.document(1))["plan"]
    assert plan["stages"] == [
        {"size": "1", "approval": False},
        {"size": "35%", "approval": True},
        {"size": "100%", "approval": False},
    ]
    assert (plan["soak"], plan["success"], plan["on_error"], plan["exclude"]) == ("2s", "90%", "roll-back", ["d3"])
    assert plan["window"] == {"spans": ["22:00-06:00"], "zone": "Europe/Berlin"}


async def test_a_rollout_is_followed_paused_resumed_approved_and_rolled_back(
    ten: RunningFleet, page: Page, visit: Visit
) -> None:
    plan = {
        "group": "everybody",
        "stages": ["2", {"size": "100%", "approval": True}],
        "soak": "0s",
        "errors": "1",
        "success": "50%",
    }
    rollout = await ten.rollouts.create("program", LAMP, 2, plan, "Brighter lamps", "ada")
    await visit("#/rollouts/1")
    dialog, buttons = page.get_by_role("dialog"), page.locator(".beside")

    async def press(name: str, yes: str, *says: str) -> None:
        await buttons.get_by_role("button", name=name).click()
        for text in says:
            await expect(dialog).to_contain_text(text)
        await dialog.get_by_role("button", name=yes, exact=True).click()
        await expect(dialog).to_have_count(0)

    await press("Start…", "Start", "It is for group everybody. Stage 1 (2) begins at once.")
    history, stages = page.get_by_role("region", name="History"), page.locator(".stage")
    await expect(history).to_contain_text("for 10 devices")
    await expect(page.locator(".squares i")).to_have_count(10)
    await ten.rollouts.advance_all()
    await expect(stages.first).to_have_class("stage at")
    first = [one.device for one in await ten.rollouts.devices(rollout.id, state="handed")]
    assert len(first) == 2
    await press("Pause…", "Pause", "Nothing is handed out any more.")
    await expect(page.get_by_text("paused by operator").first).to_be_visible()
    await press("Resume…", "Resume", "It hands out again where it was.")

    failed = ProgramReport(2, "1.2.0", "failed", error=f"<b>{SENTENCE}</b>", cause="health")
    await report(ten, first[:1], {LAMP: failed})
    await report(ten, first[1:], {LAMP: running(2, "1.2.0")})
    await ten.rollouts.advance_all()
    await expect(page.get_by_role("region", name="Why devices failed")).to_contain_text(f"<b>{SENTENCE}</b>")
    await expect(page.get_by_role("meter", name="Errors of stage 1")).to_have_attribute(
        "aria-valuetext", "1 of at most 1"
    )
    await page.get_by_label("State of the devices").select_option("failed")
    await expect(page.locator("[aria-labelledby=panel-devices] .lines li")).to_have_count(1)
    await until(ten, rollout.id, "approval")
    await expect(buttons.get_by_role("button", name="Approve stage 2…")).to_be_visible()
    await press("Approve stage 2…", "Approve", "8 more devices get the new version.")
    await ten.rollouts.advance_all()
    await expect(stages.nth(1)).to_have_class("stage at")
    await buttons.get_by_role("button", name="Abort…").click()
    await expect(dialog).to_contain_text("Without roll back they keep it.")
    await dialog.get_by_label("Roll back: each device gets back what it had before").check()
    await dialog.get_by_label("Why").fill("too bright")
    await dialog.get_by_role("button", name="Abort", exact=True).click()
    await expect(page.get_by_text("aborted by operator: too bright").first).to_be_visible()
    await expect(page.locator("#said")).to_contain_text("Rollout 1 is aborted")  # for who cannot see it
    assert (await ten.rollouts.document(1))["state"] == "aborted"


async def test_the_emergency_stop_says_what_it_does_and_stands_on_every_view_until_it_is_lifted(
    populated: RunningFleet, page: Page, visit: Visit
) -> None:
    await visit("#/rollouts")
    await page.get_by_role("button", name="Emergency stop…").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(
        "Nothing is handed out any more, in no rollout, until somebody lifts the stop."
    )
    await dialog.get_by_label("Why").fill("smoke")
    await dialog.get_by_role("button", name="Emergency stop").click()
    await expect(page.get_by_text("The emergency stop is on.")).to_be_visible()
    await visit("#/rollouts/3")
    await expect(page.get_by_role("button", name="Start…")).to_be_disabled()
    await visit("#/")
    notice = page.get_by_role("status").filter(has_text="The emergency stop is on.")
    await expect(notice).to_contain_text("smoke")
    await notice.get_by_role("button", name="Lift…").click()
    await dialog.get_by_role("button", name="Lift it").click()
    await expect(page.get_by_text("The emergency stop is on.")).to_have_count(0)
    assert (await populated.rollouts.overview())[1] is None


async def test_rollouts_that_have_ended_are_shown_a_page_at_a_time(ten: RunningFleet, page: Page, visit: Visit) -> None:
    for number in range(120):
        await ten.rollouts.create("program", LAMP, 2, {"group": "everybody"}, f"Lamp {number}", "ada")
    going = await ten.rollouts.create("program", LAMP, 2, {"group": "everybody"}, "Still going", "ada")
    ended = update(rollouts).where(rollouts.c.id != going.id).values(state="aborted", ended_at=1.0)
    await ten.service.change(lambda registry: registry.connection.execute(ended))
    await visit("#/rollouts")
    over = page.get_by_role("region", name="Ended").get_by_role("listitem").filter(has=page.locator(".card-head"))
    older = page.get_by_role("button", name="Show older ones")
    await expect(page.get_by_role("region", name="Under way")).to_contain_text("Still going")
    await expect(over).to_have_count(50)
    await expect(over.first).to_contain_text("Lamp 119")
    await older.click()
    await expect(over).to_have_count(100)
    await ten.rollouts.start(going.id, "ada")
    await ten.rollouts.abort(going.id, "ada", back=False)
    await expect(over.first).to_contain_text("Still going")  # as many as before are shown, and none is lost between
    await expect(over).to_have_count(100)
    await older.click()
    await expect(over).to_have_count(121)
    await expect(over.last).to_contain_text("Lamp 0")
    await expect(older).to_have_count(0)


async def test_a_rollout_of_long_ago_says_that_its_devices_are_not_kept_any_more(
    ten: RunningFleet, page: Page, visit: Visit
) -> None:
    made = await ten.rollouts.create("program", LAMP, 2, {"group": "everybody", "soak": "0s"}, "", "ada")
    await ten.rollouts.start(made.id, "ada")
    await ten.rollouts.advance_all()
    await report(ten, [f"d{number}" for number in range(10)], {LAMP: running(2, "1.2.0")})
    await ten.rollouts.advance_all()
    await until(ten, made.id, "done")
    later = time.time() + 500 * 86_400
    assert await ten.service.change(lambda registry: prune_some(registry.connection, 400, later, 100)) == 10
    await visit(f"#/rollouts/{made.id}")
    devices = page.get_by_role("region", name="Devices", exact=True)
    await expect(devices).to_contain_text("They are not kept one by one any more (since ")
    await expect(devices.locator(".squares i")).to_have_count(10)
    await expect(page.get_by_label("State of the devices")).to_have_count(0)
    await expect(page.get_by_role("region", name="History")).to_contain_text("all stages have succeeded")
    await expect(page.get_by_role("button", name="Roll back…")).to_have_count(0)
