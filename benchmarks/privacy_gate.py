"""``python -m benchmarks.privacy_gate``: what the gate costs of an event's and of a request's time.

Both ways take turns in one process: a program's event or request through the capability as on a device (the queue on
the disk, a server on loopback), with a gate that lets everything through without a look, and with the real one: plan,
consent, label and ledger. Beside that, what one look of the gate takes by itself: the difference of two times that are
much larger than it says little on a busy machine.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from yarl import URL

from benchmarks.machine import describe_machine
from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.privacy import Privacy, Revocable
from device_runtime.capability.registry import Caller, CapabilityGate
from device_runtime.capability.request import HttpClient, request_capabilities
from device_runtime.capability.telemetry import telemetry_capability
from device_runtime.privacy.outflow import event_outflow, request_outflow
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.sync.telemetry import TelemetryQueue
from tests.open_privacy import OpenPrivacy
from tests.privacy.room import Room

_AIM = 0.05
_ROUNDS, _EVENTS, _REQUESTS = 7, 2_000, 300
_LIMIT = asyncio.Timeout(None)
_VALUES = {"station": "one", "seconds": 61, "loud": False}


def _manifest(origin: str) -> Manifest:
    common = {"purpose": "service", "reason": "to measure", "retention_days": 1}
    heard = {
        "name": "heard", "category": "usage", "destination": "fleet", **common,
        "fields": {"station": "text", "seconds": "integer", "loud": "boolean"},
    }  # fmt: skip
    asked = {
        "name": "asked", "category": "content", "destination": origin, "paths": ["/v1/list"], **common,
        "fields": {"q": "text", "page": {"type": "integer", "min": 0, "max": 99}},
    }  # fmt: skip
    document = {
        "app_id": "org.example.radio", "name": "Radio", "version": {"code": 1, "name": "1"},
        "platform_version": {"min_code": 1}, "pages": ["p/p"], "icons": [], "req_permissions": [{"name": "request"}],
        "cygnet": {"network": {"request": [origin]}, "data_plan": [heard, asked]},
    }  # fmt: skip
    return parse_manifest(json.dumps(document))


async def _seconds(work: Callable[[], Awaitable[object]], count: int) -> float:
    begun = time.perf_counter()
    for _ in range(count):
        await work()
    return (time.perf_counter() - begun) / count


async def measure(folder: Path, rounds: int, events: int, requests: int) -> dict[str, list[float]]:
    """Seconds an event and a request, by what was measured; each value is the mean of a round."""
    server = web.Application()
    server.router.add_get("/v1/list", lambda _: _answer())
    runner = web.AppRunner(server)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    manifest, room = _manifest(origin), Room(folder / "real")
    room.consents.decide("org.example.radio", manifest.data_plan.items, granted=True, who="owner")
    ways: dict[str, Privacy] = {"open": OpenPrivacy(), "gate": room.gate}
    taken: dict[str, list[float]] = {}
    clients = {name: HttpClient(NetworkPolicy(), privacy) for name, privacy in ways.items()}
    queues = {name: TelemetryQueue(folder / f"{name}.db") for name in ways}
    gates = {
        name: CapabilityGate(
            [
                telemetry_capability(queues[name].record, privacy, clock=_never_tired()),
                *request_capabilities(clients[name]),
            ]
        )
        for name, privacy in ways.items()
    }
    caller = Caller("org.example.radio", manifest)
    address = URL(f"{origin}/v1/list?q=news&page=3")
    for _ in range(rounds):
        for name, gate in gates.items():
            event = lambda gate=gate: gate.invoke(caller, "telemetry", {"name": "heard", "values": dict(_VALUES)})  # noqa: E731
            request = lambda gate=gate: gate.invoke(  # noqa: E731
                caller, "request", {"url": f"{origin}/v1/list", "data": {"q": "news", "page": 3}}
            )
            taken.setdefault(f"event, {name}", []).append(await _seconds(event, events))
            taken.setdefault(f"request, {name}", []).append(await _seconds(request, requests))
        look_at_event = lambda: _look_at_event(room, manifest)  # noqa: E731
        look_at_request = lambda: _look_at_request(room, manifest, address)  # noqa: E731
        taken.setdefault("look at event", []).append(await _seconds(look_at_event, events))
        taken.setdefault("look at request", []).append(await _seconds(look_at_request, events))
    for client in clients.values():
        await client.close()
    for queue in queues.values():
        queue.close()
    await runner.cleanup()
    room.close()
    return taken


async def _look_at_event(room: Room, manifest: Manifest) -> None:
    """All that the gate does for an event, from its name and values on."""
    room.gate.permit_now("org.example.radio", manifest.data_plan, event_outflow("heard", _VALUES, 40))


async def _look_at_request(room: Room, manifest: Manifest, address: URL) -> None:
    """The same for a request, from its parsed address on, with what breaks it off when a person says no."""
    outflow = request_outflow("GET", address, {"Accept": "application/json"}, None)
    items = await room.gate.permit("org.example.radio", manifest.data_plan, outflow)
    with Revocable(room.gate, "org.example.radio", _LIMIT).under(items):
        pass


async def _answer() -> web.Response:
    return web.json_response({"list": list(range(20))})


def _never_tired() -> Callable[[], float]:
    """A clock that runs so fast that no event is one too many."""
    at = 0.0

    def clock() -> float:
        nonlocal at
        at += 1.0
        return at

    return clock


def main() -> int:
    """Measure and print; 1 if an aim is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.privacy_gate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few of each, to see that it runs")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        rounds, events, requests = (1, 50, 10) if quick else (_ROUNDS, _EVENTS, _REQUESTS)
        taken = asyncio.run(measure(Path(folder), rounds, events, requests))
    print(describe_machine())
    for name, seconds in taken.items():
        print(f"{name:<16} {statistics.median(seconds) * 1e6:9.1f} µs (best {min(seconds) * 1e6:.1f})")
    missed = 0
    for kind in ("event", "request"):
        look, whole, without = (min(taken[name]) for name in (f"look at {kind}", f"{kind}, gate", f"{kind}, open"))
        share = look / whole
        missed += share > _AIM
        print(
            f"{kind}: a look is {share:.1%} of it (aim {_AIM:.0%}); with the gate {whole / without:.3f} x of without, "
            "best against best"
        )
    return 1 if missed and not quick else 0


if __name__ == "__main__":
    sys.exit(main())
