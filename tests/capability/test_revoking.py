"""A no ends what is under way: what is recorded, requested and opened."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.privacy import NO_LONGER
from device_runtime.capability.recording import Recorder
from device_runtime.capability.registry import Caller, CapabilityError
from device_runtime.capability.request import HttpClient
from device_runtime.capability.sockets import SocketClient
from device_runtime.values import Value
from tests.privacy.room import APP, Room, item, manifest
from tests.sync.waiting import until


class Told:
    """What a program is told, and what is kept going for it; ``is_over``: the program has ended."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Value]] = []
        self.is_over = False

    async def emit(self, _name: str, payload: Value) -> None:
        assert isinstance(payload, dict)
        self.events.append(payload)

    def keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        if self.is_over:
            task.cancel()
        return task

    def names(self) -> list[Value]:
        return [event["event"] for event in self.events]


def shown(app_id: str, *, on: bool) -> None:
    """For boards that show nothing."""


class Server:
    """Hears the heads of requests, and answers nothing."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.gone = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.read()
        self.gone += 1
        writer.close()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, int]]:
    served = Server()
    listening = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    yield served, listening.sockets[0].getsockname()[1]
    listening.close()


def caller(told: Told, *items: Mapping[str, Any], request: str = "", socket: str = "") -> Caller:
    network = {"request": [request] if request else [], "socket": [socket] if socket else []}
    made = manifest(data_plan=list(items), network=network)
    return Caller(APP, made, emit=told.emit, keep=told.keep)


async def test_a_no_ends_a_request_that_is_under_way(room: Room, server: tuple[Server, int]) -> None:
    served, port = server
    origin = f"http://127.0.0.1:{port}"
    of = caller(Told(), item("talk", destination=origin, paths=["/talk"]), request=origin)
    room.allow(of.manifest.data_plan)
    client = HttpClient(NetworkPolicy(), room.gate)
    asking = asyncio.create_task(client.request(of, {"url": f"{origin}/talk?station=one"}))
    await until(lambda: len(served.heads) == 1)
    room.refuse(of.manifest.data_plan)
    with pytest.raises(CapabilityError, match=NO_LONGER):
        await asking
    await until(lambda: served.gone == 1)
    await client.close()


async def test_a_no_ends_the_opening_of_a_socket(room: Room, server: tuple[Server, int]) -> None:
    served, port = server
    origin = f"ws://127.0.0.1:{port}"
    told = Told()
    of = caller(told, item("talk", destination=origin, paths=["/talk"]), socket=origin)
    room.allow(of.manifest.data_plan)
    client = SocketClient(NetworkPolicy(), room.gate)
    await client.connect(of, {"task": "1", "url": f"{origin}/talk"})
    await until(lambda: len(served.heads) == 1)
    room.refuse(of.manifest.data_plan)
    await until(lambda: len(told.events) == 2)
    assert NO_LONGER in str(told.events[0])
    await until(lambda: served.gone == 1)
    await client.close()


async def test_the_order_of_a_sockets_headers_tells_nothing(room: Room, server: tuple[Server, int]) -> None:
    served, port = server
    origin = f"ws://127.0.0.1:{port}"
    of = caller(Told(), item("talk", destination=origin, paths=["/talk"]), socket=origin)
    room.allow(of.manifest.data_plan)
    client = SocketClient(NetworkPolicy(), room.gate)
    header: dict[str, Value] = {"Accept": "text/html", "Content-Type": "text/plain"}
    for number, each in enumerate((header, dict(reversed(header.items())))):
        await client.connect(of, {"task": str(number), "url": f"{origin}/talk", "header": dict(each)})
        await until(lambda number=number: len(served.heads) == number + 1)  # type: ignore[misc]
    await client.close()
    one, other = ([line for line in head.splitlines() if b"-Key:" not in line] for head in served.heads)
    assert one == other


async def test_a_no_while_a_recording_is_put_into_a_file_deletes_it(room: Room, tmp_path: Path) -> None:
    told = Told()
    of = caller(told, item("memo", category="voice", destination="device", retention_days=0))
    room.allow(of.manifest.data_plan)
    files, heard = ProgramFiles(tmp_path / "files"), asyncio.Event()

    async def listen() -> AsyncIterator[bytes]:
        yield b"secret"
        heard.set()
        await asyncio.Event().wait()

    class Slow:
        """The files, while a person changes their mind."""

        perform = staticmethod(files.perform)

        async def add_temporary(self, caller: Caller, data: bytes, suffix: str) -> str:
            path = await files.add_temporary(caller, data, suffix)
            room.refuse(of.manifest.data_plan)
            return path

    recorder = Recorder(listen, Slow(), room.gate, shown)  # type: ignore[arg-type]
    await recorder.start(of, {"task": "1", "format": "PCM"})
    await heard.wait()
    await recorder.act(of, "stop")
    await until(lambda: "error" in told.names())
    assert told.names() == ["Start", "error"]
    assert not list((tmp_path / "files").rglob("*.pcm"))
    files.close()


async def test_a_program_that_ends_as_it_begins_to_record_leaves_the_microphone_free(
    room: Room, tmp_path: Path
) -> None:
    told = Told()
    of = caller(told, item("memo", category="voice", destination="device", retention_days=0))
    room.allow(of.manifest.data_plan)
    files = ProgramFiles(tmp_path / "files")

    async def listen() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    recorder = Recorder(listen, files, room.gate, shown)
    told.is_over = True
    await recorder.start(of, {"task": "1"})
    await until(lambda: recorder._running is None)
    files.close()
