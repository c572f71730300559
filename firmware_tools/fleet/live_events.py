"""What ``GET /api/live`` tells, each as one JSON object whose ``type`` says what happened."""

from collections.abc import Sequence
from typing import Literal, NotRequired, TypeAlias, TypedDict

from firmware_tools.fleet.documents import DeviceDocument, RecordCount, RecordDocument
from firmware_tools.fleet.screen.answers import ScreenEvent


class DevicesEvent(TypedDict):
    """These devices have changed."""

    type: Literal["devices"]
    devices: Sequence[DeviceDocument]


class TelemetryEvent(TypedDict):
    """Records came in: the newest of one portion, and how many there were of each name and device."""

    type: Literal["telemetry"]
    records: Sequence[RecordDocument]
    counts: Sequence[RecordCount]


class ReleasesEvent(TypedDict):
    """Something was published."""

    type: Literal["releases"]


class BrokerEvent(TypedDict):
    """The connection to the broker came or went."""

    type: Literal["broker"]
    connected: bool


class StrangersEvent(TypedDict):
    """A device speaks that is not enrolled."""

    type: Literal["strangers"]


class TroubleEvent(TypedDict):
    """Something does not work, in a sentence; empty when it does again."""

    type: Literal["trouble"]
    text: str


class RolloutsEvent(TypedDict):
    """A rollout has changed; ``rollout`` is its number where it is one."""

    type: Literal["rollouts"]
    rollout: NotRequired[int]


class RefreshEvent(TypedDict):
    """Too much has happened: load everything again."""

    type: Literal["refresh"]


class ClosedEvent(TypedDict):
    """The feed ends. It stays inside: who watches sees the end of the stream."""

    type: Literal["closed"]


LIVE_EVENTS = (
    DevicesEvent,
    TelemetryEvent,
    ReleasesEvent,
    BrokerEvent,
    StrangersEvent,
    TroubleEvent,
    RolloutsEvent,
    ScreenEvent,
    RefreshEvent,
)
"""All that leave. Who adds one puts it here and into :data:`LiveEvent`, so that the API's description names it."""
LiveEvent: TypeAlias = (
    DevicesEvent
    | TelemetryEvent
    | ReleasesEvent
    | BrokerEvent
    | StrangersEvent
    | TroubleEvent
    | RolloutsEvent
    | ScreenEvent
    | RefreshEvent
    | ClosedEvent
)
