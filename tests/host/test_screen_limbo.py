"""What custom components need of a screen: a limbo for content without a slot, style sheets, a tab bar of their own."""

from typing import Any

import pytest
from playwright.async_api import expect

from device_runtime.program.manifest import Tab, TabBar
from device_runtime.view.patches import LIMBO_ID
from tests.host.actions import scroll
from tests.host.conftest import Screens
from tests.host.screen_device import Ids, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


async def test_content_in_limbo_is_not_seen_and_comes_back_as_it_was(device: PaperDevice, screens: Screens) -> None:
    ids = device.push().ids
    slot = ids.element("view", class_="slot")
    field = ids.element("input", events=["input"])
    rows = [ids.element("view", f"row {n}", style="height:40px") for n in range(20)]
    area = ids.element("scroll-view", *rows, scroll_y=True, style="height:100px")
    slot[4] += [field, area]
    screen = await screens.open_program(slot)
    await screen.find("input").fill("typed")
    await scroll("scroll-view", 0, 120)(screen)

    device.patch(["move", field[0], LIMBO_ID, 0], ["move", area[0], LIMBO_ID, 1])
    await expect(screen.find(".slot")).to_be_empty()
    await expect(screen.find("input")).not_to_be_visible()
    device.patch(["set", field[0], "class", "back"], ["move", field[0], slot[0], 0], ["move", area[0], slot[0], 1])

    await expect(screen.find(".slot > input.back")).to_have_value("typed")
    await expect(screen.find(".slot > scroll-view")).to_be_visible()


async def test_a_move_keeps_focus_and_scrolling(device: PaperDevice, screens: Screens) -> None:
    ids = device.push().ids
    first, field = ids.element("view", "first"), ids.element("input")
    rows = [ids.element("view", f"row {n}", style="height:40px") for n in range(20)]
    area = ids.element("scroll-view", *rows, scroll_y=True, style="height:100px")
    screen = await screens.open_program(first, field, area)
    await screen.find("input").focus()
    await scroll("scroll-view", 0, 120)(screen)

    device.patch(["move", field[0], LIMBO_ID, 0], ["move", field[0], 0, 0], ["move", area[0], 0, 0])

    await expect(screen.find("page > :first-child")).to_have_css("height", "100px")
    await expect(screen.find("input")).to_be_focused()
    assert await screen.find("scroll-view").evaluate("(element) => element.scrollTop") == 120


async def test_a_late_screen_gets_the_limbo_too(device: PaperDevice, screens: Screens) -> None:
    ids = device.push().ids
    card = ids.element("view", "card", class_="card")
    slot = ids.element("view", card, class_="slot")
    await screens.open_program(slot)
    device.patch(["move", card[0], LIMBO_ID, 0])

    late = await screens.open()
    device.patch(["move", card[0], slot[0], 0])

    await expect(late.find(".slot > .card")).to_have_text("card")


def in_limbo(ids: Ids, *nodes: Any) -> list[list[Any]]:
    return [["insert", LIMBO_ID, index, node] for index, node in enumerate(nodes)]


async def test_nothing_in_limbo_is_at_work(device: PaperDevice, screens: Screens) -> None:
    """A swiper does not turn, a portal and a page-container do not show, a bar is not changed: until they come out."""
    ids = device.push(navigationBarTitleText="Lamp").ids
    items = [ids.element("swiper-item", name) for name in ("one", "two")]
    swiper = ids.element("swiper", *items, autoplay=True, interval=100, events=["change"])
    portal = ids.element("root-portal", ids.element("view", "over", class_="over"))
    sheet = ids.element("page-container", ids.element("view", "sheet", class_="sheet"), show=True, events=["enter"])
    bar = ids.element("navigation-bar", title="Meta")
    box = ids.element("movable-area", ids.element("movable-view", x=40, y=10), style="width:200px;height:200px")
    field = ids.element("input", focus=True)
    nodes = [swiper, portal, sheet, bar, box, field]
    screen = await screens.open_program(ids.element("view", "x", class_="x"))
    device.patch(*in_limbo(ids, *nodes))
    await screen.frames(12)

    await expect(screen.page.locator(".bar-title")).to_have_text("Lamp")
    await expect(screen.find(".over")).not_to_be_visible()
    await expect(screen.find(".sheet")).not_to_be_visible()
    assert device.events == []

    device.patch(*(["move", node[0], 0, index] for index, node in enumerate(nodes)))

    await expect(screen.page.locator(".bar-title")).to_have_text("Meta")
    await expect(screen.find(".over")).to_be_visible()
    await expect(screen.find(".sheet")).to_be_visible()
    await expect(screen.find("movable-view")).to_have_css("transform", "matrix(1, 0, 0, 1, 40, 10)")
    await expect(screen.find("input")).to_be_focused()
    await device.event("change")

    device.patch(["move", portal[0], LIMBO_ID, 0], ["move", sheet[0], LIMBO_ID, 0], ["move", bar[0], LIMBO_ID, 0])
    await expect(screen.page.locator(".bar-title")).to_have_text("Lamp")
    await expect(screen.find(".over")).not_to_be_visible()
    await expect(screen.find(".sheet")).not_to_be_visible()


async def test_an_id_in_limbo_is_not_meant(device: PaperDevice, screens: Screens) -> None:
    ids = device.push().ids
    lamp = ids.element("switch", id="lamp", events=["change"])
    screen = await screens.open_program(ids.element("label", "Light", for_="lamp"), lamp)
    device.patch(*in_limbo(ids, ids.element("switch", id="lamp")))

    await screen.find("label").click()

    assert (await device.event("change")).node == lamp[0]


async def test_component_styles_come_between_the_app_s_and_the_page_s(device: PaperDevice, screens: Screens) -> None:
    device.resources |= {
        "app.css": b".a { color: rgb(1, 0, 0) } .b { color: rgb(1, 0, 0) } .c { color: rgb(1, 0, 0) }",
        "components/card/card.css": b".a { color: rgb(2, 0, 0) } .b { color: rgb(2, 0, 0) }",
        "components/chip/chip.css": b".c { color: rgb(3, 0, 0) }",
        "pages/index/index.css": b".a { color: rgb(4, 0, 0) }",
    }
    ids = device.push(styles=["components/card/card.css", "components/chip/chip.css"]).ids
    screen = await screens.open_program(*(ids.element("view", name, class_=name) for name in "abc"))

    for name, red in (("a", 4), ("b", 2), ("c", 3)):
        await expect(screen.find(f".{name}")).to_have_css("color", f"rgb({red}, 0, 0)")


async def test_a_program_with_a_tab_bar_of_its_own_gets_none_from_the_screen(
    device: PaperDevice, screens: Screens
) -> None:
    tabs = (Tab("pages/index/index", "Home", "", ""), Tab("pages/list/list", "List", "", ""))
    device.tab_bar = TabBar(tabs, custom=True)
    ids = device.push().ids
    screen = await screens.open_program(ids.element("view", "page"), ids.element("custom-tab-bar", "mine"))

    await expect(screen.find("custom-tab-bar")).to_have_text("mine")
    await expect(screen.page.locator(".program.shown .tabs")).not_to_be_visible()

    device.tab_bar = TabBar(tabs)
    device.set_window(navigationBarTitleText="Home")
    await expect(screen.page.locator(".program.shown .tabs")).to_be_visible()
