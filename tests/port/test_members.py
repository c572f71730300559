"""The table of members says what the runtime does, and stands beside no other table."""

import re
from pathlib import Path

import pytest

from device_runtime.program.apis import api_table
from firmware_tools.port.members import member_table

RUNTIME = Path(__file__).parents[2] / "device_runtime"
TABLE = member_table()
VERDICTS = {"used", "harmless", "degraded", "breaks"}


def quoted() -> set[str]:
    """Every name in quotes in the base library and in the worker: what is called by its name."""
    files = [*(RUNTIME / "engine/base").glob("*.js"), *(RUNTIME / "program").glob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    return {
        name
        for text in texts
        for name in re.findall(r"""['"]([A-Za-z]+)['"]|\.(on[A-Z]\w*)\b""", text)
        for name in name
    }


@pytest.mark.parametrize("where", ["App", "Page", "lifetimes", "pageLifetimes"])
def test_a_lifecycle_is_called_used_exactly_if_the_runtime_names_it(where: str) -> None:
    named = quoted()
    for name in TABLE.names(where):
        member = TABLE.find(where, name)
        assert member is not None
        if name == "onThemeChange":
            continue  # an app's own is not called; `wx.onThemeChange` is, under the same name
        assert (member.verdict == "used") == (name in named), f"{where}.{name} is {member.verdict}; see members.toml"


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
