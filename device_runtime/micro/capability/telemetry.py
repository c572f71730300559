"""``telemetry {name, values}``: a program reports an event to its fleet. The rules are those of Linux."""

from .. import clock
from ..program.errors import CapabilityError
from .arguments import is_name, refuse

try:
    from collections.abc import Callable
    from typing import TYPE_CHECKING, Any

    if TYPE_CHECKING:
        from .shapes import Values
except ImportError:
    pass

_MAX_VALUES = 32
_MAX_TEXT_CHARACTERS = 256
_MAX_RECORD_CHARACTERS = 1024
_NUMBER_CHARACTERS = 8
_BURST = 60
_EACH_MS = 1000


class Telemetry:
    """Gives events to ``record(source, name, values)``: 60 at once and then one a second.

    ``permit(name, values, size)`` raises ``CapabilityError`` where an event may not leave. They are given when the
    program's turn is over (:meth:`flush`): deep in its call a board has no stack for the queue.
    """

    def __init__(
        self,
        record: "Callable[[str, str, dict[str, Any]], bool]",
        app_id: str,
        permit: "Callable[[str, dict[str, Any], int], None]",
    ) -> None:
        self._record, self._permit = record, permit
        self._app_id = app_id
        self._left = _BURST
        self._since = clock.ticks_ms()
        self._waiting: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, values: "Values") -> None:
        """Report one; raises ``CapabilityError``: it is none, or there are too many."""
        name = values.get("name")
        if not is_name(name):
            raise refuse("name must be letters, digits, dots, underscores and hyphens")
        flat: Any = values.get("values") or {}
        size = _check(flat)
        gained = clock.ticks_diff(clock.ticks_ms(), self._since) // _EACH_MS
        if gained:
            self._left = min(_BURST, self._left + gained)
            self._since = clock.ticks_add(self._since, gained * _EACH_MS)
        if self._left < 1:
            raise CapabilityError(
                f"too many events: {_BURST} at once and then 1 a second are allowed; report less often"
            )
        self._left -= 1
        self._permit(name, flat, len(name) + size)
        self._waiting.append((name, flat.copy()))

    def drop(self) -> None:
        """What was reported in this turn does not leave."""
        self._waiting = []

    def flush(self) -> str:
        """Pass on what was reported; a sentence where the queue does not take it, else an empty text."""
        waiting, self._waiting = self._waiting, []
        lost = 0
        for name, flat in waiting:
            lost += self._record(self._app_id, name, flat) is False
        return f"the board's queue does not take what the program reports: {lost} lost" if lost else ""


def _check(flat: object) -> int:
    """About how many characters the values are."""
    if not isinstance(flat, dict) or len(flat) > _MAX_VALUES:
        raise refuse(f"values must be an object of at most {_MAX_VALUES} members")
    size = 0
    for key, value in flat.items():
        if not is_name(key):
            raise refuse(f"values has a member {key[:40]!r}; names are letters, digits, dots, underscores and hyphens")
        size += len(key) + _NUMBER_CHARACTERS
        if isinstance(value, str):
            if len(value) > _MAX_TEXT_CHARACTERS:
                raise refuse(f"{key} holds {len(value)} characters; at most {_MAX_TEXT_CHARACTERS} are allowed")
            size += len(value) - _NUMBER_CHARACTERS
        elif isinstance(value, (list, dict)):
            raise refuse(f"values.{key} must be a string, a number, a boolean or null")
        elif isinstance(value, (int, float)) and (value - value != 0 or abs(value) > 2**63):
            raise refuse(f"values.{key} must be a finite number")
    if size > _MAX_RECORD_CHARACTERS:
        raise refuse(f"values hold {size} characters; at most {_MAX_RECORD_CHARACTERS} are allowed")
    return size
