"""What the API asks and answers about the audit log. Times are Unix seconds."""

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Meta, Struct

from firmware_tools.fleet.audit.chain import EntryDocument
from firmware_tools.fleet.audit.log import MOST
from firmware_tools.fleet.audit.verify import Fault

_Text = Annotated[str, Meta(max_length=200)]
_Number = Annotated[int, Meta(ge=1, le=10**15 - 1, description="the number of the last entry that was seen")]


class Entries(Struct, frozen=True):
    """Which entries: below the number ``after``; by an ``actor``; of an ``action``, or of all that begin with it and a
    dot."""

    after: _Number | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST)] = 100
    actor: _Text = ""
    action: _Text = ""


class AuditPage(TypedDict):
    """Entries, newest first; the numbers of the newest there is and of the newest that the fleet signed; whether all
    that it checked is whole, and if not, what is wrong."""

    entries: Sequence[EntryDocument]
    newest: int
    signed: int
    verified: bool
    fault: str | None


class VerdictDocument(TypedDict):
    """Whether the log is whole, how many entries it has, up to which it is signed, and what is wrong first."""

    whole: bool
    entries: int
    signed: int
    fault: Fault | None
