"""The table of members says what the runtime does, and stands beside no other table."""

import re
from pathlib import Path

import pytest

from device_runtime.program.apis import api_table
from firmware_tools.port.lifecycles import LIFECYCLES, is_called
from firmware_tools.port.members import member_table

RUNTIME = Path(__file__).parents[2] / "device_runtime"
TABLE = member_table()
VERDICTS = {"used", "harmless", "degraded", "breaks"}


@pytest.mark.parametrize(
    ("where", "name", "called"),
    [
        *(("App", name, True) for name in ("onLaunch", "onShow", "onHide", "onError", "onPageNotFound")),
        *(("Page", name, True) for name in ("onLoad", "onReady", "onUnload", "onPageScroll", "onTabItemTap")),
        ("lifetimes", "attached", True),
        ("pageLifetimes", "show", True),
        ("App", "onShareTimeline", False),
        ("Page", "onShareTimeline", False),
        ("Page", "onAddToFavorites", False),
        (
            "Page",
            "onLaunch",
            True,
        ),  # the name is called, of the app: it is no lifecycle of a page, and nobody writes it
    ],
)
def test_the_runtime_says_which_lifecycles_it_calls(where: str, name: str, called: bool) -> None:
    assert is_called(where, name) is called


def test_what_the_runtime_calls_is_not_told_as_missing() -> None:
    assert TABLE.find("Page", "onLoad") is None
    assert TABLE.find("Page", "onShareTimeline") is not None
    for where, name in TABLE.members:
        assert (TABLE.find(where, name) is None) == (where in LIFECYCLES and is_called(where, name))


def test_every_row_has_a_verdict_and_says_what_is_missing() -> None:
    for (where, name), member in TABLE.members.items():
        assert member.verdict in VERDICTS, f"{where}.{name}"
        assert member.verdict == "used" or member.note, f"{where}.{name} does not say what is missing"


def test_the_hints_about_tags_are_about_none_that_is_drawn() -> None:
    drawn = set(api_table().components)
    assert not drawn & set(TABLE.tags), "members.toml has hints for components that the table of APIs says are drawn"


def test_window_members_that_the_screen_reads_are_called_used() -> None:
    web = RUNTIME / "host/screen/web"
    read = {
        name
        for path in web.rglob("*.js")
        for name in re.findall(r"window\.((?:navigation|background|enable|onReach|disable)\w+)", path.read_text())
    } - {"navigationBarLoading"}
    assert read
    for name in read:
        member = TABLE.find("window", name)
        assert member is not None, f"members.toml does not know {name}"
        assert member.verdict == "used", f"the screen reads {name}"


def test_members_of_app_json_that_the_build_reads_are_not_called_missing() -> None:
    build = RUNTIME.parent / "firmware_tools/build"
    read = {name for path in build.glob("*.py") for name in re.findall(r'\bapp\.get\("(\w+)"', path.read_text())}
    assert {"pages", "window", "tabBar"} <= read
    for name in read:
        member = TABLE.find("app", name)
        assert member is not None, f"members.toml does not know {name}"
        assert member.verdict in ("used", "harmless"), f"the build reads {name}"


def test_values_that_ask_for_nothing_are_told_by_type_and_value() -> None:
    dark = TABLE.find("app", "darkmode")
    assert dark is not None
    assert dark.asks_nothing(False)
    assert not dark.asks_nothing(True)
    assert not dark.asks_nothing(0)
