"""What the API answers about who signs. Times are Unix seconds."""

from collections.abc import Sequence
from typing import Literal, TypedDict

RoleState = Literal["good", "soon", "expired", "missing"]
SignatureState = Literal["signed", "waiting", "withdrawn", "expired", "nobody"]


class KeyDocument(TypedDict):
    """A key and who holds it, as far as it is said."""

    id: str
    holder: str


class RoleDocument(TypedDict):
    """A role: so many of its keys have to sign; ``version`` and ``expires`` are null while it has signed nothing."""

    name: str
    threshold: int
    keys: Sequence[KeyDocument]
    version: int | None
    expires: float | None
    state: RoleState


class DelegationDocument(RoleDocument):
    """A role to which targets delegates; ``house``: the fleet's own. ``paths`` are patterns of what it may sign."""

    house: bool
    paths: Sequence[str]
    releases: int


class DesiredSigners(TypedDict):
    """How many keys sign what devices should have, and how many did before."""

    keys: int
    former: int


class WaitingDocument(TypedDict):
    """A version of a role that waits for signatures: who has signed and who may still."""

    role: str
    version: int
    signed: Sequence[str]
    missing: Sequence[str]
    threshold: int


class SignatureDocument(TypedDict):
    """Who signed for a release: ``waiting``: nobody who may has done so yet; ``nobody``: no role may."""

    state: SignatureState
    role: str
    by: Sequence[str]
    threshold: int
    expires: float | None


class SignedRelease(TypedDict):
    """A release; ``signature`` is null in a fleet without signed metadata."""

    kind: str
    subject: str
    version_code: int
    signature: SignatureDocument | None


class TrustDocument(TypedDict):
    """Who signs. ``active``: devices rely on signed metadata; without it, the fleet's key alone decides. ``begun``: a
    root is being made. ``trouble`` is a sentence, or empty."""

    active: bool
    begun: bool
    trouble: str
    roles: Sequence[RoleDocument]
    delegations: Sequence[DelegationDocument]
    desired: DesiredSigners
    waiting: Sequence[WaitingDocument]
    releases: Sequence[SignedRelease]
