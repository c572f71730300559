"""The device's own parts of the screen: launcher, pages, dialogues, voice, and coming back after an outage."""

import asyncio
import io
import wave
from typing import Any

import pytest
from playwright.async_api import Page, expect

from device_runtime.host.screen.server import ProgramTile, ScreenServer, ScreenSize
from device_runtime.program.manifest import Tab, TabBar
from device_runtime.values import Value
from tests.host.conftest import Screens
from tests.host.screen_device import APP, PNG, VERSION, Ids, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

SIZES = [(1024, 600), (480, 320), (390, 844)]


async def test_the_launcher_shows_programs_and_what_can_be_said(device: PaperDevice, screens: Screens) -> None:
    device.resources["icon.png"] = PNG
    device.tiles = [
        ProgramTile(APP, "Lamp", 3, "icon.png", ("turn on the lamp",)),
        ProgramTile("com.example.radio", "Radio", 1),
    ]
    screen = await screens.open()

    await expect(screen.page.locator(".tile-name")).to_have_text(["Lamp", "Radio"])
    await expect(screen.page.locator(".hint")).to_contain_text("turn on the lamp")
    await expect(screen.page.locator(".tile .has-image")).to_have_count(1)
    await expect(screen.page.locator(".icon-letter").nth(1)).to_have_text("R")
    await expect(screen.page).to_have_title("Test speaker")

    device.tiles = []
    device.screen.programs()
    await expect(screen.page.locator(".empty")).to_be_visible()
    await expect(screen.page.locator(".hint")).to_be_hidden()


