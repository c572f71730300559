"""The tables of docs/python-programs.md, tried on the checker and on all three engines."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic_monty import Monty, MontyError

from firmware_tools.build.portable.checker import check_module
from firmware_tools.build.portable.instrument import instrument
from firmware_tools.build.portable.sources import bytecode_of
from tests.docs.pages import DOCS

PAGE = (DOCS / "python-programs.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| (.+?) \| `(.+?)` \|(?: (.+) \|)?$", re.MULTILINE)
LANGUAGE = PAGE.partition("## The language\n")[2]
_TICK = "def _tick():\n    return None\n"
_FAILS = object()


def _code(cell: str) -> str:
    return cell.replace(" ⏎ ", "\n").replace("→ ", "    ")


ALLOWED = [(name, _code(code)) for name, code, engine in _ROW.findall(LANGUAGE.partition("| refused |")[0])]
REFUSED = [(name, _code(code), engine) for name, code, engine in _ROW.findall(LANGUAGE.partition("| refused |")[2])]


def _reported(code: str) -> str:
    return f"{code}\nprint(repr(x))\n"


def on_cpython(code: str) -> Any:
    written: list[str] = []
    try:
        exec(_reported(code), {"print": written.append})  # noqa: S102 examples of the documentation
    except Exception:  # noqa: BLE001 whatever goes wrong, it does not work
        return _FAILS
    return "".join(written)


def on_micropython(micropython: Path, code: str, folder: Path) -> Any:
    (folder / "example.py").write_text(_reported(code), encoding="utf-8")
    done = subprocess.run([micropython, folder / "example.py"], capture_output=True, text=True, timeout=60, check=False)
    return _FAILS if done.returncode else done.stdout.rstrip("\n")


@pytest.fixture(scope="module")
def monty() -> Any:
    with Monty() as pool:
        yield pool


def on_monty(monty: Monty, code: str) -> Any:
    written: list[str] = []
    with monty.checkout(assert_message_annotations=False) as session:
        try:
            session.feed_run(_reported(code), print_callback=lambda _, text: written.append(text))
        except MontyError:
            return _FAILS
    return "".join(written).rstrip("\n")


def test_the_page_has_both_tables() -> None:
    assert len(ALLOWED) > 25
    assert len(REFUSED) > 40


@pytest.mark.parametrize(("name", "code"), ALLOWED, ids=[name for name, _ in ALLOWED])
def test_what_the_page_allows_is_the_same_on_all_engines(
    name: str, code: str, micropython: Path, monty: Monty, tmp_path: Path
) -> None:
    assert check_module("example.py", code).faults == []
    expected = on_cpython(code)
    assert expected is not _FAILS
    assert on_micropython(micropython, code, tmp_path) == expected
    assert on_monty(monty, code) == expected


@pytest.mark.parametrize(("name", "code"), ALLOWED, ids=[name for name, _ in ALLOWED])
def test_what_becomes_bytecode_does_the_same(name: str, code: str, micropython: Path, tmp_path: Path) -> None:
    ticked = instrument(code, "example.py")
    assert ticked.count("\n") == code.count("\n")
    assert on_micropython(micropython, _TICK + ticked, tmp_path) == on_cpython(code)
    assert bytecode_of("example.py", code).startswith(b"M\x06")


@pytest.mark.parametrize(("name", "code", "engine"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_what_the_page_refuses_is_refused_and_the_engine_that_it_blames_differs(
    name: str, code: str, engine: str, micropython: Path, monty: Monty, tmp_path: Path
) -> None:
    faults = check_module("example.py", code).faults
    assert faults
    assert re.match(r"example\.py:\d+: .", faults[0])
    if engine == "Monty":
        assert on_monty(monty, code) != on_cpython(code)
    elif engine == "MicroPython":
        assert on_micropython(micropython, code, tmp_path) != on_cpython(code)
    else:
        assert engine == "rule"
