"""What an operator says of a rollout, checked: stages, thresholds, and what to do when."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.rollouts.windows import Window, parse_window

OnError = Literal["pause", "abort", "roll-back"]
Late = Literal["never", "join", "always"]
MAX_STAGES = 20
MAX_NAMED = 10_000
"""The most devices that a rollout names one by one."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([smhd])")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)%")
_MOST_SECONDS = 366 * 86_400


@dataclass(frozen=True, slots=True)
class Amount:
    """A share of devices (0 to 1) or, where that is None, a number of them."""

    share: float | None
    count: int = 0

    def of(self, total: int) -> int:
        """How many of ``total`` that is, rounded up."""
        return min(total, self.count) if self.share is None else math.ceil(round(self.share * total, 6))

    def floor_of(self, total: int) -> int:
        """How many of ``total`` that is, rounded down."""
        return self.count if self.share is None else math.floor(round(self.share * total, 6))

    def text(self) -> str:
        """As people write it."""
        return str(self.count) if self.share is None else f"{self.share * 100:g}%"


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. ``size``: how far the rollout goes with it, counted from the beginning. ``approval``: somebody has to
    say yes before it begins. ``soak``: how long a device has to stay healthy, in seconds. ``success``: the share of its
    devices (0 to 1) that must have done so. ``errors``: the most that may fail."""

    size: Amount
    approval: bool
    soak: float
    success: float
    errors: Amount


@dataclass(frozen=True, slots=True)
class Plan:
    """How a rollout goes.

    Attributes:
        stages: at least one; the last takes every device.
        on_error: what follows when more fail than may.
        away_share: the share (0 to 1) of a stage's devices that it leaves behind when only devices that are not online
            are missing.
        away_seconds: after so long a stage leaves behind all that are not online.
        timeout: a device that is online and has not got there after so many seconds has failed; 0: never.
        late: devices that come into the group later: ``never``; ``join`` while the rollout goes on; ``always``.
        downgrade: devices that should have a newer version get this one as well.
        supersede: devices that another rollout of the same subject has in hand are taken from it.
        per_minute: at most so many devices a minute, 0 for no limit.
        launch: programs are brought to the foreground when they are installed.
        urgent: devices do not wait for a good moment.
        window: outside of it nothing is handed out.
        group, query, devices: whom it is for, one of the three.
        exclude: devices that are left out.
    """

    stages: tuple[Stage, ...]
    on_error: OnError = "pause"
    away_share: float = 0.2
    away_seconds: float = 86_400.0
    timeout: float = 0.0
    late: Late = "join"
    downgrade: bool = False
    supersede: bool = False
    per_minute: int = 0
    launch: bool = False
    urgent: bool = False
    window: Window | None = None
    group: str = ""
    query: str = ""
    devices: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


MEMBERS = (
    "stages",
    "approval",
    "soak",
    "success",
    "errors",
    "on_error",
    "away_share",
    "away_time",
    "timeout",
    "late",
    "downgrade",
    "supersede",
    "per_minute",
    "launch",
    "urgent",
    "window",
    "group",
    "query",
    "devices",
    "exclude",
)
"""The members of a plan as the API takes it."""
_STAGE_MEMBERS = ("size", "approval", "soak", "success", "errors")


def parse_plan(document: Mapping[str, Any]) -> Plan:
    """A plan from the JSON that the API takes and the database keeps (``docs/rollouts.md``).

    Raises:
        FleetError: a member is unknown, missing or wrong; the message names it.
    """
    _only(document, MEMBERS, "a rollout")
    chosen = [name for name in ("group", "query", "devices") if document.get(name)]
    if len(chosen) != 1:
        raise FleetError("a rollout is for a group, for a query, or for devices: name one of the three")
    window = document.get("window")
    return Plan(
        stages=_stages(document),
        on_error=_choice(document, "on_error", get_args(OnError), "pause"),
        away_share=_share(document.get("away_share", "20%"), "away_share"),
        away_seconds=_seconds(document.get("away_time", "1d"), "away_time"),
        timeout=_seconds(document.get("timeout", 0), "timeout"),
        late=_choice(document, "late", get_args(Late), "join"),
        downgrade=_flag(document, "downgrade"),
        supersede=_flag(document, "supersede"),
        per_minute=_number(document.get("per_minute", 0), "per_minute", 1_000_000),
        launch=_flag(document, "launch"),
        urgent=_flag(document, "urgent"),
        window=None if window is None else _window(window),
        group=_text(document, "group"),
        query=_text(document, "query"),
        devices=_names(document, "devices"),
        exclude=_names(document, "exclude"),
    )


def _stages(document: Mapping[str, Any]) -> tuple[Stage, ...]:
    given = document.get("stages", ["100%"])
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_STAGES:
        raise FleetError(f"stages must be a list of 1 to {MAX_STAGES} stages, such as 5, 10% and 100%")
    stages: list[Stage] = []
    for number, item in enumerate(given, 1):
        entry = item if isinstance(item, Mapping) else {"size": item}
        where = f"stage {number}"
        _only(entry, _STAGE_MEMBERS, where)
        own = {**{name: document[name] for name in _STAGE_MEMBERS[1:] if name in document}, **entry}
        stages.append(
            Stage(
                size=_amount(own.get("size"), f"{where}: size"),
                approval=_flag(own, "approval"),
                soak=_seconds(own.get("soak", "10m"), f"{where}: soak"),
                success=_share(own.get("success", "95%"), f"{where}: success"),
                errors=_amount(own.get("errors", "10%"), f"{where}: errors"),
            )
        )
    _check_sizes(stages)
    return tuple(stages)


def _check_sizes(stages: list[Stage]) -> None:
    for number, stage in enumerate(stages, 1):
        size = stage.size
        if size.share == 0 or (size.share is None and size.count == 0):
            raise FleetError(f"stage {number}: size must be more than nothing")
        for earlier in stages[: number - 1]:
            before = earlier.size
            if (before.share is None) == (size.share is None) and (before.share or 0, before.count) >= (
                size.share or 0,
                size.count,
            ):
                raise FleetError(
                    f"stage {number}: size {size.text()} must be more than {before.text()}; it contains those before"
                )
    if stages[-1].size.share != 1:
        raise FleetError(f"the last stage must be 100%, not {stages[-1].size.text()}")


def parse_amount(text: str, where: str) -> Amount:
    """``10%`` or ``5``. Raises :class:`FleetError`."""
    if found := _SHARE.fullmatch(text):
        share = float(found[1]) / 100
        if share <= 1:
            return Amount(share)
    elif re.fullmatch(r"[0-9]{1,9}", text):
        return Amount(None, int(text))
    raise FleetError(f"{where} must be a share such as 10% or a number of devices, not {text[:40]!r}")


def parse_seconds(text: str, where: str) -> float:
    """``90s``, ``30m``, ``24h`` or ``7d`` in seconds. Raises :class:`FleetError`."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise FleetError(f"{where} must be a time such as 90s, 30m, 24h or 7d, not {text[:40]!r}")
    return _most(float(found[1]) * _UNITS[found[2]], where)


