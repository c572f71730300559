"""What a NATS cluster does when most of it is dead: it takes nothing, and goes on when there are enough again."""

import asyncio
import os
from pathlib import Path

import pytest

from device_runtime.sync.transport import TransportError
from tests.clusters.behaviour import client
from tests.clusters.nats import nats_server, running_nats
from tests.sync.waiting import until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.timeout(300),
    pytest.mark.skipif("CYGNET_CLUSTERS" not in os.environ, reason="`make clusters` runs it"),
    pytest.mark.skipif(nats_server() is None, reason="nats-server is missing"),
]


async def test_with_two_of_three_nodes_dead_nothing_is_acknowledged_and_with_two_alive_it_goes_on(
    tmp_path: Path,
) -> None:
    topic = "cygnet/1/north/kitchen/telemetry"
    with running_nats(tmp_path) as cluster:
        last, *others = cluster.nodes
        async with client(last.url) as (transport, _):
            await transport.publish(topic, b"before")
            for node in others:
                cluster.kill(node)
            with pytest.raises(TransportError):
                await transport.publish(topic, b"meanwhile", timeout=5)
            cluster.start_again(others[0])
            await asyncio.to_thread(cluster.wait_until_healthy)
            accepted = False

            async def again() -> None:
                nonlocal accepted
                while not accepted:
                    try:
                        await transport.publish(topic, b"after", timeout=5)
                        accepted = True
                    except TransportError:
                        await asyncio.sleep(0.2)

            trying = asyncio.create_task(again())
            await until(lambda: accepted, 120)
            await trying
