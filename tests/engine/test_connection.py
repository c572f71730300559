"""A worker whose socket fails: that the host is gone is an end, and everything else is told as long as it can be."""

import errno
import os
import socket

import pytest

from device_runtime.engine.connection import ConnectionClosed, WorkerConnection
from device_runtime.engine.frames import Event, Exit, FrameDecoder
from device_runtime.engine.quickjs import QuickJSEngine
from device_runtime.program.worker import serve


class Failing(socket.socket):
    """A socket that fails to read, or to write."""

    reads = writes = 0

    def recv(self, *arguments: int) -> bytes:
        if self.reads:
            raise OSError(self.reads, os.strerror(self.reads))
        return super().recv(*arguments)

    def sendall(self, data: bytes) -> None:  # type: ignore[override] # bytes are all that is sent here
        if self.writes:
            raise OSError(self.writes, os.strerror(self.writes))
        super().sendall(data)


@pytest.fixture
def ends() -> tuple[socket.socket, Failing]:
    ours, theirs = socket.socketpair()
    return ours, Failing(theirs.family, theirs.type, theirs.proto, theirs.detach())


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.EPIPE, ConnectionClosed),
        (errno.ECONNRESET, ConnectionClosed),
        (errno.ENOMEM, MemoryError),
        (errno.ENOBUFS, MemoryError),
        (errno.EIO, OSError),
    ],
)
def test_only_a_host_that_is_gone_is_an_end(
    ends: tuple[socket.socket, Failing], number: int, error: type[Exception]
) -> None:
    ours, theirs = ends
    theirs.reads = theirs.writes = number
    connection = WorkerConnection(theirs)
    ours.sendall(b"something to read")
    with pytest.raises(error):
        connection.receive(1.0)
    with pytest.raises(error):
        connection.send(Event("ready", {}))


def test_a_program_for_whose_frames_the_kernel_has_no_memory_says_so(ends: tuple[socket.socket, Failing]) -> None:
    ours, theirs = ends
    theirs.reads = errno.ENOMEM
    ours.sendall(b"a launch")
    serve(WorkerConnection(theirs), QuickJSEngine())
    theirs.close()
    with ours:
        *_, last = FrameDecoder().feed(ours.recv(65_536))
    assert last == Exit("the program needs more memory than a worker may have")
