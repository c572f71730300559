"""What programs only count, on the operator page: counts with their errors, and no bar where nothing can be told."""

import pytest
from playwright.async_api import Page, expect

from firmware_tools.fleet.server import RunningFleet
from tests.fleet.packages import small_package
from tests.fleet.page.conftest import Visit
from tests.fleet.page.populated import HOSTILE, RADIO, answer_counts
from tests.fleet.page.test_layout import DESK, PHONE, looked_at

pytestmark = [pytest.mark.broker, pytest.mark.browser]


async def test_a_chosen_item_is_counted_with_its_error_and_what_cannot_be_told_has_no_bar(
    fleet: RunningFleet, page: Page, visit: Visit
) -> None:
    await fleet.operations.publish(small_package(RADIO, 4), "radio.ma")
    await answer_counts(fleet)
    await visit("#/telemetry")
    panel = page.get_by_role("region", name="Counts")
    await expect(panel).to_contain_text("Choose a program and one of its items")
    await panel.get_by_label("Program").select_option(RADIO)
    await expect(page.locator("#counted-items option")).to_have_attribute("value", "favourite")
    await panel.get_by_label("Item").fill("favourite")
    await panel.get_by_label("Item").press("Enter")
    rows = panel.get_by_role("listitem")
    await expect(rows).to_have_count(3)
    await expect(panel).to_contain_text(
        "120 devices answered in 7 days, each with one of 4 values at random (epsilon 1)."
    )
    # Of 120 devices, (66 - 120 q) / (p - q) with p = e / (e + 3) and q = 1 / (e + 3).
    await expect(rows.nth(0)).to_have_text("one103 ± 35")
    await expect(rows.nth(0).locator(".extent")).to_be_visible()
    await expect(rows.nth(1)).to_contain_text("two")
    await expect(rows.nth(2)).to_contain_text("cannot be told: 0 to 45")
    await expect(rows.nth(2)).to_contain_text(HOSTILE[:20])  # as text, never as markup
    await expect(rows.nth(2).locator(".extent")).to_have_count(0)
    await expect(panel).to_contain_text("Values that no device sent: 1")
    assert "count=org.example.radio&item=favourite&days=7" in page.url

    await page.reload()
    await expect(rows).to_have_count(3)
    await panel.get_by_label("Item").fill("nothing")
    await panel.get_by_label("Item").press("Enter")
    await expect(panel).to_contain_text("No device answered this item in 7 days.")
    assert "item=nothing" in page.url


async def test_counts_fit_a_phone_and_a_desk_and_can_be_read(fleet: RunningFleet, page: Page, visit: Visit) -> None:
    await fleet.operations.publish(small_package(RADIO, 4), "radio.ma")
    await answer_counts(fleet)
    for size, scheme, days in ((PHONE, "light", 7), (DESK, "dark", 30)):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await visit(f"#/telemetry?count={RADIO}&item=favourite&days={days}")
        await expect(page.locator(".histogram li")).to_have_count(3)
        bar = await page.locator(".histogram .extent").first.bounding_box()
        assert bar is not None
        assert bar["width"] > 250, "a bar that is drawn can be seen"
        wrong = await looked_at(page, "#/telemetry-counts")
        if size is not PHONE:
            wrong["small"] = []
        assert wrong == {"faint": [], "unnamed": [], "headings": [], "ids": [], "small": []}
