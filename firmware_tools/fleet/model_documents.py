"""The models of a device as the JSON of the fleet's API: what each should be beside what it is."""

from collections.abc import Sequence
from typing import Literal, TypedDict

from device_runtime.sync.messages import ModelReport, ModelTarget
from firmware_tools.fleet.models import takes_none
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.steps import STEP_OF_PHASE

ModelStep = Literal[
    "waiting", "downloading", "staged", "trial", "in step", "failed", "rolled back", "removing", "unpublished",
    "unsupported",
]  # fmt: skip
"""As of a program; and a model that a program asks for and nobody has published, or that a device cannot take."""


class ModelDocument(TypedDict):
    """A model of a device: what it ``should`` be and what it ``has``; ``explicit``: it was assigned, and no program
    need ask for it; ``programs`` ask for it; ``note`` says what an operator can do, or is empty."""

    name: str
    should: ModelTarget | None
    has: ModelReport | None
    step: ModelStep
    explicit: bool
    programs: Sequence[str]
    note: str


def model_documents(device: Device) -> list[ModelDocument]:
    """Each model that a device should have, has from its fleet, or is asked for by a program of it."""
    has = device.models_has or {}
    from_fleet = {name for name, report in has.items() if report.phase != "built-in"}
    names = sorted(device.models_should.keys() | device.models_wanted.keys() | from_fleet)
    return [_model(device, name, has.get(name)) for name in names]


def _model(device: Device, name: str, has: ModelReport | None) -> ModelDocument:
    should = device.models_should.get(name)
    programs = list(device.models_wanted.get(name, ()))
    step = model_step(should.target if should else None, has, wanted=bool(programs), takes=device.takes_models)
    return {
        "name": name,
        "should": should.target if should else None,
        "has": has,
        "step": step,
        "explicit": should is not None and should.explicit,
        "programs": programs,
        "note": _note(device.id, name, step, programs),
    }


def model_step(should: ModelTarget | None, has: ModelReport | None, *, wanted: bool, takes: bool) -> ModelStep:
    """Compare; a device that takes no models is never called up to date, and never waited for."""
    if not takes:
        return "unsupported"
    built_in = has is not None and has.phase == "built-in"
    if should is None:
        return "in step" if built_in else "unpublished" if wanted else "removing"
    if has is None:
        return "waiting"
    if built_in:
        return "in step" if has.version_code >= should.version_code else "waiting"
    if has.version_code != should.version_code:
        return "waiting"
    return STEP_OF_PHASE[has.phase]


def _note(device: str, name: str, step: ModelStep, programs: list[str]) -> str:
    if step == "unsupported":
        return takes_none(device)
    if step == "unpublished":
        return (
            f"{', '.join(programs)} asks for the model {name}, which this fleet does not have; publish it with "
            "`cygnet model publish`"
        )
    return ""
