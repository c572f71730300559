"""What the API's requests about groups and rollouts may hold. What a plan's members mean, ``options.py`` checks."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, to_builtins

from firmware_tools.fleet.openapi.parameters import DeviceId, VersionCode
from firmware_tools.fleet.openapi.sentences import WORDS, one_of
from firmware_tools.fleet.rollouts.groups import GROUP_NAME, TAG
from firmware_tools.fleet.rollouts.judge import DeviceState
from firmware_tools.fleet.rollouts.options import MAX_NAMED, MAX_STAGES, MEMBERS, Late, OnError
from firmware_tools.fleet.rollouts.query import MAX_QUERY
from firmware_tools.fleet.rollouts.records import Kind, Which
from firmware_tools.fleet.rollouts.store import MOST_DEVICES, MOST_ROLLOUTS
from firmware_tools.fleet.rollouts.verbs import MAX_REASON
from firmware_tools.fleet.rollouts.windows import MAX_SPANS

MAX_ACTOR = 100
MAX_ROLLOUT = 2**31 - 1
Verb = Literal["start", "pause", "resume", "approve", "abort"]

RolloutNumber = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_ROLLOUT,
        description="a rollout's number",
    ),
]
GroupName = Annotated[
    str,
    Meta(
        description="a group's name", extra_json_schema={"pattern": f"^{GROUP_NAME.pattern}$", "examples": ["kitchens"]}
    ),
]
_Tag = Annotated[str, Meta(extra_json_schema={"pattern": f"^{TAG.pattern}$"})]
DeviceSearch = Annotated[
    str, Meta(max_length=MAX_QUERY, description="a query over devices (docs/rollouts.md)", examples=["tag = kitchen"])
]
_Description = Annotated[
    str, Meta(description="at most 200 printable characters", extra_json_schema={"maxLength": 200})
]
_Devices = Annotated[list[DeviceId], Meta(max_length=MAX_NAMED, extra={WORDS: "a list of texts"})]
_Tags = Annotated[list[_Tag], Meta(extra={WORDS: "a list of texts"})]
_Any = Annotated[list[str], Meta(extra={WORDS: "a list of texts"})]
_By = Annotated[
    str,
    Meta(
        max_length=MAX_ACTOR,
        description="who does it",
        extra={WORDS: f"the name of who does it, of at most {MAX_ACTOR} printable characters"},
    ),
]
_Reason = Annotated[
    str,
    Meta(
        max_length=MAX_REASON,
        description=f"why, in at most {MAX_REASON} printable characters",
        extra={WORDS: f"a reason of at most {MAX_REASON} printable characters"},
    ),
]


class NewGroup(Struct, frozen=True, forbid_unknown_fields=True):
    """A group: by ``query``, or of ``devices``."""

    name: Annotated[
        GroupName, Meta(extra={WORDS: 'a text: a group takes {"name": "its-name"} and a "query" or "devices"'})
    ]
    query: DeviceSearch | None = None
    devices: _Devices | None = None
    description: _Description | None = None


class GroupChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different about a group: ``add`` and ``remove`` devices where it is a list."""

    query: DeviceSearch | None = None
    add: _Devices | None = None
    remove: _Any | None = None
    description: _Description | None = None


class TagChange(Struct, frozen=True, forbid_unknown_fields=True):
    """Tags that a device gets, and tags that it loses."""

    add: _Tags | None = None
    remove: _Any | None = None


class DeviceQuery(Struct, frozen=True):
    """A query over devices."""

    q: DeviceSearch = ""


class RolloutDevices(Struct, frozen=True):
    """Which devices of a rollout: in a ``state``, of a ``stage`` (from 1), with ids ``after`` the last one seen."""

    state: Annotated[DeviceState, one_of(DeviceState)] | None = None
    stage: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    after: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_DEVICES)] = 100


