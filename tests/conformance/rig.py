"""The official component test rig in one long-lived node process."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.npm import NpmError

Step = list[Any]
"""``["event", id, type, detail]``: what happens to the element with an id."""

_SCRIPT = Path(__file__).parent / "simulate" / "rig.js"


@dataclass(frozen=True)
class Rendering:
    """What came out: a tree at first and after each step, and what was noted (``console.log``) up to each."""

    trees: list[Any]
    notes: list[list[str]]
    errors: list[str]


class SimulateError(Exception):
    """The rig cannot do what it was asked; the message is its stack trace."""


class Simulate:
    """Answers one request at a time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def render(self, folder: Path, page: str, steps: Sequence[Step]) -> Rendering:
        """Load the page (a component) from its source folder, render it and take the steps.

        Raises:
            SimulateError: it cannot.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"folder": str(folder), "page": page, "steps": list(steps)}
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"failure": "node ended"}')
        if "failure" in answer:
            raise SimulateError(answer["failure"])
        return Rendering(**answer)


@contextmanager
def simulate(installation: Path) -> Iterator[Simulate]:
    """A rig that runs until the block is left.

    Raises:
        NpmError: node is missing.
    """
    node = shutil.which("node")
    if node is None:
        raise NpmError("node is not installed, so there is nothing to compare with; on Debian: apt-get install nodejs")
    with subprocess.Popen(
        [node, str(_SCRIPT), str(installation)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Simulate(process)
        finally:
            process.kill()
