"""What a person at a screen sees of privacy, and what they change there."""

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Locator, expect

from device_runtime.errors import CygnetError
from device_runtime.host.screen.http import ELSEWHERE
from tests.host.conftest import Screen, Screens
from tests.host.screen_device import APP, PaperDevice

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
    "profile": "owner", "organisation": "", "faults": [], "counts": None, "refused": "", "erasures": [],
    "programs": [
        {"app_id": APP, "name": "Lamp", "spoken": True, "seen": [SOUND], "items": [FORECAST, HEARD]},
    ],
    "entries": [{"time": 1_800_000_000.0, "text": "heard sent to your fleet, 20 bytes"}],
}  # fmt: skip


async def opened(screens: Screens, page: dict[str, Any], **options: int) -> tuple[Screen, Locator]:
    """A screen whose panel shows this page, and the panel."""
    screens.device.privacy = page
    screen = await screens.open(**options)
    await screen.page.get_by_role("button", name="Privacy").click()
    panel = screen.page.get_by_role("dialog", name="Privacy")
    await panel.wait_for()
    return screen, panel


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


async def test_a_child_can_say_no_and_no_yes(screens: Screens) -> None:
    _, panel = await opened(screens, PAGE | {"profile": "child"})
    places = panel.get_by_role("switch")
    await expect(places.nth(0)).to_be_disabled()
    await expect(places.nth(1)).to_be_enabled()
    await places.nth(1).click()
    await screens.device.wait(lambda: ("decide", APP, "heard", False) in screens.device.calls)


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


async def test_what_was_told_in_counts_today_stands_there_where_something_is_counted(screens: Screens) -> None:
    _, panel = await opened(screens, PAGE)
    await expect(panel.get_by_role("meter")).to_have_count(0)
    await expect(panel).not_to_contain_text("epsilon")
    counts = {"epsilon": 2.0, "of": 3.0, "anew": 1_800_057_600}
    _, panel = await opened(screens, PAGE | {"counts": counts})
    await expect(panel).to_contain_text("Told in counts today: 2 of 3 (epsilon)")
    meter = panel.get_by_role("meter", name="Told in counts today")
    await expect(meter).to_have_attribute("aria-valuenow", "2")
    await expect(meter).to_have_attribute("aria-valuemax", "3")
    await expect(meter).to_have_attribute("aria-valuetext", "2 of 3 (epsilon)")
    box, part = await meter.bounding_box(), await meter.locator("div").bounding_box()
    assert box is not None
    assert part is not None
    assert part["width"] / box["width"] == pytest.approx(2 / 3, abs=0.01)


async def test_a_copy_is_saved_under_a_name_of_its_day(screens: Screens, tmp_path: Path) -> None:
    screens.device.copy = json.dumps({"stored": {APP: {"diary": "today"}}}).encode()
    screen, panel = await opened(screens, PAGE)
    async with screen.page.expect_download() as download:
        await panel.get_by_role("button", name="Save a copy").click()
    saved = await download.value
    assert saved.suggested_filename.startswith("privacy-20")
    assert saved.suggested_filename.endswith(".json")
    await saved.save_as(tmp_path / "mine.json")
    assert (tmp_path / "mine.json").read_bytes() == screens.device.copy
    await expect(panel.get_by_role("status").filter(has_text="it may be personal")).to_be_visible()


async def test_a_copy_that_cannot_be_made_is_a_sentence(screens: Screens) -> None:
    screens.device.copy = CygnetError("the files of programs in /state/files cannot be read: Input/output error")
    screen, panel = await opened(screens, PAGE)
    await panel.get_by_role("button", name="Save a copy").click()
    await expect(panel).to_contain_text("the files of programs in /state/files cannot be read: Input/output error")
    screen.faults.clear()  # the browser's own line about the status
    await screens.device.screen.stop()
    await panel.get_by_role("button", name="Save a copy").evaluate("(button) => button.click()")
    await expect(panel).to_contain_text("The device did not answer. Try again in a moment.")
    screen.faults.clear()


