"""Questions about layout: what screens answer, who answers, and what comes into view."""

import asyncio
from typing import Any

import aiohttp
import pytest

from device_runtime.host.screen.layout import Arrivals, LayoutError, LayoutRequest, Observation
from tests.host.actions import scroll
from tests.host.conftest import Screens
from tests.host.screen_device import APP, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


async def test_a_screen_says_where_nodes_are(device: PaperDevice, screens: Screens) -> None:
    ids = device.page.ids if device.pages else device.push(navigationBarTitleText="Lamp").ids
    box = ids.element("view", "x", style="position:absolute;left:30px;top:40px;width:100px;height:50px;color:#ff0000")
    tall = ids.element("view", style="height:3000px")
    slider = ids.element("slider", value=7)
    screen = await screens.open_program(box, tall, slider)
    await scroll(".cy-viewport", 0, 25)(screen)

    results = await device.screen.query(
        APP,
        device.page.id,
        [
            LayoutRequest(box[0], ("rect", "size", "computedStyle"), computed_style=("color", "position")),
            LayoutRequest(0, ("rect", "scrollOffset")),
            LayoutRequest(slider[0], ("properties",), properties=("value", "missing")),
            LayoutRequest(99_999, ("rect",)),
        ],
    )

    assert results is not None
    assert results[0] == {
        "rect": {"left": 30, "top": 15, "right": 130, "bottom": 65, "width": 100, "height": 50},
        "size": {"width": 100, "height": 50},
        "computedStyle": {"color": "rgb(255, 0, 0)", "position": "absolute"},
    }
    page = results[1]
    assert page is not None
    assert page["rect"] == {"left": 0, "top": 0, "right": 1024, "bottom": 548, "width": 1024, "height": 548}
    assert isinstance(page["scrollOffset"], dict)
    assert page["scrollOffset"]["scrollTop"] == 25
    assert results[2] == {"properties": {"value": 7, "missing": None}}
    assert results[3] is None


async def test_without_a_screen_or_the_page_there_is_no_answer(device: PaperDevice, screens: Screens) -> None:
    request = [LayoutRequest(0, ("rect",))]
    page = device.push()
    assert await device.screen.query(APP, page.id, request) is None

    await screens.open_program()
    assert await device.screen.query(APP, page.id + 7, request) is None
    assert await device.screen.query(APP, page.id, request) is not None


async def test_a_screen_that_is_about_to_connect_is_waited_for_but_not_for_ever(
    device: PaperDevice, screens: Screens, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = device.push()
    device.show(page.ids.element("view", "x"))
    monkeypatch.setattr(device.screen, "_arrivals", Arrivals(seconds=60))  # a busy browser takes its time
    asked = asyncio.create_task(device.screen.query(APP, page.id, [LayoutRequest(0, ("size",))]))
    await screens.open_program()
    results = await asked
    assert results is not None
    assert results[0] is not None

    patient = Arrivals(seconds=0.05)
    await patient.wait(lambda: False)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await patient.wait(lambda: False)
    assert loop.time() - started < 0.05, "nobody waits twice in vain"


async def raw_screen(http: aiohttp.ClientSession, device: PaperDevice) -> aiohttp.ClientWebSocketResponse:
    """A screen whose every word the test says."""
    known = len(device.attached)
    socket = await http.ws_connect(device.url + "ws", max_msg_size=0)
    await device.wait(lambda: len(device.attached) > known)
    return socket


async def receive(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = await socket.receive_json(timeout=10)
        if message["type"] == kind:
            return message


BOX = {"left": 1, "top": 2, "right": 4, "bottom": 6, "width": 3, "height": 4}


async def test_the_first_screen_that_has_the_page_answers(device: PaperDevice) -> None:
    device.push()
    async with aiohttp.ClientSession() as http:
        one, two = await raw_screen(http, device), await raw_screen(http, device)
        asked = asyncio.create_task(device.screen.query(APP, 1, [LayoutRequest(0, ("rect",))]))
        query = await receive(one, "query")
        assert query["requests"] == [{"node": 0, "fields": ["rect"], "properties": [], "computed_style": []}]
        await one.send_json({"type": "query_result", "id": query["id"], "results": None})
        await two.send_json({"type": "query_result", "id": query["id"], "results": [{"rect": BOX}]})
        assert await asked == [{"rect": BOX}]

        asked = asyncio.create_task(device.screen.query(APP, 1, [LayoutRequest(0, ("rect",))]))
        query = await receive(one, "query")
        await one.send_json({"type": "query_result", "id": query["id"], "results": []})
        assert "1 answers" in (await receive(one, "error"))["text"]
        await one.send_json({"type": "query_result", "id": query["id"], "results": [{"rect": {"left": "x"}}]})
        assert "a place must hold the numbers" in (await receive(one, "error"))["text"]
        await one.close()
        await two.close()
        assert await asked is None, "both screens have gone"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: LayoutRequest(-1, ("rect",)), "whole number from 0"),
        (lambda: LayoutRequest(1, ("innerHTML",)), "is no field"),  # type: ignore[arg-type]
        (lambda: LayoutRequest(1, ("properties",), ("x",) * 65), "at most 64 names"),
        (lambda: Observation(()), "1 to 1024 nodes"),
        (lambda: Observation((1,), (1.5,)), "thresholds from 0 to 1"),
    ],
)
async def test_a_malformed_question_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(LayoutError, match=sentence):
        make()


