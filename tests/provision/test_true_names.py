"""Tracebacks of boards, whose functions have short names, with the true ones."""

import ast
import json
import subprocess
from pathlib import Path

import pytest

from firmware_tools.provision.console import Said, parse_line
from firmware_tools.provision.packing.compact import compact
from firmware_tools.provision.runtime import runtime_files, runtime_sources, runtime_version
from firmware_tools.provision.true_names import Namer, function_names, installed_names
from tests.provision.command import board_command
from tests.provision.unix_board import unix_board

FRAME = '  File "micro/sync/link.py", line 1, in {}'


def started(version: str) -> Said:
    return parse_line(f"info runtime: shelf-1 of shop, runtime {version}, slot a")


def place(true: str) -> tuple[str, str]:
    """The module on a board in which a function is, and its short name."""
    ((module, now),) = [
        (module, now) for module, names in installed_names().items() for now, name in names.items() if name == true
    ]
    assert now != true
    return module, now


def test_a_traceback_of_the_installed_runtime_has_the_names_of_its_sources(micropython: str, tmp_path: Path) -> None:
    for name, data in runtime_files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    true = "split_response"
    module, called = place(true)
    script = (
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n"
        f"from {module} import {called} as f\n"
        "try:\n    f(memoryview(b''))\nexcept Exception as error:\n    sys.print_exception(error)\n"
    )
    done = subprocess.run([micropython, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    namer = Namer()
    assert list(namer.read(started(runtime_version()))) == [started(runtime_version())]
    lines = [said.text for line in done.stdout.splitlines() for said in namer.read(parse_line(line))]
    assert lines[0].startswith("Traceback")
    assert lines[-2].endswith(f"in {true}"), done.stdout
    assert "a response has no line of JSON" in lines[-1]


def test_the_command_shows_them(micropython: str, tmp_path: Path) -> None:
    said = [f"info runtime: shelf-1 of shop, runtime {runtime_version()}, slot a"]
    module, called = place("split_response")
    said.append(f'  File "{module.replace(".", "/")}.py", line 1, in {called}')
    program = f"print('READY')\nimport time\nwhile True:\n    print({said[0]!r})\n    print({said[1]!r})\n"
    program += "    time.sleep(0.1)\n"
    with unix_board(micropython, tmp_path / "flash", program=program) as board:
        ran = board_command("logs", "--port", board.port, "--seconds", "1", "--json")
    shown = [json.loads(line)["text"] for line in ran.out.splitlines()]
    assert said[1].replace(f"in {called}", "in split_response") in shown


@pytest.mark.parametrize(
    ("before", "whose"),
    [
        ([], "a runtime that has not said its version yet"),
        ([started("0.0.1")], "runtime 0.0.1"),
        ([Said(started(runtime_version()).text, "info", "org.example.liar")], "has not said its version"),
    ],
)
def test_of_another_runtime_it_is_said_once_that_names_are_short(before: list[Said], whose: str) -> None:
    namer = Namer()
    for line in before:
        assert list(namer.read(line)) == [line]
    frame = Said(FRAME.format("aK"))
    told, shown = namer.read(frame)
    assert whose in told.text
    assert f"the true names are known of {runtime_version()} only" in told.text
    assert shown == frame
    assert list(namer.read(frame)) == [frame]


def test_what_is_no_frame_of_the_runtime_stays_as_it_is() -> None:
    namer = Namer()
    list(namer.read(started(runtime_version())))
    for text in ('  File "main.py", line 3, in aK', FRAME.format("nowhere_known"), "in aK", FRAME.format("a") + "x y"):
        assert [said.text for said in namer.read(Said(text))] == [text]


def test_nearly_all_functions_have_a_true_name() -> None:
    sources = runtime_sources()
    made = compact(sources)
    names = function_names(sources, made)
    functions = {
        (file, node.name)
        for file, source in made.items()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    known = {(file, now) for file, now in functions if now in names[file.removesuffix(".py").replace("/", ".")]}
    assert len(known) > 0.98 * len(functions)
    assert "split_response" in names["micro.sync.link"].values()
