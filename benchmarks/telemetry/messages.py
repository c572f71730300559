"""Messages a second through a broker: the fleet until they are stored, beside a bare paho client that counts them.

python -m benchmarks.telemetry.messages PORT COUNT      # the publisher, a process of its own
"""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.telemetry.storing import Taken, make_batches
from device_runtime.errors import CygnetError
from device_runtime.sync.messages import topic
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.server import run_fleet
from tests.brokers import Mosquitto, running_mosquitto

_FLEET = "bench"
_DEVICES = 50
_IN_FLIGHT = 500
_PATIENCE = 300.0


def _send_at_once(_client: paho.Client, _data: object, raw: Any) -> None:
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _client(port: int) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_socket_open = _send_at_once
    client.max_inflight_messages_set(_IN_FLIGHT)
    client.connect("127.0.0.1", port)
    return client


def publish(port: int, count: int, epoch: str) -> None:
    """Publish batches of one record as fast as the broker acknowledges them."""
    client = _client(port)
    left = threading.Semaphore(_IN_FLIGHT)
    client.on_publish = lambda *_: left.release()
    messages = [(topic(_FLEET, device, "telemetry"), body) for device, body in make_batches(count, epoch, 1)]
    client.loop_start()
    for name, body in messages:
        left.acquire()
        client.publish(name, body, 1)
    for _ in range(_IN_FLIGHT):
        left.acquire()
    client.disconnect()


def _start_publisher(port: int, count: int, epoch: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "benchmarks.telemetry.messages", str(port), str(count), epoch])


def bare(broker: Mosquitto, count: int, epoch: str) -> Taken:
    """A client that only counts, from the first message to the last."""
    client, times, done = _client(broker.port), [], threading.Event()
    subscribed = threading.Event()

    def arrived(*_: Any) -> None:
        times.append((time.perf_counter(), time.process_time()))
        if len(times) == count:
            done.set()

    def subscribe(*_: Any) -> None:
        client.subscribe(topic(_FLEET, "+", "telemetry"), 1)

    client.on_message = arrived
    client.on_subscribe = lambda *_: subscribed.set()
    client.on_connect = subscribe
    client.loop_start()
    subscribed.wait(10)
    process = _start_publisher(broker.port, count, epoch)
    assert done.wait(_PATIENCE), f"{len(times)} of {count} messages came"
    process.wait()
    client.disconnect()
    return Taken(times[-1][0] - times[0][0], times[-1][1] - times[0][1])


async def fleet(broker: Mosquitto, folder: Path, count: int, epoch: str) -> Taken:
    """The fleet, from the first message to the commit of the last, receipts sent.

    Raises:
        CygnetError: it dropped some, which devices would send again and this publisher does not.
    """
    home = init_home(folder, _FLEET, broker=broker.url, listen="127.0.0.1:0")
    async with run_fleet(home) as running:
        await running.transport.online()
        for number in range(_DEVICES):
            await running.operations.enroll(f"d{number}", "")
        await asyncio.sleep(1)  # the documents of new devices are published
        counters = running.service.counters
        before = counters.messages
        process = _start_publisher(broker.port, count, epoch)
        async with asyncio.timeout(_PATIENCE):
            while counters.messages == before:  # noqa: ASYNC110 - a counter has no event
                await asyncio.sleep(0.001)
            wall, cpu = time.perf_counter(), time.process_time()
            while counters.records + counters.dropped < count:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        taken = Taken(time.perf_counter() - wall, time.process_time() - cpu)
        await asyncio.to_thread(process.wait)
    if counters.dropped:
        raise CygnetError(
            f"the fleet dropped {counters.dropped:,} of {count:,} messages: they come faster than it stores them, and "
            "more than its inbox holds; devices would send them again, this publisher does not"
        )
    return taken


def measure(folder: Path, rounds: int, count: int) -> dict[str, list[Taken]]:
    """Both take turns, each round on the same broker."""
    taken: dict[str, list[Taken]] = {"ours": [], "bare": []}
    with running_mosquitto(folder / "broker", further=("max_queued_messages 0",)) as broker:
        for number in range(rounds):
            taken["bare"].append(bare(broker, count, f"{2 * number:08x}"))
            taken["ours"].append(asyncio.run(fleet(broker, folder / f"fleet{number}", count, f"{2 * number + 1:08x}")))
    return taken


if __name__ == "__main__":
    publish(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
