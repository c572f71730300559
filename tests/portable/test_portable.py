"""The same programs, the same patches: in Monty on Linux, and on MicroPython."""

import re
from pathlib import Path

import pytest

from device_runtime.program.package import Package
from device_runtime.resources import resource_directory
from tests.build.python_programs import build, write_program
from tests.portable.players import play_on_linux, play_on_micropython
from tests.portable.programs import CASES, ROUTE, Case

EXAMPLE = Case(
    "",
    "",
    (("tap", "lamp"), ("timer",), ("timer",), ("tap", "choose"), ("timer",), ("tap", "lamp"), ("tap", "lamp")),
    says="29:59",
)


@pytest.mark.parametrize("name", CASES)
async def test_a_program_does_the_same_on_both_engines(name: str, micropython: str, tmp_path: Path) -> None:
    case = CASES[name]
    files = {f"{ROUTE}.wxml": case.template, f"{ROUTE}.py": case.page, **(case.files or {})}
    package = build(write_program(tmp_path / "source", files, case.pages)).package
    await _compare(package, case, micropython, tmp_path / "board")


async def test_the_example_does_the_same_on_both_engines(micropython: str, tmp_path: Path) -> None:
    package = build(resource_directory("examples") / "lamp_timer").package
    await _compare(package, EXAMPLE, micropython, tmp_path / "board")


async def _compare(package: Package, case: Case, micropython: str, folder: Path) -> None:
    linux = await play_on_linux(package, case.steps)
    board = play_on_micropython(micropython, package, linux.steps, folder)
    said = repr([(outcome.patches, outcome.log) for outcome in linux.outcomes])
    assert case.says in said
    for step, (ours, theirs) in enumerate(zip(linux.outcomes, board.outcomes, strict=not case.ends)):
        told = f"after {['the start', *case.steps][step]}"
        assert ours.patches == theirs.patches, told
        if not (ours.ended or theirs.ended):
            assert ours.log == theirs.log, told
            # Monty does not say where it stopped a program whose time was over.
            assert len(ours.errors) == len(theirs.errors), told
            assert [a or b for a, b in zip(ours.errors, theirs.errors, strict=True)] == theirs.errors, told
    if case.ends:
        assert re.search(case.ends, linux.outcomes[-1].ended)
        assert re.search(case.ends, board.outcomes[-1].ended)
    else:
        assert {outcome.ended for outcome in (*linux.outcomes, *board.outcomes)} == {""}
