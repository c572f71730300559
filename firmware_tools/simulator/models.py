"""What a program's models do, in lines for the console."""

from collections.abc import Mapping
from typing import Any

from device_runtime.values import Value

_TOLD = {"inference.listen": "listens", "inference.stop": "listens no more", "inference.close": "is closed"}
_MOST_LABELS = 16


def line_of_call(
    name: str, arguments: Mapping[str, Value], value: Any, reason: str | None, milliseconds: float
) -> tuple[str, str]:
    """Level and text of a line about a call that has ended; no text where there is nothing to say of it."""
    if not name.startswith("inference."):
        return "info", ""
    session: Any = arguments.get("session")
    if reason is not None:
        about = next((str(arguments[way]) for way in ("model", "name", "ability") if way in arguments), session)
        return "warn", f"{name} of {about}: {reason}"
    if name == "inference.open" and isinstance(value, dict):
        labels = value.get("labels")
        known = ", ".join(str(label) for label in labels[:_MOST_LABELS]) if isinstance(labels, list) else ""
        hears = f", which knows {known}" if known else ""
        return "info", f"session {value.get('session')} of the model {value.get('name')}{hears}: {milliseconds:.0f} ms"
    if name == "inference.run":
        return "debug", f"session {session} ran: {milliseconds:.1f} ms"
    return "info", f"session {session} {_TOLD[name]}" if name in _TOLD else ""


def line_of_event(name: str, payload: Any) -> tuple[str, str]:
    """The same of what the program is told."""
    if not isinstance(payload, dict):
        return "info", ""
    if name == "inference.result":
        probability, seconds = payload.get("probability"), payload.get("seconds")
        sure = f"{probability:.0%} sure" if isinstance(probability, float) else ""
        at = f"after {seconds:.1f} s" if isinstance(seconds, int | float) else ""
        return "info", f"session {payload.get('session')} heard {payload.get('label')}, {sure}, {at}"
    if name == "inference.microphone":
        return "info", f"session {payload.get('session')}: the microphone is {payload.get('state')}"
    if name == "inference.error":
        return "warn", f"session {payload.get('session')} hears no more: {payload.get('reason')}"
    return "info", ""
