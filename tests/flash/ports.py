"""Ports behind which nobody behaves as a board."""

import contextlib
import os
import pty
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def flooded_port(words: bytes = b"still blinking\r\n") -> Iterator[str]:
    """A port on which somebody says the same again and again, as fast as it can, and hears nothing."""
    board, plug = pty.openpty()
    tty.setraw(plug)
    os.set_blocking(board, False)
    ended = threading.Event()

    def talk() -> None:
        while not ended.is_set():
            with contextlib.suppress(OSError):
                os.read(board, 1000)
            with contextlib.suppress(OSError):
                os.write(board, words * 100)

    talking = threading.Thread(target=talk, daemon=True)
    talking.start()
    try:
        yield os.ttyname(plug)
    finally:
        ended.set()
        talking.join(5)
        os.close(plug)
        os.close(board)
