"""A board's stack is small: a Pico's holds some 25 calls of Python, and most of them belong to the program."""

from pathlib import Path

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