def _amount(value: Any, where: str) -> Amount:
    if isinstance(value, str):
        return parse_amount(value, where)
    return Amount(None, _number(value, where, 1_000_000_000))


def _share(value: Any, where: str) -> float:
    amount = parse_amount(value, where) if isinstance(value, str) else None
    if amount is None or amount.share is None:
        raise FleetError(f"{where} must be a share such as 95%")
    return amount.share


def _seconds(value: Any, where: str) -> float:
    if isinstance(value, str):
        return parse_seconds(value, where)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise FleetError(f"{where} must be a time such as 30m, or a number of seconds")
    return _most(float(value), where)


def _most(seconds: float, where: str) -> float:
    if seconds > _MOST_SECONDS:
        raise FleetError(f"{where} must be at most {_MOST_SECONDS // 86_400}d")
    return seconds


def _number(value: Any, where: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise FleetError(f"{where} must be a whole number from 0 to {most}")
    return value


def _window(value: Any) -> Window:
    if not isinstance(value, Mapping) or not value.keys() <= {"spans", "zone"}:
        raise FleetError('window must be as {"spans": ["22:00-06:00"], "zone": "Europe/Berlin"}')
    spans, zone = value.get("spans"), value.get("zone", "UTC")
    if not isinstance(spans, list) or not all(isinstance(span, str) for span in spans) or not isinstance(zone, str):
        raise FleetError('window must be as {"spans": ["22:00-06:00"], "zone": "Europe/Berlin"}')
    return parse_window(spans, zone)


def _choice(document: Mapping[str, Any], name: str, known: tuple[Any, ...], default: str) -> Any:
    value = document.get(name, default)
    if value not in known:
        raise FleetError(f"{name} must be one of {', '.join(known)}")
    return value


def _flag(document: Mapping[str, Any], name: str) -> bool:
    value = document.get(name, False)
    if not isinstance(value, bool):
        raise FleetError(f"{name} must be true or false")
    return value


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name) or ""
    if not isinstance(value, str):
        raise FleetError(f"{name} must be a text")
    return value


def _names(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = document.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value) or len(value) > MAX_NAMED:
        raise FleetError(f"{name} must be a list of at most {MAX_NAMED} device ids")
    return tuple(dict.fromkeys(value))


def _only(document: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    if unknown := sorted(document.keys() - set(known)):
        raise FleetError(f"{unknown[0][:40]} is not a member of {where}; known are: {', '.join(known)}")
