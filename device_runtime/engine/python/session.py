"""One session of Monty over a socket: what is asked of the program, one thing after the other, and what it asks back.

In Monty one snippet runs as long as the program does (``_serve`` of the prelude): it asks for the next thing to do,
does it, and gives the result with its next question. So nothing is compiled at an event, and nothing piles up.
"""

import socket
import time
from collections.abc import Callable
from typing import Final

from device_runtime.engine import EngineError, MemoryLimitError, ScriptError, TimeLimitError
from device_runtime.engine.python import wire

HOST: Final = "_host"
LOG: Final = "log"
_CHUNK: Final = 256 * 1024
_NEXT: Final = "next"
_SNIPPET: Final = "<python-input-"
_DEPTH: Final = 200
_LATE: Final = "it ran longer than it may, and was stopped"

Answer = Callable[[str, str], str]
Write = Callable[[tuple[object, ...], str, int], None]


class RefusedError(EngineError):
    """What the program asked for cannot be; it sees an exception of the built-in kind ``kind``."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class MontySession:
    """``answer(name, text)`` answers what the program asks for, and may raise :class:`RefusedError`; ``write(arguments,
    source, offset)`` is called at each ``log``."""

    def __init__(self, connection: socket.socket, answer: Answer, write: Write) -> None:
        self._socket = connection
        self._buffer = bytearray()
        self._answer = answer
        self._write = write
        self._memory_bytes = 0
        self._waiting: int | None = None
        self.deadline: float | None = None

    def begin(self, prelude: str, memory_bytes: int, turn_seconds: float) -> None:
        """Configure Monty and run the prelude.

        Raises:
            EngineError: Monty is another one than it should be, or has gone.
        """
        self._memory_bytes = memory_bytes
        event = self._turn(wire.configure(memory_bytes, _DEPTH, turn_seconds))
        if event.kind == wire.FATAL:
            raise EngineError(
                f"the engine for programs in Python is of another version ({event.text}); install cygnet[python] again"
            )
        event = self._turn(wire.feed(prelude))
        if event.kind != wire.COMPLETE:
            raise EngineError(f"the engine for programs in Python does not start: {event.name}: {event.text}")

    def ask(self, text: str) -> str:
        """Have the program do something, and give what it answers.

        Raises:
            ScriptError: it raised, with file and line as Monty tells them, still to be translated.
            TimeLimitError: it ran longer than it may; it was stopped, and the session goes on.
            MemoryLimitError: it needs more memory than it may have; the session is over.
            EngineError: Monty has gone.
        """
        if self._waiting is None:
            event = self._turn(wire.feed("_serve()"))
            if event.kind == wire.ERROR:
                self._fail(event)
        call, self._waiting = self._waiting, None
        if call is None:
            raise EngineError("the engine for programs in Python does not wait for its program")
        event = self._turn(wire.answer(call, text))
        if event.kind == wire.ERROR:
            self._fail(event)
        return str(event.arguments[1])

    def _turn(self, request: bytes) -> wire.Event:
        """Send a request and serve what the program asks, until there is a result, or the program waits."""
        self._send(request)
        while True:
            event = self._receive()
            match event.kind:
                case wire.PRINT:
                    continue
                case wire.FUNCTION_CALL if event.name == HOST:
                    if len(event.arguments) == 2 and event.arguments[0] == _NEXT:
                        self._waiting = event.call
                        return event
                    self._send(self._served(event))
                case wire.FUNCTION_CALL if event.name == LOG:
                    self._write(event.arguments, event.source, event.offset)
                    self._send(self._in_time(wire.answer(event.call, "")))
                case wire.FUNCTION_CALL:
                    self._send(wire.not_found(event.call, event.name))
                case wire.NAME_LOOKUP:
                    self._send(wire.function(LOG) if event.name == LOG else wire.undefined())
                case wire.OS_CALL:
                    self._send(wire.not_handled(event.call))
                case _:
                    return event

    def _served(self, event: wire.Event) -> bytes:
        match event.arguments:
            case (str(name), str(text)):
                try:
                    return self._in_time(wire.answer(event.call, self._answer(name, text)))
                except RefusedError as error:
                    return self._in_time(wire.refuse(event.call, error.kind, str(error)))
        return wire.refuse(event.call, "TypeError", "it takes two texts")

    def _in_time(self, request: bytes) -> bytes:
        """A program's clock in Monty starts again with each answer; the deadline does not."""
        late = self.deadline is not None and time.monotonic() > self.deadline
        return wire.abort(_LATE) if late else request

    def _fail(self, event: wire.Event) -> None:
        self._waiting = None
        inner = [place for place in event.places if not place.source.startswith(_SNIPPET)]
        if event.name == "TimeoutError" and (not inner or event.text == _LATE):
            raise TimeLimitError(_LATE)
        if event.name == "MemoryError":
            raise MemoryLimitError(f"it needs more than the {self._memory_bytes // (1024 * 1024)} MB it may have")
        raise MontyError(event)

    # -- the socket --------------------------------------------------------------------------------------------

    def _send(self, message: bytes) -> None:
        try:
            self._socket.sendall(wire.LENGTH.pack(len(message)) + message)
        except OSError as error:
            raise _gone() from error

    def _receive(self) -> wire.Event:
        buffer = self._buffer
        while len(buffer) < wire.LENGTH.size:
            self._read()
        (length,) = wire.LENGTH.unpack_from(buffer)
        if length > wire.MAX_MESSAGE_BYTES:
            raise wire.WireError(f"Monty announces a message of {length} bytes")
        end = wire.LENGTH.size + length
        while len(buffer) < end:
            self._read()
        message = bytes(buffer[wire.LENGTH.size : end])
        del buffer[:end]
        return wire.read_event(message)

    def _read(self) -> None:
        try:
            data = self._socket.recv(_CHUNK)
        except OSError as error:
            raise _gone() from error
        if not data:
            raise _gone()
        self._buffer += data


class MontyError(ScriptError):
    """The program raised, and nothing caught it. ``event`` has the kind, the text and the places."""

    def __init__(self, event: wire.Event) -> None:
        super().__init__(f"{event.name}: {event.text}" if event.text else event.name)
        self.event = event


def _gone() -> EngineError:
    return EngineError("the engine for programs in Python ended")
