"""What a customer sees: the light by a tap in a browser, and by voice."""

import shutil

import pytest
from playwright.async_api import async_playwright, expect

from firmware_tools.demo.screen import DemoScreen
from firmware_tools.demo.stages import LIGHTS, is_lit, kitchen_switch
from tests.browser import CHROMIUM_ARGUMENTS
from tests.end_to_end.conftest import RunningDemo

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("system")]


@pytest.mark.browser
async def test_a_tap_in_the_browser_and_a_spoken_request_switch_the_same_light_and_the_owner_is_asked(
    demo: RunningDemo,
) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS)
        page = await browser.new_page(viewport={"width": 1024, "height": 600})
        await page.goto(demo.system.screen_url)
        kitchen = page.locator("switch").first
        await expect(kitchen).to_have_attribute("aria-checked", "false")

        async with DemoScreen(demo.system.screen_url) as screen:
            await demo.walk.converse(screen)
            assert len(demo.stages) == 13
            await expect(kitchen).to_have_attribute("aria-checked", "true")

            await kitchen.click()
            await expect(kitchen).to_have_attribute("aria-checked", "false")
            await screen.wait_for("the light to go off on the other screen", lambda: not is_lit(screen), 10)
            # What the walk agreed to as a guest is forgotten.
            await expect(page.get_by_role("alertdialog")).to_contain_text("“Lights” asks you for one thing.")
        await browser.close()


async def test_a_typed_request_is_served_like_a_spoken_one(demo: RunningDemo) -> None:
    async with demo.screen() as screen:
        await screen.send(type="utterance", text="Turn on the kitchen light!")
        await screen.wait_for("the lights in front", lambda: screen.front == LIGHTS and kitchen_switch(screen), 10)
        await screen.wait_for("the kitchen light", lambda: is_lit(screen), 10)


async def test_what_no_program_understands_is_rejected_and_said_so(demo: RunningDemo) -> None:
    async with demo.screen() as screen:
        await screen.send(type="utterance", text="what is the meaning of life")
        await screen.wait_for(
            "the rejection",
            lambda: [m for _, m in screen.messages if m["type"] == "voice" and m["stage"] == "rejected"],
            10,
        )
        await screen.wait_for(
            "an answer in words", lambda: [m for _, m in screen.messages if m["type"] == "speech"], 10
        )
