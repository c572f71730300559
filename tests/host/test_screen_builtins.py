"""The larger built-in components on a real screen: pickers, movable views, rich text, media, canvas, portals."""

import io
import math
import struct
import wave
from typing import Any

import pytest
from playwright.async_api import expect

from device_runtime.values import Value
from tests.host.actions import Act, Build, click, drag, nothing, press
from tests.host.conftest import Screen, Screens
from tests.host.screen_device import Ids, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


@pytest.fixture
def screens(kept: Screens) -> Screens:
    kept.device.reset()
    kept.device.push()
    return kept


@pytest.fixture
def device(screens: Screens) -> PaperDevice:
    return screens.device


def tone(seconds: float = 0.4) -> bytes:
    """A quiet tone as a WAV file."""
    samples = [int(900 * math.sin(n / 8000 * 440 * 2 * math.pi)) for n in range(int(8000 * seconds))]
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return file.getvalue()


# ------------------------------------------------------------------ picker


def choose(*columns: tuple[int, tuple[str, ...]], answer: str = "OK") -> Act:
    """Open the picker, press keys on some of its columns, and answer."""

    async def act(screen: Screen) -> None:
        await screen.find("picker").click()
        for column, keys in columns:
            wheel = screen.find(".cy-sheet-column").nth(column)
            await wheel.focus()
            for key in keys:
                await screen.page.keyboard.press(key)
        await screen.find(".cy-sheet").get_by_role("button", name=answer).click()

    return act


DOWN, UP, END, HOME = ("ArrowDown",), ("ArrowUp",), ("End",), ("Home",)

