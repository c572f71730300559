"""mpremote's own terminal on a board."""

import argparse
import contextlib
import sys

from mpremote.main import State
from mpremote.repl import do_repl
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from firmware_tools.flash.ports import check_port
from firmware_tools.provision.errors import BoardConnectionError
from firmware_tools.provision.sentences import open_sentence, vanished_sentence

_BAUD = 115_200


def talk(port: str, options: argparse.Namespace) -> None:
    """Hand the terminal to the board on ``port`` until Ctrl-].

    Args:
        port: where it is; it must be a real port, since mpremote waits for both ends with ``select``.
        options: of mpremote's ``repl``.

    Raises:
        FlashError: there is no such port, it is busy, or not ours.
        BoardConnectionError: this is no terminal, the port is an address, or the board went away.
    """
    if "://" in port:
        raise BoardConnectionError(f"a shell needs a port such as /dev/ttyACM0; {port} has none to wait for")
    if not sys.stdin.isatty():
        raise BoardConnectionError("a shell needs a terminal; to run code from a script use `mpremote exec`")
    check_port(port)
    try:
        state = State()
        state.transport = SerialTransport(port, _BAUD)
    except (TransportError, OSError) as error:
        raise BoardConnectionError(open_sentence(port, error)) from error
    try:
        if do_repl(state, options):
            raise BoardConnectionError(vanished_sentence(port, "talking to it", OSError()))
    finally:
        with contextlib.suppress(OSError):  # it is gone
            state.transport.close()
