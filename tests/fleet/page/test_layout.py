"""Every view on a phone and on a desk, in light and dark: nothing too wide, too small, too faint or without a name."""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from firmware_tools.fleet.server import RunningFleet
from tests.fleet.page.conftest import WHOLE, Visit

pytestmark = [pytest.mark.broker, pytest.mark.browser]
VIEWS = (
    "#/", "#/devices", "#/devices/kitchen-1", "#/devices/office-2", "#/devices/hostile", "#/groups",
    "#/groups/demo-room", "#/rollouts", "#/rollouts/2", "#/rollouts/3", "#/rollouts/new", "#/releases", "#/telemetry",
    "#/identity", "#/trust", "#/audit", "#/operators", "#/nowhere",
)  # fmt: skip
LOOK = (Path(__file__).parent / "look.js").read_text()


async def looked_at(page: Page, view: str) -> dict[str, Any]:
    """What look.js finds wrong with what is shown."""
    found: dict[str, Any] = await page.evaluate(LOOK)
    width = (page.viewport_size or {"width": 0})["width"]
    if folder := os.environ.get("CYGNET_SCREENSHOTS"):
        scheme = "light" if await page.evaluate("matchMedia('(prefers-color-scheme: light)').matches") else "dark"
        name = view.removeprefix("#/").replace("/", "_") or "overview"
        await page.screenshot(path=f"{folder}/{name}_{width}_{scheme}.png", full_page=True)
    assert await page.evaluate("document.documentElement.scrollWidth") <= width, f"{view} scrolls sideways"
    return found


PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
SHAPES = [(PHONE, "light"), (DESK, "dark"), *([(PHONE, "dark"), (DESK, "light")] if WHOLE else [])]


async def test_every_view_fits_a_phone_and_a_desk_and_can_be_read_and_touched(
    populated: RunningFleet, page: Page, visit: Visit
) -> None:
    for size, scheme in SHAPES:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        for view in VIEWS:
            await visit(view)
            wrong = await looked_at(page, view)
            small = wrong.pop("small") if size["width"] == 360 else wrong.pop("small") and []
            assert (wrong, small) == ({"faint": [], "unnamed": [], "headings": [], "ids": []}, []), f"{view} at {size}"


async def test_the_views_are_within_reach_of_a_thumb_and_of_the_keyboard(
    populated: RunningFleet, page: Page, visit: Visit
) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await visit("#/")
    views = page.get_by_role("navigation", name="Views")
    box = await views.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == 740
    await views.get_by_role("button", name="More").click()
    await views.get_by_role("link", name="Trust").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Trust")
    await expect(views.get_by_role("link", name="Audit log")).to_be_hidden()

    await page.set_viewport_size({"width": 1280, "height": 800})
    await expect(views.get_by_role("link", name="Trust")).to_have_attribute("aria-current", "page")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()  # where one reads on after a change of view
    await views.get_by_role("link", name="Rollouts").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Rollouts")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Trust")
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Trust")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    assert (await page.title()).startswith("Trust ")
