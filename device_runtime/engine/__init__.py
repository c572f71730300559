"""Logic engines behind one interface, the zygote, and the frames that its workers speak."""

from collections.abc import Callable
from typing import Protocol

from device_runtime.errors import CygnetError
from device_runtime.values import Value


class EngineError(CygnetError):
    """The engine could not finish what it was asked."""


class ScriptError(EngineError):
    """JavaScript threw and nothing caught it. ``source`` is ``file:line:column`` or empty."""

    def __init__(self, text: str, source: str = "") -> None:
        super().__init__(text)
        self.source = source


class TimeLimitError(EngineError):
    """JavaScript ran longer than it may; it was stopped, and the engine can go on."""


class MemoryLimitError(EngineError):
    """JavaScript needs more memory than it may have; the engine cannot be used any more."""


class Engine(Protocol):
    """What runs a program's logic. One engine serves one program, from one thread."""

    def evaluate_file(self, name: str, source: str) -> None:
        """Run ``source`` as a script; errors inside it are reported at ``name``.

        Raises:
            ScriptError, TimeLimitError, MemoryLimitError: it did not run to its end.
        """

    def call(self, function: str, *arguments: Value) -> Value:
        """Call a global function (dotted names reach into objects), then run every promise job that is due.

        Raises:
            ScriptError, TimeLimitError, MemoryLimitError: as above.
        """

    def bind(self, name: str, function: Callable[..., Value]) -> None:
        """Let the base library call ``function`` as ``host(name, ...)``.

        What ``function`` raises comes out of the :meth:`call` under way, even if the program catches it.
        """
