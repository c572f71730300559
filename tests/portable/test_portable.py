"""The same programs, the same patches: in Monty on Linux, and on MicroPython."""

import itertools
import re
from pathlib import Path
from typing import Any

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


def settled(patches: dict[int, list[Any]]) -> dict[int, list[Any]]:
    """Patches without what the same turn writes once more; what stands side by side in an order of its own.

    On Linux each ``set_data`` brings the page up to date; a board, whose stack has no room for that deep in a handler,
    does it once when the handler is over, from the top of the page to its end.
    """
    return {page: _settled(operations) for page, operations in patches.items()}


def _settled(operations: list[Any]) -> list[Any]:
    last = {_written(operation): place for place, operation in enumerate(operations)}
    left = [each for place, each in enumerate(operations) if not _is_write(each) or last[_written(each)] == place]
    runs = [list(run) for _, run in itertools.groupby(left, _is_write)]
    return [each for run in runs for each in (sorted(run, key=_written) if _is_write(run[0]) else run)]


def _is_write(operation: list[Any]) -> bool:
    return operation[0] in ("set", "text")


def _written(operation: list[Any]) -> tuple[Any, ...]:
    """What an operation writes: the text of a node, or one of its attributes."""
    return tuple(map(str, operation[: 3 if operation[0] == "set" else 2]))


async def _compare(package: Package, case: Case, micropython: str, folder: Path) -> None:
    linux = await play_on_linux(package, case.steps)
    board = play_on_micropython(micropython, package, linux.steps, folder)
    said = repr([(outcome.patches, outcome.log) for outcome in linux.outcomes])
    assert case.says in said
    for step, (ours, theirs) in enumerate(zip(linux.outcomes, board.outcomes, strict=not case.ends)):
        told = f"after {['the start', *case.steps][step]}"
        assert settled(ours.patches) == settled(theirs.patches), told
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
