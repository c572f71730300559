"""``cygnet board …`` in this process, and a board's configuration for MicroPython's unix port."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from device_runtime.errors import CygnetError
from firmware_tools.cli import cygnet

# Loaded here, so that no test pays for it: board names on a unix port are of no build that Cygnet knows.
BOARD = """\
kind = "micropython"
name = "desk"
description = "MicroPython's unix port"
simulated = true

[flash]
method = "none"

[network]
wifi = {wifi}
signature = "{signature}"
"""


@dataclass(frozen=True)
class Ran:
    """``out`` is all that was printed; ``error`` the sentence, empty when it went well."""

    out: str
    error: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def board_command(*arguments: str | Path, answers: str | None = None) -> Ran:
    """Run ``cygnet board``; what is no expected failure is raised."""
    result = CliRunner().invoke(cygnet, ["board", *map(str, arguments)], input=answers)
    if result.exception is None or isinstance(result.exception, SystemExit):
        return Ran(result.output, "" if result.exit_code == 0 else result.output)
    if isinstance(result.exception, CygnetError):
        return Ran(result.output, str(result.exception))
    raise result.exception


def write_board(folder: Path, *, wifi: bool = True, signature: str = "ed25519") -> Path:
    """The file of such a board."""
    path = folder / "desk.toml"
    path.write_text(BOARD.format(wifi=str(wifi).lower(), signature=signature))
    return path
