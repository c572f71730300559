"""What a board says at its serial port, line by line, without disturbing it."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import serial

from firmware_tools.flash.ports import check_port
from firmware_tools.provision.errors import BoardConnectionError
from firmware_tools.provision.sentences import open_sentence

_BAUD = 115_200
_LEVELS = frozenset({"debug", "info", "warning", "error"})
# A board that restarts takes its port with it where it has USB of its own; this long is waited for it to come back.
_BACK_SECONDS = 30.0
_POLL_SECONDS = 0.2
_LONGEST_LINE = 4096
"""What has no end by then is shown as it is."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line. ``level`` and ``source`` are empty where it is not the runtime that speaks."""

    text: str
    level: str = ""
    source: str = ""


def parse_line(line: str) -> Said:
    """``level source: text`` of ``device_runtime/micro/runtime.py``, or any other text."""
    line = "".join(each if each.isprintable() or each == "\t" else "?" for each in line)  # not to lead our terminal
    head, colon, text = line.partition(": ")
    level, space, source = head.partition(" ")
    if colon and space and level in _LEVELS and source and " " not in source:
        return Said(text, level, source)
    return Said(line)


def follow(
    port: str, *, seconds: float = 0, restarting: bool = False, is_over: Callable[[], bool] = lambda: False
) -> Generator[Said, None, None]:
    """The lines of the board on ``port`` as they come. One that restarts is waited for.

    Args:
        port: where it is.
        seconds: end after so long; 0 never.
        restarting: it restarts just now, so its port may be away.
        is_over: asked again and again; true ends it early.

    Raises:
        FlashError: there is no such port, it is busy, or not ours.
        BoardConnectionError: it went away and does not come back.
    """
    if not restarting:
        check_port(port)
    end = time.monotonic() + seconds if seconds else float("inf")
    rest = b""
    while time.monotonic() < end and not is_over():
        with _opened(port, end, is_over) as line:
            if line is None:
                return
            try:
                while time.monotonic() < end and not is_over():
                    rest += line.read(line.in_waiting or 1)
                    *whole, rest = rest.split(b"\n")
                    if len(rest) > _LONGEST_LINE:
                        whole, rest = [*whole, rest], b""
                    for each in whole:
                        yield parse_line(each.rstrip(b"\r").decode(errors="replace"))
            except (OSError, serial.SerialException):
                yield Said(f"{port} went away; waiting for it to come back", "info", "cable")
    if rest:
        yield parse_line(rest.rstrip(b"\r").decode(errors="replace"))


@contextlib.contextmanager
def _opened(port: str, end: float, is_over: Callable[[], bool]) -> Iterator[serial.Serial | None]:
    """The port when it is there; ``None`` when the time is over first."""
    until, error = time.monotonic() + _BACK_SECONDS, None
    while time.monotonic() < min(until, end) and not is_over():
        try:
            line = serial.serial_for_url(port, _BAUD, timeout=_POLL_SECONDS, exclusive=True)
        except (OSError, ValueError) as failure:
            error = failure
            time.sleep(_POLL_SECONDS)
            continue
        try:
            yield line
        finally:
            with contextlib.suppress(OSError):
                line.close()
        return
    if error is not None and time.monotonic() >= until:
        raise BoardConnectionError(open_sentence(port, error)) from error
    yield None
