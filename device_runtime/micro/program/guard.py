"""What stands between a program's code and the board, while that code runs.

A board has one thread and one interpreter, so there is no wall as on Linux. The toolchain refuses what a program may
not say; here the rest is held: while a program runs, ``import`` gives it the allowed modules and its own ``lib`` only,
and ``open``, ``exec``, ``eval``, ``compile`` and their kin are refused. Each loop and function of a program begins with
``_tick()``, which ends it when its time is over.
"""

import builtins
import sys

# Not by clock.py: this runs once a loop of a program.
from time import ticks_add, ticks_diff, ticks_ms  # type: ignore[attr-defined]

from .errors import Stopped

try:
    from collections.abc import Callable
    from types import ModuleType
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from ..view.shapes import T
except ImportError:
    pass

ALLOWED = ("math", "json", "random", "time")
_REFUSED = ("open", "exec", "eval", "compile", "input", "execfile")
_EVERY = 8
"""The clock is asked at each eighth tick."""

_running = False
_deadline = 0
_spare = 0
"""Milliseconds for which the clock of this event may still stand."""
_ticks = 0
_stop = Stopped()
"""Made before it is needed: a program that has filled the memory would get a MemoryError in its place, and catch it."""
_import: "Callable[..., Any] | None" = None
_own: "dict[str, object]" = {}


def tick() -> bool:
    """Raises :class:`Stopped` when the time of an event is over; false, so that it can stand before an expression."""
    global _ticks
    _ticks += 1
    if _ticks >= _EVERY:
        _ticks = 0
        if _running and ticks_diff(_deadline, ticks_ms()) < 0:
            raise _stop
    return False


def call(milliseconds: int, function: "Callable[..., T]", *arguments: object) -> "T":
    """Call a function of a program, which has so much time.

    Raises:
        Stopped: the time is over.
        Exception: whatever the program raises.
    """
    enter(milliseconds)
    try:
        return function(*arguments)
    finally:
        leave()


def enter(milliseconds: int) -> None:
    """From now on the program's code runs, for so long; :func:`leave` must follow."""
    global _running, _deadline, _spare, _ticks, _stop
    _stop = Stopped()
    _spare = 2 * milliseconds
    _deadline = ticks_add(ticks_ms(), milliseconds)
    _ticks = 0
    _running = True


def leave() -> None:
    """The program's code has ended."""
    global _running
    _running = False


def outside(function: "Callable[..., T]", *arguments: object) -> "T":
    """Call a function of the runtime for a program: with all rights, and the program's clock stands still, though
    for no more than twice the time of an event in all: the board's watchdog does not wait for ever."""
    global _running, _deadline, _spare
    was_running = _running
    began = ticks_ms()
    _running = False
    try:
        return function(*arguments)
    finally:
        took = min(ticks_diff(ticks_ms(), began), _spare)
        _spare -= took
        _deadline = ticks_add(_deadline, took)
        _running = was_running


class _Names:
    """Some names of a module, and no others."""

    def __init__(self, module: object, names: "tuple[str, ...]") -> None:
        for name in names:
            setattr(self, name, getattr(module, name))


def _guarded_import(name: str, *arguments: "Any") -> "Any":
    if not _running:
        return _import(name, *arguments)  # type: ignore[misc]
    if name in _own:
        return _own[name]
    if name[:4] == "lib.":
        return _import(name, *arguments)  # type: ignore[misc]
    raise ImportError(f"a program may not import {name!r}; there are cygnet, {', '.join(ALLOWED)} and its own lib")


def _guard(name: str) -> "Callable[..., Any]":
    given = getattr(builtins, name)

    def guarded(*arguments: "Any", **named: "Any") -> "Any":
        if _running:
            raise NameError(f"a program may not call {name}")
        return given(*arguments, **named)

    return guarded


def install(cygnet: object) -> None:
    """Put the guards in place, once, and make ``cygnet`` the module of this name."""
    global _import
    if _import is None:
        # Kept here: a file of the program with such a name is not what a program gets, and the runtime never.
        for name in ALLOWED:
            _own[name] = __import__(name)
        _import = builtins.__import__
        builtins.__import__ = _guarded_import  # type: ignore[assignment]
        builtins._tick = tick  # type: ignore[attr-defined]
        for name in _REFUSED:
            if hasattr(builtins, name):
                setattr(builtins, name, _guard(name))
    # Anew for each program, since a program can write to it.
    _own["time"] = _Names(__import__("time"), ("gmtime", "localtime", "time"))
    _own["cygnet"] = cygnet


def release() -> None:
    """Keep nothing of the program that was: its ``cygnet`` holds the runtime's part for programs in memory."""
    _own.pop("cygnet", None)


def load(folder: str, name: str, milliseconds: int) -> "ModuleType":
    """The module of a program (``pages.index.index``) from its folder; ``.mpy`` or ``.py``.

    Raises:
        Stopped: the module's own code took too long.
        Exception: whatever it raises.
    """
    sys.path.insert(0, folder)
    try:
        # With names wanted of it the module itself comes back, and not the package that it is in.
        return call(milliseconds, _import, name, None, None, ("*",), 0)  # type: ignore[arg-type, no-any-return]
    finally:
        sys.path.remove(folder)


def forget(folder: str) -> None:
    """Forget all modules that were loaded from a program's folder, and no other, whatever its pages are called."""
    for name in list(sys.modules):
        module = sys.modules[name]
        for member in ("__path__", "__file__"):
            place = getattr(module, member, None)
            if isinstance(place, str) and place[: len(folder) + 1] == folder + "/":
                sys.modules.pop(name, None)
