"""What the API answers about decisions, plans and erasures. Times are Unix seconds."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict

from msgspec import Meta, Struct

from firmware_tools.fleet.openapi.sentences import WORDS

ProgramName = Annotated[
    str,
    Meta(
        description="a program's id; empty: all programs of the device",
        max_length=128,
        extra={WORDS: "a text: the id of a program, or empty for all"},
        extra_json_schema={"examples": ["org.example.weather"]},
    ),
]


class EraseOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be erased."""

    app_id: ProgramName = ""


class DecisionDocument(TypedDict):
    """The newest decision of a profile about an item, as the device told it; ``number`` is its entry in the device's
    ledger. An ``item`` that is empty is an update that was refused."""

    app_id: str
    item: str
    act: Literal["grant", "refuse", "revoke"]
    who: str
    time: float
    number: int


class RefusalDocument(TypedDict):
    """How often the device turned something of a program away: ``unplanned``, ``refused``, ``unasked``, ``seen``."""

    app_id: str
    why: str
    item: str
    count: int
    last_time: float


class SentDocument(TypedDict):
    """What left under an item, as far as it was told and is kept; ``rounded``: powers of two are in it, since the
    program had seen something sensitive. Bytes are as the device counted them, before encryption."""

    app_id: str
    item: str
    destination: str
    count: int
    bytes: int
    rounded: bool
    last_time: float


class SendingDocument(TypedDict):
    """What left in the entries of the ledger after ``after`` and up to ``number``, which has this hash."""

    app_id: str
    item: str
    destination: str
    count: int
    bytes: int
    rounded: bool
    after: int
    number: int
    hash: str
    time: float


class HeadDocument(TypedDict):
    """The entry of a device's ledger that it told of last."""

    number: int
    hash: str
    time: float


class PointDocument(TypedDict):
    """An entry of a device's ledger that is known by number and hash; ``head``: what it is was not told."""

    number: int
    hash: str
    act: Literal["grant", "refuse", "revoke", "profile", "head"]
    app_id: str
    item: str
    who: str
    time: float


class ErasureDocument(TypedDict):
    """What was erased: ``records`` went; none up to ``before`` (the device's clock) is stored again. ``receipt``
    is what the device was given, signed and in base64; empty where an operator asked."""

    id: str
    app_id: str
    asked_by: Literal["device", "operator"]
    before: float
    erased_at: float
    records: int
    receipt: str


class DevicePrivacyDocument(TypedDict):
    """What is known of a device's privacy; ``head`` is null where it never told of a ledger."""

    decisions: Sequence[DecisionDocument]
    sent: Sequence[SentDocument]
    refusals: Sequence[RefusalDocument]
    head: HeadDocument | None
    erasures: Sequence[ErasureDocument]


class PointsDocument(TypedDict):
    """What is known of a device's ledger: entries, and sums of what left, by number."""

    points: Sequence[PointDocument]
    sendings: Sequence[SendingDocument]


class PlanItemDocument(TypedDict):
    """An item of a plan, and on how many devices it was granted, or refused, last."""

    item: str
    category: str
    purpose: str
    destination: str
    retention_days: int
    granted: int
    refused: int


class ProgramPrivacyDocument(TypedDict):
    """The plan of a program's newest release."""

    app_id: str
    version_code: int
    items: Sequence[PlanItemDocument]


class HeldLine(TypedDict):
    """One thing that the fleet holds: ``held`` says what kind ``value`` is of."""

    held: Literal["decision", "refusal", "sending", "point", "erasure", "record", "sum"]
    value: Mapping[str, Any]
