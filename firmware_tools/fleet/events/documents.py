"""What the API answers about telemetry. Times are Unix seconds."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict


class TelemetryRecord(TypedDict):
    """A stored record: (``device``, ``epoch``, ``sequence``) names it for ever. ``time`` is the device's clock,
    ``received_at`` the fleet's."""

    device: str
    epoch: str
    sequence: int
    time: float
    source: str
    name: str
    values: Mapping[str, Any]
    received_at: float


class Records(TypedDict):
    """Records, newest first."""

    records: Sequence[TelemetryRecord]


class Rate(TypedDict):
    """How many records of a name there were from ``time`` on."""

    time: float
    name: str
    count: int


class Rates(TypedDict):
    """How many records of each name there were in each ``step`` seconds."""

    step: float
    rates: Sequence[Rate]


class Sum(TypedDict):
    """What a device's field was from ``time`` on."""

    device: str
    source: str
    name: str
    time: int
    count: int
    least: float
    most: float
    mean: float
    last: float


class Sums(TypedDict):
    """A field by device and ``step`` seconds, oldest first."""

    step: Literal[60, 3_600, 86_400]
    sums: Sequence[Sum]


class Loss(TypedDict):
    """Records that a device had to drop: ``dropped`` (its queue was full), ``lost`` (its disk did not take them),
    ``sampled`` (the day's bytes were short)."""

    device: str
    cause: Literal["dropped", "lost", "sampled"]
    priority: Literal["alarm", "event", "metric"]
    records: int
    last_time: float


class Losses(TypedDict):
    """Every loss that was told of."""

    losses: Sequence[Loss]
