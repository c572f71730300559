"""What a person at a screen sees of an operator who looks, and how the person ends it."""

import time

import pytest
from playwright.async_api import expect

from device_runtime.values import Value
from tests.host.conftest import Screens
from tests.host.screen_device import APP

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_nothing_of_a_program_covers_the_mark(screens: Screens) -> None:
    device = screens.device
    device.push(navigationStyle="custom")
    cover = device.page.ids.element(
        "cover-view", style="position: fixed; inset: -500px; z-index: 2147483647; background: red"
    )
    portal = device.page.ids.element(
        "root-portal", device.page.ids.element("view", style="position: fixed; inset: 0; z-index: 2147483647")
    )
    screen = await screens.open_program(cover, portal, device.page.ids.element("video"), width=800, height=480)
    device.screen.viewed("maria", "north", time.time() + 300)
    device.screen.ui(APP, "showModal", {"title": "Mine", "content": "in front?"}, "d1")
    device.screen.ui(APP, "showLoading", {"title": "wait", "mask": True})
    mark = screen.page.get_by_role("alert").filter(has_text="“maria” (north) sees this screen")
    await expect(mark).to_be_visible()
    # A film that fills the screen would be in the browser's top layer, too, and nothing beside it could be pressed.
    await screen.page.evaluate("""() => {
      const host = document.querySelector(".program.shown .page-frame.front .page-host");
      return host.shadowRoot.querySelector("video").requestFullscreen().catch(() => {});
    }""")
    await screen.frames(3)
    on_top = """(mark) => {
      const { left, right, top, bottom } = mark.getBoundingClientRect();
      const at = [[left + 20, top + 20], [(left + right) / 2, (top + bottom) / 2], [right - 20, bottom - 20]];
      const inside = left >= 0 && right <= innerWidth && top >= 0;
      return inside && at.every(([x, y]) => mark.contains(document.elementFromPoint(x, y)));
    }"""
    await screen.page.wait_for_function(on_top, arg=await mark.element_handle())
    await mark.get_by_role("button", name="Stop").click()
    await device.call("stop_viewing")
    device.screen.viewed()
    await expect(mark).to_be_hidden()


async def test_a_screen_that_comes_later_has_the_mark_too(screens: Screens) -> None:
    screens.device.screen.viewed("maria", "north", time.time() + 65)
    screen = await screens.open()
    await expect(screen.page.locator(".viewed")).to_contain_text("1:0")
    screens.device.screen.viewed()
    await expect(screen.page.locator(".viewed")).to_be_hidden()


async def test_a_question_of_the_device_cannot_be_agreed_to_at_once(screens: Screens) -> None:
    screen = await screens.open()
    await screen.page.evaluate("""() => {
      window.early = null;
      new MutationObserver(() => {
        const button = document.querySelector(".own-dialogs .choice.confirm");
        if (button && window.early === null) window.early = button.disabled;
      }).observe(document.body, { childList: true, subtree: true });
    }""")
    question: dict[str, Value] = {
        "title": "Show this screen?",
        "content": "?",
        "confirmText": "Allow",
        "cancelText": "No",
        "guarded": True,
    }
    screens.device.screen.ui("", "showModal", question, "d1")
    box = screen.page.get_by_role("alertdialog", name="Show this screen?")
    await expect(box.get_by_role("button", name="No")).to_be_focused()
    assert await screen.page.evaluate("window.early") is True
    await box.get_by_role("button", name="Allow").click()  # once it can be pressed
    assert await screens.device.call("ui_result") == ("ui_result", "", "d1", {"confirm": True, "cancel": False})


async def test_the_eye_lists_who_looked_and_says_never(screens: Screens) -> None:
    screen = await screens.open()
    eye = screen.page.get_by_role("button", name="Who looked at this screen")
    await expect(eye).to_be_hidden()  # a device of no fleet
    entries = [{"by": "<b>eve</b>", "asked": 1_800_000_000, "outcome": "person", "seconds": 12}]
    screens.device.screen.views("ask", entries)  # type: ignore[arg-type]
    await eye.click()
    panel = screen.page.get_by_role("dialog", name="Who looked at this screen")
    await expect(panel).to_contain_text("<b>eve</b>")
    await expect(panel).to_contain_text("saw it for 12 s: you ended it")
    await panel.get_by_role("button", name="Never allow").click()
    assert await screens.device.call("remote_screen") == ("remote_screen", "never")
    screens.device.screen.views("never", [])
    await expect(panel).to_contain_text("Nobody may see this screen from afar")
    await screen.page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
