"""Commands of the system that do a part of the work: ``dfu-util``, ``ssh``, ``scp``."""

import shutil
import subprocess
from collections.abc import Callable

from firmware_tools.flash.errors import FlashError


def need(command: str, package: str) -> str:
    """The path of a command.

    Raises:
        FlashError: it is not installed.
    """
    found = shutil.which(command)
    if found is None:
        raise FlashError(
            "tool", f"the command {command} is not installed; install the package {package}, and do it again"
        )
    return found


def run(command: list[str], seconds: float, heard: Callable[[str], None] | None = None) -> tuple[int, str]:
    """Run a command and give its exit code and all that it said; ``heard`` is told of each piece as it comes.

    Raises:
        FlashError: it takes longer than ``seconds``.
    """
    try:
        if heard is None:
            done = subprocess.run(
                command,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
                text=True,
                errors="replace",
            )
            return done.returncode, done.stdout + done.stderr
        said: list[str] = []
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None  # noqa: S101 (asked for above)
            while piece := process.stdout.read(64):
                said.append(piece)
                heard("".join(said[-4:]))
            return process.wait(seconds), "".join(said)
    except subprocess.TimeoutExpired:
        raise FlashError(
            "tool", f"{command[0]} has not ended after {seconds:g} s; look at cable and board, and do it again"
        ) from None
