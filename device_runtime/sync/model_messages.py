"""What a device reports of its models; no sockets, no files, no clocks. ``docs/protocol.md`` shows an example."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

from device_runtime.sync.desired import MAX_CONTENT_BYTES, MAX_TEXT, model_entries
from device_runtime.sync.fields import Fields, ProtocolError
from device_runtime.update.machine import Cause as Cause

R = TypeVar("R")
MAX_REPORTED_MODELS = 256
MAX_ERROR = 500

UpdatePhase = Literal["downloading", "waiting", "trial", "rolled-back", "failed"]
"""How far something is that is not simply there: its pieces come; it is staged and waits for a good moment; it runs and
has not yet proved itself; its trial failed and the version before is back; it could not be brought so far."""
ModelPhase = Literal["downloading", "waiting", "trial", "rolled-back", "failed", "installed", "built-in"]


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One model on a device as it is: ``error`` says why in a sentence when ``phase`` is ``failed`` or ``rolled-back``,
    and ``cause`` what kind of failure that is; ``note`` says what it waits for. ``built-in`` is one that came with the
    device's own software."""

    version_code: int
    version_name: str
    phase: ModelPhase
    received: int = 0
    size: int = 0
    error: str = ""
    cause: Cause = ""
    note: str = ""


_ABSENT: Mapping[str, Any] = {}


def read_models(fields: Fields) -> Mapping[str, ModelReport] | None:
    """The member ``models`` of ``reported``; None when there is none: the device takes no models from a fleet.

    Raises:
        ProtocolError: a member breaks its rule.
    """
    models = model_entries(fields, "reported", MAX_REPORTED_MODELS, _ABSENT)
    if models is _ABSENT:
        return None
    return {
        name: read_report(Fields(entry, f"reported: models.{name}"), ModelReport, get_args(ModelPhase))
        for name, entry in models.items()
    }


def read_report(fields: Fields, report: Callable[..., R], phases: Sequence[str]) -> R:
    """What a device says of one program or model, as a ``report`` in one of ``phases``.

    Raises:
        ProtocolError: a member breaks its rule.
    """
    phase = fields.text("phase", MAX_TEXT)
    if phase not in phases:
        raise ProtocolError(f"reported: phase must be one of {', '.join(phases)}, not {phase!a}")
    return report(
        version_code=fields.integer("version_code"),
        version_name=fields.text("version_name", MAX_TEXT),
        phase=phase,
        received=fields.integer("received", high=MAX_CONTENT_BYTES, default=0),
        size=fields.integer("size", high=MAX_CONTENT_BYTES, default=0),
        error=fields.text("error", MAX_ERROR, default=""),
        cause=read_cause(fields),
        note=fields.text("note", MAX_ERROR, default=""),
    )


def read_cause(fields: Fields) -> Cause:
    """The member ``cause``; one that this reader does not know says nothing to it.

    Raises:
        ProtocolError: it is no line of text.
    """
    cause = fields.text("cause", MAX_TEXT, default="")
    return cause if cause in get_args(Cause) else ""  # type: ignore[return-value]  # checked here


def leave_out_empty(report: dict[str, Any]) -> None:
    """Take those members from the document of a report that say nothing."""
    for member in ("cause", "note"):
        if not report[member]:
            del report[member]
