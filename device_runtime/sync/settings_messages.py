"""What a device reports of the settings that its fleet wants; no sockets, no files, no clocks. ``docs/protocol.md``
shows an example."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from device_runtime.sync.desired import MAX_VALUES
from device_runtime.sync.fields import Fields
from device_runtime.sync.model_messages import MAX_ERROR
from device_runtime.values import Value


@dataclass(frozen=True, slots=True)
class SettingReport:
    """One setting: the value that the fleet wants, and in ``error`` why the device does not follow it."""

    value: Value
    error: str = ""


def read_settings(fields: Fields) -> Mapping[str, SettingReport] | None:
    """The member ``settings`` of ``reported``; None when there is none: the device follows no settings.

    Raises:
        ProtocolError: a member breaks its rule.
    """
    if not fields.has("settings"):
        return None
    entries = fields.values("settings", MAX_VALUES)
    return {name: _report(entry, f"reported: settings.{name}") for name, entry in entries.items()}


def settings_document(reports: Mapping[str, Any]) -> dict[str, Any]:
    """The member as it is sent: without errors that say nothing."""
    return {name: {m: v for m, v in report.items() if m == "value" or v} for name, report in reports.items()}


def _report(entry: Any, where: str) -> SettingReport:
    error = Fields(entry, where).text("error", MAX_ERROR, default="")  # an object, then
    return SettingReport(entry.get("value"), error)
