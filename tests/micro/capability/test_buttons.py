"""Buttons that are looked at, and pins that tell of their edges meanwhile, as those of microcontrollers do."""

from pathlib import Path
from typing import Any

import pytest

from tests.micro.board import run_json
from tests.micro.program.player import write_program

_RUN = """
from micro import clock
from micro.capability.buttons import Buttons
now = [0]
clock.ticks_ms = lambda: now[0]
class Pin:
    heard = None
    level = 1
    def __call__(self): return self.level
    if given["irq"]:
        def irq(self, heard): self.heard = heard
pin = Pin()
class Pins:
    def input(self, number, low): return pin
buttons = Buttons({"select": {"pin": 2, "low": True}}, Pins())
buttons.listen(True)
made = []
for at, what in given["steps"]:
    now[0] = at
    if what == "look": made += [[at, pressed] for _, pressed in buttons.poll(at)]
    elif what == "deaf": buttons.listen(False)
    else:
        pin.level = 0 if what == "press" else 1
        if pin.heard: pin.heard(pin)
answer([made, pin.heard is None])
"""


def said(micropython: str, folder: Path, *steps: Any, irq: bool = True) -> Any:
    """``[when, pressed]`` of a button on which all that happened: ``(milliseconds, "press", "leave", "look" …)``."""
    return run_json(micropython, _RUN, {"steps": steps, "irq": irq}, folder)


LONG = [
    (0, "look"),
    (5, "press"),
    (15, "look"),
    (30, "look"),
    (46, "look"),
    (99, "leave"),
    (105, "look"),
    (140, "look"),
]


@pytest.mark.parametrize(
    ("steps", "made"),
    [
        (LONG, [[46, True], [140, False]]),
        ([(0, "look"), (5, "press"), (95, "leave"), (250, "look"), (265, "look")], [[250, True], [250, False]]),
        ([(0, "press"), (10, "look"), (95, "leave"), (250, "look"), (265, "look"), (300, "look")],
         [[250, True], [250, False]]),
        # Bounces before and after, and a spark on the wire, which is no press.
        ([(0, "press"), (2, "leave"), (4, "press"), (80, "leave"), (81, "press"), (83, "leave"), (200, "look"),
          (215, "look"), (250, "look")], [[200, True], [200, False]]),
        ([(0, "press"), (3, "leave"), (90, "press"), (95, "leave"), (200, "look"), (300, "look")], []),
        # It goes on being pressed: the next looks tell.
        ([(0, "press"), (60, "leave"), (90, "press"), (200, "look"), (215, "look"), (240, "look")], [[240, True]]),
    ],
    ids=["looked at in time", "between two looks", "seen once", "bounces", "sparks", "again"],
)  # fmt: skip
def test_a_press_counts_when_it_lasts_for_30_ms_whether_looked_at_or_not(
    micropython: str, tmp_path: Path, steps: Any, made: Any
) -> None:
    assert said(micropython, tmp_path, *steps) == [made, False]


def test_pins_without_edges_are_looked_at(micropython: str, tmp_path: Path) -> None:
    assert said(micropython, tmp_path, *LONG, irq=False) == [[[46, True], [140, False]], True]


def test_nothing_is_called_when_no_program_runs(micropython: str, tmp_path: Path) -> None:
    assert said(micropython, tmp_path, (0, "deaf"), (5, "press"), (95, "leave"), (250, "look")) == [[], True]


_HOST = """
import asyncio
from micro.capability import simulated
from micro.program.host import ProgramHost
heard = []
simulated._Input.irq = lambda self, listener: heard.append(listener is not None)
class Services:
    def log(self, *line): pass
host = ProgramHost(given["root"], given["board"], Services())
failed = asyncio.Event()
host.on_failure = lambda *failure: failed.set()
async def main():
    made = [heard.copy()]
    await host.start("tried", given["root"] + "tried")
    made.append(heard.copy())
    await (failed.wait() if given["fails"] else host.stop())
    answer(made + [heard[-1]])
asyncio.run(main())
"""


@pytest.mark.parametrize("fails", [False, True], ids=["stopped", "ended by its own fault"])
def test_pins_tell_of_edges_as_long_as_a_program_runs(micropython: str, tmp_path: Path, fails: bool) -> None:
    page = f"""
from cygnet import Page
class Index(Page):
    def on_load(self, query):
        if {fails}:
            self.every(0, "fail")
    def fail(self):
        raise ValueError
"""
    write_program(tmp_path / "tried", {"pages/index/index.wxml": "", "pages/index/index.py": page})
    (tmp_path / "cygnet").mkdir()
    board = {"name": "tried", "simulated": True, "buttons": {"select": {"pin": 2, "low": True}}}
    given = {"root": f"{tmp_path}/", "board": board, "fails": fails}
    assert run_json(micropython, _HOST, given, tmp_path) == [[], [True], False]
