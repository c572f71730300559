"""Pages are brought up to date with little: a Pico's stack holds some 25 calls, most of them the program's."""

from pathlib import Path

import pytest

from tests.micro.board import run_json
from tests.micro.program.player import write_program

FILES = {
    "pages/index/index.wxml": '<view bindtap="flat">{{n}}</view><view bindtap="deep" wx:if="{{n}}">{{n}}</view>',
    "pages/index/index.py": """
from cygnet import Page
class Index(Page):
    data = {"n": 1}
    def flat(self, event):
        self.set_data({"n": self.data["n"] + 1})
    def deep(self, event):
        self.deeper(10, event)
        raise ValueError("after all")
    def deeper(self, calls, event):
        if calls:
            self.deeper(calls - 1, event)
        else:
            self.flat(event)
""",
}
_RUN = """
from micropython import stack_use
from micro.program.limits import Limits
from micro.program.program import Program
from micro.view import page
said = []
program = Program(given, Limits({}), None, lambda *line: said.append(line), True)
program.start()
program.take_patches()
used = []
run = page.run
def measured(generator):
    used.append(stack_use())
    return run(generator)
page.run = measured
patches = []
for node in (1, 3):
    program.event(1, node, "tap")
    patches.append(program.take_patches())
answer([used, patches, said])
"""


def test_a_page_takes_no_more_stack_where_the_program_is_deep_in_its_own_calls(
    micropython: str, tmp_path: Path
) -> None:
    folder = write_program(tmp_path / "program", FILES)
    used, patches, said = run_json(micropython, _RUN, str(folder), tmp_path)
    assert len(used) == 2, "the page was brought up to date once for each tap"
    assert used[0] == used[1]
    assert [one[0][1][0][2] for one in patches] == ["2", "3"], "also where the handler failed after it"
    assert [line[0] for line in said] == ["error"]
    assert "after all" in said[0][2]


_SHORT = """
from micro.program.limits import Limits
from micro.program.program import Program
from micro.view import page
said = []
program = Program(given["folder"], Limits({}), None, lambda *line: said.append(line), True)
program.start()
short = [given["times"]]
run = page.run
def short_run(generator):
    if short[0]:
        short[0] -= 1
        raise MemoryError
    return run(generator)
page.run = short_run
view = program.stack.top.view
program.event(1, 1, "tap")
shown = view.root is not None
said_first = said.copy()
node = view.root.base if shown else 1
program.event(1, node, "tap")
answer([shown, view.root is not None and view.root.text(1), said_first])
"""


@pytest.mark.parametrize("times", [1, 2])
def test_a_page_that_was_short_of_memory_once_lives_on(micropython: str, tmp_path: Path, times: int) -> None:
    folder = write_program(tmp_path / "program", FILES)
    shown, text, said = run_json(micropython, _SHORT, {"folder": str(folder), "times": times}, tmp_path)
    if times == 1:
        assert (shown, text, said) == (True, "3", [])
    else:  # and it does not keep that to itself
        assert (shown, text) == (False, False)
        assert "the board has no memory left for what this handler does" in said[0][2]
