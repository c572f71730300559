"""What a worker says last is heard, whatever it had not read yet and whatever was sent to it after its end."""

import asyncio
import socket

import pytest

from device_runtime.engine.incoming import open_worker

WORDS = b"it needs more memory than it may have"


@pytest.fixture
def ends() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.setblocking(False)
    return ours, theirs


async def lost(writer: asyncio.StreamWriter) -> None:
    """Until the transport has noticed that the connection is no more."""
    async with asyncio.timeout(20):
        await writer.wait_closed()


async def test_last_words_are_read_after_the_connection_was_reset(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    reader, writer = await open_worker(ours)
    writer.write(b"an event that it never reads")
    theirs.sendall(WORDS)
    theirs.close()
    await lost(writer)
    assert await reader.read(1000) == WORDS
    assert await reader.read(1000) == b""


async def test_last_words_are_read_after_a_write_failed_though_they_were_still_in_the_kernel(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    reader, writer = await open_worker(ours)
    writer.transport.pause_reading()  # type: ignore[attr-defined] # it is a socket's
    theirs.sendall(WORDS)
    theirs.close()
    writer.write(b"an event for one that has gone")
    await lost(writer)
    assert await reader.read(1000) == WORDS
    assert await reader.read(1000) == b""


async def test_one_that_reads_no_more_and_writes_on_is_not_read_for_ever(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    reader, writer = await open_worker(ours)
    writer.transport.pause_reading()  # type: ignore[attr-defined] # it is a socket's
    theirs.shutdown(socket.SHUT_RD)

    def flood() -> None:
        try:
            while True:
                theirs.sendall(bytes(65_536))
        except OSError:
            theirs.close()

    flooding = asyncio.get_running_loop().run_in_executor(None, flood)
    writer.write(b"an event")
    await lost(writer)
    assert len(await reader.read()) <= 2 * 1024 * 1024
    await flooding


async def test_a_worker_that_ends_well_is_read_to_its_end_and_who_waits_to_write_is_told(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    reader, writer = await open_worker(ours)
    theirs.sendall(WORDS)
    theirs.close()
    assert await reader.read() == WORDS
    writer.write(b"an event")
    await lost(writer)
    with pytest.raises(ConnectionError):
        await writer.drain()
