"""A huge patch that adds comes over several frames, and nobody can tell it from one that came at once, but sooner."""

from typing import Any

import pytest

from device_runtime.host.screen.layout import LayoutRequest
from tests.host.conftest import Screen, Screens
from tests.host.screen_device import APP, Ids, Node, PaperDevice

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

ROWS = 2000

# The front page's rows at each frame, until there are as many as there should be.
RECORD = """
(rows) => {
  globalThis.seen = [];
  const look = () => {
    const page = document.querySelector(".program.shown .page-frame.front .page-host");
    const count = page ? page.shadowRoot.querySelectorAll(".row").length : 0;
    globalThis.seen.push(count);
    if (count < rows) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""
NAMES = """
[...document.querySelector(".program.shown .page-frame.front .page-host").shadowRoot.querySelectorAll(".row")]
  .map((row) => row.textContent)
"""


def rows(ids: Ids, first: int = 0, count: int = ROWS) -> list[Node]:
    return [ids.element("view", f"row {first + n}", class_="row", style="height:20px") for n in range(count)]


def insert(parent: int, nodes: list[Node], at: int = 0) -> list[list[Any]]:
    return [["insert", parent, at + index, node] for index, node in enumerate(nodes)]


async def names(screen: Screen, count: int) -> list[str]:
    await screen.page.locator(f".program.shown .page-frame.front .row >> nth={count - 1}").wait_for(state="attached")
    shown: list[str] = await screen.page.evaluate(NAMES)
    return shown


async def open_empty(device: PaperDevice, screens: Screens) -> Screen:
    ids = device.push(navigationBarTitleText="Lamp").ids
    return await screens.open_program(ids.element("view", class_="top"))


def stamp(ids: Ids) -> list[Any]:
    """The same rows as a stamp."""
    shape = [[0, "view", {"class": "row"}, [], [], [[1, 0]]]]
    first = ids.text("")[0]
    made = [[first + 2 * number, f"row {number}"] for number in range(ROWS)]
    for _ in range(2 * ROWS):
        ids.text("")
    return [shape, made]


@pytest.mark.parametrize("form", ["rows", "a box", "a stamp", "a stamp in a box"])
async def test_the_beginning_of_a_huge_patch_is_seen_before_its_end(
    device: PaperDevice, screens: Screens, form: str
) -> None:
    screen = await open_empty(device, screens)
    await screen.page.evaluate(RECORD, ROWS)
    ids = device.page.ids
    added = [stamp(ids)] if "stamp" in form else rows(ids)
    if "box" in form:
        added = [ids.element("view", *added, ids.element("view", "the foot"))]
    # Not through the device's own page, which knows no stamps.
    device.screen.patch(APP, device.page.id, insert(0, added))
    assert await names(screen, ROWS) == [f"row {n}" for n in range(ROWS)]
    await screen.frames()
    seen = await screen.page.evaluate("globalThis.seen")
    assert any(0 < count < ROWS for count in seen)


async def test_what_the_device_says_next_comes_after_the_huge_patch(device: PaperDevice, screens: Screens) -> None:
    screen = await open_empty(device, screens)
    added = rows(device.page.ids)
    device.patch(*insert(0, added))
    device.patch(["remove", added[0][0]], ["text", added[-1][4][0][0], "the last"], ["move", added[5][0], 0, 0])
    device.patch(*insert(0, rows(device.page.ids, ROWS), ROWS - 1))
    device.patch(["set", added[1][0], "class", "row chosen"])
    await screen.find(".chosen").wait_for()
    shown = await names(screen, 2 * ROWS - 1)
    assert shown[:3] == ["row 5", "row 1", "row 2"]
    assert shown[ROWS - 2 : ROWS] == ["the last", f"row {ROWS}"]
    assert len(shown) == 2 * ROWS - 1


async def test_a_question_about_the_last_row_is_answered_when_it_is_there(
    device: PaperDevice, screens: Screens
) -> None:
    await open_empty(device, screens)
    added = rows(device.page.ids)
    device.patch(*insert(0, added))
    results = await device.screen.query(APP, device.page.id, [LayoutRequest(added[-1][0], ("rect",))])
    assert results is not None
    assert results[0] is not None
    assert results[0]["rect"] == {
        "left": 0, "top": 20 * (ROWS - 1), "right": 1024, "bottom": 20 * ROWS, "width": 1024, "height": 20,
    }  # fmt: skip


async def test_a_page_that_is_closed_while_it_is_filled_is_closed(device: PaperDevice, screens: Screens) -> None:
    screen = await open_empty(device, screens)
    device.push("pages/long/long")
    device.patch(*insert(0, rows(device.page.ids)))
    device.pop()
    device.patch(*insert(0, [device.page.ids.element("view", "here", class_="after")]))
    await screen.find(".after").wait_for()


async def test_a_bar_changes_when_the_huge_patch_before_it_is_there(device: PaperDevice, screens: Screens) -> None:
    screen = await open_empty(device, screens)
    title = screen.page.locator(".program.shown .bar-title")
    await screen.page.evaluate("""() => {
        const title = document.querySelector(".program.shown .bar-title");
        const page = document.querySelector(".program.shown .page-frame.front .page-host").shadowRoot;
        const look = () => { globalThis.rowsAtTitle = page.querySelectorAll(".row").length; };
        new MutationObserver(look).observe(title, { childList: true });
    }""")
    device.patch(*insert(0, rows(device.page.ids)))
    device.set_window(navigationBarTitleText="Full")
    await title.get_by_text("Full").wait_for()
    assert await screen.page.evaluate("globalThis.rowsAtTitle") == ROWS


async def test_rows_that_are_all_replaced_do_not_lose_their_place(device: PaperDevice, screens: Screens) -> None:
    screen = await open_empty(device, screens)
    added = rows(device.page.ids)
    device.patch(*insert(0, added))
    await names(screen, ROWS)
    area = screen.page.locator(".program.shown .page-frame.front .cy-viewport")
    await area.evaluate("(area) => area.scrollTo(0, 39000)")
    await screen.frames()
    device.patch(*[["remove", row[0]] for row in added], *insert(0, rows(device.page.ids, ROWS)))
    await screen.find(f':text-is("row {2 * ROWS - 1}")').wait_for(state="attached")
    await screen.frames()
    assert await area.evaluate("(area) => area.scrollTop") == 39000


async def test_a_screen_that_comes_later_gets_the_whole_page(device: PaperDevice, screens: Screens) -> None:
    await open_empty(device, screens)
    device.patch(*insert(0, rows(device.page.ids)))
    device.patch(["set", 0, "scroll-top", 400])
    late = await screens.open()
    assert len(await names(late, ROWS)) == ROWS