PICKERS: dict[str, tuple[dict[str, Any], Act, str, dict[str, Any]]] = {
    "selector": ({"range": ["tea", "milk", "soup"], "value": 1}, choose((0, DOWN)), "change", {"value": 2}),
    "selector of objects": (
        {"range": [{"n": "tea"}, {"n": "milk"}], "range_key": "n"}, choose((0, END)), "change", {"value": 1},
    ),
    "cancelled": ({"range": ["tea", "milk"]}, choose((0, DOWN), answer="Cancel"), "cancel", {}),
    "left by Escape": ({"range": ["tea"]}, press("picker", "Enter", "Escape"), "cancel", {}),
    "confirmed by Enter": (
        {"range": ["tea", "milk"]}, press("picker", "Enter", "ArrowDown", "Enter"), "change", {"value": 1},
    ),
    "several columns": (
        {"mode": "multiSelector", "range": [["a", "b"], ["c", "d", "e"]], "value": [0, 1]},
        choose((0, DOWN), (1, DOWN)), "change", {"value": [1, 2]},
    ),
    "a column of several": (
        {"mode": "multiSelector", "range": [["a", "b"], ["c"]]}, choose((0, DOWN)), "columnchange",
        {"column": 0, "value": 1},
    ),
    "time": ({"mode": "time", "value": "07:30"}, choose((0, DOWN), (1, UP)), "change", {"value": "08:29"}),
    "time within its bounds": (
        {"mode": "time", "value": "09:00", "start": "09:15", "end": "10:05"}, choose((0, END), (1, END)), "change",
        {"value": "10:05"},
    ),
    "date": ({"mode": "date", "value": "2026-11-24"}, choose((2, DOWN)), "change", {"value": "2026-11-25"}),
    "date keeps to the calendar": (
        {"mode": "date", "value": "2024-01-31"}, choose((1, DOWN)), "change", {"value": "2024-02-29"},
    ),
    "date within its bounds": (
        {"mode": "date", "value": "2030-01-01", "start": "2026-03-05", "end": "2026-04-10"},
        choose((1, HOME), (2, HOME)), "change", {"value": "2026-03-05"},
    ),
    "month": (
        {"mode": "date", "fields": "month", "value": "2026-11"}, choose((1, DOWN)), "change", {"value": "2026-12"},
    ),
    "year": ({"mode": "date", "fields": "year", "value": "2026"}, choose((0, DOWN)), "change", {"value": "2027"}),
    "region": (
        {"mode": "region", "value": ["广东省", "广州市", "海珠区"]}, choose((2, DOWN)), "change",
        {"value": ["广东省", "广州市", "天河区"], "code": ["440000", "440100", "440106"]},
    ),
    "region down to the city": (
        {"mode": "region", "level": "city", "custom_item": "全部"}, choose((0, DOWN)), "change",
        {"value": ["北京市", "全部"], "code": ["110000", ""]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PICKERS)
async def test_a_picker_tells_what_was_chosen(case: str, device: PaperDevice, screens: Screens) -> None:
    attributes, act, name, detail = PICKERS[case]
    ids = device.page.ids
    events = ["change", "cancel", "columnchange"]
    screen = await screens.open_program(ids.element("picker", ids.element("view", "Pick"), events=events, **attributes))

    await act(screen)

    event = await device.event(name)
    assert isinstance(event.detail, dict)
    assert {key: event.detail.get(key) for key in detail} == detail
    await expect(screen.find(".cy-sheet")).to_have_count(0)


async def test_a_program_fills_the_next_column_while_the_sheet_is_open(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    picker = ids.element(
        "picker", "Pick", mode="multiSelector", range=[["a", "b"], ["a1"]], value=[0, 0], events=["columnchange"]
    )
    screen = await screens.open_program(picker)
    await screen.find("picker").click()
    await screen.find(".cy-sheet-column").first.press("ArrowDown")
    await device.event("columnchange")

    device.patch(["set", picker[0], "range", [["a", "b"], ["b1", "b2"]]], ["set", picker[0], "value", [1, 1]])

    await expect(screen.find(".cy-sheet-column").nth(1)).to_have_text("b1b2")
    await expect(screen.find(".cy-sheet-column").nth(1)).to_have_attribute("aria-valuetext", "b2")


async def test_a_disabled_picker_stays_shut_and_a_form_takes_the_choice(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        ids.element(
            "form",
            ids.element("picker", "shut", range=["x"], disabled=True, class_="shut"),
            ids.element("picker", "Pick", range=["x", "y"], name="drink", class_="open"),
            ids.element("button", "Save", form_type="submit"),
            events=["submit"],
        )
    )
    await screen.find(".shut").click(force=True)
    await expect(screen.find(".cy-sheet")).to_have_count(0)

    await press(".open", "Enter", "ArrowDown", "Enter")(screen)
    await screen.find("wx-button").click()

    assert (await device.event("submit")).detail == {"value": {"drink": 1}}


def picker_view(ids: Ids) -> list[Any]:
    columns = [
        ids.element("picker-view-column", *[ids.element("view", f"{name}{n}") for n in range(9)], class_=name)
        for name in ("a", "b")
    ]
    return ids.element("picker-view", *columns, value=[2, 3], events=["change", "pickstart", "pickend"])


# ------------------------------------------------------------------ main events of the others


def movable(ids: Ids, **attributes: Any) -> list[Any]:
    attributes = {"direction": "all", "style": "width:40px;height:40px;background:#07c160"} | attributes
    view = ids.element("movable-view", "m", events=["change", "scale", "htouchmove", "vtouchmove"], **attributes)
    return ids.element("movable-area", view, style="width:300px;height:200px")


MAIN_EVENTS: dict[str, tuple[Build, Act, str, dict[str, Any]]] = {
    "picker-view by key": (picker_view, press(".a", "ArrowDown"), "change", {"value": [3, 3]}),
    "picker-view by hand": (picker_view, drag(".b", 0, -68), "change", {}),
    "picker-view is taken": (picker_view, drag(".b", 0, -68), "pickstart", {}),
    "picker-view comes to rest": (picker_view, press(".a", "End"), "pickend", {}),
    "movable-view by hand": (movable, drag("movable-view", 60, 30), "change", {"x": 30, "y": 15, "source": "touch"}),
    "movable-view across": (movable, drag("movable-view", 60, 3), "htouchmove", {}),
    "movable-view stays in its area": (
        lambda i: movable(i, x=240), press("movable-view", "ArrowRight", "ArrowRight"), "change",
        {"x": 240, "y": 0, "source": ""},
    ),
    "movable-view is placed": (lambda i: movable(i, x=50, y=900), nothing, "change", {"x": 50, "y": 160}),
    "web-view": (
        lambda i: i.element("web-view", src="https://shop.example/a?b=1", events=["error"]), nothing, "error",
        {"url": "https://shop.example/a?b=1"},
    ),
    "rich-text is tapped as one": (
        lambda i: i.element("rich-text", nodes="<p>one</p>", events=["tap"]), click("rich-text"), "tap", {},
    ),
    "progress has filled": (
        lambda i: i.element("progress", percent=30, active=True, events=["activeend"]), nothing, "activeend",
        {"curPercent": 30},
    ),
    "audio plays": (
        lambda i: i.element("audio", src="/a.wav", controls=True, events=["play"]), click(".cy-sound-button"),
        "play", {},
    ),
    "audio tells the time": (
        lambda i: i.element("audio", src="/a.wav", controls=True, events=["timeupdate"]), click(".cy-sound-button"),
        "timeupdate", {"duration": pytest.approx(0.4, abs=0.05)},
    ),
    "audio ends": (
        lambda i: i.element("audio", src="/a.wav", controls=True, events=["ended"]), click(".cy-sound-button"), "ended",
        {},
    ),
    "audio from the network": (
        lambda i: i.element("audio", src="https://example.com/a.mp3", events=["error"]), nothing, "error",
        {"errMsg": "MEDIA_ERR_SRC_NOT_SUPPORTED"},
    ),
    "video plays by itself": (
        lambda i: i.element("video", src="/a.wav", autoplay=True, events=["play"]), nothing, "play", {},
    ),
    "video is no film": (
        lambda i: i.element("video", src="/images/red.png", events=["error"]), nothing, "error",
        {"errMsg": "MEDIA_ERR_SRC_NOT_SUPPORTED"},
    ),
    "canvas gets a bad command": (
        lambda i: i.element("canvas", type="2d", drawing=[["eval", "1"], ["fillRect", 0, 0, 1, 1]], events=["error"]),
        nothing, "error", {"errMsg": "canvas:fail eval is no drawing command"},
    ),
    "page-container opens": (
        lambda i: i.element("page-container", "hi", show=True, events=["afterenter"]), nothing, "afterenter", {},
    ),
    "page-container by its veil": (
        lambda i: i.element("page-container", "hi", show=True, events=["clickoverlay"]),
        lambda s: s.find(".cy-container-veil").click(position={"x": 5, "y": 5}), "clickoverlay", {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MAIN_EVENTS)
async def test_a_component_answers_its_main_event(case: str, device: PaperDevice, screens: Screens) -> None:
    device.resources["a.wav"] = tone()
    build, act, name, detail = MAIN_EVENTS[case]
    screen = await screens.open_program(build(device.page.ids))

    await act(screen)

    event = await device.event(name)
    assert isinstance(event.detail, dict)
    assert {key: event.detail.get(key) for key in detail} == detail
    screen.faults.clear()  # the browser itself reports a source that it cannot play


async def test_a_movable_view_goes_only_its_way_and_springs_back(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(movable(ids, direction="horizontal", out_of_bounds=True))

    await drag("movable-view", -120, 90)(screen)

    sources = {event.detail["source"] for event in device.events if event.event == "change"}  # type: ignore[call-overload,index]
    assert "touch-out-of-bounds" in sources
    await expect(screen.find("movable-view")).to_have_css("transform", "matrix(1, 0, 0, 1, 0, 0)")


async def test_a_movable_view_is_scaled_within_its_limits(device: PaperDevice, screens: Screens) -> None:
    area = movable(device.page.ids, scale=True, scale_value=9, scale_max=2, x=20)
    screen = await screens.open_program(area)

    await expect(screen.find("movable-view")).to_have_css("transform", "matrix(2, 0, 0, 2, 20, 20)")
    device.patch(["set", area[4][0][0], "scale-value", 0.1])
    await expect(screen.find("movable-view")).to_have_css("transform", "matrix(0.5, 0, 0, 0.5, 20, 20)")


# ------------------------------------------------------------------ rich-text

SHAPE = """(root) => {
  const draw = (node) => node.nodeType === Node.TEXT_NODE ? node.data
    : [node.localName, Object.fromEntries([...node.attributes].map((a) => [a.name, a.value])),
       ...[...node.childNodes].map(draw)];
  return [...root.childNodes].map(draw);
}"""

RICH: dict[str, tuple[Any, list[Any]]] = {
    "text": ("a &lt; b &amp; c&nbsp;&#9731;&#x2603;&bogus;", ["a < b & c\u00a0☃☃&bogus;"]),
    "nested": ("<div class='x'><b>b</b> t</div>", [["div", {"class": "x"}, ["b", {}, "b"], " t"]]),
    "unclosed list": ("<ul><li>a<li>b</ul>c", [["ul", {}, ["li", {}, "a"], ["li", {}, "b"]], "c"]),
    "cells": ("<table><tr><td colspan=2>a<td>b</table>",
              [["table", {}, ["tr", {}, ["td", {"colspan": "2"}, "a"], ["td", {}, "b"]]]]),
    "break": ("a<br>b<br/>c<hr>", ["a", ["br", {}], "b", ["br", {}], "c", ["hr", {}]]),
    "script goes with its content": ("a<script>alert('<b>')</script>b", ["a", "b"]),
    "unknown goes with its children": ("a<form><b>x</b></form><iframe src=x></iframe>b", ["a", "b"]),
    "handlers do not pass": ("<p onclick=alert(1) id=x data-y=z>a</p>", [["p", {}, "a"]]),
    "a link leads nowhere": ("<a href='javascript:alert(1)'>a</a>", [["span", {"class": "cy-rich-a"}, "a"]]),
    "only pictures of the package": (
        "<img src='javascript:alert(1)'><img alt=red src='/images/red.png' width=9>",
        [["img", {"class": "cy-rich-missing"}],
         ["img", {"alt": "red", "src": "/program/com.example.lamp/3/images/red.png", "width": "9"}]],
    ),
    "comments and declarations": ("<!doctype html><!-- <b>x</b> -->a<!-- open", ["a"]),
    "malformed": ("<b>a</i></b></b><<p>x", [["b", {}, "a"], "<", ["p", {}, "x"]]),
    "nodes": (
        [{"name": "DIV", "attrs": {"class": "y", "style": "color: red"}, "children": [{"type": "text", "text": "n"}]},
         {"name": "script", "children": [{"type": "text", "text": "alert(1)"}]}, None, 3],
        [["div", {"class": "y", "style": "color: red;"}, "n"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", RICH)
async def test_rich_text_shows_what_is_trusted_and_no_more(case: str, device: PaperDevice, screens: Screens) -> None:
    nodes, shape = RICH[case]
    screen = await screens.open_program(device.page.ids.element("rich-text", nodes=nodes))

    assert await screen.find(".cy-rich").evaluate(SHAPE) == shape


# ------------------------------------------------------------------ canvas

PIXEL = """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(x, y, 1, 1).data]"""


async def until_pixel(screen: Screen, x: int, y: int, rgba: list[int]) -> None:
    """Wait until a pixel of the canvas has this colour; else fail with the one that it has."""
    seen: list[int] = []
    for _ in range(100):
        seen = await screen.find("canvas").evaluate(PIXEL, [x, y])
        if seen == rgba:
            return
        await screen.frames(1)
    assert seen == rgba


async def test_a_canvas_replays_a_drawing_and_what_is_added_to_it(device: PaperDevice, screens: Screens) -> None:
    drawing: list[Value] = [
        ["width", 100], ["height", 60], ["fillStyle", "#ff0000"], ["fillRect", 0, 0, 50, 60],
        ["save"], ["translate", 50, 0], ["fillStyle", {"linear": [0, 0, 0, 60], "stops": [[0, "blue"], [1, "blue"]]}],
        ["beginPath"], ["rect", 0, 0, 50, 60], ["fill"], ["restore"],
        ["drawImage", "/images/red.png", 60, 10, 10, 10], ["clearRect", 60, 10, 3, 3], ["clearRect", 0, 0, 10, 10],
    ]  # fmt: skip
    canvas = device.page.ids.element("canvas", type="2d", drawing=drawing)
    screen = await screens.open_program(canvas)

    await until_pixel(screen, 65, 15, [255, 0, 0, 255])
    await until_pixel(screen, 30, 30, [255, 0, 0, 255])
    await until_pixel(screen, 90, 30, [0, 0, 255, 255])
    await until_pixel(screen, 5, 5, [0, 0, 0, 0])
    await until_pixel(screen, 61, 11, [0, 0, 0, 0])  # cleared after the picture, however late it came

    device.patch(["call", canvas[0], "draw", [[["fillStyle", "#00ff00"], ["fillRect", 20, 20, 20, 20]]]])
    await until_pixel(screen, 30, 30, [0, 255, 0, 255])
    await until_pixel(screen, 90, 30, [0, 0, 255, 255])

    device.patch(["set", canvas[0], "drawing", [["fillRect", 0, 0, 5, 5]]])
    await until_pixel(screen, 90, 30, [0, 0, 0, 0])


async def test_a_picture_that_is_missing_does_not_stop_a_drawing(device: PaperDevice, screens: Screens) -> None:
    drawing: list[Value] = [
        ["drawImage", "https://evil.example/a.png", 0, 0],
        ["fillStyle", "#f00"],
        ["fillRect", 0, 0, 9, 9],
    ]
    screen = await screens.open_program(device.page.ids.element("canvas", type="2d", drawing=drawing))

    await until_pixel(screen, 4, 4, [255, 0, 0, 255])
    assert not [address for address in screen.addresses if "://evil" in address]


async def test_touches_on_a_canvas_are_relative_to_it(device: PaperDevice, screens: Screens) -> None:
    canvas = device.page.ids.element("canvas", type="2d", style="margin:30px", events=["touchstart"])
    screen = await screens.open_program(canvas)

    await screen.find("canvas").click(position={"x": 12, "y": 8})

    (touch,) = (await device.event("touchstart")).touches
    assert isinstance(touch, dict)
    assert touch["x"] == pytest.approx(12, abs=1)
    assert touch["y"] == pytest.approx(8, abs=1)


# ------------------------------------------------------------------ portals, metadata, placeholders


async def test_a_portal_s_children_leave_the_box_around_it(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    inside = ids.element(
        "view", "free", class_="free", style="position:fixed;left:50px;top:300px;width:40px;height:40px", events=["tap"]
    )
    portal = ids.element("root-portal", inside)
    clip = ids.element("view", portal, style="transform:scale(.1);height:10px;overflow:hidden")
    screen = await screens.open_program(clip, ids.element("view", "last"))

    assert await screen.find(".free").bounding_box() == {"x": 50, "y": 352, "width": 40, "height": 40}
    await screen.find(".free").click()
    assert (await device.event("tap")).node == inside[0]

    device.patch(["remove", clip[0]])
    await expect(screen.find(".free")).to_have_count(0)


async def test_back_closes_a_container_before_it_leaves_the_page(device: PaperDevice, screens: Screens) -> None:
    device.push("pages/second/second")
    container = device.page.ids.element("page-container", "inside", show=True, events=["afterleave"])
    screen = await screens.open_program(container)
    await expect(screen.find(".cy-container-panel")).to_be_visible()

    await screen.page.get_by_role("button", name="Back").click()
    await device.event("afterleave")
    assert device.calls == []

    await screen.page.get_by_role("button", name="Back").click()
    await device.call("back")


async def test_a_template_writes_on_its_page_s_bar(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    bar = ids.element("navigation-bar", title="Written here", front_color="#000000", background_color="#ff8800")
    meta = ids.element("page-meta", bar, page_style="letter-spacing:3px", background_color="#112233")
    screen = await screens.open_program(meta, ids.element("view", "body"))

    await expect(screen.page.locator(".program.shown .bar-title")).to_have_text("Written here")
    await expect(screen.page.locator(".program.shown .bar")).to_have_css("background-color", "rgb(255, 136, 0)")
    await expect(screen.find("view")).to_have_css("letter-spacing", "3px")

    device.set_window(navigationBarTitleText="From the program")
    device.patch(["set", bar[0], "title", None])
    await expect(screen.page.locator(".program.shown .bar-title")).to_have_text("From the program")


async def test_match_media_shows_what_fits(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        ids.element("match-media", "wide", min_width=900, class_="wide"),
        ids.element("match-media", "tall", orientation="portrait", class_="tall"),
    )

    await expect(screen.find(".wide")).to_be_visible()
    await expect(screen.find(".tall")).to_be_hidden()


ABSENT = {
    "map": "Map", "camera": "Camera", "live-player": "Live video", "live-pusher": "Live camera", "ad": "Advertisement",
    "ad-custom": "Advertisement", "open-data": "Account data", "official-account": "Official account",
    "voip-room": "Video call", "editor": "Editor",
}  # fmt: skip


async def test_what_a_board_has_not_says_its_name(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        *[ids.element(tag) for tag in ABSENT], ids.element("web-view", src="https://a.example/")
    )

    assert await screen.find("[data-absent] b").all_text_contents() == [*ABSENT.values(), "Web page"]
    await expect(screen.find("web-view")).to_contain_text("a.example")
    prototypes = "(elements) => elements.map((e) => Object.getPrototypeOf(e).constructor.name)"
    kinds = await screen.find("[data-absent]").evaluate_all(prototypes)
    assert set(kinds) <= {"HTMLElement", "HTMLUnknownElement", "HTMLMapElement"}, "nothing with a behaviour of its own"


# ------------------------------------------------------------------ placeholders of fields


async def test_a_placeholder_takes_its_class_and_its_style(device: PaperDevice, screens: Screens) -> None:
    css = b".form .hint { color: #ff0000; font-size: 26px } .field { font-size: 14px }"
    device.resources["pages/styled/styled.css"] = css
    device.push("pages/styled/styled")
    ids = device.page.ids
    own = ids.element("input", placeholder="a", placeholder_class="hint", class_="field one")
    styled = ids.element("input", placeholder="b", placeholder_style="font-weight: 700", class_="field two")
    screen = await screens.open_program(ids.element("view", own, styled, class_="form"))
    looks = """(field) => {
      const style = getComputedStyle(field, "::placeholder");
      return [style.color, style.fontSize, style.fontWeight];
    }"""

    assert await screen.find(".one").evaluate(looks) == ["rgb(255, 0, 0)", "26px", "400"]
    assert await screen.find(".two").evaluate(looks) == ["rgb(128, 128, 128)", "14px", "700"]
    await expect(screen.find(".form > *")).to_have_count(2)
