"""The fleet's records as the JSON of its API."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from device_runtime.sync.messages import ProgramReport, ProgramTarget
from firmware_tools.fleet.events.intake import Taken
from firmware_tools.fleet.model_documents import ModelDocument, model_documents
from firmware_tools.fleet.records import Device, Presence
from firmware_tools.fleet.settings.documents import SettingsDocument, settings_documents
from firmware_tools.fleet.steps import STEP_OF_PHASE, Step

_RECORDS_SHOWN = 100


class ProgramDocument(TypedDict):
    """A program of a device: what it ``should`` be, what it ``has``, and where between the two it stands."""

    app_id: str
    should: ProgramTarget | None
    has: ProgramReport | None
    step: Step


class DeviceDocument(TypedDict):
    """A device. ``board`` and ``runtime`` are its own words, empty before it has said any; ``runtime_should`` is what a
    microcontroller is assigned, or empty. A device is up to date when ``reported_version`` is ``desired_version``."""

    id: str
    name: str
    status: Presence
    session: int
    enrolled_at: float
    last_seen: float | None
    board: str
    runtime: str
    runtime_should: str
    runtime_error: str
    desired_version: int
    reported_version: int
    reported_at: float | None
    programs: Sequence[ProgramDocument]
    models: Sequence[ModelDocument]
    settings: Sequence[SettingsDocument]


class RecordDocument(TypedDict):
    """A telemetry record as it comes in."""

    device: str
    sequence: int
    time: float
    source: str
    name: str
    values: Mapping[str, Any]


class RecordCount(TypedDict):
    """How many records of a name a device has sent."""

    device: str
    name: str
    count: int


class TelemetryDocument(TypedDict):
    """The newest records of one stored portion, and how many there were of each name and device."""

    records: Sequence[RecordDocument]
    counts: Sequence[RecordCount]


def device_document(device: Device) -> DeviceDocument:
    """A device with each of its programs, what they should be beside what they are."""
    app_ids = sorted(device.should.keys() | device.has.keys())
    return {
        "id": device.id,
        "name": device.name,
        "status": device.status,
        "session": device.session,
        "enrolled_at": device.enrolled_at,
        "last_seen": device.last_seen,
        "board": device.board,
        "runtime": device.runtime,
        "runtime_should": device.runtime_should,
        "runtime_error": device.runtime_error,
        "desired_version": device.desired_version,
        "reported_version": device.reported_version,
        "reported_at": device.reported_at,
        "programs": [_program(app_id, device.should.get(app_id), device.has.get(app_id)) for app_id in app_ids],
        "models": model_documents(device),
        "settings": settings_documents(
            device.id, device.settings_should, device.settings_has, heard=device.reported_at is not None
        ),
    }


def _program(app_id: str, should: ProgramTarget | None, has: ProgramReport | None) -> ProgramDocument:
    return {
        "app_id": app_id,
        "should": should,
        "has": has,
        "step": program_step(should, has),
    }


def program_step(should: ProgramTarget | None, has: ProgramReport | None) -> Step:
    """Compare, and never call a device up to date that runs something else than it should."""
    if should is None:
        return "removing"
    if has is None:
        return "waiting"
    if has.version_code != should.version_code:
        return "waiting"
    return STEP_OF_PHASE[has.phase]


def telemetry_documents(taken: Taken) -> TelemetryDocument:
    """The newest records of one stored portion, and how many there were of each name and device."""
    return {
        "records": [
            {
                "device": device,
                "sequence": record.sequence,
                "time": record.time,
                "source": record.source,
                "name": record.name,
                "values": record.values,
            }
            for device, record in taken.newest(_RECORDS_SHOWN)
        ],
        "counts": [
            {"device": device, "name": name, "count": count} for (device, name), count in taken.counts().items()
        ],
    }
