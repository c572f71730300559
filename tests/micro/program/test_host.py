"""The host of programs on a board: buttons, screen, failures, one program after the other."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.micro.board import run_json
from tests.micro.program.player import write_program

BOARD = {
    "name": "tried",
    "simulated": True,
    "organisation": "Example AG",
    "display": {"driver": "ssd1306", "width": 128, "height": 64},
    "leds": {"lamp": {"pin": 15}},
    "buttons": {"next": {"pin": 1, "low": True}, "select": {"pin": 2, "low": True}, "back": {"pin": 3, "low": True},
                "other": {"pin": 4, "low": True}},
    "program": {"event_ms": 100, "heap_kb": 300, "nodes": 100},
}  # fmt: skip
_HOST = """
import asyncio, sys
from micro.program.host import ProgramHost
root = given["root"]
said = []
class Services:
    def telemetry(self, source, name, values): said.append(["telemetry", source, name, values])
    def log(self, level, source, text): said.append([level, source, text])
host = ProgramHost(root, given["board"], Services())
failures = []
host.on_failure = lambda *failure: failures.append(failure)
alive = [0]
async def live():
    while True:
        alive[0] += 1
        await asyncio.sleep(0)
def pin(number, value):
    with open(root + "cygnet/pins/%s" % number, "w") as file: file.write(str(value))
def has(text):
    return [line for line in said if text in str(line)]
async def until(test):
    for _ in range(2000):
        if test(): return
        await asyncio.sleep_ms(5)
    raise Exception("waited in vain; said: %s" % said)
made = []
async def main():
    asyncio.create_task(live())
    for step in given["steps"]:
        if step[0] == "start":
            try: await host.start(step[1], root + step[1])
            except Exception as error: made.append("%s: %s" % (type(error).__name__, error))
        elif step[0] == "stop": await host.stop()
        elif step[0] == "press":
            before = len(said)
            pin(step[1], 0)
            await until(lambda: host._buttons.poll.__name__ and pressed(step[1]))
            pin(step[1], 1)
            await until(lambda: not pressed(step[1]))
        elif step[0] == "said": await until(lambda: has(step[1]))
        elif step[0] == "failed": await until(lambda: failures)
        elif step[0] == "alive":
            before = alive[0]
            await until(lambda: alive[0] > before + 10)
        elif step[0] == "running": made.append(host.running)
        elif step[0] == "modules": made.append(sorted([name for name in sys.modules if name[:3] in ("lib", "pag")]))
    await host.stop()
def pressed(number):
    for button in host._buttons._buttons:
        if button[0] == given["board"]["names"][str(number)]: return button[3]
asyncio.run(main())
answer({"made": made, "said": said, "failures": failures})
"""


def host(micropython: str, folder: Path, programs: dict[str, Any], *steps: Any, **board: Any) -> Any:
    """What came of steps on a simulated board with some programs."""
    for name, files in programs.items():
        write_program(folder / name, files, app_id=f"com.example.{name}", req_permissions=[{"name": "led"}])
    (folder / "cygnet").mkdir()
    names = {"1": "next", "2": "select", "3": "back", "4": "other"}
    given = {"root": f"{folder}/", "board": {**BOARD, "names": names, **board}, "steps": list(steps)}
    return run_json(micropython, _HOST, given, folder, heap="2m")


LAMP = {
    "pages/index/index.wxml": '<view bindtap="tap">{{on}}</view><view bindtap="go">go</view>',
    "pages/index/index.py": """
from cygnet import Page, call, log
class Index(Page):
    data = {"on": False}
    def tap(self, event):
        self.set_data({"on": not self.data["on"]})
        call("led.set", name="lamp", on=self.data["on"])
        call("telemetry", name="tapped", values={"on": self.data["on"]})
    def go(self, event):
        self.navigate_to("/pages/b/b")
    def on_button(self, event):
        log("button", event["detail"]["name"], event["detail"]["pressed"])
        return event["detail"]["name"] == "other"
    def on_unload(self):
        log("unloaded")
""",
    "pages/b/b.wxml": "<text>b</text>",
    "pages/b/b.py": """
from cygnet import Page, log
class B(Page):
    def on_show(self):
        log("b shows")
    def on_unload(self):
        log("b unloads")
