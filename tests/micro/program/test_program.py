"""Programs on a board: lives, events, data, timers, navigation."""

from pathlib import Path
from typing import Any

from tests.micro.program.player import play

INDEX = """
from cygnet import CapabilityError, Page, call, log
from lib.words import spoken

class Index(Page):
    data = {"count": 0, "rows": [], "text": ""}

    def on_load(self, query):
        log("load", query)
        self.set_data({"text": spoken(True)})

    def on_show(self):
        log("show")

    def on_ready(self):
        log("ready")
        self.set_data({"text": "ready"})

    def on_hide(self):
        log("hide")

    def on_unload(self):
        log("unload")

    def tap(self, event):
        log(event["type"], event["target"], event["current_target"], event["detail"], event["time_stamp"])
        self.data["count"] += 1
        self.set_data({"count": self.data["count"], "rows[0].name": "x"})

    def go(self, event):
        self.navigate_to("../b/b?x=1%20y&z")
        log("still here")

    def call(self, event):
        log(call("echo", a=[1, (2, 3)]))
        try:
            call("fly")
        except CapabilityError as error:
            log("no:", error)

    def later(self, event):
        self.after(1, "add", 10)
        self.number = self.every(0.5, "add", 1)

    def add(self, n):
        self.set_data({"count": self.data["count"] + n})
        if self.data["count"] > 11:
            self.cancel(self.number)
"""
FILES = {
    "pages/index/index.wxml": """
      <view id="v" data-row-id="{{count}}" bindtap="tap"><text>{{count}} {{text}}</text></view>
      <button bindtap="go">go</button><button bindtap="call">call</button><button bindtap="later">later</button>
      <text wx:for="{{rows}}">{{item.name}}</text>
    """,
    "pages/index/index.py": INDEX,
    "lib/words.py": "def spoken(on):\n    return 'on' if on else 'off'\n",
    "pages/b/b.wxml": "<view bindtap='back'>{{q.x}}</view>",
    "pages/b/b.py": """
from cygnet import Page, log
class B(Page):
    data = {"q": {}}
    def on_load(self, query):
        self.set_data({"q": query})
        log("b loads")
    def on_unload(self):
        log("b unloads")
    def back(self, event):
        self.navigate_back()
""",
}
TAP = (1, 2, "tap", {"x": 1}, 7)
GO, CALL, LATER = (1, 4, "tap"), (1, 6, "tap"), (1, 8, "tap")


def lines(played: Any) -> list[str]:
    return [text for _, _, text in played["log"]]


def test_a_page_is_loaded_shown_and_ready_and_its_first_patch_is_the_whole_page(
    micropython: str, tmp_path: Path
) -> None:
    played = play(micropython, tmp_path, FILES, url="/pages/index/index?a=%C3%BC")
    assert lines(played) == ["load {'a': '\\xfc'}", "show", "ready"]
    pages, patches = zip(*played["patches"][0], strict=True)
    assert pages == (1, 1)
    operations = [*patches[0], *patches[1]]
    assert [one[:3] for one in operations] == [["insert", 0, index] for index in range(4)] + [["text", 3, "0 ready"]]
    assert operations[0][3] == [1, "view", {"id": "v"}, ["tap"], [[2, "text", {}, [], [[3, "0 on"]]]]]


def test_a_handler_gets_the_event_and_its_changes_become_one_patch(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, FILES, TAP)
    assert lines(played)[-1] == "tap {'id': '', 'dataset': {}} {'id': 'v', 'dataset': {'rowId': 0}} {'x': 1} 7"
    assert played["patches"][1] == [[1, [["text", 3, "1 ready"], ["insert", 0, 4, [10, "text", {}, [], [[11, "x"]]]]]]]
    assert played["data"][0]["rows"] == [{"name": "x"}]


def test_pages_are_opened_when_the_handler_is_over_and_closed_again(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, FILES, GO, (2, 1, "tap"), GO, ("back",))
    assert lines(played)[3:] == [
        "still here", "hide", "b loads", "b unloads", "show", "still here", "hide", "b loads", "b unloads", "show",
    ]  # fmt: skip
    assert played["patches"][1] == [[2, [["insert", 0, 0, [1, "view", {}, ["tap"], [[2, "1 y"]]]]]]]
    assert played["patches"][2] == []
    assert played["patches"][3][0][0] == 3
    assert played["pages"] == ["pages/index/index"]
    assert [text for _, _, text in played["stopping"]] == ["unload"]


