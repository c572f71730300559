"""Who looked at the screen, and who wanted to: kept on the device, for the person at it."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.sealed.durable import disk_sentence, write_whole
from device_runtime.values import Value

logger = logging.getLogger(__name__)

FILE = "screen_views.json"
MOST_KEPT = 200
OPEN = "open"
"""The outcome of what goes on; found at a start, it was cut off by the one before."""


class ViewLogError(CygnetError):
    """What happens cannot be written down."""


@dataclass(frozen=True, slots=True)
class Look:
    """One wish to look: ``by`` whom, ``asked`` when (Unix time in seconds), for how many ``seconds`` the screen was
    shown and how many ``bytes`` went out, and the ``outcome``: why it was refused or how it ended."""

    id: str
    by: str
    asked: int
    outcome: str = OPEN
    seconds: int = 0
    bytes: int = 0


class ViewLog:
    """The newest looks, in one file. Used from one thread at a time.

    Attributes:
        on_change: called after each change.
    """

    def __init__(self, state: Path, on_change: Callable[[], None] = lambda: None) -> None:
        """A file that cannot be read is put aside, not written over."""
        self._path = state / FILE
        self.on_change = on_change
        self._looks = [replace(look, outcome="restart") if look.outcome == OPEN else look for look in _read(self._path)]

    def newest(self, most: int) -> list[Mapping[str, Value]]:
        """The newest first, as the screens are told them."""
        return [
            {"by": look.by, "asked": look.asked, "outcome": look.outcome, "seconds": look.seconds}
            for look in reversed(self._looks[-most:])
        ]

    def write(self, look: Look) -> None:
        """Add a look, or write anew what is known of it, and wait for the disk.

        Raises:
            ViewLogError: the disk refuses; the log is as it was.
        """
        kept = [other for other in self._looks if other.id != look.id]
        looks = [*kept, look][-MOST_KEPT:]
        try:
            write_whole(self._path, json.dumps([asdict(one) for one in looks], indent=0).encode())
        except OSError as error:
            raise ViewLogError(f"{self._path} cannot be written: {disk_sentence(error)}") from error
        self._looks = looks


def _read(path: Path) -> list[Look]:
    try:
        return [Look(**entry) for entry in json.loads(path.read_bytes())]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, RecursionError) as error:
        aside = path.with_suffix(".broken")
        logger.warning("%s cannot be read and is put aside as %s: %s", path, aside.name, error)
        try:
            path.replace(aside)
        except OSError as refused:
            logger.warning("it cannot be put aside either: %s", refused)
        return []