async def test_a_program_hears_what_comes_into_view(device: PaperDevice, screens: Screens) -> None:
    ids = device.push().ids
    far = ids.element("view", "far", style="height:100px")
    screen = await screens.open_program(ids.element("view", style="height:2000px"), far)
    device.screen.observe(APP, device.page.id, 5, Observation((far[0],), (0.5,), margins={"bottom": -20}))
    await device.screen.query(APP, device.page.id, [LayoutRequest(0, ("size",))])
    await screen.frames(3)
    assert device.intersections == []

    await scroll(".cy-viewport", 0, 9999)(screen)
    await device.wait(lambda: len(device.intersections) == 1)
    (seen,) = device.intersections
    assert (seen.app_id, seen.page, seen.observer, seen.node) == (APP, device.page.id, 5, far[0])
    assert seen.ratio == pytest.approx(0.8)
    assert seen.bounding_rect["height"] == 100
    assert seen.relative_rect["height"] == 528

    await scroll(".cy-viewport", 0, 0)(screen)
    await device.wait(lambda: len(device.intersections) == 2)
    assert device.intersections[1].ratio == 0

    device.screen.unobserve(APP, 5)
    await scroll(".cy-viewport", 0, 9999)(screen)
    await device.screen.query(APP, device.page.id, [LayoutRequest(0, ("size",))])
    await screen.frames(3)
    assert len(device.intersections) == 2


async def test_one_screen_watches_and_another_takes_over(device: PaperDevice, screens: Screens) -> None:
    ids = device.push().ids
    here = ids.element("view", "here", style="height:100px")
    first = await screens.open_program(here)
    await screens.open(width=390, height=844)
    device.screen.observe(APP, device.page.id, 1, Observation((here[0],)))
    await device.wait(lambda: len(device.intersections) == 1)
    assert device.intersections[0].bounding_rect["width"] == 1024

    await first.page.close()

    await device.wait(lambda: len(device.intersections) == 2)
    assert device.intersections[1].bounding_rect["width"] == 390


async def test_a_report_that_nobody_asked_for_is_passed_over(device: PaperDevice) -> None:
    device.push()
    report = {
        "type": "intersection", "app_id": APP, "page": 1, "observer": 3, "node": 8, "intersection_ratio": 1,
        "intersection_rect": BOX, "bounding_rect": BOX, "relative_rect": BOX, "time": 1,
    }  # fmt: skip
    async with aiohttp.ClientSession() as http:
        one, two = await raw_screen(http, device), await raw_screen(http, device)
        await one.send_json(report | {"observer": 4})
        device.screen.observe(APP, 1, 3, Observation((8,)))
        assert (await receive(one, "observe"))["nodes"] == [8]
        await two.send_json(report)
        await two.send_json(report | {"intersection_ratio": 2})
        assert "from 0 to 1" in (await receive(two, "error"))["text"]
        assert device.intersections == []
        await one.send_json(report)
        await device.wait(lambda: len(device.intersections) == 1)


async def test_a_screen_tells_the_room_of_its_page(device: PaperDevice, screens: Screens) -> None:
    def sizes() -> set[tuple[str, int, int, int, int]]:
        return {
            (v.app_id, v.width, v.height, v.screen_width, v.screen_height) for v in device.viewports.values()
        }  # fmt: skip

    screen = await screens.open()
    await device.wait(lambda: sizes() == {("", 1024, 548, 1024, 600)})

    device.push(navigationStyle="custom")
    device.screen.foreground(APP)
    device.show(device.page.ids.element("view", "x"))
    await device.wait(lambda: sizes() == {(APP, 1024, 600, 1024, 600)})

    device.set_window(navigationStyle="default")
    await device.wait(lambda: sizes() == {(APP, 1024, 548, 1024, 600)})

    await screen.page.set_viewport_size({"width": 480, "height": 320})
    await device.wait(lambda: sizes() == {(APP, 480, 276, 480, 320)})
