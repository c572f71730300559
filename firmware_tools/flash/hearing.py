"""A bound for what a board says. mpremote reads until it hears the end of an answer, and its limits of time count only
silence: a board that talks without end would hold up the command, and fill the memory of this machine."""

import contextlib
from collections.abc import Iterator
from typing import Any

from mpremote.transport import TransportError


class EndlessTalkError(TransportError):  # type: ignore[misc, unused-ignore]  # mpremote has no types
    """The board said more than any answer is long."""


class Hearing:
    """Counts what is read of a port, which it takes over."""

    def __init__(self, port: Any) -> None:
        """``port``: with pyserial's ``read``."""
        self._left: int | None = None
        self._read = port.read
        port.read = self._counted

    def _counted(self, size: int = 1) -> bytes:
        data: bytes = self._read(size)
        if self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise EndlessTalkError
        return data

    @contextlib.contextmanager
    def at_most(self, count: int) -> Iterator[None]:
        """Let so many bytes come within the block.

        Raises:
            EndlessTalkError: more came.
        """
        self._left = count
        try:
            yield
        finally:
            self._left = None
