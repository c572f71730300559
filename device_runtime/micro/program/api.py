"""The module ``cygnet`` as programs import it on a board: ``Page``, ``App``, ``call``, ``log``, ``CapabilityError``.

Nothing that a program holds leads to the runtime but by these functions: a page keeps its ``data`` and what the
program sets on it.
"""

from . import guard
from .errors import CapabilityError

try:
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .program import Program
except ImportError:
    pass

running: "Program | None" = None
"""The program that runs (``program.Program``), or ``None``."""


def _ask(name: str, *arguments: object) -> "Any":
    if running is None:
        raise RuntimeError("the program has ended")
    return guard.outside(getattr(running, name), *arguments)


class Page:
    """A page of a program; its class is a program's only one in the page's file."""

    data: "dict[str, Any]" = {}  # noqa: RUF012 - a class attribute that programs write, and that is copied per page

    def set_data(self, changes: "dict[str, Any]") -> None:
        """Write to ``data`` by data paths, and show it when the handler is over."""
        _ask("set_data", self, changes)

    def after(self, seconds: float, method: str, *arguments: object) -> int:
        """Call a method once, so much later; returns the timer's number."""
        return _ask("add_timer", self, seconds, method, arguments, False)  # type: ignore[no-any-return]

    def every(self, seconds: float, method: str, *arguments: object) -> int:
        """Call a method again and again; returns the timer's number."""
        return _ask("add_timer", self, seconds, method, arguments, True)  # type: ignore[no-any-return]

    def cancel(self, timer: int) -> None:
        """Forget a timer; one that is gone is no error."""
        _ask("cancel_timer", timer)

    def navigate_to(self, url: str) -> None:
        """Open a page on top when the handler is over."""
        _ask("navigate", self, "push", url)

    def redirect_to(self, url: str) -> None:
        """Open a page in place of this one when the handler is over."""
        _ask("navigate", self, "redirect", url)

    def navigate_back(self, pages: int = 1) -> None:
        """Close the top page, or some, when the handler is over."""
        _ask("navigate", self, "back", pages)


class App:
    """What a program's ``app.py`` may have a class of."""


def call(*names: str, **values: object) -> "Any":
    """Ask the board for a capability by its name: its answer. A capability may have a value ``name`` of its own.

    Raises:
        CapabilityError: the board does not have it, the manifest does not allow it, or it failed.
    """
    if len(names) != 1 or not isinstance(names[0], str):
        raise TypeError('call takes the name of a capability and values by their names: call("led.set", name="lamp")')
    if running is None:
        raise RuntimeError("the program has ended")
    return guard.outside(running.call, names[0], values)


def log(*parts: object) -> None:
    """Write a line to the log."""
    _ask("log", " ".join([str(part) for part in parts]))


class Cygnet:
    """Stands for the module, for one program: it has classes of its own, since a program can write to them."""

    def __init__(self) -> None:
        self.Page = type("Page", (Page,), {"data": {}})
        self.App = type("App", (App,), {})
        self.call = call
        self.log = log
        self.CapabilityError = CapabilityError
