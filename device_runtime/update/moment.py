"""Whether now is a good moment to switch: the board's rules against what the device sees. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from device_runtime.update.machine import Update
from device_runtime.update.rules import UpdateRules, in_window


@dataclass(frozen=True, slots=True)
class Sight:
    """What a device sees now, as far as the rules ask.

    ``in_use``: the program concerned is in front; ``idle`` are the seconds since somebody last touched a screen or
    spoke. ``battery`` is the charge in percent of a board that runs on its battery, None on mains. ``obstacles`` maps
    those that stand in the way to a sentence's end, such as ``it reads 13.2``. ``minute`` is that of the day.
    """

    in_use: bool = False
    idle: float = float("inf")
    sound: bool = False
    battery: int | None = None
    obstacles: Mapping[str, str] = field(default_factory=dict)
    minute: int = 0


def objection(rules: UpdateRules, sight: Sight, update: Update) -> str:
    """Why now is no good moment, as a clause for people; empty where it is one.

    An urgent update and one whose deadline has passed wait for absolute obstacles only.
    """
    for name, why in sight.obstacles.items():
        obstacle = rules.obstacles.get(name)
        if obstacle is not None and obstacle.absolute:
            return f"waits while {name}{why}"
    if update.urgent or (rules.deadline_hours and update.waited >= rules.deadline_hours * 3600):
        return ""
    for name, why in sight.obstacles.items():
        return f"waits while {name}{why}"
    if sight.in_use and sight.idle < rules.idle_minutes * 60:
        return f"waits until nobody has used it for {rules.idle_minutes} min"
    if rules.quiet and sight.sound:
        return "waits until the device is quiet"
    if sight.battery is not None and sight.battery < rules.battery_percent:
        return f"waits for mains, or {rules.battery_percent} % of charge; the battery has {sight.battery} %"
    if not in_window(rules.windows, sight.minute):
        return f"waits until {' or '.join(rules.windows)}"
    return ""
