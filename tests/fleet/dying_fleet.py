"""A fleet service that is killed at the worst moment: after the commit, before the receipt leaves. Run by a test."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from device_runtime.sync.transport import MqttTransport
from firmware_tools.fleet import connections, server
from firmware_tools.fleet.home import FleetHome


class DyingTransport(MqttTransport):
    """Everything of the real transport, until a receipt is to be sent."""

    async def publish(self, topic: str, payload: bytes, **options: Any) -> None:
        if topic.endswith("/response"):
            os.kill(os.getpid(), signal.SIGKILL)
        await super().publish(topic, payload, **options)


async def main(home: Path) -> None:
    connections.MqttTransport = DyingTransport  # type: ignore[attr-defined]
    async with server.run_fleet(FleetHome(home)) as fleet:
        await fleet.transport.online()
        print("online", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
