"""``telemetry``: a program reports an event to its fleet."""

import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias, get_args

from device_runtime.capability.arguments import refuse, text
from device_runtime.capability.privacy import Privacy
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.privacy.outflow import event_outflow
from device_runtime.values import Value

MAX_VALUES = 32
MAX_TEXT_CHARACTERS = 1024
MAX_RECORD_CHARACTERS = 4096
BURST = 60
PER_SECOND = 1.0
Priority = Literal["alarm", "event", "metric"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
_NUMBER_CHARACTERS = 8
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")


Recorder: TypeAlias = Callable[..., object]
"""Where events go: the queue that keeps them until the fleet has them. Called with the program's id, the name and the
values; and with the priority, where the program gives one."""


class _Allowance:
    """A token bucket a program: ``BURST`` events at once, then ``PER_SECOND``."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def spend(self, app_id: str) -> bool:
        now = self._clock()
        tokens, since = self._buckets.get(app_id, (float(BURST), now))
        tokens = min(float(BURST), tokens + (now - since) * PER_SECOND)
        if tokens < 1:
            self._buckets[app_id] = (tokens, now)
            return False
        self._buckets[app_id] = (tokens - 1, now)
        return True


def telemetry_capability(record: Recorder, privacy: Privacy, clock: Callable[[], float] = time.monotonic) -> Capability:
    """``telemetry {name, values, priority}``: ``values`` is a flat object of strings, finite numbers, booleans and
    nulls; ``priority`` is ``alarm``, ``event`` or ``metric``; without it, the name says it (``sync/priorities.py``)."""
    allowance = _Allowance(clock)

    async def report(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        name = text(arguments, "name", 64)
        if not _NAME.fullmatch(name):
            raise refuse("name must be letters, digits, dots, underscores and hyphens")
        values, size = _flat(arguments.get("values"))
        priority = _priority(arguments.get("priority"))
        if not allowance.spend(caller.app_id):
            raise CapabilityError(
                f"too many events: {BURST} at once and then {PER_SECOND:g} a second are allowed; report less often"
            )
        plan = caller.manifest.data_plan
        values = plan.settled(name, values)
        privacy.permit_now(caller.app_id, plan, event_outflow(name, values, len(name) + size, len(PRIORITIES) + 1))
        if priority is None:
            record(caller.app_id, name, values)
        else:
            record(caller.app_id, name, values, priority)
        return None

    return Capability("telemetry", report)


def _priority(value: Value) -> Priority | None:
    if value is None:
        return None
    for known in PRIORITIES:
        if value == known:
            return known
    raise refuse(f"priority must be one of {', '.join(PRIORITIES)}")


def _flat(values: Value) -> tuple[dict[str, Value], int]:
    """The values, and about how many characters they are."""
    if values is None:
        return {}, 0
    if not isinstance(values, dict) or len(values) > MAX_VALUES:
        raise refuse(f"values must be an object of at most {MAX_VALUES} members")
    size = 0
    for key, value in values.items():
        if not _NAME.fullmatch(key):
            raise refuse(f"values has a member {key[:40]!r}; names are letters, digits, dots, underscores and hyphens")
        if isinstance(value, str):
            size += len(text(values, key, MAX_TEXT_CHARACTERS))
        elif isinstance(value, bytes | list | dict):
            raise refuse(f"values.{key} must be a string, a number, a boolean or null")
        elif isinstance(value, int | float) and not _sendable(value):
            raise refuse(f"values.{key} must be a finite number")
        else:
            size += _NUMBER_CHARACTERS
        size += len(key)
    if size > MAX_RECORD_CHARACTERS:
        raise refuse(f"values hold {size} characters; at most {MAX_RECORD_CHARACTERS} are allowed")
    return values, size


def _sendable(value: float) -> bool:
    return math.isfinite(value) and abs(value) <= 2**63
