"""What the API asks and answers about claims and certificates. Times are Unix seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from firmware_tools.fleet.identity.certificates import MAX_REASON
from firmware_tools.fleet.identity.certificates import State as CertificateState
from firmware_tools.fleet.identity.claims import LONGEST_DAYS, MOST_AT_ONCE, MOST_ON_A_PAGE, Claim, State
from firmware_tools.fleet.identity.desk import ClaimCounters
from firmware_tools.fleet.identity.status import IdentityStatus
from firmware_tools.fleet.openapi.parameters import DeviceId
from firmware_tools.fleet.openapi.sentences import WORDS, one_of

CLAIM_DAYS = 30


ClaimId = Annotated[str, Meta(description="a claim's id", max_length=64)]


class NewClaims(Struct, frozen=True, forbid_unknown_fields=True):
    """Claims to be made: for a ``device``, or so many for devices that propose their ids."""

    count: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = 1
    device: Annotated[DeviceId, Meta(extra={WORDS: "the id of a device, or null"})] | None = None
    tags: Annotated[list[str], Meta(description="of the devices", extra={WORDS: "a list of texts"})] | None = None
    days: Annotated[float, Meta(gt=0, le=LONGEST_DAYS, description="for how long they are good")] | None = None


class Revocation(Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for the records."""

    reason: Annotated[str, Meta(max_length=MAX_REASON)] = ""


class WhichClaims(Struct, frozen=True):
    """Which claims: in a ``state``, with ``q`` as a part of their id, of a tag, or of the id of a device; behind the
    claim ``after``, the last one that was seen."""

    state: Annotated[State, one_of(State)] | None = None
    q: Annotated[str, Meta(max_length=64)] = ""
    after: Annotated[str, Meta(max_length=64)] = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_ON_A_PAGE)] = 100


class ClaimPage(TypedDict):
    """Claims, newest first, without their codes; how many there are of the kind in all; the id after which the next
    page begins, or null."""

    claims: Sequence[Claim]
    total: int
    next: str | None


class ClaimCode(TypedDict):
    """A claim with its code, which is told this once."""

    id: str
    code: str
    device: str | None
    tags: Sequence[str]
    expires: float


class ClaimCodes(TypedDict):
    """The claims that were made."""

    codes: Sequence[ClaimCode]


class CertificateDocument(TypedDict):
    """A certificate of a device; ``serial`` and ``fingerprint`` (SHA-256) are hex."""

    serial: str
    not_before: float
    not_after: float
    fingerprint: str
    revoked_at: float | None
    reason: str | None
    state: CertificateState


class CertificatesOfDevice(TypedDict):
    """The certificates of a device, newest first."""

    certificates: Sequence[CertificateDocument]


class Revoked(TypedDict):
    """How many of a device's certificates were good."""

    revoked: int


@dataclass(frozen=True, slots=True)
class IdentityDocument(IdentityStatus):
    """How it stands with certificates, and what came of claims since the service started."""

    counters: ClaimCounters
