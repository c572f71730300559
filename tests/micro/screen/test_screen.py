"""Pages on small displays: what is drawn where, what is drawn again, focus, scrolling, styles."""

from pathlib import Path
from typing import Any

import pytest

from firmware_tools.build.styles import compile_style
from tests.micro.board import run_json
from tests.micro.screen.frames import SSD1306, ST7789, WIDE, Shown, show

ALL = pytest.mark.parametrize("display", [SSD1306, ST7789, WIDE], ids=["oled", "square", "wide"])


def no_files(_: str) -> None:
    """A style alone."""


def page(template: str, style: str = "", code: str = "    data = {}") -> dict[str, str]:
    return {
        "pages/index/index.wxml": template,
        "pages/index/index.css": compile_style(style, "pages/index/index.wxss", no_files),
        "pages/index/index.py": f"from cygnet import Page\nclass Index(Page):\n{code}\n",
    }


def differing(shown: Shown, one: int, other: int) -> tuple[int, int, int, int] | None:
    """The smallest rectangle that holds all pixels that are different: left, top, right, bottom."""
    places = [
        (x, y)
        for y, (a, b) in enumerate(zip(shown.pixels(one), shown.pixels(other), strict=True))
        for x, (p, q) in enumerate(zip(a, b, strict=True))
        if p != q
    ]
    if not places:
        return None
    return (
        min(x for x, _ in places), min(y for _, y in places), max(x for x, _ in places), max(y for _, y in places),
    )  # fmt: skip


def inked(shown: Shown, step: int, paper: int | None = None) -> tuple[int, int, int, int]:
    """The smallest rectangle that holds all that is not the colour of the corner."""
    rows = shown.pixels(step)
    ground = rows[0][0] if paper is None else paper
    places = [(x, y) for y, row in enumerate(rows) for x, value in enumerate(row) if value != ground]
    return (
        min(x for x, _ in places), min(y for _, y in places), max(x for x, _ in places), max(y for _, y in places),
    )  # fmt: skip


COUNTER = page(
    '<view style="height:60px">Count</view><view bindtap="add">{{n}}</view><view>Below</view>',
    code="    data = {'n': 1}\n    def add(self, event):\n        self.set_data({'n': self.data['n'] + 1})",
)


@ALL
def test_only_what_changed_is_sent_and_it_is_what_a_fresh_drawing_shows(
    micropython: str, tmp_path: Path, display: Any
) -> None:
    shown = show(micropython, tmp_path, display, COUNTER, "next", "select", "before", "next")
    assert shown.log == []
    whole = sum(width * rows for _, _, width, rows in shown.sent[0])
    assert whole == display["width"] * display["height"]
    changed = sum(width * rows for _, _, width, rows in shown.sent[2])
    assert 0 < changed < whole / 20
    left, top, right, bottom = differing(shown, 1, 2) or (0, 0, 0, 0)
    assert any(
        x <= left and right < x + width and y <= top and bottom < y + rows for x, y, width, rows in shown.sent[2]
    )
    # Whatever way led there, the picture is that of the page: the focus went and came back.
    assert shown.pixels(4) == shown.pixels(2)


@ALL
def test_the_focus_is_seen(micropython: str, tmp_path: Path, display: Any) -> None:
    two = page('<button bindtap="a">One</button><button bindtap="b">Two</button>')
    shown = show(micropython, tmp_path, display, two, "next", "next", "next")
    assert shown.pixels(1) != shown.pixels(0)
    assert shown.pixels(2) != shown.pixels(1)
    assert shown.pixels(3) == shown.pixels(1), "after the last comes the first"
    first = differing(shown, 0, 1)
    assert first is not None
    assert first[3] < display["height"] * 0.55


@ALL
def test_long_pages_scroll_with_the_focus_and_say_so(micropython: str, tmp_path: Path, display: Any) -> None:
    rows = "".join(f'<view bindtap="t" style="padding:10px">Row {number}</view>' for number in range(20))
    shown = show(micropython, tmp_path, display, page(rows), *["next"] * 20)
    assert shown.scroll > 0
    assert shown.scroll == shown.page_height - display["height"]
    bar = [row[-1] for row in shown.pixels(20)]
    assert bar[-1] != bar[0], "the scroll bar is at the bottom"
    assert shown.pixels(0)[0][-1] != bar[0]


def test_a_page_that_fits_has_no_scroll_bar(micropython: str, tmp_path: Path) -> None:
    shown = show(micropython, tmp_path, SSD1306, page("<text>Hello</text>"))
    assert {row[-1] for row in shown.pixels(0)} == {0}


@ALL
def test_text_is_broken_into_lines_that_fit(micropython: str, tmp_path: Path, display: Any) -> None:
    words = "The quick brown fox jumps over the lazy dog and runs away into the deep dark wood"
    shown = show(micropython, tmp_path, display, page(f'<view style="padding:0 20px">{words}</view>'))
    left, _, right, _ = inked(shown, 0)
    side = round(20 * display["width"] / 375)
    assert left >= side - 1
    assert right < display["width"] - side + 1
    assert shown.page_height > 16 * (1 if display is SSD1306 else 2)


