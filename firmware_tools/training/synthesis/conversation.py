"""Synthesisers that are programs of their own: started once a process, asked by line, never waited for without end."""

import atexit
import os
import select
import subprocess
import time
from collections.abc import Sequence

from firmware_tools.training.synthesis.synthesiser import SynthesisError

_SECONDS = 30.0


class Conversation:
    """A program that answers each request, which is one or more lines, with one line that ends in a newline.

    Raises:
        SynthesisError: it does not start.
    """

    def __init__(self, make: str, command: Sequence[str]) -> None:
        self._make = make
        self._pending = b""
        self._owner = os.getpid()
        try:
            self._process = subprocess.Popen(
                list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise SynthesisError(f"{make} does not start: {error}") from error
        atexit.register(self.close)

    @property
    def usable(self) -> bool:
        """Whether it runs, and is this process's own: a forked child has no part in its parent's."""
        return self._owner == os.getpid() and self._process.poll() is None

    def ask(self, request: str, ends: bytes = b"\n") -> bytes:
        """The answer up to ``ends``.

        Raises:
            SynthesisError: it ended, or did not answer within a minute.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise SynthesisError(f"{self._make} has no pipes")
        try:
            self._process.stdin.write(request.encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise SynthesisError(f"{self._make} ended while it was asked: {error}") from error
        source = self._process.stdout.fileno()
        deadline = time.monotonic() + _SECONDS
        while ends not in self._pending:
            ready, _, _ = select.select([source], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(source, 1 << 16) if ready else b""
            if not part:
                self.close()
                reason = "ended" if ready else f"did not answer within {_SECONDS:.0f} s"
                raise SynthesisError(f"{self._make} {reason} when it was asked for {request[:80]!r}")
            self._pending += part
        answer, self._pending = self._pending.split(ends, 1)
        return answer

    def close(self) -> None:
        """End it. Nothing where this process did not start it."""
        if self._owner != os.getpid():
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        atexit.unregister(self.close)
