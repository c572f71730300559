"""Attributes and events that component libraries rely on, as WeChat documents them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from playwright.async_api import expect

from tests.host.actions import drag, scroll
from tests.host.conftest import Screen, Screens
from tests.host.screen_device import PNG, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


@pytest.fixture
def screens(kept: Screens) -> Screens:
    kept.device.reset()
    kept.device.push()
    return kept


@pytest.fixture
def device(screens: Screens) -> PaperDevice:
    return screens.device


# ---------------------------------------------------------------- text fields


async def until_caret(screen: Screen, tag: str, caret: list[int]) -> None:
    """Wait until the selection of a field is this."""
    await screen.page.wait_for_function(
        "([field, caret]) => field.selectionStart === caret[0] && field.selectionEnd === caret[1]",
        arg=[await screen.find(tag).element_handle(), caret],
    )


@pytest.mark.parametrize(
    ("attributes", "caret"),
    [
        ({}, [5, 5]),
        ({"cursor": 2}, [2, 2]),
        ({"cursor": -1}, [5, 5]),
        ({"selection_start": 1, "selection_end": 3}, [1, 3]),
        ({"selection_start": 1, "selection_end": -1, "cursor": 4}, [4, 4]),
    ],
)
@pytest.mark.parametrize("tag", ["input", "textarea"])
async def test_a_field_that_takes_the_focus_has_its_caret_where_it_is_told(
    tag: str, attributes: dict[str, Any], caret: list[int], device: PaperDevice, screens: Screens
) -> None:
    field = device.page.ids.element(tag, value="hello", focus=True, **attributes)
    screen = await screens.open_program(field)

    await expect(screen.find(tag)).to_be_focused()
    await until_caret(screen, tag, caret)
    device.patch(["set", field[0], "cursor", 1], ["set", field[0], "selection-start", -1])
    await until_caret(screen, tag, [1, 1])


@pytest.mark.parametrize(
    ("attributes", "name", "value"),
    [
        ({"type": "number"}, "inputMode", "numeric"),
        ({"type": "digit"}, "inputMode", "decimal"),
        ({"type": "nickname"}, "inputMode", "text"),
        ({"password": True}, "type", "password"),
        ({"type": "safe-password"}, "type", "password"),
        ({"maxlength": 5}, "maxLength", 5),
        ({"maxlength": -1}, "maxLength", -1),
        ({}, "maxLength", 140),
        ({"confirm_type": "search"}, "enterKeyHint", "search"),
        ({"placeholder": "Name"}, "placeholder", "Name"),
        ({"adjust_position": False, "cursor_spacing": 20, "always_embed": True}, "value", ""),
    ],
)
async def test_an_input_takes_its_attributes(
    attributes: dict[str, Any], name: str, value: Any, device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open_program(device.page.ids.element("input", **attributes))
    await expect(screen.find("input")).to_have_js_property(name, value)


async def test_a_field_that_holds_the_keyboard_keeps_the_focus(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    beside = ids.element("view", "beside", class_="beside", style="height:50px", events=["tap"])
    field = ids.element("input", hold_keyboard=True, cursor_color="rgb(1, 2, 3)")
    screen = await screens.open_program(field, beside)
    await screen.find("input").focus()

    await screen.find(".beside").click()
    await device.event("tap")
    await expect(screen.find("input")).to_be_focused()
    await expect(screen.find("input")).to_have_css("caret-color", "rgb(1, 2, 3)")
    device.patch(["set", field[0], "hold-keyboard", False])
    await screen.frames()
    await screen.find(".beside").click()
    await expect(screen.find("input")).not_to_be_focused()


async def test_a_placeholder_looks_as_its_class_and_style_say(device: PaperDevice, screens: Screens) -> None:
    device.resources["app.css"] = b".dim { color: rgb(1, 2, 3); font-style: italic }"
    ids = device.push().ids
    screen = await screens.open_program(
        ids.element("input", placeholder="a", placeholder_class="dim", placeholder_style="font-size: 20px")
    )

    looks = (
        "(field) => { const s = getComputedStyle(field, '::placeholder'); return [s.color, s.fontSize, s.fontStyle] }"
    )
    for _ in range(100):
        if await screen.find("input").evaluate(looks) == ["rgb(1, 2, 3)", "20px", "italic"]:
            break
        await screen.frames(1)
    assert await screen.find("input").evaluate(looks) == ["rgb(1, 2, 3)", "20px", "italic"]


async def test_a_textarea_grows_with_its_lines_and_tells_their_number(device: PaperDevice, screens: Screens) -> None:
    area = device.page.ids.element(
        "textarea", auto_height=True, style="width:200px;line-height:20px", events=["linechange", "input"]
    )
    screen = await screens.open_program(area)
    field = screen.find("textarea")
    await field.focus()
    for text in ("one", "Enter", "two", "Enter", "three"):
        await (screen.page.keyboard.press(text) if text == "Enter" else screen.page.keyboard.type(text))

    await device.wait(lambda: any(e.event == "linechange" and e.detail["lineCount"] == 3 for e in device.events))  # type: ignore[index, call-overload]
    detail = [event.detail for event in device.events if event.event == "linechange"][-1]
    assert isinstance(detail, dict)
    assert (detail["height"], detail["lineHeight"], detail["lineCount"]) == (60, 20, 3)
    assert [e.detail["lineCount"] for e in device.events if e.event == "linechange"][-3:] == [1, 2, 3]  # type: ignore[index, call-overload]
    box = await field.bounding_box()
    assert box is not None
    assert box["height"] == 60


# ---------------------------------------------------------------- pictures

FIXED = "image:fixed"
MODES: dict[str, tuple[str, str]] = {
    "scaleToFill": ("fill", "50% 50%"), "aspectFit": ("contain", "50% 50%"), "aspectFill": ("cover", "50% 50%"),
    "widthFix": ("fill", "50% 50%"), "heightFix": ("fill", "50% 50%"), "top": ("none", "50% 0%"),
    "bottom": ("none", "50% 100%"), "center": ("none", "50% 50%"), "left": ("none", "0% 50%"),
    "right": ("none", "100% 50%"), "top left": ("none", "0% 0%"), "top right": ("none", "100% 0%"),
    "bottom left": ("none", "0% 100%"), "bottom right": ("none", "100% 100%"),
}  # fmt: skip


async def test_every_mode_of_an_image_is_drawn(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        *(ids.element("image", src="/images/red.png", mode=mode, style="width:20px;height:30px") for mode in MODES)
    )
    drawn = await screen.find("page").evaluate(
        """(page) => [...page.querySelectorAll("image")].map((image) => {
          const looks = getComputedStyle(image.firstChild);
          return [looks.objectFit, looks.objectPosition];
        })"""
    )
    assert [tuple(looks) for looks in drawn] == list(MODES.values())


async def test_height_fix_keeps_the_proportion_and_a_lazy_picture_waits(device: PaperDevice, screens: Screens) -> None:
    device.resources["images/far.png"] = PNG
    device.resources["images/wide.svg"] = b"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='10'/>"
    ids = device.page.ids
    far = ids.element("image", src="/images/far.png", lazy_load=True, class_="far", alt="Far", events=["load"])
    fixed = ids.element(
        "image", src="/images/wide.svg", mode="heightFix", style="height:30px", class_="fix", events=["load"]
    )
    screen = await screens.open_program(fixed, ids.element("view", style="height:9000px"), far)
    assert (await device.event("load")).node != far[0]
    box = await screen.find(".fix").bounding_box()
    assert box is not None
    assert (box["width"], box["height"]) == (120, 30)
    assert not any(event.node == far[0] for event in device.events)
    await expect(screen.find(".far")).to_have_attribute("aria-label", "Far")

    await scroll(".cy-viewport", 0, 9000)(screen)
    await device.wait(lambda: any(event.node == far[0] for event in device.events))


async def test_a_cover_image_is_an_image(device: PaperDevice, screens: Screens) -> None:
    image = device.page.ids.element("cover-image", src="/images/red.png", events=["load"])
    await screens.open_program(image)
    assert (await device.event("load")).detail == {"width": 1, "height": 1}


# ---------------------------------------------------------------- scroll-view

ROWS = 40


def rows(device: PaperDevice, **attributes: Any) -> list[Any]:
    ids = device.page.ids
    inner = [ids.element("view", f"row {n}", id=f"row{n}", style="height:40px") for n in range(ROWS)]
    style = attributes.pop("style", "height:200px")
    return ids.element("scroll-view", *attributes.pop("before", []), *inner, scroll_y=True, style=style, **attributes)


@pytest.mark.parametrize(
    ("attributes", "top"),
    [
        ({"scroll_into_view": "row10"}, 400),
        ({"scroll_into_view": "row10", "scroll_into_view_offset": -20}, 380),
        ({"scroll_into_view": "row10", "scroll_into_view_alignment": "center"}, 320),
        ({"scroll_into_view": "row10", "scroll_into_view_alignment": "end"}, 240),
        ({"scroll_top": 90}, 90),
        ({"scroll_top": "100rpx"}, 80),
        ({"scroll_top": 90, "scroll_with_animation": True}, 90),
        ({"scroll_into_view": "none"}, 0),
    ],
)
async def test_a_scroll_view_begins_where_it_is_told(
    attributes: dict[str, Any], top: int, device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open_program(rows(device, **attributes))
    await expect(screen.find("scroll-view")).to_have_js_property("scrollTop", top)


Pull = Callable[[Screen, int], Awaitable[None]]


async def pull(screen: Screen, by: int, *, release: bool = True) -> None:
    """A mouse pulls the scroll-view down."""
    box = await screen.find("scroll-view").bounding_box()
    assert box is not None
    x, y = box["x"] + 50, box["y"] + 20
    await screen.page.mouse.move(x, y)
    await screen.page.mouse.down()
    await screen.page.mouse.move(x, y + by / 2)
    await screen.page.mouse.move(x, y + by)
    if release:
        await screen.page.mouse.up()


async def pulled_down(screen: Screen, by: int) -> None:
    """Wait until the content is so far below the top of the scroll-view."""
    await screen.page.wait_for_function(
        "([view, by]) => view.querySelector('#row0').getBoundingClientRect().y - view.getBoundingClientRect().y === by",
        arg=[await screen.find("scroll-view").element_handle(), by],
    )


REFRESHER = ["refresherpulling", "refresherwillrefresh", "refresherrefresh", "refresherrestore", "refresherabort"]


def told(device: PaperDevice) -> list[str]:
    """The refresher's events, those of one kind in a row as one."""
    names = [event.event for event in device.events if event.event in REFRESHER]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


