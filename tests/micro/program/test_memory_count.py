"""How much memory a program takes is counted turn by turn: what it only turns over, or others take, does not end it."""

from pathlib import Path
from typing import Any

import pytest

from tests.micro.board import run_json
from tests.micro.program.player import write_program
from tests.micro.screen.frames import SSD1306

CHANGES = 150
_PAGE = """
from cygnet import Page, call, log
class Index(Page):
    data = {"n": 0, "kept": []}
    def on_load(self, query):
        self.every(0.01, "more")
    def more(self):
        n = self.data["n"] + 1
        self.set_data({"n": n, "text": "seconds " + str(n)})
        if n < 50:
            call("telemetry", name="more", values={"n": n, "text": "text " + str(n)})
        %s
"""
_RUN = """
import asyncio, gc
from micro.program.host import ProgramHost
queue, failures, held, used, ended = [], [], [], [], []
class Names: pass
# The pool of all names grows in one piece, of 14 KB with words of 64 bits; whatever turn that falls into would have it.
for number in range(300): setattr(Names, "name" + str(number), None)
class Services:
    def telemetry(self, source, name, values): queue.append([source, name, values])
    def log(self, *line):
        queue.append(line)
        if line[1] == "tried memory": ended.append(line[2])
host = ProgramHost(given["root"], given["board"], Services())
host.on_failure = lambda *failure: failures.append(failure)
def n():
    return host.program.stack.top.instance.data["n"] if host.program else given["changes"]
async def main():
    await host.start("tried", given["root"] + "tried")
    turns = 0
    while n() < given["changes"]:
        await asyncio.sleep_ms(5)
        turns += 1
        if turns % 7 == 0: queue.clear()
        others = given["others"]
        if others and turns % 20 == 0: held.clear()
        elif others and turns % 20 == 10: held.append(bytearray(others))
        if host.program and turns % 10 == 0: used.append(host.program.used)
    queue.clear()
    await host.stop()
    answer([failures, used, n(), ended])
asyncio.run(main())
"""


def count(micropython: str, folder: Path, does: str, others: int, heap_kb: int = 16) -> Any:
    """``[failures, what the count said from time to time, changes, what the log says of its end]``."""
    files = {"pages/index/index.wxml": "<text>{{text}}</text>", "pages/index/index.py": _PAGE % does}
    write_program(folder / "tried", files, cygnet={"capabilities": ["telemetry"]})
    (folder / "cygnet").mkdir()
    board = {
        "name": "tried",
        "simulated": True,
        "organisation": "Example",
        "display": SSD1306,
        "program": {"heap_kb": heap_kb},
    }
    given = {"root": f"{folder}/", "board": board, "others": others, "changes": CHANGES}
    return run_json(micropython, _RUN, given, folder)


@pytest.mark.parametrize("others", [0, 30_000], ids=["alone", "others take and free 30 KB"])
def test_a_page_that_redraws_and_reports_for_ever_is_not_ended(micropython: str, tmp_path: Path, others: int) -> None:
    failures, used, changes, _ = count(micropython, tmp_path, "pass", others)
    assert failures == []
    assert changes >= CHANGES
    assert 5000 < min(used) <= max(used) < 16 * 1024
    late = used[len(used) // 2 :]
    assert max(late) - min(late) < 1000


@pytest.mark.parametrize("others", [0, 30_000], ids=["alone", "others take and free 30 KB"])
@pytest.mark.parametrize("size", [40, 300])
def test_a_program_that_keeps_more_and_more_is_ended(micropython: str, tmp_path: Path, size: int, others: int) -> None:
    keeps = f'self.data["kept"].append(bytearray({size}))'
    failures, used, _, (sentence,) = count(micropython, tmp_path, keeps, others)
    assert failures == [["tried", "the program uses more than the 16 KB of memory that it may use"]]
    assert sentence == "17 KB" or others
    # No later than when it has what it may and what others had.
    assert max(used) < 16 * 1024 + others + 3000