def test_a_capability_answers_or_raises(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, FILES, CALL)
    assert lines(played)[3:] == ["{'a': [1, [2, 3]]}", "no: not supported on this host"]


def test_the_time_of_a_call_is_not_the_program_s(micropython: str, tmp_path: Path) -> None:
    code = """
from cygnet import Page, call, log
class Index(Page):
    def tap(self, event):
        for _ in range(20):
            _tick()
            call("slow", ms=40)
        log("done")
"""
    files = {"pages/index/index.wxml": "<view bindtap='tap'/>", "pages/index/index.py": code}
    assert lines(play(micropython, tmp_path, files, (1, 1, "tap"), limits={"event_ms": 500})) == ["done"]


def test_what_reads_templates_is_forgotten_when_they_are_read(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, FILES, url="/pages/index/index.html", limits={"nodes": 100})
    assert played["ended"] == ""
    assert "micro.view.page" in played["modules"]
    assert "micro.view.loader" not in played["modules"]


def test_the_timers_of_a_page_go_with_it(micropython: str, tmp_path: Path) -> None:
    code = """
from cygnet import Page, log
class B(Page):
    def on_load(self, query):
        self.every(1, "tick")
    def tick(self):
        log("tick")
"""
    files = {**FILES, "pages/b/b.py": code}
    assert lines(play(micropython, tmp_path, files, GO, ("wait", 1000), ("back",), ("wait", 5000)))[5:] == [
        "tick",
        "show",
    ]


def test_timers_fire_when_due_and_can_be_cancelled(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, FILES, LATER, ("wait", 499), ("wait", 1), ("wait", 600), ("wait", 5000))
    assert [[op[2] for _, ops in patches for op in ops] for patches in played["patches"][2:]] == [
        [], ["1 ready"], ["11 ready", "12 ready"], [],
    ]  # fmt: skip


FAULTY = """
from cygnet import Page, log
class Index(Page):
    data = {"n": 0}
    def raises(self, event):
        self.set_data({"n": 1})
        return [][event["detail"]["at"]]
    def hangs(self, event):
        while _tick() or True:
            try:
                while _tick() or True:
                    pass
            except Exception:
                pass
    def fine(self, event):
        self.set_data({"n": self.data["n"] + 1})
    def leaks(self, event):
        self.kept = [str(i) for i in range(3000)]
    def starves(self, event):
        self.kept = [0] * 10000000
    def recurs(self, event):
        self.recurs(event)
    def bad_path(self, event):
        self.set_data({"a..b": 1})
    def bad_value(self, event):
        self.set_data({"a": {1, 2}})
    def many(self, event):
        self.set_data({"n": [1] * 100})
        self.after(1, "few")
    def few(self):
        self.set_data({"n": [1]})
    def lost(self, event):
        self.navigate_to("/pages/none/none")
    def no_timer(self, event):
        self.after(1, "_secret")
"""
_NAMES = ["raises", "hangs", "fine", "leaks", "starves", "recurs", "bad_path", "bad_value", "many", "lost",
          "no_timer", "unknown", "set_data"]  # fmt: skip
FAULTY_FILES = {
    "pages/index/index.wxml": "".join(f'<view bindtap="{name}"/>' for name in _NAMES)
    + '<text wx:for="{{n}}">{{item}}</text>',
    "pages/index/index.py": FAULTY,
}


def tap(name: str, detail: Any = None) -> Any:
    return (1, _NAMES.index(name) + 1, "tap", detail)


def test_a_handler_that_raises_is_reported_with_its_place_and_the_program_goes_on(
    micropython: str, tmp_path: Path
) -> None:
    played = play(micropython, tmp_path, FAULTY_FILES, tap("raises", {"at": 3}), tap("fine"))
    assert played["log"] == [["error", "pages/index/index.py:7", "IndexError: list index out of range"]]
    assert played["ended"] == ""
    assert played["data"] == [{"n": 2}]


