"""One held connection to a board's MicroPython, over a serial port, a pseudo-terminal or ``socket://host:port``.

It is mpremote's ``SerialTransport`` with what its callers have to know: how to get to the prompt of a board that is
busy, and what its silence means. Opening costs a board's boot at worst; each command after it tens of milliseconds,
where a call of the command `mpremote` takes half a second.
"""

import ast
import contextlib
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import serial
from mpremote import transport_serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from firmware_tools.flash.hearing import EndlessTalkError, Hearing
from firmware_tools.flash.ports import check_port
from firmware_tools.provision.errors import BoardCodeError, BoardConnectionError
from firmware_tools.provision.sentences import board_sentence, entry_sentence, open_sentence, vanished_sentence

OLDEST_MICROPYTHON = (1, 24)
ACKNOWLEDGED, AT_WORK = b"+", b"."

_BAUD = 115_200
# Longest silence of a board that is at work: erasing flash, or hashing a long file.
_SILENCE_SECONDS = 20.0
_BOOT_SECONDS = 6.0
_MOST_ASKED = 3
_QUIET_SECONDS = 0.4
# Bytes of one answer, and before the prompt; the longest, the list of all files with their digests, has some 50 KB.
_MOST_SAID, _MOST_BEFORE = 512 * 1024, 64 * 1024
_INTERRUPT, _RAW, _FRIENDLY, _SOFT_RESET = b"\x03", b"\x01", b"\x02", b"\x04"
_PROMPT, _END = b">>> ", b"\x04"

# Version 1.9 has no `version` slices that are tuples and no `_machine`.
_FACTS = """
import sys
_i=sys.implementation
print(repr((_i[0],tuple(_i[1])[:3],getattr(_i,'_machine',''),getattr(_i,'_build',''),getattr(_i,'_mpy',0))))
"""


@dataclass(frozen=True, slots=True)
class BoardFacts:
    """What a board says of its firmware. ``version`` are three numbers; ``mpy`` is 0 where it reads no bytecode."""

    name: str
    version: tuple[int, ...]
    machine: str
    build: str
    mpy: int

    @property
    def version_text(self) -> str:
        """Such as ``1.27.0``."""
        return ".".join(str(part) for part in self.version)