@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_text_is_aligned(micropython: str, tmp_path: Path, align: str) -> None:
    shown = show(micropython, tmp_path, ST7789, page(f'<view style="text-align:{align}">Hi</view>'))
    left, _, right, _ = inked(shown, 0)
    before, after = left, 239 - right
    assert {"left": before < 4, "center": abs(before - after) <= 3, "right": after <= 4}[align]


def test_styles_of_the_package_and_inline_ones_colour_and_place(micropython: str, tmp_path: Path) -> None:
    style = """
    /* .no { background: red } */
    page { background-color: #00f }
    .box, .other { width: 50%; height: 75px; background: #0f0; margin: 0 auto }
    @media (min-width: 1px) { .box { background: #f00 } }
    .box:active { background: #f00 }
    view .box { background: #f00 }
    button { margin: 0; padding: 20rpx 30rpx; width: 300rpx; border-radius: 0; background: #ff0 }
    """
    shown = show(
        micropython,
        tmp_path,
        ST7789,
        page('<view class="box"/><view class="box" style="background:rgb(255, 0, 0)"/><button/>', style),
    )
    rows = shown.pixels(0)
    assert rows[0][0] == 0x0000FF
    assert rows[20][120] == 0x00FF00
    assert rows[20][58] == 0x0000FF
    assert rows[20][62] == rows[20][178] == 0x00FF00
    assert rows[4 + 48 + 20][120] == 0xFF0000
    assert rows[4 + 96].count(0xFFFF00) == 96


def test_rows_share_their_width(micropython: str, tmp_path: Path) -> None:
    template = """<view style="display:flex;gap:10rpx"><view style="flex:1;background:#f00;height:30px"/>
      <view style="flex:2;background:#0f0;height:30px"/></view>
      <view style="display:flex;justify-content:space-between"><view style="width:30px;height:30px;background:#00f"/>
      <view style="width:30px;height:30px;background:#00f"/></view>"""
    row = show(micropython, tmp_path, ST7789, page(template)).pixels(0)
    first, second = row[10], row[30]
    red, green = first.count(0xFF0000), first.count(0x00FF00)
    assert abs(red * 2 - green) <= 2
    assert red + green == 240 - 3
    assert second[0] == second[239] == 0x0000FF
    assert second.count(0x0000FF) == 2 * 19


def test_what_is_hidden_is_not_drawn(micropython: str, tmp_path: Path) -> None:
    shown = show(micropython, tmp_path, SSD1306, page('<view hidden>x</view><view style="display:none">y</view>'))
    assert {value for row in shown.pixels(0) for value in row} == {0}


CONTROLS = """
<switch checked="{{on}}" bindchange="change"/><checkbox checked="{{false}}">Yes</checkbox>
<slider value="{{50}}" bindchange="change"/><progress percent="30"/><input value="{{text}}"/>
"""


@ALL
def test_controls_are_worked_by_select(micropython: str, tmp_path: Path, display: Any) -> None:
    code = (
        "    data = {'on': False, 'text': ''}\n    def change(self, event):\n"
        "        self.set_data({'text': self.data['text'] + str(event['detail']['value']) + ' '})"
    )
    shown = show(
        micropython, tmp_path, display, page(CONTROLS, code=code), "next", "select", "select", "next", "select", "next",
        "select",
    )  # fmt: skip
    assert shown.log == []
    for before, after in ((1, 2), (4, 5), (6, 7)):
        assert shown.pixels(before) != shown.pixels(after)


def test_a_finger_taps_what_is_below_it(micropython: str, tmp_path: Path) -> None:
    shown = show(micropython, tmp_path, ST7789, COUNTER, [100, 55], [100, 5])
    assert differing(shown, 0, 1) is not None
    assert differing(shown, 1, 2) is None


def test_a_board_says_what_it_waits_for(micropython: str, tmp_path: Path) -> None:
    shown = show(micropython, tmp_path, SSD1306, COUNTER, ["say", "pico-1", "waits for its program"])
    left, top, right, bottom = inked(shown, 1)
    assert abs(left - (127 - right)) <= 4
    assert 10 < top < bottom < 54


_WIDTHS = """
from micro.screen import glyphs
answer([[glyphs.width_of(text, scale), glyphs.shown(text)] for text, scale in given])
"""


def test_characters_are_as_wide_as_they_are(micropython: str, tmp_path: Path) -> None:
    given = [
        ["i", 1],
        ["m", 1],
        ["0", 1],
        ["1", 1],
        ["ii", 2],
        ["", 1],
        ["ä", 1],
        ["語", 1],
        ["\u201ea\u201d\u2014", 1],
    ]
    widths = run_json(micropython, _WIDTHS, given, tmp_path)
    assert widths[0][0] < widths[1][0]
    assert widths[2][0] == widths[3][0], "digits do not dance when they change"
    assert widths[4][0] == 4 * widths[0][0]
    assert [shown for _, shown in widths[6:]] == ["ä", "\x7f", '"a"-']
