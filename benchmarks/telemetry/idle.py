"""What a device with nothing to say costs on the wire: bytes in both directions through a proxy before the broker."""

import asyncio
from contextlib import suppress
from pathlib import Path

from device_runtime.keys import key_ring
from device_runtime.sync.agent import Identity, SyncAgent
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import MqttTransport
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.server import run_fleet
from firmware_tools.sign.keys import load_private_key
from tests.brokers import running_mosquitto
from tests.sync.shelf import Shelf

_SETTLING = 15.0


class Proxy:
    """Passes one connection on, and counts. ``packets`` are reads with something in them, about as many as segments."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.count = self.packets = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        inner, outer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(self._pass(reader, outer), self._pass(inner, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                self.count += len(data)
                self.packets += 1
                writer.write(data)
                await writer.drain()
        writer.close()


async def measure(folder: Path, minutes: float) -> tuple[float, float]:
    """Bytes and packets a minute, of a device with the pace that devices have, once it has settled."""
    with running_mosquitto(folder / "broker") as broker:
        home = init_home(folder / "fleet", "bench", broker=broker.url, listen="127.0.0.1:0")
        proxy = Proxy(broker.port)
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        agent = SyncAgent(
            Identity("bench", "idle", "speaker", "0.1.0"),
            key_ring([load_private_key(home.key_file).public_key()]),
            folder / "sync",
            MqttTransport(f"mqtt://127.0.0.1:{port}", "idle"),
            Shelf(folder / "shelf"),
            TelemetryQueue(folder / "telemetry.db"),
        )
        async with run_fleet(home) as running:
            await running.transport.online()
            await running.operations.enroll("idle", "")
            agent.start()
            await asyncio.sleep(_SETTLING)
            count, packets = proxy.count, proxy.packets
            await asyncio.sleep(60 * minutes)
            count, packets = proxy.count - count, proxy.packets - packets
            await agent.stop()
        server.close()
    return count / minutes, packets / minutes
