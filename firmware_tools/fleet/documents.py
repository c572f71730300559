"""The fleet's records as the JSON of its API."""

from dataclasses import asdict
from typing import Any

from device_runtime.sync.messages import ProgramReport, ProgramTarget
from firmware_tools.fleet.events.intake import Taken
from firmware_tools.fleet.model_documents import model_documents
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.settings.documents import settings_documents
from firmware_tools.fleet.steps import STEP_OF_PHASE, Step

_RECORDS_SHOWN = 100


def device_document(device: Device) -> dict[str, Any]:
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


def _program(app_id: str, should: ProgramTarget | None, has: ProgramReport | None) -> dict[str, Any]:
    return {
        "app_id": app_id,
        "should": asdict(should) if should else None,
        "has": asdict(has) if has else None,
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


def telemetry_documents(taken: Taken) -> dict[str, Any]:
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
