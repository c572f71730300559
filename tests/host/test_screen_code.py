"""What programs do to components by code: contexts, animations, scrolling, and text that is measured."""

from typing import Any

import pytest
from playwright.async_api import expect

from device_runtime.host.screen.layout import LayoutRequest
from device_runtime.values import Value
from tests.host.actions import scroll
from tests.host.conftest import Screens
from tests.host.screen_device import APP, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


@pytest.fixture
def screens(kept: Screens) -> Screens:
    kept.device.reset()
    kept.device.push()
    return kept


@pytest.fixture
def device(screens: Screens) -> PaperDevice:
    return screens.device


def exported(*steps: tuple[list[Any], dict[str, Any]], origin: str = "50% 50% 0") -> dict[str, Any]:
    """What ``wx.createAnimation`` exports."""
    actions = []
    for animates, transition in steps:
        option = {
            "transformOrigin": origin,
            "transition": {"duration": 0, "timingFunction": "linear", "delay": 0} | transition,
        }
        actions.append({"animates": [{"type": kind, "args": args} for kind, *args in animates], "option": option})
    return {"actions": actions}


async def test_an_exported_animation_sets_one_step_after_the_other(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    box = ids.element("view", "x", style="width:100px;height:100px")
    screen = await screens.open_program(box)

    animation = exported(
        ([("translateX", 10), ("rotate", 90), ("style", "opacity", 0.5)], {}),
        ([("translateX", 30), ("style", "width", "50px"), ("style", "position", "fixed")], {"duration": 10}),
        origin="0 0",
    )
    device.patch(["set", box[0], "animation", animation])

    await expect(screen.find("view")).to_have_css("transform", "matrix(1, 0, 0, 1, 30, 0)")
    await expect(screen.find("view")).to_have_css("opacity", "0.5")
    await expect(screen.find("view")).to_have_css("width", "50px")
    await expect(screen.find("view")).to_have_css("position", "static")
    device.patch(["set", box[0], "style", "height:70px"])
    await expect(screen.find("view")).to_have_css("height", "70px")
    await expect(screen.find("view")).to_have_css("width", "50px")


async def test_keyframes_play_and_their_end_stays_until_it_is_cleared(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    box = ids.element("view", "x", style="width:100px;opacity:0.9")
    screen = await screens.open_program(box)
    frames: list[Value] = [
        {"opacity": 0, "offset": 0},
        {
            "opacity": 0.25,
            "translate": [10, "20px"],
            "scale": 2,
            "backgroundColor": "rgb(1, 2, 3)",
            "offset": 1,
            "zIndex": 9,
        },
    ]

    device.patch(["call", box[0], "animate", [frames, 20]])
    await expect(screen.find("view")).to_have_css("opacity", "0.25")
    await expect(screen.find("view")).to_have_css("transform", "matrix(2, 0, 0, 2, 10, 20)")
    await expect(screen.find("view")).to_have_css("background-color", "rgb(1, 2, 3)")
    await expect(screen.find("view")).to_have_css("z-index", "auto")

    device.patch(["call", box[0], "clearAnimation", [None]])
    await expect(screen.find("view")).to_have_css("opacity", "0.9")
    await expect(screen.find("view")).to_have_css("transform", "none")


async def test_an_animation_can_follow_a_scroll_view(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    box = ids.element("view", "x", class_="box")
    area = ids.element("scroll-view", ids.element("view", style="height:1000px"), scroll_y=True, style="height:200px")
    screen = await screens.open_program(box, area)

    timeline: dict[str, Value] = {
        "orientation": "vertical",
        "startScrollOffset": 0,
        "endScrollOffset": 400,
        "timeRange": 1000,
    }
    device.patch(["call", box[0], "animate", [[{"opacity": 0}, {"opacity": 1}], 1000, area[0], timeline]])
    await expect(screen.find(".box")).to_have_css("opacity", "0")
    await scroll("scroll-view", 0, 100)(screen)
    await expect(screen.find(".box")).to_have_css("opacity", "0.25")


@pytest.mark.parametrize(
    ("move", "top"),
    [({"top": 300, "offset": 0}, 300), ({"node": "far", "offset": 0}, 1000), ({"node": "far", "offset": -40}, 960)],
)
async def test_a_page_scrolls_to_a_place_or_a_node(
    move: dict[str, Any], top: int, device: PaperDevice, screens: Screens
) -> None:
    ids = device.page.ids
    far = ids.element("view", "far")
    screen = await screens.open_program(
        ids.element("view", style="height:1000px"), far, ids.element("view", style="height:2000px")
    )

    wanted = {name: far[0] if value == "far" else value for name, value in move.items()}
    device.patch(["call", 0, "scrollTo", [wanted | {"duration": 50}]])

    await screen.page.wait_for_function(
        "([element, top]) => element.scrollTop === top",
        arg=[await screen.find(".cy-viewport").element_handle(), top],
    )


async def test_a_page_scrolls_softly_where_motion_is_welcome(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    screen = await screens.open_program(ids.element("view", style="height:3000px"), reduced_motion="no-preference")
    device.patch(["call", 0, "scrollTo", [{"top": 900, "offset": 0, "duration": 900}]])

    seen = await screen.find(".cy-viewport").evaluate(
        """async (element) => {
          const seen = new Set();
          while (element.scrollTop < 900) {
            seen.add(element.scrollTop);
            await new Promise((done) => requestAnimationFrame(done));
          }
          return seen.size;
        }"""
    )
    assert seen > 2


async def test_a_scroll_view_context_scrolls_and_locks(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids
    rows = [ids.element("view", f"row {n}", style="height:40px") for n in range(40)]
    area = ids.element("scroll-view", *rows, scroll_y=True, enhanced=True, style="height:200px")
    screen = await screens.open_program(area)
    view = screen.find("scroll-view")

    device.patch(["call", area[0], "scrollTo", [{"top": 300, "duration": 10}]])
    await expect(view).to_have_js_property("scrollTop", 300)
    device.patch(["call", area[0], "scrollIntoView", [rows[20][0], {"alignment": "center", "animated": False}]])
    await expect(view).to_have_js_property("scrollTop", 720)
    device.patch(["call", area[0], "setting", ["scrollEnabled", False]])
    await expect(view).to_have_css("overflow-y", "hidden")


async def test_a_screen_measures_text_as_its_canvas_draws_it(device: PaperDevice, screens: Screens) -> None:
    await screens.open_program(device.page.ids.element("view", "x"))

    def request(font: str, text: str) -> LayoutRequest:
        return LayoutRequest(0, ("textMetrics",), font=font, text=text)

    asked = [
        request("20px sans-serif", "wide"),
        request("40px sans-serif", "wide"),
        request("no font", ""),
    ]
    results = await device.screen.query(APP, device.page.id, asked)

    assert results is not None
    widths = [result["textMetrics"]["width"] for result in results if result]  # type: ignore[index, call-overload]
    assert widths[0] == pytest.approx(widths[1] / 2, abs=1)  # type: ignore[operator]
    assert widths[2] == 0