def test_a_handler_that_hangs_is_stopped_and_three_in_a_row_end_the_program(micropython: str, tmp_path: Path) -> None:
    hang, fine = tap("hangs"), tap("fine")
    played = play(micropython, tmp_path, FAULTY_FILES, hang, hang, fine, hang, hang)
    assert [line[0] for line in played["log"]] == ["error"] * 4
    assert "took longer than 0.1 s and was stopped" in played["log"][0][2]
    assert played["log"][0][1].startswith("pages/index/index.py:1")
    assert played["ended"] == ""
    played = play(micropython, tmp_path, FAULTY_FILES, fine, hang, hang, hang, fine)
    assert played["ended"] == "3 handlers in a row took longer than 0.1 s"


def test_a_program_that_leaks_is_ended_with_a_sentence(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, FAULTY_FILES, tap("fine"), tap("leaks"), limits={"heap_kb": 60})
    assert played["ended"] == "the program uses more than the 60 KB of memory that it may use"


def test_a_handler_for_which_memory_does_not_suffice_is_reported_and_the_program_goes_on(
    micropython: str, tmp_path: Path
) -> None:
    played = play(micropython, tmp_path, FAULTY_FILES, tap("starves"), tap("recurs"), tap("fine"))
    assert played["log"][0][2].startswith("MemoryError")
    assert played["log"][1][2] == "RuntimeError: maximum recursion depth exceeded"
    assert played["data"] == [{"n": 1}]


def test_what_a_page_cannot_take_is_said_where_it_was_given(micropython: str, tmp_path: Path) -> None:
    played = play(
        micropython, tmp_path, FAULTY_FILES, tap("bad_path"), tap("bad_value"), tap("lost"), tap("no_timer"),
        tap("unknown"), tap("set_data"), tap("fine"),
    )  # fmt: skip
    said = [text for _, _, text in played["log"]]
    assert "is not a data path" in said[0]
    assert said[1].startswith("TypeError: set_data: a holds a set; it may hold texts")
    assert said[2] == 'navigate_to: page "pages/none/none" is not found'
    assert said[3] == "ValueError: the page has no method '_secret'"
    assert said[4] == "the page has no method 'unknown', which its template names"
    assert [place for _, place, _ in played["log"]][:2] == ["pages/index/index.py:24", "pages/index/index.py:26"]
    assert played["data"] == [{"n": 1}]


def test_a_page_with_too_many_nodes_is_reported_and_comes_back_when_it_fits(micropython: str, tmp_path: Path) -> None:
    played = play(micropython, tmp_path, FAULTY_FILES, tap("many"), tap("fine"), ("wait", 1000), limits={"nodes": 60})
    assert played["log"] == [
        ["error", "pages/index/index.view",
         "the page cannot be shown: pages/a.wxml:1: a loop over 100 items; this board shows 60 nodes at most"]
    ]  # fmt: skip
    assert [one[3][1] for one in played["patches"][3][0][1]][-1] == "text"


THIEF = """
from cygnet import Page, log
{head}
class Index(Page):
    def take(self, event):
        log({body})
"""


def test_a_program_gets_no_modules_files_or_code_from_the_board(micropython: str, tmp_path: Path) -> None:
    for number, (head, body, expected) in enumerate(
        [
            ("import machine", "1", "a program may not import 'machine'"),
            ("import os", "1", "a program may not import 'os'"),
            ("from micro.program import api", "1", "a program may not import 'micro.program'"),
            ("import sys", "1", "a program may not import 'sys'"),
            ("", "__import__('os')", "a program may not import 'os'"),
            ("", "open('/etc/passwd').read()", "a program may not call open"),
            ("", "eval('1 + 1')", "a program may not call eval"),
            ("", "exec('x = 1')", "a program may not call exec"),
            ("import time", "time.sleep(100)", "no attribute 'sleep'"),
            ("import json, math, random, time", "time.time() > 0", "True"),
        ]
    ):
        files = {
            "pages/index/index.wxml": '<view bindtap="take"/>',
            "pages/index/index.py": THIEF.replace("{head}", head).replace("{body}", body),
            "json.py": "stolen = True",
        }
        folder = tmp_path / str(number)
        folder.mkdir()
        played = play(micropython, folder, files, (1, 1, "tap"))
        assert expected in played["log"][0][2], (head, body)
