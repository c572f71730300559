"""The host's end of a worker's socket, on the event loop: read to its end, however that comes.

What a worker says last is why it ends. It may end before it has read all that was sent to it; then the kernel resets
the connection behind what it said. asyncio by itself throws away what it has read and nobody has taken yet when that
happens, and reads no more at all once it could not write: the host would know an exit code and no reason.
"""

import asyncio
import contextlib
import socket
from typing import Final

_CHUNK: Final = 256 * 1024
_MOST_LEFT: Final = 1024 * 1024
"""More than a socket holds by itself; whoever goes on writing is not read for ever."""


async def open_worker(
    connection: socket.socket, limit: int = _CHUNK
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A reader and a writer over a socket that does not block, which belongs to them from now on.

    The reader raises no error of the connection: it comes to an end behind what the worker has sent. ``limit`` is half
    of the bytes that it takes before somebody reads them.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit)
    protocol = _ToTheEnd(reader, connection)
    transport, _ = await loop.create_unix_connection(lambda: protocol, sock=connection)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class _ToTheEnd(asyncio.StreamReaderProtocol):
    def __init__(self, reader: asyncio.StreamReader, connection: socket.socket) -> None:
        super().__init__(reader)
        self._incoming, self._connection = reader, connection

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport reads no more; its socket is open until this returns."""
        del exc  # the process says how it ended, by its last words or its status
        left = _MOST_LEFT
        with contextlib.suppress(OSError):  # there is nothing more now, or never will be
            while left > 0 and (data := self._connection.recv(min(left, _CHUNK))):
                self._incoming.feed_data(data)
                left -= len(data)
        super().connection_lost(None)
