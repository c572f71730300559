"""Asking a board that runs MicroPython who it is, over mpremote's transport; and the few things it can be told."""

import ast
import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import mpremote.transport_serial
import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from firmware_tools.flash.chips import CHIPS, chip_name
from firmware_tools.flash.errors import FlashError, one_line
from firmware_tools.flash.hearing import EndlessTalkError, Hearing
from firmware_tools.flash.ports import check_port, holders, port_error

# For MicroPython since 1.9: `_build` came with 1.25, `unique_id` is not everywhere.
_QUESTION = """\
import sys
try:
 import os
except ImportError:
 import uos as os
try:
 u=os.uname()
 m=u[4];r=u[2]
except Exception:
 m=getattr(sys.implementation,'_machine','');r='.'.join(str(n) for n in sys.implementation[1][:3])
b=getattr(sys.implementation,'_build','')
try:
 import machine
 i=''.join('%02x'%c for c in machine.unique_id())
except Exception:
 i=''
print(repr((sys.implementation[0],r,sys.platform,m,b,i)))
"""

_MOST_SAID = 64 * 1024
# What mpremote lets through when an answer is cut short, or is no literal of Python.
_NONSENSE = (struct.error, SyntaxError, UnicodeDecodeError)

# It prints what it did not understand. Redirecting the standard output would do so for other threads, too.
mpremote.transport_serial.print = lambda *_: None


@dataclass(frozen=True, slots=True)
class Answer:
    """What MicroPython says of itself and of the board."""

    version: str
    platform: str
    machine: str
    build: str
    unique_id: str

    @property
    def chip(self) -> str:
        """The chip, of ``… with ESP32-S3``; empty when it says none that is known."""
        name = chip_name(self.machine.rpartition(" with ")[2])
        return max((known for known in CHIPS if name.startswith(known)), key=len, default="")


@contextlib.contextmanager
def raw_repl(device: str, seconds: float, most: int = _MOST_SAID) -> Iterator[SerialTransport]:
    """A held connection to MicroPython's raw prompt, which stops what runs there; ``most`` bytes may come over it.

    Raises:
        FlashError: the port cannot be opened, is lost, or nobody answers as MicroPython does.
    """
    check_port(device)
    transport = None
    try:
        transport = SerialTransport(device, 115200, timeout=seconds)  # else it waits for ever on a terminal
        transport.serial.write_timeout = seconds
        with Hearing(transport.serial).at_most(most):
            transport.enter_raw_repl(soft_reset=False, timeout_overall=seconds)
            yield transport
    except EndlessTalkError as error:
        _close(transport)
        raise FlashError(
            "wrong-mode", f"what is on {device} talks without end; press the board's reset button and do it again"
        ) from error
    except _NONSENSE as error:
        _close(transport)
        raise FlashError(
            "wrong-mode", f"what {device} answers makes no sense; press the board's reset button and do it again"
        ) from error
    except (OSError, serial.SerialException) as error:
        _close(transport)
        raise port_error(device, error) from error
    except TransportError as error:
        _close(transport)
        also = holders(device)
        others = f"; {', '.join(also)} has the port open, too" if also else ""
        raise FlashError(
            "wrong-mode",
            f"nobody answers as MicroPython on {device} ({one_line(str(error))}){others}; press the board's "
            "reset button "
            "and do it again, or flash MicroPython first",
        ) from error
    finally:
        _close(transport)


def ask(device: str, seconds: float = 2.0) -> Answer:
    """Who answers on a port. What ran there is started again afterwards, by a soft reset.

    Raises:
        FlashError: the port cannot be opened, or MicroPython does not answer.
    """
    with raw_repl(device, seconds) as transport:
        said = transport.exec(_QUESTION).decode(errors="replace").strip()
        # Raw prompt: Ctrl-B leaves it, Ctrl-D at the friendly one is a soft reset, which runs main.py again.
        transport.exit_raw_repl()
        transport.serial.write(b"\x04")
    try:
        values = [one_line(str(value), 200) for value in ast.literal_eval(said)]
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        values = []
    if len(values) != 6:
        raise FlashError(
            "wrong-mode", f"{device} gave an answer that is not MicroPython's: {one_line(said, 80)}; reset the board"
        )
    return Answer(values[1].split(" ")[0].removeprefix("v"), values[2], values[3], values[4], values[5])


def tell(device: str, code: str, seconds: float = 2.0) -> None:
    """Run code that ends the connection, such as a reset.

    Raises:
        FlashError: the port cannot be opened, or MicroPython does not answer.
    """
    with raw_repl(device, seconds) as transport:
        transport.exec_raw_no_follow(code)


def _close(transport: SerialTransport | None) -> None:
    if transport is not None and transport.serial.is_open:
        with contextlib.suppress(OSError, serial.SerialException):
            transport.close()
