"""What of the runtime's own code boards go without."""

import pytest

from firmware_tools.provision.packing.unused import without_unused
from firmware_tools.provision.runtime import packed, runtime_sources

USED = "def used():\n    return 1\n"


@pytest.mark.parametrize(
    ("other", "stays"),
    [
        ("", False),
        ("from .first import used\n", True),
        ("from . import first\nprint(first.used())\n", True),
        ("print(used)\n", True),
        ("def use():\n    from .first import used as called\n    return called()\nuse()\n", True),
        ("'used'\n", False),
        ("try:\n    from typing import Any\n    from .first import used\nexcept ImportError:\n    pass\n", False),
    ],
)
def test_a_function_that_nobody_names_is_left_out(other: str, stays: bool) -> None:
    left = without_unused({"own/first.py": USED + "def main():\n    pass\n", "own/second.py": other})
    assert ("def used" in left["own/first.py"]) is stays
    assert "def main" in left["own/first.py"]


def test_what_programs_call_stays() -> None:
    assert without_unused({"own/program/api.py": USED}) == {"own/program/api.py": USED}


def test_boards_do_not_get_what_only_the_toolchain_uses() -> None:
    assert "def record_bytes" in runtime_sources()["micro/records.py"]
    assert "def record_bytes" not in without_unused(runtime_sources())["micro/records.py"]
    assert "class Page" in packed(runtime_sources())[0]["micro/api.py"]
