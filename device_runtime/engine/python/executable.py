"""Where Monty's executable is, and which files it is made of. Used before a zygote confines itself."""

import os
import shutil
import stat
import struct
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from device_runtime.engine import EngineError
from device_runtime.engine.isolation.companion import LOADER, PROGRAM, Companion

MISSING: Final = (
    "it is a program in Python, and this device has no engine for those; on a 64-bit system install cygnet[python]"
)
_NAME: Final = "monty"
_SECONDS: Final = 10.0
# Of an ELF file (System V ABI): class, and the header of a program's interpreter.
_INTERPRETER, _WIDE = 3, 2


def find_monty() -> Path | None:
    """The executable that ``pydantic-monty-runtime`` installs among the scripts of this Python, or one on ``PATH``."""
    beside = Path(sysconfig.get_path("scripts")) / _NAME
    if beside.is_file():
        return beside
    found = shutil.which(_NAME)
    return Path(found) if found else None


def find_companion(program: Path, *arguments: str) -> Companion:
    """A companion, with the files that its loader says it is made of.

    Raises:
        EngineError: it is not there, or is not an executable that a loader loads.
    """
    try:
        program = program.resolve(strict=True)
        loader = _interpreter(program).resolve(strict=True)
        listed = subprocess.run(
            [loader, "--list", program], capture_output=True, text=True, timeout=_SECONDS, check=True, env={}
        ).stdout
    except (OSError, subprocess.SubprocessError, struct.error) as error:
        raise EngineError(f"{program} cannot be run: {error}") from error
    files = {LOADER: loader, PROGRAM: program}
    for line in listed.splitlines():
        name, arrow, rest = line.strip().partition(" => ")
        path = Path(rest.partition(" (")[0])
        if arrow and path.is_absolute() and "/" not in name:
            files[name] = path.resolve()
    if os.geteuid() == 0:
        _demand_readable(files.values())
    places = {name: os.open(path, os.O_PATH | os.O_CLOEXEC) for name, path in files.items()}
    return Companion(arguments, {name: str(path) for name, path in files.items()}, places)


def _demand_readable(files: Iterable[Path]) -> None:
    """Where the device runs as root, what it starts for programs runs as nobody, and must be able to read the files."""
    for file in files:
        closed = next((folder for folder in file.parents if not folder.stat().st_mode & stat.S_IXOTH), None)
        if closed is None and not file.stat().st_mode & stat.S_IROTH:
            closed = file
        if closed is not None:
            raise EngineError(
                f"{closed} is not open to everyone, and programs run as nobody where the device runs as root; run it "
                "as a user of its own, or install it elsewhere"
            )


def _interpreter(program: Path) -> Path:
    """The loader that an executable names (ELF, program header PT_INTERP)."""
    with program.open("rb") as file:
        head = file.read(64)
        if head[:4] != b"\x7fELF":
            raise EngineError(f"{program} is no executable of this system")
        wide = head[4] == _WIDE
        (start,) = struct.unpack_from("<Q" if wide else "<I", head, 32 if wide else 28)
        size, count = struct.unpack_from("<HH", head, 54 if wide else 42)
        for index in range(count):
            file.seek(start + index * size)
            entry = file.read(size)
            (kind,) = struct.unpack_from("<I", entry)
            if kind == _INTERPRETER:
                (offset,) = struct.unpack_from("<Q" if wide else "<I", entry, 8 if wide else 4)
                (length,) = struct.unpack_from("<Q" if wide else "<I", entry, 32 if wide else 16)
                file.seek(offset)
                return Path(file.read(length).rstrip(b"\0").decode())
    raise EngineError(f"{program} names no loader, so it is not known which files it is made of")
