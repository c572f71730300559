"""What a program may try on a board: it is stopped or told of it, and the board and the next program go on."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.micro.board import run_json
from tests.micro.program.player import play, write_program

TAP = (1, 1, "tap")


def page(handler: str, before: str = "") -> dict[str, str]:
    body = "\n".join(f"        {line}" for line in handler.split("\n"))
    return {
        "pages/index/index.wxml": "<view bindtap='tap'>{{x}}</view>",
        "pages/index/index.py": "from cygnet import App, CapabilityError, Page, call, log\nkept = []\n"
        f"class Index(Page):\n    data = {{'x': 1}}\n{before}    def tap(self, event):\n{body}\n",
    }


_REAL_TIME = """
from micro.program.limits import Limits
from micro.program.program import Program
from micro.program.errors import ProgramError
said = []
program = Program(given["folder"], Limits(given["limits"]), lambda name, values: values,
                  lambda level, source, text: said.append(text), True)
ended = ""
try:
    program.start("")
    for step in given["steps"]:
        program.event(*step)
except ProgramError as error:
    ended = str(error)
program.stop()
answer({"said": said, "ended": ended})
"""

_SWALLOWING = """while True:
    try:
        while True:
            _tick()
            kept.append([1])
    except Exception:
        pass"""
ENDLESS = {
    "with a full memory": _SWALLOWING,
    "with memory that is let go": "kept = []\n" + _SWALLOWING.replace("kept.append([1])", "kept = [kept]"),
    "asking the runtime": "while True:\n    _tick()\n    self.set_data({'x': 2})",
    "asking for capabilities": "while True:\n    _tick()\n    call('a')",
}


@pytest.mark.parametrize("case", ENDLESS)
def test_an_endless_handler_is_stopped(case: str, micropython: str, tmp_path: Path) -> None:
    folder = write_program(tmp_path / "program", page(ENDLESS[case]))
    given = {"folder": str(folder), "limits": {"event_ms": 100, "heap_kb": 20_000}, "steps": [TAP]}
    played = run_json(micropython, _REAL_TIME, given, tmp_path)
    assert any("took longer than 0.1 s" in line for line in played["said"]) or "memory" in played["ended"]


UNUSABLE = {
    "data that hold a set": ("Index.data = {'x': {1}}\nself.redirect_to('/pages/index/index')", "data holds a set"),
    "data that are a number": ("Index.data = 5\nself.redirect_to('/pages/index/index')", "no dictionary"),
    "data that are nothing": ("Index.data = None\nself.redirect_to('/pages/index/index')", "no dictionary"),
    "data that are in themselves": (
        "Index.data = {}\nIndex.data['x'] = Index.data\nself.redirect_to('/pages/index/index')", "nested more than"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_a_page_cannot_be_made_of_is_logged_and_the_program_goes_on(
    case: str, micropython: str, tmp_path: Path
) -> None:
    handler, expected = UNUSABLE[case]
    played = play(micropython, tmp_path, page(handler), TAP)
    assert played["ended"] == ""
    assert any(expected in text for _, _, text in played["log"]), played["log"]


def test_a_page_without_data_at_the_start_ends_the_program_with_a_sentence(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, page("pass", "    def on_load(self, query):\n        self.data = 'abc'\n"))
    assert played["ended"].startswith("the first page of the program cannot be shown")


def test_who_ends_the_interpreter_ends_only_the_handler(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, page("raise SystemExit"), TAP, TAP)
    assert [text for _, _, text in played["log"]] == ["SystemExit: a program does not end by itself"] * 2


_TWO = """
from micro.program.limits import Limits
from micro.program.program import Program
said = []
for folder in given:
    program = Program(folder, Limits({"event_ms": 2000, "heap_kb": 200}), lambda name, values: values,
                      lambda level, source, text: said.append(text), True)
    program.start("")
    program.event(1, 1, "tap")
    program.stop()
answer(said)
"""
LEFT_BEHIND = {
    "a method of Page": ("Page.set_data = lambda *a: log('mine')", "self.set_data({'x': 2})"),
    "a life of Page": ("Page.on_unload = lambda self: log('mine')", "pass"),
    "the data of Page": ("Page.data['x'] = 'mine'", "log(Page.data)"),
    "a member of App": ("App.kept = 'mine'", "log(getattr(App, 'kept', ''))"),
    "a module's function": ("import time\ntime.time = lambda: 'mine'", "import time\nlog(time.time())"),
}


@pytest.mark.parametrize("case", LEFT_BEHIND)
def test_a_program_leaves_nothing_to_the_next(case: str, micropython: str, tmp_path: Path) -> None:
    folders = [
        str(write_program(tmp_path / name, page(handler)))
        for name, handler in zip("ab", LEFT_BEHIND[case], strict=True)
    ]
    said: Any = run_json(micropython, _TWO, folders, tmp_path)
    first = ["mine"] if case == "a life of Page" else []  # its own page is unloaded
    assert said[: len(first)] == first
    assert "mine" not in json.dumps(said[len(first) :]), said


def test_a_page_anywhere_is_forgotten_with_its_program(micropython: str, tmp_path: Path) -> None:
    folders = []
    for name in ("first", "second"):
        files = {
            "my/place.wxml": "<view bindtap='tap'/>",
            "my/place.py": f"from cygnet import Page, log\nclass P(Page):\n    data = {{}}\n"
            f"    def tap(self, event):\n        log({name!r})\n",
        }
        folders.append(str(write_program(tmp_path / name, files)))
    assert run_json(micropython, _TWO, folders, tmp_path) == ["first", "second"]


def test_a_page_with_the_name_of_a_module_of_the_runtime_takes_it_from_nobody(micropython: str, tmp_path: Path) -> None:
    files = {
        **page("self.navigate_to('/asyncio/core')\nself.navigate_to('/micro/clock')"),
        "asyncio/core.wxml": "<view/>",
        "asyncio/core.py": "from cygnet import Page\nclass Core(Page):\n    data = {}\n",
        "micro/clock.wxml": "<view/>",
        "micro/clock.py": "from cygnet import Page\nclass Clock(Page):\n    data = {}\n",
    }
    folder = write_program(tmp_path / "program", files)
    script = "import asyncio, sys\nimport micro.clock\nbefore = sorted(sys.modules)\n" + _REAL_TIME.replace(
        "answer(", "left = [name for name in sys.modules if name in before]\nanswer("
    ).replace('"ended": ended', '"ended": ended, "gone": [name for name in before if name not in left]')
    given = {"folder": str(folder), "limits": {"event_ms": 1000}, "steps": [TAP]}
    assert run_json(micropython, script, given, tmp_path)["gone"] == []
