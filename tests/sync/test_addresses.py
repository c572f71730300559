"""Several addresses of one broker: what may stand in the list, and that the transport goes on to one that lives."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from device_runtime.sync.addresses import MOST_ADDRESSES, AddressError, Rotation, split_addresses
from device_runtime.sync.transport import Backoff, MqttTransport, TransportError
from tests.brokers import free_port, running_mosquitto
from tests.sync.waiting import until

FAST = Backoff(first=0.01, longest=0.05)


class Silent:
    """A listener that hears nothing."""

    def will(self) -> None:
        """None."""

    def on_connected(self) -> None:
        """Nothing to do."""

    def on_disconnected(self, reason: str) -> None:
        """Nothing to do."""

    def on_message(self, topic: str, payload: bytes, retained: bool) -> None:
        """Nothing to do."""


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("mqtt://a", ("mqtt://a",)),
        ("mqtts://a:1,mqtts://b:2", ("mqtts://a:1", "mqtts://b:2")),
        (" mqtt://a , mqtt://[::1]:5 ", ("mqtt://a", "mqtt://[::1]:5")),
        ("mqtts://a,mqtts://[b", ("mqtts://a", "mqtts://[b")),  # who opens it says what is wrong with it
    ],
)
def test_addresses_stand_between_commas(text: str, urls: tuple[str, ...]) -> None:
    assert split_addresses(text) == urls


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty address"),
        ("mqtt://a,", "empty address"),
        ("mqtt://a,,mqtt://b", "empty address"),
        ("mqtt://a,mqtt://a", "twice"),
        ("mqtts://a,mqtt://b", "one kind"),
        (",".join(f"mqtt://a{number}" for number in range(MOST_ADDRESSES + 1)), "at most"),
    ],
)
def test_a_list_that_cannot_be_is_refused_in_words_without_it(text: str, what: str) -> None:
    with pytest.raises(AddressError, match=what) as caught:
        split_addresses(text)
    assert "://a" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mqtt://a,http://b",
        "mqtt://a,mqtt://",
        "mqtt://a,mqtt://b/path",
        "mqtt://a,mqtts://b",
        "mqtt://a,mqtt://[b",
        "mqtt://a,",
    ],
)
def test_the_transport_refuses_a_list_of_which_one_address_is_wrong(url: str) -> None:
    with pytest.raises(TransportError, match="the broker's URL"):
        MqttTransport(url, "device")


def test_a_password_in_any_address_is_refused_and_not_said() -> None:
    for url in ("mqtt://a,mqtt://u:hush@b", "mqtt://u:hush@a,mqtt://u:hush@a"):
        with pytest.raises(TransportError) as caught:
            MqttTransport(url, "device")
        assert "hush" not in str(caught.value)


def test_a_rotation_comes_to_each_once_before_it_comes_to_one_again() -> None:
    rotation = Rotation(("a", "b", "c"))
    rounds = []
    for _ in range(2):
        seen = []
        for _ in range(3):
            seen.append(rotation.now)
            rotation.turn()
        rounds.append(seen)
    assert sorted(rounds[0]) == ["a", "b", "c"]
    assert rounds[1] == rounds[0]


def test_what_is_put_in_the_place_of_all_keeps_order_and_turn() -> None:
    rotation = Rotation(("a", "b", "c"), lambda items, _: list(items))
    rotation.turn()
    rotation.change(str.upper)
    seen = []
    for _ in range(3):
        seen.append(rotation.now)
        rotation.turn()
    assert seen == ["B", "C", "A"]


def test_many_clients_begin_at_all_addresses_and_leave_a_dead_one_for_all_others() -> None:
    rotations = [Rotation(("a", "b", "c")) for _ in range(600)]
    begins = Counter(rotation.now for rotation in rotations)
    assert min(begins.values()) > 100, begins
    fled = [rotation for rotation in rotations if rotation.now == "a"]
    for rotation in fled:
        rotation.turn()
    assert min(Counter(rotation.now for rotation in fled)["b"], Counter(rotation.now for rotation in fled)["c"]) > 30


@pytest.mark.broker
async def test_a_client_finds_the_address_that_lives_and_leaves_it_when_it_dies(tmp_path: Path) -> None:
    with running_mosquitto(tmp_path / "one") as one, running_mosquitto(tmp_path / "two") as two:
        nobody = f"mqtt://127.0.0.1:{free_port()}"
        transport = MqttTransport(f"{nobody},{one.url},{two.url}", "device", backoff=FAST)
        transport.start(Silent())
        try:
            await asyncio.wait_for(transport.online(), 20)
            first, other = (one, two) if transport.url == one.url else (two, one)
            first.kill()
            await until(lambda: transport.connected and transport.url == other.url)
            other.kill()
            await until(lambda: not transport.connected)
            first.start_again()
            await until(lambda: transport.connected and transport.url == first.url)
        finally:
            await transport.stop()
