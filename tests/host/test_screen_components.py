"""Every component on a real screen: it renders, and it answers its main event."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.host.actions import Act, Build, click, drag, nothing, press, scroll
from tests.host.conftest import Screens
from tests.host.screen_device import APP, Ids, PaperDevice


@pytest.fixture
def screens(kept: Screens) -> Screens:
    kept.device.reset()
    kept.device.push()
    return kept


@pytest.fixture
def device(screens: Screens) -> PaperDevice:
    return screens.device


pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


def swiper(ids: Ids, **attributes: Any) -> list[Any]:
    items = [ids.element("swiper-item", name, item_id=name) for name in ("one", "two", "three")]
    return ids.element("swiper", *items, events=["change", "animationfinish"], **attributes)


def choices(ids: Ids, kind: str) -> list[Any]:
    boxes = [
        ids.element(kind, "A", value="a", class_="a"),
        ids.element(kind, "B", value="b", checked=True, class_="b"),
    ]
    return ids.element(f"{kind}-group", *boxes, events=["change"])


def long_list(ids: Ids, **attributes: Any) -> list[Any]:
    rows = [ids.element("view", f"row {n}", id=f"row{n}", style="height:40px;width:900px") for n in range(40)]
    return ids.element(
        "scroll-view", *rows, style="height:200px;width:300px", events=["scroll", "scrolltolower", "scrolltoupper"],
        **attributes,
    )  # fmt: skip


MAIN_EVENTS: dict[str, tuple[Build, Act, str, dict[str, Any]]] = {
    "view": (lambda i: i.element("view", "tap me", events=["tap"]), click("view"), "tap", {}),
    "text": (lambda i: i.element("text", "tap me", events=["tap"]), click("text"), "tap", {}),
    "cover-view": (lambda i: i.element("cover-view", "tap me", events=["tap"]), click("cover-view"), "tap", {}),
    "button": (lambda i: i.element("button", "go", events=["tap"]), click("wx-button"), "tap", {}),
    "image loads": (
        lambda i: i.element("image", src="/images/red.png", events=["load", "error"]),
        nothing, "load", {"width": 1, "height": 1},
    ),
    "image by relative path": (
        lambda i: i.element("image", src="../../images/red.png", events=["load", "error"]),
        nothing, "load", {"width": 1, "height": 1},
    ),
    "image from the network": (
        lambda i: i.element("image", src="https://example.com/a.png", events=["load", "error"]),
        nothing, "error", {"errMsg": "image:fail cannot show https://example.com/a.png"},
    ),
    "image of no kind": (
        lambda i: i.element("image", src="weixin://a.png", events=["load", "error"]),
        nothing, "error", {"errMsg": "image:fail weixin://a.png is no picture of the program"},
    ),
    "input": (
        lambda i: i.element("input", events=["input"]), press("input", "h"), "input",
        {"value": "h", "cursor": 1, "keyCode": 72},
    ),
    "input confirm": (
        lambda i: i.element("input", value="hi", events=["confirm"]),
        press("input", "Enter"), "confirm", {"value": "hi"},
    ),
    "input focus": (
        lambda i: i.element("input", value="hi", events=["focus"]),
        click("input"), "focus", {"value": "hi", "height": 0},
    ),
    "input blur": (
        lambda i: i.element("input", value="hi", events=["blur"]), press("input", "Tab"), "blur", {"value": "hi"},
    ),
    "textarea": (
        lambda i: i.element("textarea", events=["input"]),
        press("textarea", "Enter"), "input", {"value": "\n", "cursor": 1},
    ),
    "switch": (lambda i: i.element("switch", events=["change"]), click("switch"), "change", {"value": True}),
    "switch off": (
        lambda i: i.element("switch", checked=True, events=["change"]),
        press("switch", "Space"), "change", {"value": False},
    ),
    "checkbox": (lambda i: choices(i, "checkbox"), click(".a"), "change", {"value": ["a", "b"]}),
    "radio": (lambda i: choices(i, "radio"), click(".a"), "change", {"value": "a"}),
    "radio by arrow": (lambda i: choices(i, "radio"), press(".b", "ArrowDown"), "change", {"value": "a"}),
    "slider by key": (
        lambda i: i.element("slider", value=40, step=5, events=["change"]), press("slider", "ArrowRight"), "change",
        {"value": 45},
    ),
    "slider to its end": (
        lambda i: i.element("slider", value=40, max=80, events=["changing"]),
        drag(".cy-slider-track", 3000, 0), "changing", {"value": 80},
    ),
    "scroll-view": (
        lambda i: long_list(i, scroll_y=True), scroll("scroll-view", 0, 120), "scroll", {"scrollTop": 120},
    ),
    "scroll-view end": (
        lambda i: long_list(i, scroll_y=True),
        scroll("scroll-view", 0, 99999), "scrolltolower", {"direction": "bottom"},
    ),
    "scroll-view across": (
        lambda i: long_list(i, scroll_x=True), scroll("scroll-view", 99999, 0), "scrolltolower", {"direction": "right"},
    ),
    "swiper by hand": (
        swiper, drag("swiper", -600, 0), "change", {"current": 1, "currentItemId": "two", "source": "touch"},
    ),
    "swiper by key": (swiper, press("swiper", "ArrowRight"), "change", {"current": 1, "source": "touch"}),
    "swiper by time": (
        lambda i: swiper(i, autoplay=True, interval=100), nothing, "change", {"current": 1, "source": "autoplay"},
    ),
    "swiper upwards": (lambda i: swiper(i, vertical=True), drag("swiper", 0, -120), "change", {"current": 1}),
    "swiper in a circle": (
        lambda i: swiper(i, circular=True), drag("swiper", 600, 0), "change", {"current": 2, "source": "touch"},
    ),
    "swiper comes to rest": (swiper, press("swiper", "ArrowRight"), "animationfinish", {"current": 1}),
    "label": (
        lambda i: i.element("label", "Light", i.element("switch", events=["change"])),
        lambda s: s.page.get_by_text("Light").click(), "change", {"value": True},
    ),
    "label for another": (
        lambda i: i.element("view", i.element("label", "Light", for_="lamp"),
                            i.element("switch", id="lamp", events=["change"])),
        click("label"), "change", {"value": True},
    ),
    "form": (
        lambda i: i.element(
            "form",
            i.element("input", name="title", value="Milk"), i.element("switch", name="urgent", checked=True),
            i.element("slider", name="amount", value=7),
            i.element("checkbox-group", i.element("checkbox", value="x", checked=True), name="tags"),
            i.element("button", "Save", form_type="submit"), events=["submit"],
        ),
        click("wx-button"), "submit", {"value": {"title": "Milk", "urgent": True, "amount": 7, "tags": ["x"]}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MAIN_EVENTS)
async def test_a_component_answers_its_main_event(case: str, device: PaperDevice, screens: Screens) -> None:
    build, act, name, detail = MAIN_EVENTS[case]
    node = build(device.page.ids)
    screen = await screens.open_program(node)

    await act(screen)

    event = await device.event(name)
    assert (event.app_id, event.page) == (APP, device.page.id)
    assert isinstance(event.detail, dict)
    if name == "scroll":
        detail = {key: pytest.approx(value, abs=1) for key, value in detail.items()}
    assert {key: event.detail.get(key) for key in detail} == detail


async def test_a_tap_says_where_and_on_which_node(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    inner = ids.element("text", "inner")
    screen = await screens.open_program(
        ids.element("view", inner, style="margin:20px 0 0 30px", events=["tap"]),
    )

    await screen.find("text").click(position={"x": 4, "y": 5})

    event = await device.event("tap")
    assert event.node == inner[0], "the deepest node is the target; the worker lets the event bubble"
    assert isinstance(event.detail, dict)
    assert event.detail["x"] == pytest.approx(34, abs=1)
    assert event.detail["y"] == pytest.approx(25, abs=3)
    (touch,) = event.touches
    assert isinstance(touch, dict)
    assert set(touch) == {"identifier", "clientX", "clientY", "pageX", "pageY"}


async def test_nothing_is_sent_for_a_node_that_nobody_listens_to(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        ids.element("view", "deaf", class_="deaf"), ids.element("switch"), ids.element("input"),
        ids.element("button", "hears", events=["tap"]),
    )  # fmt: skip

    await screen.find(".deaf").click()
    await screen.find("switch").click()
    await screen.find("input").fill("x")
    await screen.find("wx-button").click()

    await device.event("tap")
    assert [event.event for event in device.events] == ["tap"]


async def test_a_disabled_component_is_deaf(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    on = ids.element("button", "on", class_="on", events=["tap"])
    screen = await screens.open_program(
        ids.element("button", "off", disabled=True, class_="off", events=["tap"]),
        ids.element("switch", disabled=True, events=["change"]),
        on,
    )

    await screen.find(".off").click(force=True)
    await screen.find("switch").click(force=True)
    await screen.find(".on").click()

    event = await device.event("tap")
    assert len(device.events) == 1
    assert event.node == on[0]


async def test_a_long_press_is_no_tap(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(device.page.ids.element("view", "hold", events=["tap", "longpress"]))

    await screen.find("view").hover()
    await screen.page.mouse.down()
    await device.event("longpress")
    await screen.page.mouse.up()
    await screen.find("view").click()

    await device.event("tap")
    assert [event.event for event in device.events] == ["longpress", "tap"]


async def test_a_drag_is_no_tap_and_its_touches_are_told_in_order(device: PaperDevice, screens: Screens) -> None:
    names = ["touchstart", "touchmove", "touchend", "tap"]
    screen = await screens.open_program(
        device.page.ids.element("view", "drag", events=names, style="height:300px;width:300px")
    )

    await drag("view", 80, 0)(screen)

    end = await device.event("touchend")
    heard = [event.event for event in device.events]
    assert heard[0] == "touchstart"
    assert set(heard[1:-1]) == {"touchmove"}
    start = device.events[0].touches[0]
    assert isinstance(start, dict)
    assert end.touches == [], "no finger is left on the screen"
    assert isinstance(end.changed_touches[0], dict)
    assert end.changed_touches[0]["clientX"] - start["clientX"] == pytest.approx(80, abs=1)  # type: ignore[operator]


async def test_fingers_tap_too(device: PaperDevice, screens: Screens) -> None:
    view = device.page.ids.element("view", "touch", events=["tap", "touchstart", "touchend"])
    screen = await screens.open_program(view, has_touch=True)

    await screen.find("view").tap()

    await device.event("tap")
    assert [event.event for event in device.events] == ["touchstart", "touchend", "tap"]


@pytest.mark.parametrize(
    ("attributes", "call"),
    [
        ({"url": "/pages/list/list?id=3"}, ("open", APP, "pages/list/list?id=3", "navigateTo")),
        ({"url": "../list/list", "open_type": "redirect"}, ("open", APP, "pages/list/list", "redirectTo")),
        ({"url": "/pages/tab/tab", "open_type": "switchTab"}, ("open", APP, "pages/tab/tab", "switchTab")),
    ],
)
async def test_a_navigator_opens_its_page(
    attributes: dict[str, Any], call: tuple[object, ...], device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open_program(device.page.ids.element("navigator", "go", **attributes))

    await screen.find("navigator").click()

    assert await device.call("open") == call


async def test_a_navigator_goes_back_by_its_delta(device: PaperDevice, screens: Screens) -> None:
    device.push("pages/second/second")
    screen = await screens.open_program(device.page.ids.element("navigator", "back", open_type="navigateBack", delta=1))

    await screen.find("navigator").click()

    assert await device.call("back") == ("back", APP, 1)


async def test_text_shows_spaces_entities_and_line_breaks_as_asked(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        ids.element("text", "a  b", space="ensp", class_="wide"),
        ids.element("text", "a &lt; b &amp;&amp; c", decode=True, class_="decoded"),
        ids.element("text", "a &lt; b", class_="raw"),
        ids.element("text", "one\ntwo", class_="lines"),
    )

    await expect(screen.find(".wide")).to_have_text("a\u2002\u2002b")
    await expect(screen.find(".decoded")).to_have_text("a < b && c")
    await expect(screen.find(".raw")).to_have_text("a &lt; b")
    box = await screen.find(".lines").bounding_box()
    assert box is not None
    assert box["height"] > 30, "a line break in a text is a line break on the screen"


@pytest.mark.parametrize(
    ("mode", "fit", "position"),
    [
        ("scaleToFill", "fill", "50% 50%"),
        ("aspectFit", "contain", "50% 50%"),
        ("aspectFill", "cover", "50% 50%"),
        ("top left", "none", "0% 0%"),
        ("bottom", "none", "50% 100%"),
        ("no such mode", "fill", "50% 50%"),
    ],
)
async def test_an_image_is_fitted_by_its_mode(
    mode: str, fit: str, position: str, device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open_program(device.page.ids.element("image", src="/images/red.png", mode=mode))

    picture = screen.find("image > img")
    await expect(picture).to_have_css("object-fit", fit)
    await expect(picture).to_have_css("object-position", position)


async def test_width_fix_keeps_the_proportion_of_the_picture(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(
        device.page.ids.element("image", src="/images/red.png", mode="widthFix", style="width:200rpx", events=["load"])
    )

    await device.event("load")
    box = await screen.find("image").bounding_box()
    assert box is not None
    assert (round(box["width"]), round(box["height"])) == (160, 160)


@pytest.mark.parametrize("kind", ["success", "info", "warn", "waiting", "cancel", "download", "search", "clear"])
async def test_an_icon_is_drawn(kind: str, device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(device.page.ids.element("icon", type=kind, size=40, color="rgb(1, 2, 3)"))

    box = await screen.find("icon").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (40, 40)
    assert await screen.find("icon svg path").count() >= 1
    assert "rgb(1, 2, 3)" in await screen.find("icon").evaluate("(icon) => icon.firstChild.innerHTML")


async def test_progress_shows_its_percent(device: PaperDevice, screens: Screens) -> None:
    progress = device.page.ids.element("progress", percent=25, show_info=True)
    screen = await screens.open_program(progress)

    bar = screen.find("progress-bar")
    await expect(bar).to_have_attribute("aria-valuenow", "25")
    await expect(bar).to_have_text("25%")
    device.patch(["set", progress[0], "percent", 80])
    await expect(bar).to_have_attribute("aria-valuenow", "80")


async def test_a_slider_ignores_echoes_while_it_is_dragged(device: PaperDevice, screens: Screens) -> None:
    slider = device.page.ids.element("slider", value=50, events=["changing", "change"])
    screen = await screens.open_program(slider)
    box = await screen.find(".cy-slider-track").bounding_box()
    assert box is not None

    await screen.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10)
    await screen.page.mouse.down()
    await screen.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 10)
    await device.event("changing")
    device.patch(["set", slider[0], "value", 51])
    await screen.frames()
    await screen.page.mouse.up()

    change = await device.event("change")
    assert change.detail == {"value": 70}


async def test_only_the_last_radio_of_a_group_stays_chosen(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(choices(device.page.ids, "radio"))

    await screen.find(".a").click()

    await expect(screen.find(".a")).to_have_attribute("aria-checked", "true")
    await expect(screen.find(".b")).to_have_attribute("aria-checked", "false")


async def test_a_form_is_reset_to_the_program_s_values(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        ids.element(
            "form", ids.element("input", value="Milk"), ids.element("switch"),
            ids.element("button", "Reset", form_type="reset"),
            events=["reset"],
        )
    )  # fmt: skip

    await screen.find("input").fill("Bread")
    await screen.find("switch").click()
    await screen.find("wx-button").click()

    await device.event("reset")
    await expect(screen.find("input")).to_have_value("Milk")
    await expect(screen.find("switch")).to_have_attribute("aria-checked", "false")


async def test_a_scroll_view_scrolls_where_the_program_says(device: PaperDevice, screens: Screens) -> None:
    view = long_list(device.page.ids, scroll_y=True, scroll_top=80)
    screen = await screens.open_program(view)
    area = screen.find("scroll-view")

    assert await area.evaluate("(element) => element.scrollTop") == 80
    device.patch(["set", view[0], "scroll-into-view", "row20"])
    await device.wait(lambda: any(e.event == "scroll" and e.detail["scrollTop"] == 800 for e in device.events))  # type: ignore[index, call-overload]


async def test_a_button_is_as_wide_as_its_place_unless_it_lies_in_a_line(screens: Screens) -> None:
    ids = Ids()
    screen = await screens.open_program(
        ids.element("button", "go", class_="wide"),
        ids.element("button", "go", class_="inline", style="display: inline-flex"),
        ids.element("button", "go", class_="both", style="display: inline-block; width: 200px"),
        ids.element("view", ids.element("span", "in "), ids.element("span", "line"), class_="spans"),
    )
    await expect(screen.find(".inline")).to_have_attribute("data-inline", "")
    await expect(screen.find(".both")).to_have_attribute("data-inline", "")
    assert await screen.find(".wide").evaluate("e => e.offsetWidth === e.parentNode.offsetWidth")
    assert await screen.find(".inline").evaluate("e => e.offsetWidth < 100")
    assert await screen.find(".both").evaluate("e => e.offsetWidth") == 200
    assert await screen.find(".spans").evaluate("e => e.children[0].offsetTop === e.children[1].offsetTop")


@pytest.mark.parametrize("tag", ["van-button", "card", "header", "h1", "dialog", "Big_Name"])
async def test_the_host_of_a_custom_component_is_a_plain_inline_element(
    tag: str, device: PaperDevice, screens: Screens
) -> None:
    ids = device.page.ids
    host = ids.element(tag, ids.element("text", "inside"), class_="c3-host a", events=["tap"])
    screen = await screens.open_program(host)

    element = screen.find(".c3-host.a")
    await expect(element).to_have_css("display", "inline")
    await expect(element).to_have_css("font-size", "16px")
    await expect(element).to_have_css("margin-top", "0px")
    await expect(element.locator("text")).to_have_text("inside")
    device.patch(["set", host[0], "hidden", True])
    await expect(element).to_have_css("display", "none")


async def test_hover_classes_come_and_go(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(device.page.ids.element("view", "press", class_="card", hover_class="pressed"))

    await screen.find("view").hover()
    await screen.page.mouse.down()
    await expect(screen.find(".card.pressed")).to_have_count(1)
    await screen.page.mouse.up()
    await expect(screen.find(".card.pressed")).to_have_count(0)


async def test_rpx_in_a_style_follows_the_screen(device: PaperDevice, screens: Screens) -> None:
    box = device.page.ids.element("view", style="width: 100rpx; height:50vh; background: url(/images/red.png)")
    screen = await screens.open_program(box, width=390, height=844)

    size = await screen.find("view").bounding_box()
    page = await screen.find(".cy-viewport").bounding_box()
    assert size is not None
    assert page is not None
    assert size["width"] == pytest.approx(52, abs=0.1)
    assert size["height"] == pytest.approx(page["height"] / 2, abs=0.6), "vh counts in the page, not in the window"
    await expect(screen.find("view")).to_have_css(
        "background-image", f'url("{device.url}program/{APP}/3/images/red.png")'
    )


async def test_style_sheets_of_the_program_win_over_the_screen_s(device: PaperDevice, screens: Screens) -> None:
    device.resources["app.css"] = (
        b"view { display: flex } .tinted { color: rgb(1, 2, 3) } page { background: rgb(9, 9, 9) }"
    )
    device.resources["pages/index/index.css"] = b".tinted { color: rgb(4, 5, 6) } button::after { border: none }"
    screen = await screens.open_program(device.page.ids.element("view", "x", class_="tinted"))

    await expect(screen.find("view")).to_have_css("display", "flex")
    await expect(screen.find("view")).to_have_css("color", "rgb(4, 5, 6)")
    await expect(screen.find(".cy-viewport")).to_have_css("background-color", "rgb(9, 9, 9)")


ROW = "display: flex"


@pytest.mark.parametrize(
    ("tag", "around", "style", "width"),
    [
        ("button", "", "", 500),
        ("button", "", "display: flex; width: auto !important", 500),
        ("button", "", "margin: 0 25%", 250),
        ("button", "", "width: 30%", 150),
        ("button", "", "display: inline-flex; padding: 0", 50),
        ("button", "", "float: left", 78),
        ("button", ROW, "", 78),
        ("button", ROW, "flex: 1", 500),
        ("button", f"{ROW}; flex-direction: column", "margin: 0", 500),
        ("scroll-view", "", "", 500),
        ("scroll-view", ROW, "", 500),
    ],
)
async def test_a_component_takes_the_room_that_it_takes_in_wechat(
    tag: str, around: str, style: str, width: float, device: PaperDevice, screens: Screens
) -> None:
    ids = device.page.ids
    node = ids.element(tag, ids.element("view", style="width: 50px"), style=style)
    screen = await screens.open_program(ids.element("view", node, class_="around", style=f"width: 500px; {around}"))

    box = await screen.find(".around > :first-child").bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(width, abs=1)


async def test_a_change_from_the_program_reaches_each_field(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    field, switch, slider = ids.element("input", value="a"), ids.element("switch"), ids.element("slider", value=1)
    screen = await screens.open_program(field, switch, slider)

    device.patch(["set", field[0], "value", "b"], ["set", switch[0], "checked", True], ["set", slider[0], "value", 9])

    await expect(screen.find("input")).to_have_value("b")
    await expect(screen.find("switch")).to_have_attribute("aria-checked", "true")
    await expect(screen.find("slider")).to_have_attribute("aria-valuenow", "9")