class BoardConnection:
    """A board at its raw prompt. Use it in a ``with`` block; its end leaves the board at the friendly prompt.

    Attributes:
        port: where it is.
        facts: its firmware.
        sent: bytes that went to the board so far, all of them: code, data, control.
    """

    def __init__(self, port: str, transport: SerialTransport) -> None:
        self.port, self.sent = port, 0
        self._transport = transport
        self._serial: Any = transport.serial
        self._hearing = Hearing(self._serial)
        self._count()
        self.facts = BoardFacts("", (), "", "", 0)

    @classmethod
    def open(
        cls, port: str, *, say: Callable[[str], None] = lambda _line: None, attempts: int = 4
    ) -> "BoardConnection":
        """Connect and get to the raw prompt, whatever the board is doing.

        Args:
            port: ``/dev/ttyACM0``, a pseudo-terminal, ``socket://host:port``.
            say: told what is tried, when the first try was not enough.
            attempts: how often to try; each is stronger than the one before.

        Raises:
            FlashError: there is no such port, it is busy, or not ours.
            BoardConnectionError: no MicroPython answers there.
        """
        check_port(port)
        transport_serial.print = _keep_printed  # type: ignore[attr-defined, unused-ignore]
        try:
            # A timeout, since without one a read of mpremote waits for ever for a board that fell silent.
            transport = SerialTransport(port, _BAUD, timeout=_SILENCE_SECONDS)
        except (TransportError, OSError, ValueError) as error:
            raise BoardConnectionError(open_sentence(port, error)) from error
        # mpremote reads a pseudo-terminal byte by byte and waiting; asking what is there keeps its timeouts short.
        transport.is_pty = False
        board = cls(port, transport)
        try:
            board._enter(say, attempts)
            board.facts = board._ask()
        except BaseException:
            board._hang_up()
            raise
        return board

    def _ask(self) -> BoardFacts:
        """Ask what it is; again where it understood something else, since a port without flow control loses characters
        of old firmware, which has no raw paste mode (micro:bit, MicroPython 1.9)."""
        for _ in range(_MOST_ASKED - 1):
            with contextlib.suppress(BoardCodeError):
                return _facts(self.answers(_FACTS, "asking what it is"), self.port)
        return _facts(self.answers(_FACTS, "asking what it is"), self.port)

    def __enter__(self) -> "BoardConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def require(self, what: str, oldest: tuple[int, ...] = OLDEST_MICROPYTHON) -> None:
        """Refuse firmware that is too old for ``what``.

        Raises:
            BoardConnectionError: it is.
        """
        if self.facts.name != "micropython" or self.facts.version < oldest:
            wanted = ".".join(str(part) for part in oldest)
            named = "" if self.facts.name == "micropython" else f"{self.facts.name} "
            raise BoardConnectionError(
                f"{what} needs MicroPython {wanted} or newer; this board has {named}{self.facts.version_text}: "
                "`cygnet board flash` writes a newer one where the board has the memory for it"
            )

    def run(self, code: str, doing: str, *, silence: float = _SILENCE_SECONDS) -> str:
        """Run code on the board and give what it printed.

        Args:
            code: MicroPython; its names stay for the next call.
            doing: what this is, for a sentence: ``"listing its files"``.
            silence: seconds without output after which the board counts as hung.

        Raises:
            BoardCodeError: the code raised.
            BoardConnectionError: the board fell silent or went away.
        """
        output = bytearray()  # gathered here: mpremote would copy all of it for each byte
        with self._watched(doing):
            _, error = self._transport.exec_raw(code, timeout=silence, data_consumer=output.extend)
            if error:
                raise TransportExecError(bytes(output), error.decode(errors="replace"))
        return output.removesuffix(_END).decode(errors="replace")

    def answers(self, code: str, doing: str, *, silence: float = _SILENCE_SECONDS) -> list[Any]:
        """The lists and tuples that code prints, one a line. What else a board says, such as a log of its chip, is
        passed over.

        Raises:
            BoardCodeError: the code raised.
            BoardConnectionError: the board fell silent or went away, or a line makes no sense.
        """
        lines = [line.strip() for line in self.run(code, doing, silence=silence).splitlines()]
        try:
            return [ast.literal_eval(line) for line in lines if line.startswith(("[", "("))]
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise BoardConnectionError(
                f"the board on {self.port} gave an answer that makes no sense while {doing}; repeat the command"
            ) from error

    def feed(self, code: str, blocks: Iterable[bytes], doing: str, each: Callable[[int], None]) -> str:
        """Run code that reads ``blocks`` from its standard input and prints one ``+`` for each when it is done with
        it, and any number of dots before; so a port without flow control never has more under way than the board's
        next read takes.

        Args:
            code: as for :meth:`run`.
            blocks: what goes over, unchanged; none may hold a byte 3, which would interrupt the board.
            doing: as for :meth:`run`.
            each: told the length of each block when the board has it.

        Raises:
            BoardCodeError: the code raised.
            BoardConnectionError: the board fell silent or went away.
        """
        with self._watched(doing):
            self._transport.exec_raw_no_follow(code)
            for block in blocks:
                self._serial.write(block)
                answer = self._serial.read(1)
                while answer == AT_WORK:
                    answer = self._serial.read(1)
                if answer != ACKNOWLEDGED:
                    self._refused(answer)
                each(len(block))
            output, error = self._transport.follow(_SILENCE_SECONDS)
            if error:
                raise TransportExecError(output, error.decode(errors="replace"))
        text: str = output.decode(errors="replace")
        return text

    def leave(self, code: str, doing: str) -> None:
        """Run code that does not come back to the prompt, such as ``machine.reset()``, and hang up."""
        with self._watched(doing):
            self._transport.exec_raw_no_follow(code)
        self._hang_up()

    def begin_anew(self, doing: str) -> None:
        """Have MicroPython forget what ran, with all that it imported; ``main.py`` is not run, and the prompt stays.

        Args:
            doing: as for :meth:`run`.

        Raises:
            BoardConnectionError: the board fell silent or went away.
        """
        with self._watched(doing):
            self._transport.enter_raw_repl(soft_reset=True)

    def start(self) -> None:
        """Boot what the board has, as after power on but without a change of its clock or USB, and hang up."""
        with self._watched("starting its program"):
            self._transport.exit_raw_repl()
            self._serial.write(_SOFT_RESET)
            self._serial.flush()
        self._hang_up()

    def close(self) -> None:
        """Leave the board at its friendly prompt, and the port to others."""
        if self._transport.serial is None:
            return
        with contextlib.suppress(OSError, TransportError):
            self._transport.exit_raw_repl()
        self._hang_up()

    @property
    def transport(self) -> SerialTransport:
        """mpremote's own object, for its terminal."""
        return self._transport

    def _hang_up(self) -> None:
        # OSError: it is gone already, or a pseudo-terminal without control lines.
        with contextlib.suppress(OSError):
            self._transport.close()
        with contextlib.suppress(OSError):
            self._serial.close()
        self._transport.serial = None

    def _count(self) -> None:
        write = self._serial.write

        def counted(data: bytes) -> Any:
            self.sent += len(data)
            return write(data)

        self._serial.write = counted

    def _refused(self, answer: bytes) -> None:
        """The code stopped reading: what it raised stands after the byte that ends its output."""
        output = answer
        if answer and answer != _SOFT_RESET:
            output += self._transport.read_until(1, _SOFT_RESET, timeout=_SILENCE_SECONDS)
        if not output.endswith(_SOFT_RESET):
            raise TransportError("the board stopped reading and says nothing")
        error = self._transport.read_until(1, _SOFT_RESET, timeout=_SILENCE_SECONDS)[:-1]
        raise TransportExecError(output[:-1], error.decode(errors="replace"))

    @contextlib.contextmanager
    def _watched(self, doing: str) -> Iterator[None]:
        """Turn what mpremote and pyserial raise into one sentence each."""
        try:
            with self._hearing.at_most(_MOST_SAID):
                yield
        except TransportExecError as error:
            raise board_sentence(self.port, doing, str(error.error_output)) from error
        except (serial.SerialException, OSError) as error:
            raise BoardConnectionError(vanished_sentence(self.port, doing, error)) from error
        except EndlessTalkError as error:
            raise BoardConnectionError(
                f"the board on {self.port} talks without end while {doing}; press its reset and repeat the command"
            ) from error
        except (TransportError, struct.error) as error:  # struct.error: mpremote asked for two bytes, and one came
            raise BoardConnectionError(
                f"the board on {self.port} fell silent while {doing}; press its reset and repeat the command"
            ) from error

    def _enter(self, say: Callable[[str], None], attempts: int) -> None:
        """Get to the raw prompt.

        Known reasons for mpremote's "could not enter raw repl", and what helps: opening the port reset the board, so
        that it boots and what was sent is lost (wait until it is quiet; micropython #16142); a program swallows the
        first Ctrl-C (send another); Ctrl-A came before the Ctrl-C and lies in the way of it (leave the raw prompt
        first; micropython #7867); a program that catches all (Ctrl-D, and interrupt it as it boots).
        """
        heard = b""
        for attempt in range(attempts):
            try:
                if attempt:
                    say(f"{self.port} does not answer yet; trying again ({attempt} of {attempts - 1})")
                    heard += self._recover(hard=attempt >= 2)
                else:
                    # mpremote drops what comes first, which may say what this is.
                    heard += self._interrupt(0.3)
                with self._hearing.at_most(_MOST_BEFORE):
                    self._transport.enter_raw_repl(soft_reset=False, timeout_overall=1.5 + attempt)
            except (serial.SerialException, OSError) as error:
                raise BoardConnectionError(vanished_sentence(self.port, "connecting", error)) from error
            except TransportError:
                heard += _take_printed() + self._waiting()
            else:
                return
        raise BoardConnectionError(entry_sentence(self.port, heard))

    def _recover(self, *, hard: bool) -> bytes:
        heard = self._until_quiet(_BOOT_SECONDS)
        self._serial.write(b"\r" + _FRIENDLY)
        heard += self._interrupt(1.0) + self._interrupt(1.0)
        if hard:
            self._serial.write(_SOFT_RESET)
            until = time.monotonic() + _BOOT_SECONDS
            while time.monotonic() < until and not heard.endswith(_PROMPT):
                heard += self._interrupt(0.1)
        return heard

    def _interrupt(self, longest: float) -> bytes:
        self._serial.write(b"\r" + _INTERRUPT)
        heard, until = self._waiting(), time.monotonic() + longest
        while time.monotonic() < until and not heard.endswith(_PROMPT):
            time.sleep(0.01)
            heard += self._waiting()
        return heard

    def _until_quiet(self, longest: float) -> bytes:
        heard, last, end = b"", time.monotonic(), time.monotonic() + longest
        while time.monotonic() < end and time.monotonic() - last < _QUIET_SECONDS:
            if new := self._waiting():
                heard, last = heard + new, time.monotonic()
            else:
                time.sleep(0.02)
        return heard

    def _waiting(self) -> bytes:
        there = self._serial.in_waiting
        data: bytes = self._serial.read(there) if there else b""
        return data


def _facts(answers: list[Any], port: str) -> BoardFacts:
    match answers:
        case [(str(name), (*version,), str(machine), str(build), int(mpy))] if (
            all(isinstance(n, int) for n in version) and f"{name}{machine}{build}".isprintable()
        ):
            return BoardFacts(name[:40], tuple(version), machine[:200], build[:80], mpy)
    raise BoardConnectionError(f"what answers on {port} is no MicroPython; write it with `cygnet board flash`")


# mpremote prints what it heard in the place of what it waited for. Standard output belongs to our callers, and to
# redirect it would redirect that of all threads: so mpremote's module has a `print` of its own.
_printed = threading.local()


def _keep_printed(*said: Any, **_: Any) -> None:
    _printed.said = b"".join(item for item in said if isinstance(item, bytes))


def _take_printed() -> bytes:
    said: bytes = getattr(_printed, "said", b"")
    _printed.said = b""
    return said
