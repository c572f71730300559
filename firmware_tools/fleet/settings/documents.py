"""The settings of a device as the JSON of the fleet's API: what each set should be beside what the device follows."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from device_runtime.values import Value
from firmware_tools.fleet.settings.registry import SettingsRelease, takes_no_settings

SettingsStep = Literal["waiting", "in step", "failed", "unsupported"]


class SettingsDocument(TypedDict):
    """A set that a device should follow, and whether it does; ``note`` is a sentence that says why not."""

    name: str
    version_code: int
    values: Mapping[str, Any]
    step: SettingsStep
    note: str


Reports = Mapping[str, Mapping[str, Any]]
"""What a device reports of its settings, by name: ``value``, and ``error`` where it does not follow it."""


def settings_documents(
    device: str, should: Sequence[SettingsRelease], has: Reports | None, *, heard: bool
) -> list[SettingsDocument]:
    """Each set that a device should follow; ``heard``: it has said what it has."""
    return [_document(device, release, has, heard) for release in should]


def standing_of(values: Mapping[str, Value], has: Reports) -> tuple[Literal["waiting", "in step", "failed"], str]:
    """Compare what a device follows with what it should; the sentence says why it does not."""
    errors, reached = [], True
    for name, value in values.items():
        report = has.get(name)
        if report is None or report.get("value") != value:
            reached = False
        elif report.get("error"):
            errors.append(str(report["error"]))
    if errors:
        return "failed", "; ".join(errors)
    return ("in step", "") if reached else ("waiting", "")


def _document(device: str, release: SettingsRelease, has: Reports | None, heard: bool) -> SettingsDocument:
    step: SettingsStep
    if has is None:
        step, note = ("unsupported", takes_no_settings(device)) if heard else ("waiting", "")
    else:
        step, note = standing_of(release.values, has)
    return {
        "name": release.name,
        "version_code": release.version_code,
        "values": dict(release.values),
        "step": step,
        "note": note,
    }