async def test_deleting_is_confirmed_first_by_keyboard_alone(screens: Screens) -> None:
    device = screens.device
    screen, panel = await opened(screens, PAGE)
    button = panel.get_by_role("button", name="Lamp: Delete what this program keeps")
    question = screen.page.get_by_role("alertdialog", name="Delete what “Lamp” keeps?")
    keys = screen.page.keyboard
    await button.focus()
    await keys.press("Enter")
    await expect(question).to_contain_text("This cannot be undone.")
    await expect(question.get_by_role("button", name="Keep it")).to_be_focused()
    await keys.press("Escape")
    await expect(question).to_be_hidden()
    await expect(panel).to_be_visible()
    await expect(button).to_be_focused()
    await keys.press("Enter")
    await expect(question.get_by_role("button", name="Delete")).to_be_enabled()
    await keys.press("Tab")
    device.privacy = PAGE | {"erasures": [{"app_id": APP, "stage": "wanted", "time": 0.0}]}
    await keys.press("Enter")
    await device.wait(lambda: ("erase", APP) in device.calls)
    assert device.calls.count(("erase", APP)) == 1
    assert not [call for call in device.calls if call[0] == "ui_result"]
    await expect(panel).to_contain_text("It is being deleted.")
    await expect(button).to_be_focused()


async def test_all_programs_can_be_meant(screens: Screens) -> None:
    device = screens.device
    screen, panel = await opened(screens, PAGE)
    await panel.get_by_role("button", name="Delete what all programs keep").click()
    question = screen.page.get_by_role("alertdialog", name="Delete what all programs keep?")
    await question.get_by_role("button", name="Delete").click()
    await device.wait(lambda: ("erase", "") in device.calls)


async def test_how_far_a_deletion_is_shows_as_it_goes_on(screens: Screens) -> None:
    device = screens.device
    _, panel = await opened(screens, PAGE)
    section = panel.get_by_role("region", name="Lamp")
    for stage, words in (
        ("wanted", "It is being deleted."),
        ("awaited", "its receipt is awaited."),
        ("erased", "Your fleet has erased what it was told, and its receipt is kept here."),
    ):
        device.privacy = PAGE | {"erasures": [{"app_id": APP, "stage": stage, "time": 1_800_000_000.0}]}
        device.screen.privacy_changed()
        await expect(section).to_contain_text(words)
        said = words[0].lower() + words[1:]
        await expect(panel.get_by_role("status").filter(has_text="Lamp: ").filter(has_text=said)).to_have_count(1)


async def test_a_panel_that_is_closed_stays_closed_whatever_changes(screens: Screens) -> None:
    device = screens.device
    screen, panel = await opened(screens, PAGE)
    device.screen.privacy_changed()
    await screen.page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    device.screen.privacy_changed()
    device.screen.show_privacy("", opens=False)  # it was on its way
    device.screen.error("a sentence after it")
    await expect(screen.page.get_by_role("alert")).to_contain_text("a sentence after it")
    await expect(panel).to_be_hidden()


async def test_who_may_do_nothing_sees_why_and_no_buttons(screens: Screens) -> None:
    _, panel = await opened(screens, PAGE | {"refused": "Only the owner may save a copy."})
    await expect(panel).to_contain_text("Only the owner may save a copy.")
    await expect(panel.get_by_role("button", name="Save a copy")).to_be_hidden()
    await expect(panel.get_by_role("button", name="Delete")).to_have_count(0)


async def test_a_page_of_another_site_gets_no_copy(device: PaperDevice) -> None:
    async with aiohttp.ClientSession() as http:
        for origin in ("http://evil.example", "null", device.url.rstrip("/").replace("http:", "https:") + "1"):
            async with http.post(f"{device.url}privacy/copy", headers={"Origin": origin}) as answer:
                assert answer.status == 403
        async with http.post(f"{device.url}privacy/copy", headers={"Host": "evil.example"}) as answer:
            assert answer.status == 421
        async with http.get(f"{device.url}privacy/copy") as answer:
            assert answer.status == 405
        assert device.calls == []
        async with http.post(f"{device.url}privacy/copy", headers={"Origin": device.url.rstrip("/")}) as answer:
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")


async def test_a_screen_elsewhere_in_the_network_neither_saves_nor_deletes(
    device: PaperDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("connection", "content"):
        monkeypatch.setattr(f"device_runtime.host.screen.{module}.is_loopback", lambda _: False)
    device.privacy = PAGE
    async with aiohttp.ClientSession() as http:
        async with http.post(f"{device.url}privacy/copy", headers={"Origin": device.url.rstrip("/")}) as answer:
            assert (answer.status, (await answer.text()).strip()) == (403, ELSEWHERE)
        async with http.ws_connect(f"{device.url}ws", origin=device.url.rstrip("/")) as socket:
            await socket.send_json({"type": "erase", "app_id": ""})
            await socket.send_json({"type": "privacy"})
            said = {}
            while "privacy" not in said:
                message = await socket.receive_json(timeout=10)
                said[message["type"]] = message
    assert said["error"]["text"] == ELSEWHERE
    assert said["privacy"]["refused"] == ELSEWHERE
    assert device.calls == []
