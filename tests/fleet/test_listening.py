"""Finding out whether a broker has shared subscriptions, and subscribing where it refuses for a while: what brokers do
then that few do, and only in trouble."""

import asyncio
import time

import pytest

from device_runtime.sync.transport import TransportError
from firmware_tools.fleet import listening
from firmware_tools.fleet.listening import Probe, hear_at_last
from tests.sync.waiting import until


class Broker:
    """As much of a transport as is asked. ``answers`` are what it does at each subscription: take it, or refuse."""

    may_share = True

    def __init__(self, *answers: bool) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.probe: Probe | None = None

    async def hear(self, topic: str, qos: int = 1) -> None:
        del qos
        self.asked.append(topic)
        if self._answers and not self._answers.pop(0):
            raise TransportError("the connection ended")

    async def publish(self, topic: str, _payload: bytes, *, qos: int = 1) -> None:
        del qos
        if self.probe is not None:
            self.probe.hear(topic)


async def test_a_broker_that_ends_the_connection_over_it_is_asked_twice_and_then_has_no_shared_subscriptions() -> None:
    broker = Broker(False, False)
    probe = Probe("north", broker)  # type: ignore[arg-type]
    assert [await probe.shares() for _ in range(4)] == [False] * 4
    assert len(broker.asked) == 2


async def test_an_hour_later_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(False, False, True)
    broker.probe = probe = Probe("north", broker)  # type: ignore[arg-type]
    assert [await probe.shares() for _ in range(3)] == [False] * 3
    later = time.monotonic() + 3601
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert await probe.shares()


async def test_a_connection_that_ends_by_chance_while_it_is_asked_changes_nothing_for_the_next() -> None:
    broker = Broker(False, True, False, True)
    broker.probe = probe = Probe("north", broker)  # type: ignore[arg-type]
    assert [await probe.shares() for _ in range(4)] == [False, True, False, True]


async def test_a_broker_that_takes_it_and_hands_nothing_on_is_asked_on_each_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker()
    monkeypatch.setattr(listening, "_PROBE_SECONDS", 0.01)
    probe = Probe("north", broker)  # type: ignore[arg-type]
    assert [await probe.shares() for _ in range(4)] == [False] * 4
    assert len(broker.asked) == 4, "the connection stood: it may be asked again"


async def test_a_subscription_that_is_refused_for_a_while_is_had_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_AGAIN_SECONDS", 0.01)
    broker = Broker(False, False, True)
    trying = asyncio.create_task(hear_at_last(broker, "cygnet/1/north/+/request"))  # type: ignore[arg-type]
    await until(trying.done)
    assert broker.asked == ["cygnet/1/north/+/request"] * 3
