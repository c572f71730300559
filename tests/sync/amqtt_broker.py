"""A broker that speaks MQTT 3.1.1 and nothing newer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig

from tests.brokers import free_port


@asynccontextmanager
async def running_amqtt() -> AsyncIterator[str]:
    """The URL of an amqtt broker that runs in this event loop."""
    port = free_port()
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }
    broker = Broker(BrokerConfig.from_dict(config))
    await broker.start()
    try:
        yield f"mqtt://127.0.0.1:{port}"
    finally:
        await broker.shutdown()
