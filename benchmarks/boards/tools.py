"""What the bench starts, and its versions."""

import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.errors import BenchmarkError


def unix_port() -> str:
    """The path of MicroPython's unix port.

    Raises:
        BenchmarkError: there is none.
    """
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if found is None:
        raise BenchmarkError("MicroPython's unix port is missing: run `make setup`")
    return found


def unix_port_32() -> str | None:
    """The path of one with the words of boards, which have 32 bits; None where there is none."""
    found = Path(".micropython-32", "micropython").absolute()
    return str(found) if found.exists() else None


def unix_port_version(port: str = "") -> str:
    """Such as ``1.29.0``, of that port."""
    code = "import sys; print('.'.join([str(part) for part in sys.implementation.version[:3]]))"
    command = [port or unix_port(), "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def package_version(name: str) -> str:
    """The version of an installed package."""
    return version(name)
