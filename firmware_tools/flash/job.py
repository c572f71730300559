"""One board to be flashed: what goes where, and who is told how far it is."""

from dataclasses import dataclass, field
from typing import Protocol

from device_runtime.host.board import Board
from device_runtime.host.microboard import MicroBoard
from firmware_tools.flash.firmware import Firmware


class Progress(Protocol):
    """Who is told how far a job is."""

    def step(self, text: str, total: int = 0) -> None:
        """A step begins; ``total`` is its size in bytes, 0 when that is not known."""

    def at(self, done: int) -> None:
        """So many bytes of the step are done."""


class Silent:
    """Progress that nobody looks at."""

    def step(self, text: str, total: int = 0) -> None: ...

    def at(self, done: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Waits:
    """How long what a board does by itself is waited for, in seconds."""

    drive: float = 20.0  # a drive to come, or to go
    back: float = 20.0  # MicroPython to answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done for one board.

    ``place`` is a serial port, a drive's folder, a disk or image file, or ``user@host``; ``port`` is where MicroPython
    answers afterwards, if that is known and another.
    """

    board: Board | MicroBoard
    place: str
    firmware: Firmware
    port: str = ""
    erase: bool = False
    baud: int = 0
    ssh_config: str = ""
    waits: Waits = field(default_factory=Waits)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done for one board, in words and figures."""

    written: int
    seen: str
    """What proves that it worked: ``MD5 of the flash is that of the file``, ``MicroPython 1.27.0 answers on …``."""
    identity: str = ""
    """What tells this one board from others of its kind: its MAC, or MicroPython's ``unique_id``."""
