"""How fast a broker takes connections: of hardly more than their bytes, and of plain paho clients.

python -m benchmarks.telemetry.connecting PORT COUNT NAME    # some clients, a process of its own
"""

import asyncio
import subprocess
import sys
import time

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from device_runtime.errors import CygnetError
from device_runtime.sync.messages import topic

_AT_ONCE = 200
_PROCESSES, _CLIENTS = 2, 250
"""paho waits with select(2), which knows files up to the 1,024th; a client has three."""
_PATIENCE = 30.0


async def bare(port: int, count: int) -> float:
    """Connections a second that are made by hardly more than their bytes (MQTT 3.1.1, 3.1)."""
    numbers = iter(range(count))

    async def work() -> None:
        for number in numbers:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            name = b"rate-%06d" % number
            body = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2, "big") + name
            writer.write(b"\x10" + bytes([len(body)]) + body)
            await reader.readexactly(4)
            writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return count / (time.perf_counter() - begun)


def clients(port: int) -> float:
    """Clients a second that connect and hear what devices hear, in two processes at the same time.

    Raises:
        CygnetError: they did not all come.
    """
    command = [sys.executable, "-m", __name__, str(port), str(_CLIENTS)]
    processes = [
        subprocess.Popen([*command, f"paho-{number}"], stdout=subprocess.PIPE, text=True)
        for number in range(_PROCESSES)
    ]
    told = [process.communicate()[0].split() for process in processes]
    if any(len(times) != 2 for times in told):
        raise CygnetError("plain clients could not connect")
    begun, ended = min(float(first) for first, _ in told), max(float(last) for _, last in told)
    return _PROCESSES * _CLIENTS / (ended - begun)


def _connect(port: int, name: str) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTProtocolVersion.MQTTv5)
    heard = [(topic("bench", name, "desired"), 1), (topic("bench", name, "response"), 1)]
    subscribed: list[bool] = []
    client.on_connect = lambda client, *_: client.subscribe(heard)
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.connect("127.0.0.1", port)
    until = time.monotonic() + _PATIENCE
    while not subscribed and time.monotonic() < until:
        client.loop(1.0)
    if not subscribed:
        raise CygnetError(f"{name} did not connect within {_PATIENCE:g} s")
    return client


if __name__ == "__main__":
    since = time.time()
    connected = [_connect(int(sys.argv[1]), f"{sys.argv[3]}-{number}") for number in range(int(sys.argv[2]))]
    print(since, time.time())
