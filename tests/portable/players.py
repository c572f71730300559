"""Plays a built program on both engines, and tells what came of it in one form."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from device_runtime.capability.registry import Caller, Capability, CapabilityGate
from device_runtime.engine.workers import WorkerFactory
from device_runtime.program.limits import Limits
from device_runtime.program.package import Package
from device_runtime.program.session import ProgramSession, SessionError
from device_runtime.program.surroundings import Surroundings
from device_runtime.values import Value
from device_runtime.view.stamps import expanded
from tests.portable.programs import Step
from tests.portable.worker import ENTRY, NEXT_TIMER
from tests.program.running import Recorder

_BARRIER = "the suite"
_TURNS = 4  # each does one of the navigations that a handler wants
_EVENT_SECONDS = 0.3
RUNTIME = Path(__file__).parents[2] / "device_runtime"


@dataclass
class Outcome:
    """What came of a step: operations by page, log lines, errors by file and line, how it ended."""

    patches: dict[int, list[Any]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ended: str = ""


@dataclass
class Played:
    """All outcomes, and the steps with the numbers of their nodes."""

    outcomes: list[Outcome]
    steps: list[list[Any]]


async def play_on_linux(package: Package, steps: tuple[Step, ...]) -> Played:
    """In a real worker with Monty beside it."""
    heard = Recorder()

    async def led(_: Caller, values: Mapping[str, Value]) -> Value:
        heard.on_log(package.manifest.app_id, "called", json.dumps(values.get("level", values.get("on"))), "led.set")
        return None

    async def sensor(_: Caller, values: Mapping[str, Value]) -> Value:
        return {"value": 21.5, "unit": "C"}

    async def echo(_: Caller, values: Mapping[str, Value]) -> Value:
        return dict(values)

    async def store(_: Caller, values: Mapping[str, Value]) -> Value:
        return None

    async def open_model(_: Caller, values: Mapping[str, Value]) -> Value:
        shape: Value = {"name": "x", "shape": [1, 2], "dtype": "float32", "scale": 0.0, "zero_point": 0}
        return {"session": 1, "name": "own", "task": "", "inputs": [shape], "outputs": [], "labels": ["on", "off"]}

    async def run_model(_: Caller, values: Mapping[str, Any]) -> Value:
        return {"outputs": {"y": {"shape": [1, 2], "type": "float32", "data": values["inputs"]["x"]["data"]}}}

    providers = {"led.set": led, "sensor.read": sensor, "echo": echo, "storage.set": store}
    providers |= {"inference.open": open_model, "inference.run": run_model}
    providers |= {"inference.listen": store, "inference.close": store}
    gate = CapabilityGate([Capability(name, provider) for name, provider in providers.items()])
    limits = Limits(event_seconds=_EVENT_SECONDS, memory_mb=8)
    workers = WorkerFactory(ENTRY, str(limits.memory_bytes), memory_bytes=limits.worker_memory_bytes)
    session = ProgramSession(package, workers, Surroundings(gate, heard, dict, lambda _: {}, limits=limits))
    played = Played([], [])
    try:
        await session.start()
        player = _Linux(heard, session)
        played.outcomes.append(await player.outcome())
        for step in steps:
            concrete = player.perform(step)
            played.steps.append(concrete)
            played.outcomes.append(await player.outcome())
            if played.outcomes[-1].ended:
                break
    except SessionError as error:
        played.outcomes.append(Outcome(ended=str(error)))
    finally:
        await session.stop()
        await workers.close()
    return played


class _Linux:
    def __init__(self, heard: Recorder, session: ProgramSession) -> None:
        self._heard = heard
        self._session = session
        self._barriers = 0
        self._seen = (0, 0)
        self._trees: dict[int, list[Any]] = {}
        self._top = 1

    def perform(self, step: Step) -> list[Any]:
        match step:
            case ("timer",):
                self._session.capability_event(NEXT_TIMER, None)
            case ("back",):
                self._session.back()
            case ("heard", label):
                heard: Value = {"session": 1, "label": label, "probability": 0.75, "seconds": 1.5}
                self._session.capability_event("inference.result", heard)
            case (kind, identity, *rest):
                node = _find(self._trees.get(self._top, []), identity)
                detail = rest[0] if rest else {}
                self._session.node_event(self._top, node, kind, detail, [], 1.0)
                return [self._top, node, kind, detail]
        return list(step)

    async def outcome(self) -> Outcome:
        """What came since the last time, once the worker has done all that it was told."""
        app = self._session.app_id
        for _ in range(_TURNS):
            self._barriers += 1
            self._session.attach(f"{_BARRIER} {self._barriers}")
        last = f"{_BARRIER} {self._barriers}"
        await self._heard.until(
            lambda: app in self._heard.exits or any(target == last for _, _, target in self._heard.patches.get(app, []))
        )
        return self._since(app, last)

    def _since(self, app: str, last: str) -> Outcome:
        patches, lines = self._heard.patches.get(app, []), self._heard.logs.get(app, [])
        outcome = Outcome(ended=next(iter(self._heard.exits.get(app, [])), ""))
        for page, operations, target in patches[self._seen[0] :]:
            if not target:
                outcome.patches.setdefault(page, []).extend(expanded(operations))
            elif target == last:
                self._trees[page] = list(expanded(operations))
        for level, text, source in lines[self._seen[1] :]:
            _note(outcome, level, text, source)
        self._seen = (len(patches), len(lines))
        stacks = self._heard.stacks.get(app, [])
        self._top = stacks[-1][0][-1]["id"] if stacks else 1
        return outcome


def _find(operations: list[Any], identity: str) -> int:
    """The number of the node with an id; 0 where there is none."""
    waiting = [operation[3] for operation in operations if operation[0] == "insert"]
    for node in waiting:
        if len(node) > 2 and isinstance(node[2], dict) and node[2].get("id") == identity:
            return int(node[0])
        if len(node) > 4:
            waiting.extend(node[4])
    return 0


def _note(outcome: Outcome, level: str, text: str, source: str) -> None:
    match level:
        case "error":
            outcome.errors.append(":".join(source.split(":")[:2]))
        case "called":
            outcome.log.append(f"{source} {text}")
        case _:
            outcome.log.append(text)


def play_on_micropython(micropython: str, package: Package, steps: list[list[Any]], folder: Path) -> Played:
    """On the unix port, with what a board would fetch of the package."""
    for name, data in package.entries.items():
        if name.endswith((".mpy", ".view")) or name == "manifest.json":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
    limits = {"event_ms": int(_EVENT_SECONDS * 1000), "heap_kb": 256, "nodes": 200}
    given = folder / "given.json"
    given.write_text(json.dumps({"folder": str(folder), "steps": steps, "limits": limits}))
    driver = Path(__file__).with_name("driver.py")
    done = subprocess.run(
        [micropython, "-X", "heapsize=2m", driver, RUNTIME, given],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-2000:]
    outcomes = []
    for line in done.stdout.splitlines():
        said = json.loads(line)
        outcome = Outcome(ended=said["ended"])
        for page, operations in said["patches"]:
            outcome.patches.setdefault(page, []).extend(operations)
        for level, source, text in said["log"]:
            _note(outcome, level, text, source)
        outcomes.append(outcome)
    return Played(outcomes, steps)
