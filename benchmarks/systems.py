"""The systems side by side: how each is started, what it is sent through, and whether it showed what it should."""

import json
import math
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.errors import BenchmarkError
from benchmarks.figures import Results
from benchmarks.npm import compile_templates
from benchmarks.page import HELLO, HELLO_TEXT, LIST, SIZES, STEPS, digest, expected_rows, write_page
from device_runtime.keys import encode_public_key
from firmware_tools.build.program import build_program

ROOT = Path(__file__).parents[1]
CROWD = 50
_SECONDS = 300
_LAUNCHES = {1: 10, 100: 5, 1000: 4, 10000: 1}
# Inside the worker the whole way tells as much of the other steps.
_INSIDE_STEPS = ("cell", "refresh", "replace")


@dataclass(frozen=True)
class System:
    """One of those that are compared. ``ends_with`` says when a step of it is over."""

    name: str
    title: str
    ends_with: str
    sizes: tuple[int, ...] = SIZES
    patience: float = 1.0
    """Which part of the steps it takes: the slow ones take few, so that a run ends."""
    has_tree: bool = True
    """Whether it works out what is to be shown; without that it is not held against those that do."""
    script: str = ""
    """The driver in ``peers/``; empty for Cygnet."""


CYGNET = System("cygnet", "Cygnet", "its patch is at the host, in another process")
PEERS = (
    System(
        "glass-easel", "glass-easel, no view", "its own tree is up to date; nothing is shown", script="glass_easel.cjs"
    ),
    System(
        "glass-easel+jsdom",
        "glass-easel + jsdom",
        "the document of jsdom is up to date",
        sizes=(100, 1000),
        script="glass_easel_jsdom.cjs",
    ),
    System(
        "miniprogram-simulate",
        "miniprogram-simulate",
        "the document of jsdom is up to date",
        patience=0.3,
        script="miniprogram_simulate.cjs",
    ),
    System(
        "dimina",
        "dimina, logic alone",
        "its message for the view is made; there is no view",
        has_tree=False,
        script="dimina.cjs",
    ),
)


class Field:
    """The folder where runs take place: the pages of every size, built for every system."""

    def __init__(self, folder: Path, sizes: tuple[int, ...], peers: Path | None) -> None:
        self._peers = peers
        self._pages = folder / "pages"
        self._sizes = sizes
        self._key = Ed25519PrivateKey.generate()

    def build(self) -> None:
        """Build the pages with the toolchain that developers use, and for glass-easel with its own."""
        wanted = [(HELLO, 1), *((LIST, rows) for rows in self._sizes)]
        pages = [(write_page(self._pages, name, rows), name) for name, rows in wanted]
        self.build_packages()
        if self._peers is not None:
            compile_templates(self._peers, pages)

    def build_packages(self) -> None:
        """Build what lies in the folder to packages of Cygnet."""
        for place in self._pages.iterdir():
            if place.is_dir():
                place.with_suffix(".ma").write_bytes(build_program(place, self._key).data)

    def plan(
        self, name: str, rows: int, *, quick: bool = False, patience: float = 1.0, **more: object
    ) -> dict[str, Any]:
        """What one process is told to do."""
        place = self._pages / f"{name}-{rows}"
        taken = {step: times[rows] for step, times in STEPS.items()} if name == LIST else {}
        return {
            "name": name,
            "rows": rows,
            "folder": str(place),
            "package": str(place.with_suffix(".ma")),
            "key": encode_public_key(self._key.public_key()),
            "launches": 1 if quick else _LAUNCHES[rows],
            "steps": [[step, min(2, times) if quick else math.ceil(times * patience)] for step, times in taken.items()],
            **more,
        }

    def run(self, system: System, plan: dict[str, Any], results: Results) -> None:
        """One process of a system from start to end; its figures go to ``results``.

        Raises:
            BenchmarkError: Cygnet failed, or showed what it should not. What a peer does wrong is a remark.
        """
        command = ["node", system.script] if system.script else [sys.executable, "-m", "benchmarks.ours"]
        with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
            started = time.perf_counter()
            process = subprocess.Popen(
                [*command, json.dumps(plan)],
                cwd=self._peers if system.script else ROOT,
                stdout=subprocess.PIPE, stderr=errors, text=True,
            )  # fmt: skip
            assert process.stdout is not None
            with process:
                seen = _Seen(system, plan, results)
                for line in process.stdout:
                    if line.startswith('{"'):  # peers print what they like, too
                        seen.take(json.loads(line), time.perf_counter() - started)
                status = process.wait(_SECONDS)
            errors.seek(0)
            if status:
                seen.fail(errors.read())
        seen.judge()


class _Seen:
    """What one process told."""

    def __init__(self, system: System, plan: dict[str, Any], results: Results) -> None:
        self._system = system
        self._rows: int = plan["rows"]
        self._results = results
        self._wrong: set[str] = set()

    def take(self, line: dict[str, Any], seconds: float) -> None:
        """One line; ``seconds`` have passed since the start of the process."""
        if "first" in line:
            self._results.add(self._system.name, "start", self._rows, "ms", [seconds * 1e3])
        elif "measure" in line:
            self._results.add(self._system.name, line["measure"], line["rows"], line["unit"], line["values"])
        elif "text" in line and line["text"] != HELLO_TEXT:
            raise BenchmarkError(f"{self._system.title} shows {line['text']!r} instead of {HELLO_TEXT!r}")
        elif "state" in line:
            rows = expected_rows(self._rows, line["state"], line["times"])
            if line["is"] != [len(rows), digest(rows)]:
                self._wrong.add(line["state"])

    def fail(self, errors: str) -> None:
        """The process ended with an error: a peer's is kept as a remark."""
        last = [line for line in errors.splitlines() if line.strip()][-6:]
        if not self._system.script or not self._results.find(self._system.name, "start", 100):
            raise BenchmarkError(f"{self._system.title} failed with {self._rows} rows: {' '.join(last)}")
        reason = last[-1].partition(",")[0] if last else "it says nothing"
        self._results.remarks[f"{self._system.name}/*/{self._rows}"] = f"refuses: {reason.strip()}"

    def judge(self) -> None:
        """Take out the figures of steps after which a peer showed something else than it should."""
        for step in sorted(self._wrong):
            if not self._system.script:
                raise BenchmarkError(f"after {step} the page of {self._rows} rows shows something else than it should")
            self._results.drop(self._system.name, step, self._rows, "shows the wrong rows")


def run_round(
    field: Field, number: int, sizes: tuple[int, ...], peers: tuple[System, ...], results: Results, *, quick: bool
) -> None:
    """Every system once with every page, each in a process of its own; who begins changes from round to round."""
    runs: list[tuple[System, dict[str, Any]]] = []

    def add(system: System, name: str, rows: int, **more: object) -> None:
        runs.append((system, field.plan(name, rows, quick=quick, patience=system.patience, **more)))

    for rows in sizes:
        add(CYGNET, LIST, rows)
        for peer in peers:
            if rows in peer.sizes and f"{peer.name}/*/{rows}" not in results.remarks:
                add(peer, LIST, rows)
        inside = {**field.plan(LIST, rows, quick=quick), "inside": True, "launches": 0}
        inside["steps"] = [step for step in inside["steps"] if step[0] in _INSIDE_STEPS]
        runs.append((CYGNET, inside))
    for system in (CYGNET, *peers):
        add(system, HELLO, 1)
    add(CYGNET, HELLO, 1, programs=3 if quick else CROWD)
    turn = number % len(runs)
    for system, plan in (*runs[turn:], *runs[:turn]):
        field.run(system, plan, results)
