"""When a device may switch to another version, and how that version proves itself: the section ``[update]`` of a board.

Each field says what it means, its default and its range; ``docs/board-maker.md`` is compared with it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_DAY: Final = 24 * 60
_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def _key(doc: str, default: Any, minimum: float | None = None, maximum: float | None = None) -> Any:
    return field(default=default, metadata={"doc": doc, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """A state of the board in which nothing is switched, such as that the vehicle moves. What cannot be read counts as
    being so."""

    file: str = _key(
        "path of a file; nothing is switched while its first word is other than `0`, `false`, `no`, `off` or empty", ""
    )
    sensor: str = _key("or the name of one of the board's sensors...", "")
    above: float = _key("...nothing is switched while it reads more than this", 0.0, -1e9, 1e9)
    absolute: bool = _key("if neither the deadline nor an urgent update overrides it", False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRules:
    """When to switch, and how long a new version is on trial."""

    idle_minutes: int = _key(
        "a program in front is left alone until nobody has touched or spoken to it for so long; 0: is not", 0, 0, 1440
    )
    quiet: bool = _key("nothing is switched while sound plays, or somebody speaks to the board", True)
    windows: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "times of day (`02:00-05:00`, the board's own clock, past midnight too) in which alone is switched; "
            "empty: any",
            "minimum": None,
            "maximum": None,
        },
    )
    battery_percent: int = _key(
        "on battery, nothing is switched below this charge; 100: only on mains; boards without a battery are on mains",
        0, 0, 100,
    )  # fmt: skip
    obstacles: Mapping[str, Obstacle] = field(
        default_factory=dict,
        metadata={
            "doc": "states in which nothing is switched, each by a name for people",
            "minimum": None,
            "maximum": None,
        },
    )
    deadline_hours: float = _key(
        "hours that the device has run and waited after which it is switched anyway; 0: it waits for ever",
        72.0, 0.0, 8760.0,
    )  # fmt: skip
    check_seconds: float = _key("seconds between two looks whether the moment is good", 10.0, 0.1, 3600.0)
    trial_seconds: float = _key(
        "seconds that a new version is on trial; a program may ask for more", 20.0, 0.1, 86400.0
    )
    trial_tries: int = _key(
        "times that a new version is tried: each start that fails, each end by itself and each restart of the device "
        "while it is on trial is one",
        3, 1, 20,
    )  # fmt: skip
    trial_fleet: bool = _key(
        "if a device that was connected to its fleet before the switch must be so at the end of the trial: for boards "
        "whose programs have a hand in the connection",
        False,
    )

    def faults(self, sensors: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], str]]:
        """What no single key shows, each with the keys to the place; ``sensors`` are the board's, by name."""
        for window in self.windows:
            if not _WINDOW.fullmatch(window) or window[:5] == window[6:]:
                yield (
                    ("update", "windows"),
                    f"'update.windows' holds {window!r}, which is no time such as 22:30-05:00",
                )
        for name, obstacle in self.obstacles.items():
            where = ("update", "obstacles", name)
            if bool(obstacle.file) == bool(obstacle.sensor):
                yield where, f"'update.obstacles.{name}' must name a file or a sensor, and not both"
            elif obstacle.sensor and obstacle.sensor not in sensors:
                known = ", ".join(sorted(sensors)) or "none"
                yield (*where, "sensor"), f"'update.obstacles.{name}.sensor' is no sensor of this board; it has {known}"


class RulesInForce:
    """The rules that hold now: the board's, or what its fleet has set in their place."""

    def __init__(self, board: UpdateRules) -> None:
        self.now = board


def in_window(windows: tuple[str, ...], minute: int) -> bool:
    """Whether a minute of the day (0 to 1439) is in one of the windows; one may go past midnight. No windows: it is."""
    if not windows:
        return True
    for window in windows:
        match = _WINDOW.fullmatch(window)
        if match is None:
            continue
        begin = int(match[1]) * 60 + int(match[2])
        length = (int(match[3]) * 60 + int(match[4]) - begin) % _DAY
        if (minute - begin) % _DAY < length:
            return True
    return False
