"""Orders to show a screen, and what devices answer: signed, for one device, for a minute, once; and bounded."""

import asyncio
import json
import zlib
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.keys import key_ring
from device_runtime.sync.desired import Desired, sign_desired
from device_runtime.sync.fields import Fields, ProtocolError
from device_runtime.sync.messages import SignedScreenOrder, decode_response
from device_runtime.sync.screen_messages import (
    MAX_PICTURE_BYTES,
    MAX_UPDATE_BYTES,
    ScreenOrder,
    ScreenUpdate,
    decode_update,
    encode_update,
    pack_picture,
    sign_screen_order,
    unpack_picture,
)
from device_runtime.sync.viewing import Viewing

KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
NOW = 1_800_000_000
ID = "0123456789abcdef" * 2
ORDER = ScreenOrder("north", "kitchen", "ask", ID, "maria", NOW, NOW + 60)


class Clock:
    now = float(NOW)

    def __call__(self) -> float:
        return self.now


class Ends:
    """A device's end of it, and what it does."""

    def __init__(self, *, host: bool = True, began: float = NOW - 1000) -> None:
        self.orders: list[ScreenOrder] = []
        self.refused: list[str] = []
        self.sent: list[ScreenUpdate] = []
        self.clock = Clock()
        self.clock.now = began
        self.viewing = Viewing(
            "north", "kitchen", key_ring([KEY.public_key()]), self.clock, self._send, self.refused.append, self._run
        )
        self.clock.now = NOW
        if host:
            self.viewing.on_order = self.orders.append

    async def _send(self, payload: bytes) -> None:
        self.sent.append(decode_update(payload))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run(work)

    def hear(self, payload: bytes) -> None:
        response = decode_response(payload)
        assert isinstance(response, SignedScreenOrder)
        self.viewing.hear(response)


def altered(payload: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(payload)
    change(document)
    return json.dumps(document).encode() + b"\n"


def set_signed(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda document: document["signed"].__setitem__(name, value)


def desired_as_order() -> bytes:
    envelope = json.loads(sign_desired(Desired("north", "kitchen", 1, NOW, {}), KEY))
    return json.dumps({"type": "screen", **envelope}).encode() + b"\n"


GOOD = sign_screen_order(ORDER, [KEY])


def test_a_good_order_reaches_the_host() -> None:
    ends = Ends()
    ends.hear(GOOD)
    assert ends.orders == [ORDER]
    assert (ends.refused, ends.sent) == ([], [])


def test_of_two_signatures_one_is_enough() -> None:
    ends = Ends()
    ends.hear(sign_screen_order(ORDER, [STRANGER, KEY]))
    assert ends.orders == [ORDER]


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        pytest.param(sign_screen_order(ORDER, [STRANGER]), "does not trust", id="another key"),
        pytest.param(
            altered(GOOD, set_signed("by", "the owner")), "does not fit its content", id="another name than was signed"
        ),
        pytest.param(altered(GOOD, set_signed("expires", NOW + 6000)), "does not fit its content", id="a longer time"),
        pytest.param(
            altered(GOOD, lambda document: document["signatures"][0].__setitem__("sig", "A" * 86 + "==")),
            "does not fit its content",
            id="another signature",
        ),
        pytest.param(altered(GOOD, lambda document: document.pop("signatures")), "missing", id="no signature"),
        pytest.param(
            sign_screen_order(replace(ORDER, device="car"), [KEY]), "meant for device car", id="another device"
        ),
        pytest.param(sign_screen_order(replace(ORDER, fleet="south"), [KEY]), "of fleet south", id="another fleet"),
        pytest.param(desired_as_order(), "not of the type screen", id="something else that the fleet signed"),
    ],
)
def test_an_order_that_is_not_the_fleets_for_this_device_is_refused_in_silence(payload: bytes, sentence: str) -> None:
    ends = Ends()
    ends.hear(payload)
    assert ends.orders == []
    assert ends.sent == []  # whoever forges orders does not make the device speak
    assert sentence in ends.refused[0]


@pytest.mark.parametrize(
    ("order", "now"),
    [
        pytest.param(ORDER, NOW + 61, id="expired"),
        pytest.param(ORDER, NOW + 400 * 86_400, id="kept for a year"),
        pytest.param(ORDER, 0.0, id="a clock that was cleared"),
        pytest.param(ORDER, NOW - 61, id="a clock that is behind"),
        pytest.param(replace(ORDER, expires=NOW + 61), NOW, id="good for too long"),
        pytest.param(replace(ORDER, expires=NOW), NOW, id="good for no time"),
        pytest.param(replace(ORDER, issued=NOW + 7200, expires=NOW + 7260), NOW, id="of the future"),
    ],
)
def test_an_order_that_is_not_for_now_is_refused_and_the_fleet_hears_why(order: ScreenOrder, now: float) -> None:
    ends = Ends()
    ends.clock.now = now
    ends.hear(sign_screen_order(order, [KEY]))
    assert ends.orders == []
    assert [(update.id, update.state, update.reason) for update in ends.sent] == [(ID, "refused", "clock")]


