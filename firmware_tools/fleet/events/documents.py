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


class CountedValue(TypedDict):
    """Of how many devices a value is true: ``estimate``, give or take ``error`` (95 %). ``answers`` is what devices
    sent, lies among them. Where it is not ``clear``, the error is as large as the estimate: nothing is known but that
    there are hardly more than ``estimate`` + ``error``."""

    value: str
    answers: int
    estimate: float
    error: float
    clear: bool


class Histogram(TypedDict):
    """The values of answers that were thrown with the same ``epsilon`` among as many ``choices``; ``unseen`` of these
    nobody sent. ``devices`` answered, each counted once."""

    choices: int
    epsilon: float
    devices: int
    unseen: int
    values: Sequence[CountedValue]


class Counts(TypedDict):
    """What was counted of an item; several histograms where devices differ in their versions."""

    source: str
    name: str
    days: int
    histograms: Sequence[Histogram]
