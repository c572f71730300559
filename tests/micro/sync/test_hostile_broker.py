"""What a broken or hostile broker sends ends the connection with a sentence, and never the board."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.micro.sync.board import Board
from tests.micro.sync.mpy import run_micropython

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


def test_refusals_of_what_nobody_asked_take_no_memory(micropython: str) -> None:
    code = """
import asyncio
from micro.sync.mqtt import BUFFER_BYTES, Connection, MqttError
class Stream:
    def __init__(self, packets):
        self.packets = packets
        self.at = 0
    async def readinto(self, view):
        number, at = divmod(self.at, 5)
        if number >= self.packets:
            return 0
        some = bytes((0x90, 3, number >> 8, number & 0xFF, 0x80))[at : at + len(view)]
        view[: len(some)] = some
        self.at += len(some)
        return len(some)
connection = Connection(None, 100, memoryview(bytearray(BUFFER_BYTES)))
connection.stream = Stream(40_000)
connection.acknowledged[7] = asyncio.Event()
async def listen():
    while True:
        await connection._read()
try:
    asyncio.run(listen())
except MqttError as error:
    answer = [str(error), sorted(connection.refused), connection.acknowledged[7].is_set()]
"""
    assert run_micropython(micropython, code, heap="128k") == ["the broker closed the connection", [7], True]


def test_headers_without_end_before_the_list_of_files_take_no_memory(micropython: str) -> None:
    code = """
import asyncio
from micro.sync.messages import SyncError
from micro.sync.package import open_package
async def read(offset, length):
    name = b"A%03d" % (offset // 128) + b"x" * 94
    return (b"PK\\3\\4" + bytes(22) + b"\\x62\\0" + bytes(2) + name + bytes(200))[:length]
try:
    asyncio.run(open_package(read, {"size": 2**30, "digests": "0" * 64}))
except SyncError as error:
    answer = [str(error)]
"""
    (sentence,) = run_micropython(micropython, code, heap="48k")
    assert "is not sealed" in sentence