async def test_a_program_is_launched_used_and_left(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open()
    await screen.page.get_by_role("button", name="Lamp").click()
    assert await device.call("launch") == ("launch", APP, "")
    await expect(screen.page.get_by_role("status", name="Lamp is starting")).to_be_visible()

    device.push(navigationBarTitleText="Lamps")
    device.show(device.page.ids.element("view", "first page"))
    await expect(screen.page.get_by_role("heading", name="Lamps")).to_be_visible()
    await expect(screen.find("view")).to_have_text("first page")
    await expect(screen.page.locator(".back")).to_be_hidden()

    device.push("pages/two/two", navigationBarTitleText="Kitchen")
    device.show(device.page.ids.element("view", "second page"))
    await expect(screen.find("view")).to_have_text("second page")
    await screen.page.get_by_role("button", name="Back").click()
    assert await device.call("back") == ("back", APP, 1)
    await expect(screen.find("view")).to_have_text("first page")
    await expect(screen.page.locator(".page-frame")).to_have_count(1)

    await screen.page.get_by_role("button", name="Home").click()
    await device.call("home")
    await expect(screen.page.locator(".tile")).to_be_visible()
    await expect(screen.page.locator(".program.shown")).to_have_count(0)


async def test_a_page_that_waits_below_keeps_what_was_typed(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(Ids().element("input"))
    await screen.find("input").fill("half a sent")

    device.push("pages/two/two")
    device.show(device.page.ids.element("view", "over it"))
    await expect(screen.find("view")).to_have_text("over it")
    device.pop()

    await expect(screen.find("input")).to_have_value("half a sent")


async def test_everything_can_be_done_by_keyboard(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open()
    keyboard = screen.page.keyboard
    await expect(screen.page.locator(".tile")).to_have_count(1)
    await press_until(screen.page, "Tab", "document.activeElement.classList.contains('tile')")
    outline = await screen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "where the focus is can be seen"
    await keyboard.press("Enter")
    await device.call("launch")

    ids = device.push().ids
    device.show(ids.element("view", "press", class_="card", events=["tap"]), ids.element("switch", events=["change"]))
    await expect(screen.find("switch")).to_be_visible()
    inside = "document.activeElement.shadowRoot?.activeElement?."
    await press_until(screen.page, "Tab", inside + "classList.contains('card')")
    await keyboard.press("Enter")
    await device.event("tap")
    await press_until(screen.page, "Tab", inside + "localName === 'switch'")
    await keyboard.press("Space")
    assert (await device.event("change")).detail == {"value": True}

    await press_until(screen.page, "Tab", "document.activeElement.getAttribute('aria-label') === 'Home'")
    await keyboard.press("Enter")
    await device.call("home")


async def press_until(page: Page, key: str, condition: str) -> None:
    for _ in range(25):
        if await page.evaluate(f"Boolean({condition})"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"25 presses of {key} did not lead to {condition}")


async def test_tabs_lead_to_their_pages(device: PaperDevice, screens: Screens) -> None:
    device.tab_bar = TabBar(
        (Tab("pages/index/index", "Lamps", "images/red.png", ""), Tab("pages/scenes/scenes", "Scenes", "", "")),
        selected_color="#ff0000",
    )
    screen = await screens.open_program()
    tabs = screen.page.get_by_role("navigation", name="Tabs").get_by_role("button")

    await expect(tabs).to_have_text(["Lamps", "Scenes"])
    await expect(tabs.first).to_have_attribute("aria-current", "page")
    await expect(tabs.first).to_have_css("color", "rgb(255, 0, 0)")
    device.screen.ui(APP, "setTabBarBadge", {"index": 1, "text": "7"})
    await expect(tabs.nth(1)).to_have_text("Scenes7")
    await tabs.nth(1).click()
    assert await device.call("open") == ("open", APP, "pages/scenes/scenes", "switchTab")

    device.set_window(tabBarHidden=True)
    await expect(tabs.first).to_be_hidden()
    device.set_window(tabBarHidden=False)
    await expect(tabs.first).to_be_visible()
    device.push("pages/deep/deep")
    await expect(tabs.first).to_be_hidden()


async def test_a_page_tells_that_it_scrolls_and_that_its_end_is_near(device: PaperDevice, screens: Screens) -> None:
    ids = device.push(onReachBottomDistance=100).ids
    rows = ids.element("view", *(ids.element("view", f"row {n}", style="height:40px") for n in range(60)))
    screen = await screens.open_program(rows)
    area = screen.find(".cy-viewport")

    await area.evaluate("(area) => area.scrollTo(0, 300)")
    assert (await device.event("scroll")).detail == {"scrollTop": 300}
    assert not [event for event in device.events if event.event == "reachbottom"]
    await area.evaluate("(area) => area.scrollTo(0, area.scrollHeight - area.clientHeight - 90)")
    assert (await device.event("reachbottom")).node == 0
    device.patch(["set", 0, "scroll-top", 0])
    await device.wait(lambda: device.events[-1].detail == {"scrollTop": 0})


async def test_a_page_is_pulled_down_to_refresh(device: PaperDevice, screens: Screens) -> None:
    device.push(enablePullDownRefresh=True)
    screen = await screens.open_program(device.page.ids.element("view", "news"))

    await screen.find("page").hover(position={"x": 100, "y": 20})
    await screen.page.mouse.down()
    await screen.page.mouse.move(150, 300, steps=4)
    await screen.page.mouse.up()

    assert (await device.event("pulldownrefresh")).node == 0
    area = screen.find(".cy-viewport")
    await expect(area).to_have_attribute("data-refreshing", "")
    device.patch(["set", 0, "refreshing", False])
    await expect(area).not_to_have_attribute("data-refreshing", "")


async def test_the_bar_follows_the_program(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program()
    title = screen.page.locator(".bar-title")

    device.set_window(
        navigationBarTitleText="<b>New</b>", navigationBarTextStyle="black", navigationBarBackgroundColor="#00ff00"
    )
    await expect(title).to_have_text("<b>New</b>")
    await expect(screen.page.locator(".bar")).to_have_css("background-color", "rgb(0, 255, 0)")
    await expect(title).to_have_css("color", "rgb(0, 0, 0)")

    device.set_window(navigationBarTextStyle="x", navigationBarBackgroundColor="red;position:fixed")
    await expect(screen.page.locator(".bar")).to_have_css("background-color", "rgb(16, 20, 28)")
    device.push("pages/custom/custom", navigationStyle="custom")
    await expect(screen.page.locator(".bar")).to_be_hidden()
    await expect(screen.page.get_by_role("button", name="Home")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "arguments", "act", "result"),
    [
        ("showModal", {"title": "Sure?"}, "Enter", {"confirm": True, "cancel": False}),
        ("showModal", {"title": "Sure?", "cancelText": "No"}, "No", {"confirm": False, "cancel": True}),
        ("showModal", {"title": "Sure?"}, "Escape", {"confirm": False, "cancel": True}),
        ("showModal", {"title": "Name", "editable": True}, "Enter", {"confirm": True, "cancel": False, "content": ""}),
        ("showActionSheet", {"itemList": ["Red", "Blue"]}, "Blue", {"tapIndex": 1}),
        ("showActionSheet", {"itemList": ["Red", "Blue"]}, "Escape", {"cancel": True}),
        ("showActionSheet", {"itemList": "no list"}, "Cancel", {"cancel": True}),
    ],
)
async def test_a_dialogue_is_answered(
    name: str, arguments: dict[str, Any], act: str, result: dict[str, Any], device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open_program(Ids().element("button", "below", events=["tap"]))
    device.screen.ui(APP, name, arguments, "d7")
    await expect(screen.page.locator(".dialog-place")).to_be_visible()
    assert await screen.page.locator(".program-body").evaluate("(body) => body.inert")

    if act in ("Enter", "Escape"):
        await screen.page.keyboard.press(act)
    else:
        await screen.page.get_by_role("button", name=act, exact=True).click()

    assert await device.call("ui_result") == ("ui_result", APP, "d7", result)
    await expect(screen.page.locator(".dialog-place")).to_have_count(0)
    await screen.find("wx-button").click()
    await device.event("tap")


async def test_a_dialogue_answered_elsewhere_goes_away(device: PaperDevice, screens: Screens) -> None:
    one = await screens.open_program()
    two = await screens.open()
    device.screen.ui(APP, "showModal", {"title": "Sure?"}, "d7")
    await expect(two.page.locator(".modal")).to_be_visible()

    await one.page.get_by_role("button", name="OK").click()

    await expect(two.page.locator(".modal")).to_have_count(0)


async def test_toast_and_loading(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program()
    toast = screen.page.locator(".toast")

    device.screen.ui(APP, "showLoading", {"title": "Please wait"})
    await expect(toast).to_have_text("Please wait")
    device.screen.ui(APP, "hideLoading", {})
    await expect(toast).to_have_count(0)
    device.screen.ui(APP, "showToast", {"title": "Saved", "duration": 200})
    await expect(toast).to_have_text("Saved")
    await expect(toast).to_have_count(0)


async def test_the_voice_panel_follows_the_voice(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open()
    panel = screen.page.get_by_role("region", name="Voice")

    device.screen.voice("listening")
    await expect(panel).to_be_visible()
    await expect(panel).to_contain_text("Listening")
    device.screen.voice("recognised", "turn on the lamp")
    await expect(panel).to_contain_text("turn on the lamp")
    device.screen.voice("answer", "The lamp is on.")
    await expect(panel).to_contain_text("The lamp is on.")
    device.screen.voice("rejected", "blah")
    await expect(panel).to_contain_text("I did not understand that")
    await panel.get_by_role("button", name="Close").click()
    await expect(panel).to_be_hidden()


async def test_an_answer_is_played(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
        sound.writeframes(b"\x00\x00" * 1600)

    async with screen.page.expect_response("**/speech/*.wav") as response:
        device.screen.speech("Good morning.", buffer.getvalue())

    assert (await response.value).status in (200, 206)
    await expect(screen.page.locator(".said")).to_have_text("Good morning.")


async def test_a_programs_sound_is_played_and_ended(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 2, 16000, 0, "NONE", ""))
        sound.writeframes(b"\x00\x00" * 160_000)
    await screen.page.evaluate(
        """() => {
          const play = Audio.prototype.play, pause = Audio.prototype.pause;
          window.heard = [];
          Audio.prototype.play = function () { window.heard.push('play'); return play.call(this) };
          Audio.prototype.pause = function () { window.heard.push('pause'); return pause.call(this) };
        }"""
    )

    async with screen.page.expect_response("**/sound/*.wav") as response:
        name = device.screen.sound(buffer.getvalue())
    assert (await response.value).status in (200, 206)
    device.screen.silence(name)
    await screen.page.wait_for_function("() => window.heard.join() === 'play,pause'")


async def test_a_request_can_be_typed(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open()

    await screen.page.get_by_label("Ask for anything").fill("  lights on ")
    await screen.page.keyboard.press("Enter")

    assert await device.call("utterance") == ("utterance", "lights on")
    await expect(screen.page.locator(".heard")).to_have_text("lights on")


async def test_a_request_can_be_typed_over_a_program(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(reduced_motion="no-preference")

    await screen.page.get_by_role("button", name="Ask").click()
    await screen.page.get_by_label("Type a request").fill("lights off")
    bar = await screen.page.locator(".bar").bounding_box()
    assert bar is not None
    assert bar["y"] == 0, "a focus in the panel scrolls nothing"
    await screen.page.get_by_role("region", name="Voice").get_by_role("button", name="Send the request").click()

    assert await device.call("utterance") == ("utterance", "lights off")


async def test_the_microphone_streams_until_it_is_stopped(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open(permissions=["microphone"])
    microphone = screen.page.locator(".home .ask-microphone")

    await microphone.click()
    await device.call("listen")
    await device.wait(lambda: len(device.heard) >= 2560 * 16)  # 80 ms blocks: the fake microphone beeps once a second
    await expect(microphone).to_have_attribute("aria-pressed", "true")
    assert len(device.heard) % 2560 == 0
    assert any(device.heard), "the fake microphone beeps"

    await microphone.click()
    await expect(microphone).to_have_attribute("aria-pressed", "false")
    await device.wait(lambda: device.heard.endswith(bytes(32000)))


async def test_a_device_s_own_microphone_needs_no_stream(screens: Screens, device: PaperDevice) -> None:
    await device.screen.stop()
    device.server = ScreenServer(device, microphone="device")
    device.url = await device.server.start()
    screen = await screens.open()

    await screen.page.locator(".home .ask-microphone").click()

    await device.call("listen")
    assert device.heard == b""


async def test_errors_can_be_read_and_dismissed(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open()
    device.screen.error("Lamp was stopped: it used more than 64 MB of memory.")
    box = screen.page.get_by_role("alert")

    await expect(box).to_contain_text("more than 64 MB")
    await box.get_by_role("button", name="Dismiss").click()
    await expect(box).to_have_text("")


async def test_a_program_that_ended_leaves_the_screen_and_says_why(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(Ids().element("view", "still here"))

    device.pages.clear()
    device.screen.exited(APP, "Lamp was stopped: it did not answer for 5 seconds.")

    await expect(screen.page.get_by_role("alert")).to_contain_text("did not answer")
    await expect(screen.page.locator(".tile")).to_be_visible()
    await expect(screen.page.locator(".program")).to_have_count(0)


async def test_a_program_that_was_stopped_says_so_on_its_tile_and_is_opened_by_hand(
    device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open()
    tile = screen.page.locator(".tile")
    await expect(tile).not_to_contain_text("Stopped")

    device.tiles = [ProgramTile(APP, "Lamp", VERSION, stopped=True)]
    device.screen.programs()
    await expect(tile).to_contain_text("Stopped")
    await tile.click()
    await device.call("launch")

    device.tiles = [ProgramTile(APP, "Lamp", VERSION)]
    device.screen.programs()
    await expect(tile).not_to_contain_text("Stopped")


async def test_the_screen_comes_back_after_the_device_restarted(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(Ids().element("view", "before"))
    port = int(device.url.rsplit(":", 1)[1].rstrip("/"))

    await device.screen.stop()
    await expect(screen.page.get_by_text("The device is away")).to_be_visible()
    assert await screen.page.locator(".content").evaluate("(content) => content.inert")

    device.page.apply([["insert", 0, 1, [50, "view", {"class": "new"}, [], [[51, "after"]]]]])
    device.server = ScreenServer(device, name="Test speaker", port=port)
    await device.server.start()
    device.screen.foreground(APP)

    await expect(screen.find(".new")).to_have_text("after", timeout=15_000)
    await expect(screen.find("view")).to_have_count(2)
    await expect(screen.page.get_by_text("The device is away")).to_be_hidden()
    screen.faults = [fault for fault in screen.faults if "WebSocket" not in fault]


async def test_a_program_that_never_fits_its_page_does_not_keep_the_screen_connecting(
    device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open_program(Ids().element("view", "before"))
    misfit: list[Value] = ["remove", 999]

    # What goes to the one screen is not applied here, as a hostile worker's own page would not be.
    for _ in range(3):
        known = set(device.attached)
        device.screen.patch(APP, device.page.id, [misfit])
        await device.wait(lambda known=known: bool(device.attached - known))  # type: ignore[misc] # a default
        await expect(screen.find("view")).to_have_text("before", timeout=15_000)
    known = set(device.attached)
    device.screen.patch(APP, device.page.id, [misfit])
    device.screen.patch(APP, device.page.id, [misfit])

    await expect(screen.page.get_by_role("alert")).to_contain_text("no screen can show")
    await expect(screen.page.get_by_role("alert").locator(".error")).to_have_count(1)
    device.screen.foreground(None)
    await expect(screen.page.locator(".home .ask")).to_be_visible()
    assert device.attached == known
    screen.faults = [fault for fault in screen.faults if "has no node 999" not in fault]


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_stage_fits_each_board(width: int, height: int, device: PaperDevice, screens: Screens) -> None:
    device.tiles = [ProgramTile(f"com.example.p{n}", f"Program {n}", 1) for n in range(4)]
    screen = await screens.open(width=width, height=height)

    for selector in (".tile >> nth=0", ".clock", ".home .ask"):
        box = await screen.page.locator(selector).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
    for tile in await screen.page.locator(".tile").all():
        box = await tile.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 80, "a tile is large enough for a thumb"


@pytest.mark.parametrize(
    ("width", "height", "board_rpx", "rpx"),
    [
        (390, 844, None, 390 / 750),
        (750, 1334, None, 1.0),
        (1024, 600, None, 600 / 750),
        (480, 320, None, 480 / 750),
        (320, 240, None, 320 / 750),
        (1024, 600, 1.1, 1.1),
    ],
)
async def test_one_rpx(
    width: int, height: int, board_rpx: float | None, rpx: float, device: PaperDevice, screens: Screens
) -> None:
    await device.screen.stop()
    device.server = ScreenServer(device, screen=ScreenSize(width, height, board_rpx))
    device.url = await device.server.start()
    screen = await screens.open_program(Ids().element("view", style="width:100rpx"), width=width, height=height)

    box = await screen.find("view").bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(100 * rpx, abs=0.02)


async def test_a_desktop_browser_shows_the_board_at_its_own_size(device: PaperDevice, screens: Screens) -> None:
    await device.screen.stop()
    device.server = ScreenServer(device, screen=ScreenSize(480, 320))
    device.url = await device.server.start()
    screen = await screens.open(width=1400, height=900)

    box = await screen.page.locator("#stage").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (480, 320)


async def test_pages_slide_unless_the_owner_prefers_calm(device: PaperDevice, screens: Screens) -> None:
    """The transition of a push ends with the new page in front and the old one out of sight, at any speed."""
    screen = await screens.open_program(Ids().element("view", "first"))
    await screen.page.emulate_media(reduced_motion="no-preference")
    for number in range(5):
        device.push(f"pages/p{number}/p{number}")
        device.show(device.page.ids.element("view", f"page {number}"))
    for _ in range(2):
        device.pop()
        await asyncio.sleep(0)

    await expect(screen.find("view")).to_have_text("page 2")
    await expect(screen.page.locator(".page-frame")).to_have_count(4)
    await expect(screen.page.locator("[data-move]")).to_have_count(0)


async def test_the_pages_of_a_replaced_program_stay_in_sight_until_the_new_ones_are_there(
    device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open_program(Ids().element("view", "before"))

    device.screen.exited(APP, replaced=True)
    await expect(screen.page.locator(".program.shown[inert]")).to_have_count(1)
    await expect(screen.find("view")).to_have_text("before")

    device.pages.clear()
    device._page_id = 0
    ids = device.push().ids  # page and node ids begin anew, too
    device.show(ids.element("view", "after"))
    await expect(screen.find("view")).to_have_text("after")
    await expect(screen.page.locator(".page-frame")).to_have_count(1)
    await expect(screen.page.locator(".program.shown:not([inert])")).to_have_count(1)


async def test_changed_styles_are_taken_up_without_a_new_page(device: PaperDevice, screens: Screens) -> None:
    device.resources["app.css"] = b"view { width: 100px }"
    ids = Ids()
    screen = await screens.open_program(ids.element("input"), ids.element("view", "lamp"))
    await screen.find("input").fill("half a sent")
    await expect(screen.find("view")).to_have_css("width", "100px")

    device.resources["app.css"] = b"view { width: 200px }"
    device.screen.restyle(APP)

    await expect(screen.find("view")).to_have_css("width", "200px")
    await expect(screen.find("input")).to_have_value("half a sent")
    await expect(screen.page.locator(".page-host link")).to_have_count(2)


async def test_a_notice_stays_until_it_is_taken_away_and_is_on_screens_that_come_later(
    device: PaperDevice, screens: Screens
) -> None:
    first = await screens.open_program(Ids().element("view", "lamp"))
    device.screen.notice("The build failed: pages/a.wxml:3:5: <b>no</b>")
    second = await screens.open()
    for screen in (first, second):
        await expect(screen.page.locator(".notice")).to_have_text("The build failed: pages/a.wxml:3:5: <b>no</b>")

    device.screen.notice("")
    for screen in (first, second):
        await expect(screen.page.locator(".notice")).to_be_hidden()
    third = await screens.open()
    await expect(third.page.locator(".program.shown")).to_be_visible()
    await expect(third.page.locator(".notice")).to_be_hidden()


async def test_simulated_lights_are_shown_also_on_screens_that_come_later(
    device: PaperDevice, screens: Screens
) -> None:
    first = await screens.open()
    await expect(first.page.locator(".lights")).to_be_hidden()
    device.screen.lights(
        [{"name": "lamp", "level": 1, "color": "#ffffff"}, {"name": "strip", "level": 0.5, "color": "#ff8800"}]
    )
    second = await screens.open()
    for screen in (first, second):
        await expect(screen.page.locator(".lights li")).to_have_text(["lamp: on", "strip: 50 %"])
    dot = first.page.locator(".light-dot").nth(0)
    lit = await dot.evaluate("each => getComputedStyle(each).backgroundColor")
    device.screen.lights([{"name": "lamp", "level": 0, "color": "#ffffff"}])
    for screen in (first, second):
        await expect(screen.page.locator(".lights li")).to_have_text(["lamp: off"])
    assert await dot.evaluate("each => getComputedStyle(each).backgroundColor") != lit


async def test_people_see_which_programs_listen(device: PaperDevice, screens: Screens) -> None:
    await device.screen.stop()
    device.server = ScreenServer(device, microphone="device")
    device.url = await device.server.start()
    device.screen.listening([APP])
    screen = await screens.open()
    sign = screen.page.locator(".listening")
    await expect(sign).to_have_text("Lamp listens")
    await expect(sign).to_be_disabled()
    device.screen.listening([])
    await expect(sign).to_be_hidden()


async def test_a_program_that_listens_to_a_browser_hears_once_its_microphone_is_on(
    device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open(permissions=["microphone"])
    device.screen.listening([APP])
    sign = screen.page.locator(".listening")
    await expect(sign).to_have_text("Let Lamp listen")
    await sign.click()
    await expect(sign).to_have_text("Lamp listens")
    await device.wait(lambda: len(device.heard) >= 2560)
    await screen.page.locator(".home .ask-microphone").click()
    await expect(sign).to_have_text("Let Lamp listen")
    await device.wait(lambda: device.microphones == ["on", "off"])
