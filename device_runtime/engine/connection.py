"""The worker's end of its socket: frames out, frames in, with a deadline."""

import errno
import select
import socket
import time
from collections import deque

from device_runtime.engine.frames import MAX_FRAME_BYTES, Exit, Frame, FrameDecoder, Response, encode_frame

_CHUNK = 256 * 1024


class ConnectionClosed(Exception):  # noqa: N818 it is an end, not an error
    """The host closed its end."""


class WorkerConnection:
    """A blocking connection. Frames that arrive while :meth:`await_response` waits keep their order."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._decoder = FrameDecoder()
        self._waiting: deque[Frame] = deque()

    def send(self, frame: Frame, most: int = MAX_FRAME_BYTES) -> int:
        """Send one frame, and give its size; waits while the host does not read.

        Raises:
            FrameError: the frame cannot be sent, or has more than ``most`` bytes; nothing was sent.
            ConnectionClosed: the host is gone.
        """
        data = encode_frame(frame, most)
        self.send_encoded(data)
        return len(data)

    def send_encoded(self, data: bytes) -> None:
        """Send what is a frame already.

        Raises:
            ConnectionClosed: the host is gone.
            MemoryError: the system has no memory for it.
            OSError: it fails otherwise.
        """
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise _meaning(error) from error

    def receive(self, seconds: float | None) -> Frame | None:
        """The next frame, or None when none came in time; ``None`` seconds wait for ever.

        Raises:
            FrameError: the host sent what is no frame.
            ConnectionClosed: the host is gone.
        """
        if self._waiting:
            return self._waiting.popleft()
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._waiting:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            readable, _, _ = select.select([self._socket], [], [], left)
            if not readable:
                return None
            self._read()
        return self._waiting.popleft()

    def await_response(self, request_id: int) -> Response | Exit:
        """Wait for one response; everything else that arrives is kept for :meth:`receive`.

        Raises:
            FrameError, ConnectionClosed: as above.
        """
        seen = 0
        while True:
            for index in range(seen, len(self._waiting)):
                frame = self._waiting[index]
                if isinstance(frame, Exit) or (isinstance(frame, Response) and frame.id == request_id):
                    del self._waiting[index]
                    return frame
            seen = len(self._waiting)
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except OSError as error:
            raise _meaning(error) from error
        if not data:
            raise ConnectionClosed
        self._waiting.extend(self._decoder.feed(data))


def _meaning(error: OSError) -> Exception:
    """What to make of a failure of the socket: that the host is gone is no fault, and all else is one to tell."""
    if isinstance(error, ConnectionError):
        return ConnectionClosed()
    return MemoryError() if error.errno in (errno.ENOMEM, errno.ENOBUFS) else error