def test_an_order_counts_once() -> None:
    ends = Ends()
    ends.hear(GOOD)
    ends.hear(GOOD)
    assert ends.orders == [ORDER]
    assert "has come before" in ends.refused[0]
    assert ends.sent == []


def test_an_order_from_before_the_start_counts_no_more() -> None:
    ends = Ends(began=NOW + 5)
    ends.clock.now = NOW + 6
    ends.hear(GOOD)
    assert ends.orders == []
    assert "older than this start" in ends.refused[0]


def test_a_clock_that_was_ahead_at_the_start_does_not_refuse_for_ever() -> None:
    ends = Ends(began=NOW + 400 * 86_400)
    ends.hear(sign_screen_order(replace(ORDER, id="1" * 32, issued=NOW - 5, expires=NOW + 55), [KEY]))
    assert ends.orders == []  # perhaps it was carried out before
    ends.hear(GOOD)
    assert ends.orders == [ORDER]


def test_a_flood_of_orders_is_refused() -> None:
    ends = Ends()
    for number in range(300):
        ends.hear(sign_screen_order(replace(ORDER, id=f"{number:032x}"), [KEY]))
    assert len(ends.orders) == 256
    ends.clock.now += 61
    ends.hear(sign_screen_order(replace(ORDER, issued=NOW + 61, expires=NOW + 121, id=f"{999:032x}"), [KEY]))
    assert len(ends.orders) == 257


def test_a_device_without_anybody_to_ask_refuses() -> None:
    ends = Ends(host=False)
    ends.hear(GOOD)
    ends.hear(sign_screen_order(replace(ORDER, act="end", id="f" * 32), [KEY]))
    assert [(update.state, update.reason) for update in ends.sent] == [("refused", "unsupported")]


@pytest.mark.parametrize(
    ("name", "value"),
    [("act", "show"), ("id", "short"), ("by", "x" * 101), ("by", "two\nlines"), ("issued", -1), ("device", "a/b")],
)
def test_an_order_with_a_wrong_member_is_not_even_signed(name: str, value: Any) -> None:
    with pytest.raises(ProtocolError, match=name):
        sign_screen_order(replace(ORDER, **{name: value}), [KEY])


UPDATE = ScreenUpdate(ID, 3, "shown", until=NOW + 300, sent=500, limit=4_194_304, whole=True, picture=b"x")


def test_an_update_reads_as_it_was_written() -> None:
    assert decode_update(encode_update(UPDATE)) == UPDATE
    assert decode_update(encode_update(ScreenUpdate(ID, 1, "asked"))) == ScreenUpdate(ID, 1, "asked")


def test_an_update_is_never_longer_than_it_may_be() -> None:
    with pytest.raises(ProtocolError, match="longer than"):
        encode_update(replace(UPDATE, picture=b"x" * MAX_UPDATE_BYTES))
    with pytest.raises(ProtocolError, match="longer than"):
        decode_update(b" " * (MAX_UPDATE_BYTES + 1))


@given(st.binary(max_size=300))
def test_any_bytes_are_an_update_or_refused(payload: bytes) -> None:
    try:
        update = decode_update(payload)
        unpack_picture(update.picture)
    except ProtocolError:
        return


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        pytest.param(b"nonsense", "zlib", id="no zlib"),
        pytest.param(zlib.compress(b"[" + b" " * 2 * MAX_PICTURE_BYTES + b"]", 9), "longer than", id="a bomb"),
        pytest.param(zlib.compress(b"[]")[:-2], "cut short", id="cut short"),
        pytest.param(zlib.compress(b"[]") + b"more", "longer than", id="more behind it"),
        pytest.param(zlib.compress(b"{}"), "must be a list", id="no list"),
        pytest.param(zlib.compress(b"[1]"), "no message", id="no messages"),
        pytest.param(zlib.compress(b"[{}]"), "no message", id="no type"),
        pytest.param(zlib.compress(b"[" + b'{"type":"x"},' * 5000 + b'{"type":"x"}]'), "at most 4096", id="too many"),
        pytest.param(zlib.compress(b'[{"type":"x","a":' + b"[" * 300 + b"]" * 300 + b"}]"), "levels", id="too deep"),
        pytest.param(
            zlib.compress(b'[{"type":"x","a":' + b"[" * 9000 + b"]" * 9000 + b"}]"), "not JSON", id="far too deep"
        ),
        pytest.param(zlib.compress(b'[{"type":"x","a":"\\ud800"}]'), "JSON", id="half a character"),
        pytest.param(zlib.compress(b'[{"type":"x","a":NaN}]'), "not JSON", id="no number"),
    ],
)
def test_a_hostile_picture_is_refused_in_a_sentence(picture: bytes, sentence: str) -> None:
    with pytest.raises(ProtocolError, match=sentence):
        unpack_picture(picture)


def test_a_picture_reads_as_it_was_written() -> None:
    messages: list[dict[str, Any]] = [{"type": "left_out", "what": "ü"}, {"type": "patch", "page": 1, "operations": []}]
    assert unpack_picture(pack_picture(messages)) == messages


def test_an_order_is_no_other_response() -> None:
    assert isinstance(decode_response(GOOD), SignedScreenOrder)
    assert isinstance(SignedScreenOrder(Fields({}, "screen")), SignedScreenOrder)