""",
}
NEXT, SELECT, BACK, OTHER = ["press", 1], ["press", 2], ["press", 3], ["press", 4]


def test_buttons_move_the_focus_choose_and_go_back(micropython: str, tmp_path: Path) -> None:
    made = host(
        micropython, tmp_path, {"lamp": LAMP}, ["start", "lamp"], ["running"], NEXT, SELECT, ["said", "tapped"], NEXT,
        SELECT, ["said", "b shows"], BACK, ["said", "b unloads"], OTHER, ["said", "other"], ["stop"], ["running"],
        ["modules"],
    )  # fmt: skip
    assert made["made"] == ["lamp", "", []]
    assert ["telemetry", "com.example.lamp", "tapped", {"on": True}] in made["said"]
    assert (tmp_path / "cygnet" / "pins" / "15").read_text() == "1"
    assert ["info", "lamp pages/index/index", "button other True"] in made["said"]
    assert made["said"][-1][2] == "unloaded"
    assert made["failures"] == []


def faulty(body: str, head: str = "") -> dict[str, str]:
    return {
        "pages/index/index.wxml": "<text>{{n}}</text>",
        "pages/index/index.py": "\n".join(
            ["from cygnet import Page, call, log", head, "class Index(Page):", "    data = {'n': 0}"]
            + [f"    {line}" for line in body.split("\n")]
        ),
    }


HANGS = """def on_load(self, query):
    self.every(0.01, "hang")
def hang(self):
    while _tick() or True:
        pass"""
RAISES = HANGS.replace("while _tick() or True:\n        pass", "self.data['none']")
LEAKS = HANGS.replace("while _tick() or True:\n        pass", "self.data['n' + str(len(self.data))] = [1] * 2000")


@pytest.mark.parametrize(
    ("body", "sentence", "told"),
    [
        (HANGS, "a handler took longer than 0.1 s", "3 handlers in a row took longer than 0.1 s"),
        (RAISES, "KeyError: none", "10 handlers in a row went wrong; the log says which"),
        (LEAKS, " KB", "the program uses more than the 300 KB of memory that it may use"),
    ],
)
def test_a_program_that_hangs_raises_or_leaks_is_ended_and_the_board_goes_on(
    micropython: str, tmp_path: Path, body: str, sentence: str, told: str
) -> None:
    made = host(
        micropython, tmp_path, {"bad": faulty(body), "lamp": LAMP}, ["start", "bad"], ["failed"], ["running"],
        ["alive"], ["modules"], ["start", "lamp"], ["running"],
    )  # fmt: skip
    assert made["failures"] == [["bad", told]], "the fleet hears nothing of the program's own words"
    assert any(sentence in line[2] for line in made["said"] if line[0] == "error")
    assert made["made"] == ["", [], "lamp"]


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (faulty("def on_load(self, query):\n    return self.nothing"), "pages/index/index.py:6: AttributeError"),
        (faulty("pass", "x = 1 / 0"), "pages/index/index.py:2: ZeroDivisionError"),
        (faulty("pass", "while _tick() or True: pass"), "the file's own code did not come to an end"),
        (faulty("pass", "import machine"), "a program may not import 'machine'"),
        ({**faulty("pass"), "pages/index/index.py": "x = 1"}, "it has no class Page"),
        ({**faulty("pass"), "pages/index/index.py": "class"}, "SyntaxError"),
        ({**faulty("pass"), "pages/index/index.wxml": "<view>" * 30 + "</view>" * 30}, "too deep for a board"),
        ({**faulty("pass"), "pages/index/index.wxml": "<view/>" * 200}, "more than 100 nodes"),
        ({**faulty("pass"), "manifest.json": "{"}, "manifest.json cannot be read"),
    ],
)
def test_a_program_that_cannot_start_says_why(micropython: str, tmp_path: Path, files: Any, sentence: str) -> None:
    broken = {name: text for name, text in files.items() if name != "manifest.json"}
    write_program(tmp_path / "bad", broken)
    if "manifest.json" in files:
        (tmp_path / "bad" / "manifest.json").write_text(files["manifest.json"])
    made = host(micropython, tmp_path, {}, ["start", "bad"], ["running"], ["modules"], watchdog=1)
    assert made["made"] == ["ProgramError: its own words, which stay on the board, say why", "", []]
    assert any(sentence in line[2] for line in made["said"] if line[:2] == ["error", "bad"])
    assert made["failures"] == []


def test_one_program_follows_another_with_its_own_files(micropython: str, tmp_path: Path) -> None:
    def speaking(word: str) -> dict[str, str]:
        return {
            **faulty(f"def on_load(self, query):\n    log(WORD, '{word}')", "from lib.word import WORD"),
            "lib/word.py": f"WORD = '{word}'",
        }

    made = host(
        micropython, tmp_path, {"one": speaking("first"), "two": speaking("second")}, ["start", "one"], ["start", "two"]
    )
    assert [line[2] for line in made["said"]] == ["first first", "second second"]


def test_a_board_without_a_display_runs_programs_too(micropython: str, tmp_path: Path) -> None:
    made = host(micropython, tmp_path, {"lamp": LAMP}, ["start", "lamp"], NEXT, SELECT, ["alive"], display=None)
    assert made["made"] == []
    assert made["failures"] == []


def test_a_storm_of_log_lines_is_cut(micropython: str, tmp_path: Path) -> None:
    storm = "def on_load(self, query):\n    for i in range(100):\n        log(i)"
    made = host(micropython, tmp_path, {"loud": faulty(storm)}, ["start", "loud"])
    assert len(made["said"]) == 20
    assert "the rest is left out" in json.dumps(made["said"][-1])
