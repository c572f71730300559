"""What the API's requests about devices, releases and telemetry may hold, beside what their paths say."""

from pathlib import PurePath
from typing import Annotated, Literal

from msgspec import Meta, Struct

from firmware_tools.fleet.events.export import Format
from firmware_tools.fleet.openapi.parameters import FileName, VersionCode
from firmware_tools.fleet.openapi.sentences import WORDS
from firmware_tools.fleet.telemetry import MOST_ROWS, TelemetryQuery

_Filter = Annotated[str, Meta(max_length=200)]
_Time = Annotated[float, Meta(description="Unix seconds")]


class Enrolment(Struct, frozen=True, forbid_unknown_fields=True):
    """A device that is let in."""

    device: Annotated[
        str,
        Meta(
            description="its id, which is a part of its topics",
            extra_json_schema={"pattern": "^[a-z0-9][a-z0-9._-]{0,63}$"},
            examples=["kitchen"],
            extra={WORDS: "a text: the id of the device"},
        ),
    ]
    name: Annotated[
        str,
        Meta(
            description="what people call it: at most 100 printable characters",
            extra_json_schema={"maxLength": 100},
            extra={WORDS: "a text: what people call the device"},
        ),
    ] = ""
    mac: Annotated[
        bool,
        Meta(
            description="it is a board that cannot afford Ed25519, and gets a new key for MACs, which is a secret",
            extra={WORDS: "true or false"},
        ),
    ] = False


class ProgramChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Which release of a program a device should have."""

    version_code: VersionCode | None = None
    launch: Annotated[bool, Meta(description="bring it to the foreground when it is installed")] = False


class ModelChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Which version of a model a device should have."""

    version_code: VersionCode | None = None


class RuntimeChoice(Struct, frozen=True, forbid_unknown_fields=True):
    """Which runtime a microcontroller should have."""

    version: Annotated[str, Meta(description="the newest without it", extra_json_schema={"maxLength": 64})] | None = (
        None
    )


class Upload(Struct, frozen=True):
    """What is said about a file beside its bytes."""

    name: FileName = ""

    def called(self, default: str) -> str:
        """What messages call the file: its name without directories."""
        return PurePath(self.name).name[:100] or default


class OfDevice(Struct, frozen=True):
    """One device, or all of them."""

    device: _Filter = ""


class Records(Struct, frozen=True):
    """Which telemetry records are wanted."""

    device: _Filter = ""
    source: _Filter = ""
    name: _Filter = ""
    since: _Time | None = None
    until: _Time | None = None

    def query(self, limit: int = 100) -> TelemetryQuery:
        """As the store takes it."""
        return TelemetryQuery(self.device, self.source, self.name, self.since, self.until, limit)


class NewestRecords(Records, frozen=True):
    """Which telemetry records are wanted, and how many at most."""

    limit: Annotated[int, Meta(ge=1, le=MOST_ROWS)] = 100


class Rates(Records, frozen=True):
    """Which records are counted, in intervals of how many seconds."""

    step: Annotated[float, Meta(ge=1, le=86_400, extra={WORDS: "a number from 1 to 86400 (seconds)"})] = 10.0


class Sums(Records, frozen=True):
    """Which numbers are summed up, in buckets of how many seconds."""

    field: Annotated[_Filter, Meta(description="a numeric member of the values; empty counts the records")] = ""
    step: Annotated[
        Literal[60, 3_600, 86_400], Meta(extra={WORDS: "one of 60, 3600, 86400 seconds"}, description="seconds")
    ] = 60


class Counted(Struct, frozen=True):
    """Which item of which program was counted, over how many days."""

    source: Annotated[str, Meta(min_length=1, max_length=128, description="the program's id")]
    name: Annotated[str, Meta(min_length=1, max_length=64, description="the item of its data plan")]
    days: Annotated[int, Meta(ge=1, le=366)] = 7


class Export(Records, frozen=True):
    """Which records leave, and how they are written."""

    format: Annotated[
        Format,
        Meta(extra={WORDS: "one of csv, jsonl; `cygnet fleet telemetry export` makes Parquet"}),
    ] = "jsonl"
