"""Source becomes bytecode that MicroPython runs, or a sentence with its place."""

import subprocess
from pathlib import Path

import pytest

from firmware_tools.build.micropython import BytecodeError, compile_module


def test_bytecode_runs_on_micropython(tmp_path: Path, micropython: str) -> None:
    (tmp_path / "lamp.mpy").write_bytes(compile_module("def twice(n):\n    return 2 * n\n", "lamp.py"))
    code = "import lamp; print(lamp.twice(1 << 40))"
    ran = subprocess.run([micropython, "-c", code], cwd=tmp_path, capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"2199023255552\n", b"")


def test_the_same_source_makes_the_same_bytes() -> None:
    assert compile_module("x = 1\n", "a.py") == compile_module("x = 1\n", "a.py")


def test_a_fault_is_told_with_file_and_line() -> None:
    with pytest.raises(BytecodeError, match=r"^pages/a\.py:2: SyntaxError: invalid syntax$"):
        compile_module("x = 1\ny = = 2\n", "pages/a.py")
