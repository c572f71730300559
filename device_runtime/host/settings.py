"""What a fleet may set of a device: names, values and their ranges, for the device that follows them and for the fleet
that publishes them. No files, no clocks.

A setting takes the place of what the board file says, as long as the fleet wants it; without it the board file holds
again. States in which nothing may be switched (``[update.obstacles]``) are the board maker's alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

from device_runtime.update.rules import UpdateRules
from device_runtime.values import Value

DAILY_BYTES: Final = "telemetry.daily_bytes"
MAX_WINDOWS: Final = 8
_MOST: Final = 2**53 - 1  # the largest whole number that every JSON reader keeps exactly (RFC 8259, section 6)
_RULES: Final = "update."


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is for, and what its value may be. ``high`` and ``low`` are for numbers."""

    name: str
    doc: str
    kind: Literal["yes or no", "whole number", "number", "times of day"]
    low: float = 0.0
    high: float = 0.0

    def fault(self, value: Value) -> str:
        """Why a value cannot be followed, as a sentence; empty if it can."""
        if self._fits(value):
            return ""
        shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:57]}..."
        return f"{self.name} must be {self.range}, not {shown}"

    @property
    def range(self) -> str:
        """What a value may be, in words."""
        match self.kind:
            case "yes or no":
                return "true or false"
            case "times of day":
                return f'a list of at most {MAX_WINDOWS} times such as ["22:30-05:00"]'
            case _:
                low, high = (int(bound) if bound == int(bound) else bound for bound in (self.low, self.high))
                return f"a {self.kind} from {low} to {high}"

    def _fits(self, value: Value) -> bool:
        if self.kind == "yes or no":
            return isinstance(value, bool)
        if self.kind == "times of day":
            if not isinstance(value, list | tuple) or len(value) > MAX_WINDOWS:
                return False
            if not all(isinstance(window, str) for window in value):
                return False
            windows = tuple(window for window in value if isinstance(window, str))
            return not list(UpdateRules(windows=windows).faults({}))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if self.kind == "whole number" and not isinstance(value, int):
            return False
        return math.isfinite(value) and self.low <= value <= self.high


def _of_rules() -> list[Setting]:
    """The rules of updates that a fleet may set, as the board file describes them."""
    chosen = ("idle_minutes", "quiet", "windows", "battery_percent", "deadline_hours", "trial_seconds")
    described = {field.name: field.metadata for field in fields(UpdateRules)}
    types: Mapping[Any, Any] = {bool: "yes or no", int: "whole number", float: "number"}
    defaults = UpdateRules()
    return [
        Setting(
            _RULES + name,
            described[name]["doc"],
            "times of day" if name == "windows" else types[type(getattr(defaults, name))],
            described[name]["minimum"] or 0.0,
            described[name]["maximum"] or 0.0,
        )
        for name in chosen
    ]


SETTINGS: Final[Mapping[str, Setting]] = {
    setting.name: setting
    for setting in (
        Setting(
            DAILY_BYTES,
            "bytes of telemetry a day that may use the wire, 0: any number; records wait or are summed up",
            "whole number",
            0,
            _MOST,
        ),
        *_of_rules(),
    )
}
"""Every setting, by name."""


def fault_of(name: str, value: Value) -> str:
    """Why a device cannot follow a setting, as a sentence; empty if it can."""
    setting = SETTINGS.get(name)
    if setting is None:
        return f"{name[:64]} is no setting of a device; there are {', '.join(SETTINGS)}"
    return setting.fault(value)


def rules_with(board: UpdateRules, settings: Mapping[str, Value]) -> UpdateRules:
    """The board's rules with what the fleet set; ``settings`` have been checked with :func:`fault_of`."""
    changed: dict[str, Any] = {
        name.removeprefix(_RULES): tuple(value) if isinstance(value, list) else value
        for name, value in settings.items()
        if name.startswith(_RULES)
    }
    return replace(board, **changed)
