"""Devices and releases as the fleet knows them, from the rows of its database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sqlalchemy import Row

from device_runtime.sync.messages import ModelReport, ProgramReport, ProgramTarget, RuntimeTarget
from firmware_tools.fleet.models import ModelAssignment
from firmware_tools.fleet.settings.registry import SettingsRelease

Presence = Literal["never", "online", "offline", "lost"]
"""``never``: enrolled, and not heard of yet; the others are those of the state channel."""


@dataclass(frozen=True, slots=True)
class Release:
    """One published version of a program; ``published_at`` is Unix time in seconds."""

    app_id: str
    name: str
    version_code: int
    version_name: str
    sha256: str
    size: int
    published_at: float


@dataclass(frozen=True, slots=True)
class Device:
    """One enrolled device: what it is, what it should have and what it says it has. Times are Unix seconds."""

    id: str
    name: str
    status: Presence
    session: int
    enrolled_at: float
    last_seen: float | None
    board: str
    runtime: str
    desired_version: int
    reported_version: int
    reported_at: float | None
    should: Mapping[str, ProgramTarget]
    has: Mapping[str, ProgramReport]
    runtime_should: str = ""
    """The version of the runtime that is assigned to a microcontroller, or empty."""
    runtime_error: str = ""
    models_should: Mapping[str, ModelAssignment] = field(default_factory=dict)
    models_wanted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The models that its programs ask for, each with these programs' app ids."""
    models_has: Mapping[str, ModelReport] | None = None
    """None when it has not said anything about models."""
    takes_models: bool = True
    """False when it has said what it has and no word of models, or is known to be a microcontroller."""
    settings_should: Sequence[SettingsRelease] = ()
    settings_has: Mapping[str, Mapping[str, Any]] | None = None
    """What it says of each setting; None when it has not said anything about settings."""


def release_of(row: Row[Any]) -> Release:
    """A row of releases, joined with its program."""
    return Release(row.app_id, row.name, row.version_code, row.version_name, row.sha256, row.size, row.published_at)


def with_models(
    device: Device, should: Mapping[str, ModelAssignment], wanted: Mapping[str, Sequence[str]], is_board: bool
) -> Device:
    """A device with what is to be said of its models; ``is_board``: it is a board that checks MACs."""
    silent = device.reported_at is not None and device.models_has is None
    return replace(device, models_should=should, models_wanted=wanted, takes_models=not (is_board or silent))


def device_of(
    row: Row[Any],
    should: Mapping[str, ProgramTarget],
    runtime: RuntimeTarget | None,
    settings: Sequence[SettingsRelease] = (),
) -> Device:
    """A row of devices, with what it should have."""
    reported = row.reported or {"programs": {}, "desired_version": 0}
    models = reported.get("models")
    return Device(
        id=row.id,
        name=row.name,
        status=row.status,
        session=row.session,
        enrolled_at=row.enrolled_at,
        last_seen=row.last_seen,
        board=row.board,
        runtime=row.runtime,
        desired_version=row.desired_version,
        reported_version=reported["desired_version"],
        reported_at=row.reported_at,
        should=should,
        has={app_id: ProgramReport(**report) for app_id, report in reported["programs"].items()},
        runtime_should=runtime.version if runtime else "",
        runtime_error=reported.get("runtime_error", ""),
        models_has=None if models is None else {name: ModelReport(**report) for name, report in models.items()},
        settings_should=settings,
        settings_has=reported.get("settings"),
    )
