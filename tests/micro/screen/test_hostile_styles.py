"""Styles that would keep a board busy, or that no whole number of the screen can say."""

from pathlib import Path

import pytest

from tests.micro.screen.frames import SSD1306, show

_PAGE = """from cygnet import Page
class Index(Page):
    data = {}
"""
STYLES = {
    "digits without end": "width: %spx" % ("9" * 400),
    "percents without end": "height: 99999999999999999999%",
    "a font as large as a house": "font-size: 99999999px",
    "a colour without end": "color: rgb(1e400, 1, 1); background: rgb(%s, -1, 1)" % ("9" * 400),
    "nothing that is a number": "width: +.-px; margin: nan; padding: --",
}


@pytest.mark.parametrize("case", STYLES)
def test_a_page_is_shown_whatever_its_style_says(case: str, micropython: str, tmp_path: Path) -> None:
    files = {
        "pages/index/index.wxml": f"<view style='{STYLES[case]}; border: 1px solid red'>text</view>",
        "pages/index/index.py": _PAGE,
    }
    assert show(micropython, tmp_path, SSD1306, files, "next").log == []


def test_of_a_rule_without_end_only_the_beginning_is_read(micropython: str, tmp_path: Path) -> None:
    """55 KB of one rule kept a fast computer busy for ten seconds."""
    files = {
        "pages/index/index.wxml": "<view class='a'>text</view>",
        "pages/index/index.py": _PAGE,
        "pages/index/index.css": ".a{" + "width:1px;" * 20_000 + "}",
    }
    assert show(micropython, tmp_path, SSD1306, files).log == []