_Share = Annotated[
    str, Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?%$", examples=["95%"], extra={WORDS: "a share such as 95%"})
]
_Amount = Annotated[
    Annotated[str, Meta(pattern=r"^([0-9]{1,3}(\.[0-9]{1,4})?%|[0-9]{1,9})$", examples=["10%"])]
    | Annotated[int, Meta(ge=0, le=1_000_000_000)],
    Meta(extra={WORDS: "a share such as 10% or a number of devices"}),
]
_Time = Annotated[
    Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,3})?[smhd]$", examples=["30m"])]
    | Annotated[float, Meta(ge=0, le=366 * 86_400)],
    Meta(extra={WORDS: "a time such as 90s, 30m, 24h or 7d, or a number of seconds"}),
]


class StageWish(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A stage with thresholds of its own; ``size`` counts from the beginning of the rollout."""

    size: _Amount
    approval: bool | None = None
    soak: _Time | None = None
    success: _Share | None = None
    errors: _Amount | None = None


class WindowWish(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Daily hours in which something is handed out, in a time zone."""

    spans: Annotated[list[Annotated[str, Meta(examples=["22:00-06:00"])]], Meta(min_length=1, max_length=MAX_SPANS)]
    zone: Annotated[str, Meta(examples=["Europe/Berlin"])] = "UTC"


class RolloutPage(Struct, frozen=True):
    """Which rollouts: those that are ``under way`` (drafts among them) or have ``ended``, or all; below the number
    ``after``, the last one that was seen."""

    which: Annotated[Which, one_of(Which)] | None = None
    after: RolloutNumber | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_ROLLOUTS)] = 100


class NewRollout(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A rollout: what it brings (``kind``, ``subject``, ``version``), to whom (one of ``group``, ``query`` and
    ``devices``), and how it goes; docs/rollouts.md has what the members mean and their defaults."""

    kind: Annotated[Kind, one_of(Kind)] = "program"
    subject: (
        Annotated[
            str,
            Meta(description="an app id or a model's name", examples=["org.example.weather"], extra={WORDS: "a text"}),
        ]
        | None
    ) = None
    version: Annotated[
        VersionCode | Annotated[str, Meta(extra_json_schema={"maxLength": 64})] | None,
        Meta(
            description="the newest without it",
            extra={WORDS: "a version code, the version of a runtime, or null for the newest"},
        ),
    ] = None
    name: Annotated[str, Meta(description="at most 100 printable characters", extra_json_schema={"maxLength": 100})] | (
        None
    ) = None
    by: _By | None = None
    stages: (
        Annotated[
            list[_Amount | StageWish],
            Meta(
                min_length=1,
                max_length=MAX_STAGES,
                description="sizes, or objects with `size`",
                extra={WORDS: f"a list of 1 to {MAX_STAGES} stages, such as 5, 10% and 100%"},
            ),
        ]
        | None
    ) = None
    approval: bool | None = None
    soak: _Time | None = None
    success: _Share | None = None
    errors: _Amount | None = None
    on_error: Annotated[OnError, one_of(OnError)] | None = None
    away_share: _Share | None = None
    away_time: _Time | None = None
    timeout: _Time | None = None
    late: Annotated[Late, one_of(Late)] | None = None
    downgrade: bool | None = None
    supersede: bool | None = None
    per_minute: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    launch: bool | None = None
    urgent: bool | None = None
    window: (
        Annotated[WindowWish, Meta(extra={WORDS: 'as {"spans": ["22:00-06:00"], "zone": "Europe/Berlin"}'})] | None
    ) = None
    group: str | None = None
    query: DeviceSearch | None = None
    devices: _Devices | None = None
    exclude: _Devices | None = None

    def plan(self) -> dict[str, Any]:
        """The members of the plan that are given."""
        given: dict[str, Any] = to_builtins(self)
        return {name: value for name, value in given.items() if name in MEMBERS}


class Act(Struct, frozen=True, forbid_unknown_fields=True):
    """Who does it and why; ``now``: with ``approve``, the next stage begins at once; ``roll_back``: with ``abort``,
    devices get back what they had."""

    by: _By | None = None
    reason: _Reason | None = None
    now: bool = False
    roll_back: bool = False


class EmergencyStop(Struct, frozen=True, forbid_unknown_fields=True):
    """Who does it and why; ``lift`` ends the stop."""

    by: _By | None = None
    reason: _Reason | None = None
    lift: bool = False
