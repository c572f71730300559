"""What a view asks of the modules of wxs (WeChat) and sjs (Baidu SWAN) that its templates name.

The modules run elsewhere; a view sees this protocol and holds functions of theirs as names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from device_runtime.errors import CygnetError
from device_runtime.values import Value
from device_runtime.view.javascript import UNDEFINED

_MAX_TOLD: Final = 100


@dataclass(frozen=True, slots=True)
class WxsFunction:
    """A function of a module: the module's file in the package, and the names that lead to it."""

    path: str
    keys: tuple[str, ...]


class WxsModules(Protocol):
    """The modules of one program."""

    def value(self, path: str, keys: Sequence[str]) -> "Value | WxsFunction":
        """A member of a module; a function is named, not given.

        Raises:
            CygnetError: there is no such module, or it throws as it is loaded.
        """

    def call(self, path: str, keys: Sequence[str], arguments: Sequence[Any]) -> Value:
        """What a function of a module answers. An argument may be ``UNDEFINED``.

        Raises:
            CygnetError: there is no such function, or it throws.
        """


class WxsLink:
    """Where the expressions of one template find the modules; :meth:`connect` is called by each view that uses it."""

    __slots__ = ("_modules", "_tell", "_told")

    def __init__(self) -> None:
        self._modules: WxsModules | None = None
        self._tell: Callable[[str], None] | None = None
        self._told: set[str] = set()

    def connect(self, modules: WxsModules | None, tell: Callable[[str], None]) -> None:
        """Ask ``modules`` from now on; ``tell`` is told, once each, what fails there."""
        self._modules = modules
        self._tell = tell

    def value(self, path: str, keys: tuple[str, ...]) -> Any:
        """A member of a module; ``UNDEFINED`` where that fails."""
        try:
            return UNDEFINED if self._modules is None else self._modules.value(path, keys)
        except CygnetError as error:
            return self._failed(f"{'.'.join((path, *keys))}: {error}")

    def call(self, path: str, keys: tuple[str, ...], arguments: Sequence[Any]) -> Any:
        """What a function answers; ``UNDEFINED`` where that fails."""
        try:
            return UNDEFINED if self._modules is None else self._modules.call(path, keys, arguments)
        except CygnetError as error:
            return self._failed(f"{'.'.join((path, *keys))}(): {error}")

    def _failed(self, text: str) -> Any:
        if self._tell is not None and text not in self._told and len(self._told) < _MAX_TOLD:
            self._told.add(text)
            self._tell(text)
        return UNDEFINED
