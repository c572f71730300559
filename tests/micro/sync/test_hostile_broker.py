"""What a broken or hostile broker sends ends the connection with a sentence, and never the board."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.micro.sync.board import Board

Say = Callable[[asyncio.StreamWriter], None]
WELCOME = b"\x20\x02\x00\x00"


@asynccontextmanager
async def broker(welcome: bytes, granted: int, afterwards: bytes) -> AsyncIterator[int]:
    """A broker that answers CONNECT and SUBSCRIBE, then sends ``afterwards`` and closes; gives its port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            subscriptions = 0
            while subscriptions < 2:
                kind, length = await reader.readexactly(2)
                while length >= 128 and (more := (await reader.readexactly(1))[0]) is not None:
                    length = length % 128 + 128 * more
                    break
                body = await reader.readexactly(length)
                if kind == 0x10:
                    writer.write(welcome)
                elif kind == 0x82:
                    subscriptions += 1
                    writer.write(b"\x90\x03" + body[:2] + bytes([granted]))
            writer.write(afterwards)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def message(topic: bytes, payload: bytes, kind: int = 0x30) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + payload
    assert len(body) < 128
    return bytes([kind, len(body)]) + body


DESIRED, RESPONSE = b"cygnet/1/north/pico-1/desired", b"cygnet/1/north/pico-1/response"


@pytest.mark.parametrize(
    ("welcome", "granted", "afterwards", "sentence"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 1, b"", "is no MQTT broker"),
        (b"\x20\x02\x00\x05", 1, b"", "it does not let this user in"),
        (b"\x20\x02\x00\x77", 1, b"", "its answer is 119"),
        (WELCOME, 0x80, b"", "does not let this user subscribe to cygnet/1/north/pico-1/desired"),
        (WELCOME, 1, b"", "the broker closed the connection"),
        (WELCOME, 1, b"\x00\x00", "a packet (0x00, 0 bytes) that MQTT 3.1.1 has not"),
        (WELCOME, 1, b"\x40\x05\x00\x01\x00\x00\x00", "a packet (0x40, 5 bytes) that MQTT 3.1.1 has not"),
        (WELCOME, 1, b"\x30\xff\xff\xff\xff\x01", "a length that MQTT 3.1.1 has not"),
        (WELCOME, 1, b"\x34\x05\x00\x01a\x00\x01", "a message with QoS 2"),
        (WELCOME, 1, b"\x30\x01\x00", "a message with QoS 0 in 1 bytes"),
        (WELCOME, 1, b"\x30\x04\xff\xffab", "a topic of 65535 bytes in 4 bytes"),
        (WELCOME, 1, b"\x30\xff\xff\xff\x7f" + b"\x00\x01a" + bytes(100_000), "the broker closed the connection"),
        (WELCOME, 1, message(RESPONSE, b"no line at all"), "a response has no line of JSON at its beginning"),
        (WELCOME, 1, message(RESPONSE, b"[1]\n"), "a response has no line of JSON at its beginning"),
        (WELCOME, 1, message(RESPONSE, b'{"type": "telemetry"}\n'), "a receipt has no epoch or sequence"),
        (WELCOME, 1, message(DESIRED, b'{"signed":1}'), "desired is broken"),
        (WELCOME, 1, message(DESIRED, b"\xff\xfe\x00"), "desired is broken"),
    ],
)
async def test_a_broken_broker_is_told_of_and_left(
    board: Board, welcome: bytes, granted: int, afterwards: bytes, sentence: str
) -> None:
    async with broker(welcome, granted, afterwards) as port:
        identity = {
            "fleet": "north",
            "device": "pico-1",
            "broker": {"host": "127.0.0.1", "port": port, "tls": False},
            "fleet_key": "A" * 43 + "=",
            "wifi": [],
        }
        board.provision(identity)
        async with board.powered():
            await board.says(sentence)
    assert board.starts == 1, board.log
    assert "Traceback" not in board.log
