"""How long a program takes to show its first page, what a worker weighs, and one event's way there and back.

    python benchmarks/launch.py --rounds 50

Every figure is taken over a real zygote and real workers: ``launch`` from asking for the fork to the first patch,
``event`` from a tap to the patch that its setData makes, ``private`` from /proc/PID/smaps_rollup; ``components`` from a
tap to the patch that brings 1,000 components to a page, each with two properties, an observer and lifetimes.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from device_runtime.capability.registry import CapabilityGate
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.program.session import ProgramSession, Surroundings
from device_runtime.program.sessions import Sessions

_EVENTS = 200
_COMPONENTS = 1000


@dataclass(frozen=True)
class _Program:
    manifest: Manifest
    entries: Mapping[str, bytes]


def _hello(number: int) -> _Program:
    manifest = {
        "app_id": f"benchmark.{number}",
        "name": "hello",
        "version": {"code": 1, "name": "1.0"},
        "platform_version": {"min_code": 1},
        "pages": ["pages/hello/hello"],
    }
    page = "Page({data: {n: 0}, tap() { this.setData({n: this.data.n + 1}) }})"
    body = [
        ["element", "view", {}, {}, [["tap", "bind", ["constant", "tap"]]], {}, [["text", ["variable", "n"]]]],
    ]
    view = {"format": 2, "body": body, "templates": [], "scopes": []}
    return _Program(
        parse_manifest(json.dumps(manifest)),
        {
            "app.js": b"App({})",
            "pages/hello/hello.js": page.encode(),
            "pages/hello/hello.view": json.dumps(view).encode(),
        },
    )


def _crowd() -> _Program:
    manifest = {
        "app_id": "benchmark.crowd",
        "name": "crowd",
        "version": {"code": 1, "name": "1.0"},
        "platform_version": {"min_code": 1},
        "pages": ["pages/crowd/crowd"],
    }
    page = f"""Page({{data: {{list: []}}, tap() {{ this.setData({{
      list: this.data.list.length ? [] : Array.from({{length: {_COMPONENTS}}}, (_, n) => ({{n}})) }}) }} }})"""
    component = """Component({properties: {n: Number, label: String}, data: {seen: 0},
      observers: {n(n) { this.last = n }}, lifetimes: {created() {}, attached() {}, ready() {}, detached() {}} })"""
    item = ["variable", "item"]
    number = ["member", item, ["constant", "n"]]
    child = ["component", "x", {"n": number, "label": ["join", [["constant", "row "], number]]}, {}, [], {}, []]
    row = ["text", ["join", [["variable", "label"], ["constant", " "], ["variable", "n"]]]]
    page_view = {
        "format": 2,
        "body": [
            ["element", "view", {}, {}, [["tap", "bind", ["constant", "tap"]]], {}, []],
            ["for", ["variable", "list"], "item", "index", ["n"], "crowd:1", [child]],
        ],
        "templates": [],
        "scopes": [],
        "components": {"x": {"path": "c/x", "generic": None, "placeholder": None}},
    }
    component_view = {
        "format": 2,
        "body": [["element", "view", {}, {}, [], {}, [row]]],
        "templates": [],
        "scopes": [],
        "prefix": "c1-",
    }
    return _Program(
        parse_manifest(json.dumps(manifest)),
        {
            "app.js": b"App({})",
            "pages/crowd/crowd.js": page.encode(),
            "pages/crowd/crowd.view": json.dumps(page_view).encode(),
            "c/x.js": component.encode(),
            "c/x.view": json.dumps(component_view).encode(),
        },
    )


@dataclass
class _Listener:
    patched: asyncio.Event = field(default_factory=asyncio.Event)

    def on_stack(self, *_: object) -> None:
        """Nothing is drawn."""

    def on_patch(self, *_: object) -> None:
        """The first patch, or the next."""
        self.patched.set()

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        print(f"{app_id}: {level}: {text} {source}")

    def on_exit(self, app_id: str, reason: str) -> None:
        if reason:
            print(f"{app_id} ended: {reason}")


def _private_bytes(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Private_"))


async def _taps(session: ProgramSession, listener: _Listener, count: int = _EVENTS) -> list[float]:
    times = []
    for _ in range(count):
        listener.patched.clear()
        start = time.perf_counter()
        session.node_event(1, 1, "tap", {}, [], 0.0)
        await listener.patched.wait()
        times.append(time.perf_counter() - start)
    return times


def _row(name: str, values: Sequence[float], unit: str, scale: float) -> str:
    return f"{name:<28}{statistics.median(values) * scale:>10.3f}{min(values) * scale:>10.3f}  {unit}"


def _print_machine(rounds: int) -> None:
    names = [
        line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    processor = f"{os.cpu_count()} x {names[0] if names else platform.processor()}, {platform.machine()}"
    print(f"{processor}, Linux {platform.release()}, Python {platform.python_version()}")
    print(f"load average {os.getloadavg()[0]:.2f}, {rounds} rounds, {_EVENTS} events each")


async def _measure(rounds: int) -> None:
    listener = _Listener()
    sessions = Sessions(Surroundings(CapabilityGate([]), listener, dict, lambda _: {}))
    start = time.perf_counter()
    await sessions.start()
    zygote = time.perf_counter() - start
    launches, ready, memory, events = [], [], [], []
    for number in range(rounds):
        listener.patched.clear()
        start = time.perf_counter()
        launching = asyncio.create_task(sessions.launch(_hello(number)))
        await listener.patched.wait()
        launches.append(time.perf_counter() - start)
        session = await launching
        ready.append(time.perf_counter() - start)
        pid = session.worker_pid
        memory.append(_private_bytes(pid) if pid is not None else 0)
        events += await _taps(session, listener)
        await sessions.stop(session.app_id)
    crowded = await _taps(await sessions.launch(_crowd()), listener, 2 * min(rounds, 10))
    await sessions.close()
    _print_machine(rounds)
    print(f"{'':<28}{'median':>10}{'min':>10}")
    print(_row("launch to first patch", launches, "ms", 1e3))
    print(_row("launch to ready", ready, "ms", 1e3))
    print(_row("event to patch", events, "ms", 1e3))
    print(_row("private memory of a worker", memory, "MB", 1 / 1024 / 1024))
    print(_row(f"{_COMPONENTS:,} components come", crowded[::2], "ms", 1e3))
    print(_row(f"{_COMPONENTS:,} components go", crowded[1::2], "ms", 1e3))
    print(_row("zygote start (once)", [zygote], "ms", 1e3))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50, help="programs launched one after another (default: 50)")
    asyncio.run(_measure(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
