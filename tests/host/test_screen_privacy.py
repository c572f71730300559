"""What a person at a screen sees of privacy, and what they change there."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.host.conftest import Screens
from tests.host.screen_device import APP

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SOUND = "sound from the microphone"
FORECAST: dict[str, Any] = {
    "name": "forecast", "heading": "To do what the program is for", "sensitive": True, "leaves": True,
    "sentence": "The program sends where you are to api.weather.example.", "standing": "unasked",
}  # fmt: skip
HEARD: dict[str, Any] = {
    "name": "heard", "heading": "To make it better", "sensitive": False, "leaves": True,
    "sentence": "The program sends how you use it to your fleet.", "standing": "granted",
}  # fmt: skip
PAGE: dict[str, Any] = {
    "profile": "owner", "organisation": "", "faults": [],
    "programs": [
        {"app_id": APP, "name": "Lamp", "spoken": True, "seen": [SOUND], "items": [FORECAST, HEARD]},
    ],
    "entries": [{"time": 1_800_000_000.0, "text": "heard sent to your fleet, 20 bytes"}],
}  # fmt: skip


async def test_each_item_stands_there_in_words_with_a_yes_and_a_no(screens: Screens) -> None:
    device = screens.device
    device.privacy = PAGE
    screen = await screens.open()
    await screen.page.get_by_role("button", name="Privacy").click()
    panel = screen.page.get_by_role("dialog", name="Privacy")
    await expect(panel).to_contain_text("The program sends where you are to api.weather.example.")
    await expect(panel).to_contain_text("It has had: sound from the microphone.")
    await expect(panel).to_contain_text("heard sent to your fleet, 20 bytes")
    await expect(panel).to_contain_text("nothing was changed or left out")
    places = panel.get_by_role("switch")
    await expect(places.nth(0)).to_have_attribute("aria-checked", "false")
    await expect(places.nth(1)).to_have_attribute("aria-checked", "true")
    device.privacy = PAGE | {"programs": [PAGE["programs"][0] | {"items": [FORECAST | {"standing": "granted"}, HEARD]}]}
    await places.nth(0).click()
    await device.wait(lambda: ("decide", APP, "forecast", True) in device.calls)
    await expect(places.nth(0)).to_have_attribute("aria-checked", "true")
    await expect(places.nth(0)).to_be_focused()
    await places.nth(1).click()
    await device.wait(lambda: ("decide", APP, "heard", False) in device.calls)
    await screen.page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(screen.page.get_by_role("button", name="Privacy")).to_be_focused()


async def test_a_person_says_who_uses_the_device(screens: Screens) -> None:
    device = screens.device
    device.privacy = PAGE
    screen = await screens.open(width=390, height=700)
    await screen.page.get_by_role("button", name="Privacy").click()
    device.privacy = PAGE | {"profile": "guest", "programs": []}
    await screen.page.get_by_role("radio", name="Guest").click()
    await device.wait(lambda: ("switch_profile", "guest") in device.calls)
    panel = screen.page.get_by_role("dialog", name="Privacy")
    await expect(panel).to_contain_text("A guest has allowed nothing.")
    await expect(panel).to_contain_text("There are no programs on this device.")
    await expect(screen.page.get_by_role("radio", name="Guest")).to_have_attribute("aria-checked", "true")


async def test_a_list_that_somebody_changed_says_so(screens: Screens) -> None:
    screens.device.privacy = PAGE | {"faults": ["entry 7 is not as it was written"], "organisation": "Example AG"}
    screen = await screens.open()
    await screen.page.get_by_role("button", name="Privacy").click()
    panel = screen.page.get_by_role("dialog", name="Privacy")
    await expect(panel).to_contain_text("Somebody has changed this list: entry 7 is not as it was written.")
    await expect(panel).to_contain_text("This device belongs to Example AG")
