"""What a device reports of its models; no sockets, no files, no clocks. ``docs/protocol.md`` shows an example."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from device_runtime.sync.desired import MAX_CONTENT_BYTES, MAX_TEXT, model_entries
from device_runtime.sync.fields import Fields, ProtocolError

MAX_REPORTED_MODELS = 256
MAX_ERROR = 500

ModelPhase = Literal["downloading", "waiting", "trial", "installed", "built-in", "failed", "rolled-back"]
Cause = Literal["", "unreachable", "space", "refused", "health", "fault"]
"""Why something failed: its content does not come for now (no failure of the release), there is no space, it is not
what it should be or does not fit, its trial failed, or the device itself is at fault. Older devices do not say."""


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One model on a device as it is: ``error`` says why in a sentence when ``phase`` is ``failed``. ``built-in`` is
    one that came with the device's own software."""

    version_code: int
    version_name: str
    phase: ModelPhase
    received: int = 0
    size: int = 0
    error: str = ""
    cause: Cause = ""


_ABSENT: Mapping[str, Any] = {}


def read_models(fields: Fields) -> Mapping[str, ModelReport] | None:
    """The member ``models`` of ``reported``; None when there is none: the device takes no models from a fleet.

    Raises:
        ProtocolError: a member breaks its rule.
    """
    models = model_entries(fields, "reported", MAX_REPORTED_MODELS, _ABSENT)
    if models is _ABSENT:
        return None
    return {name: _report(Fields(entry, f"reported: models.{name}")) for name, entry in models.items()}


def _report(fields: Fields) -> ModelReport:
    phase = fields.text("phase", MAX_TEXT)
    if phase not in get_args(ModelPhase):
        raise ProtocolError(f"reported: phase must be one of {', '.join(get_args(ModelPhase))}, not {phase!a}")
    return ModelReport(
        version_code=fields.integer("version_code"),
        version_name=fields.text("version_name", MAX_TEXT),
        phase=phase,  # type: ignore[arg-type]  # checked above
        received=fields.integer("received", high=MAX_CONTENT_BYTES, default=0),
        size=fields.integer("size", high=MAX_CONTENT_BYTES, default=0),
        error=fields.text("error", MAX_ERROR, default=""),
        cause=read_cause(fields),
    )


def read_cause(fields: Fields) -> Cause:
    """The member ``cause``; one that this reader does not know says nothing. Raises :class:`ProtocolError`."""
    cause = fields.text("cause", MAX_TEXT, default="")
    return cause if cause in get_args(Cause) else ""  # type: ignore[return-value]  # checked here