async def test_a_pull_far_enough_refreshes_until_the_program_has_done(device: PaperDevice, screens: Screens) -> None:
    view = rows(
        device, refresher_enabled=True, refresher_threshold=60, refresher_background="#ff0000", events=REFRESHER
    )
    screen = await screens.open_program(view)

    await pull(screen, 200)
    await device.event("refresherrefresh")
    assert told(device) == REFRESHER[:3]
    await pulled_down(screen, 60)
    await expect(screen.find(".cy-refresher")).to_have_css("background-color", "rgb(255, 0, 0)")

    device.patch(["set", view[0], "refresher-triggered", False])
    await device.event("refresherrestore")
    await pulled_down(screen, 0)
    assert told(device) == REFRESHER[:4]


async def test_a_short_pull_is_none(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(rows(device, refresher_enabled=True, events=REFRESHER))
    await pull(screen, 50)
    await device.event("refresherabort")
    assert told(device) == ["refresherpulling", "refresherabort"]


async def test_a_program_may_begin_a_refresh_and_bring_its_own_looks(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    own = ids.element("view", "pull me", slot="refresher", class_="own", style="height:50px")
    view = rows(device, before=[own], refresher_enabled=True, refresher_default_style="none", events=REFRESHER)
    screen = await screens.open_program(view)
    box = await screen.find("scroll-view").bounding_box()
    hidden = await screen.find(".own").bounding_box()
    assert box is not None
    assert hidden is not None
    assert hidden["y"] == box["y"] - 50
    await expect(screen.find(".cy-refresher")).to_have_count(0)

    device.patch(["set", view[0], "refresher-triggered", True])
    await device.event("refresherrefresh")
    await screen.page.wait_for_function(
        "([own, y]) => own.getBoundingClientRect().y > y",
        arg=[await screen.find(".own").element_handle(), box["y"] - 10],
    )


async def touch(screen: Screen, selector: str, names: Sequence[str]) -> None:
    """Touch events with one finger, as a browser makes them."""
    await screen.find(selector).evaluate(
        """(element, names) => {
          names.forEach((name, at) => {
            const finger = new Touch({ identifier: 1, target: element, clientX: 60, clientY: 90 + at * 20 });
            const touches = name === "touchend" ? [] : [finger];
            const init = { bubbles: true, cancelable: true, touches, changedTouches: [finger] };
            element.dispatchEvent(new TouchEvent(name, init));
          });
        }""",
        list(names),
    )


async def test_an_enhanced_scroll_view_tells_of_a_finger_that_scrolls(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(rows(device, enhanced=True, events=["dragstart", "dragging", "dragend"]))
    await touch(screen, "scroll-view", ["touchstart", "touchmove", "touchmove", "touchend"])
    end = await device.event("dragend")
    assert [event.event for event in device.events] == ["dragstart", "dragging", "dragend"]
    assert isinstance(end.detail, dict)
    assert set(end.detail) == {"scrollLeft", "scrollTop", "scrollWidth", "scrollHeight", "velocity"}


async def test_who_catches_a_moving_finger_holds_the_page(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        ids.element("view", "held", class_="held", events=["touchmove", "catchtouchmove"]),
        ids.element("view", class_="free", events=["touchmove"]),
    )
    await expect(screen.find(".held")).to_have_css("touch-action", "none")
    await expect(screen.find(".free")).to_have_css("touch-action", "auto")


# ---------------------------------------------------------------- swiper


def swiper(device: PaperDevice, count: int = 4, **attributes: Any) -> list[Any]:
    ids = device.page.ids
    items = [ids.element("swiper-item", f"item {n}", item_id=f"i{n}") for n in range(count)]
    events = ["change", "transition", "animationfinish"]
    return ids.element("swiper", *items, style="width:400px;height:100px", events=events, **attributes)


async def places(screen: Screen) -> list[tuple[int, int]]:
    """Where each item is in its swiper, and how wide."""
    boxes: list[list[float]] = await screen.find("swiper").evaluate(
        """(swiper) => [...swiper.querySelectorAll("swiper-item")].map((item) => {
          const [own, box] = [item.getBoundingClientRect(), swiper.getBoundingClientRect()];
          return [own.left - box.left, own.width];
        })"""
    )
    return [(round(left), round(width)) for left, width in boxes]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({}, [(0, 400), (400, 400), (800, 400), (1200, 400)]),
        ({"display_multiple_items": 2}, [(0, 200), (200, 200), (400, 200), (600, 200)]),
        ({"previous_margin": "50px", "next_margin": "30px"}, [(50, 320), (370, 320), (690, 320), (1010, 320)]),
        ({"previous_margin": "50px", "snap_to_edge": True}, [(0, 350), (350, 350), (700, 350), (1050, 350)]),
        (
            {"current": 3, "next_margin": "50px", "snap_to_edge": True},
            [(-1000, 350), (-650, 350), (-300, 350), (50, 350)],
        ),
        ({"current": 1, "circular": True}, [(-400, 400), (0, 400), (400, 400), (800, 400)]),
        ({"current_item_id": "i2"}, [(-800, 400), (-400, 400), (0, 400), (400, 400)]),
    ],
)
async def test_the_items_of_a_swiper_stand_where_its_attributes_say(
    attributes: dict[str, Any], expected: list[tuple[int, int]], device: PaperDevice, screens: Screens
) -> None:
    screen = await screens.open_program(swiper(device, **attributes))
    await screen.frames()
    assert await places(screen) == expected


async def test_a_swiper_tells_how_far_it_has_moved(device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(swiper(device))
    await drag("swiper", -160, 0)(screen)
    await device.event("animationfinish")
    moves = [event.detail for event in device.events if event.event == "transition"]
    assert {"dx": 160, "dy": 0} in moves


# ---------------------------------------------------------------- others


async def test_roles_and_tab_stops_of_programs_are_the_element_s(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(
        ids.element("view", "Close", aria_role="button", aria_label="Close it", tabindex="0", class_="x")
    )
    await screen.page.get_by_role("button", name="Close it").focus()
    await expect(screen.find(".x")).to_be_focused()


@pytest.mark.parametrize("tag", ["sticky-header", "list-view", "pan-gesture-handler", "share-element"])
async def test_containers_show_their_content(tag: str, device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(ids.element(tag, ids.element("text", "inside")))
    await expect(screen.find(f"{tag} text")).to_be_visible()


@pytest.mark.parametrize(
    "attributes",
    [{"checked": True, "color": "rgb(1, 2, 3)"}, {"checked": True, "color": "rgb(1, 2, 3)", "type": "checkbox"}],
)
async def test_a_switch_has_its_colour(attributes: dict[str, Any], device: PaperDevice, screens: Screens) -> None:
    screen = await screens.open_program(device.page.ids.element("switch", **attributes))
    await expect(screen.find("switch")).to_have_css("background-color", "rgb(1, 2, 3)")


async def test_a_radio_group_holds_one_value_in_a_form(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    choices = [ids.element("radio", letter, value=letter, class_=letter) for letter in "ab"]
    group = ids.element("radio-group", *choices, name="kind")
    screen = await screens.open_program(
        ids.element("form", group, ids.element("button", "Send", form_type="submit"), events=["submit"])
    )
    await screen.find(".b").click()
    await screen.find("wx-button").click()
    assert (await device.event("submit")).detail == {"value": {"kind": "b"}}


async def test_the_frame_of_a_picker_view_has_its_style(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    column = ids.element("picker-view-column", *(ids.element("view", str(n)) for n in range(9)))
    screen = await screens.open_program(
        ids.element(
            "picker-view", column, value=[2], indicator_style="height:50px", indicator_class="mine", mask_class="dim"
        )
    )
    await expect(screen.find(".cy-picker-indicator.mine")).to_have_css("height", "50px")
    await expect(screen.find(".cy-picker-mask.dim")).to_have_count(1)
    await expect(screen.find("picker-view-column view").first).to_have_css("height", "50px")


async def test_a_slider_shows_its_value_and_its_colours(device: PaperDevice, screens: Screens) -> None:
    slider = device.page.ids.element(
        "slider", value=30, show_value=True, activeColor="rgb(1, 2, 3)", block_color="rgb(4, 5, 6)", block_size=20
    )
    screen = await screens.open_program(slider)
    await expect(screen.find(".cy-slider-value")).to_have_text("30")
    await expect(screen.find(".cy-slider-fill")).to_have_css("background-color", "rgb(1, 2, 3)")
    await expect(screen.find(".cy-slider-handle")).to_have_css("background-color", "rgb(4, 5, 6)")
    await expect(screen.find(".cy-slider-handle")).to_have_css("width", "20px")
