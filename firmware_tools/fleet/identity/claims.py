"""Claims: who holds the code of one may let one device in, once, until it expires."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    cast,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from device_runtime.sync.claim_codes import new_code, signing_key
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.identity.naming import check_device
from firmware_tools.fleet.identity.schema import claims
from firmware_tools.fleet.rollouts.groups import MAX_TAGS, check_tag

State = Literal["open", "used", "expired", "revoked"]
MOST_AT_ONCE = 10_000
MOST_ON_A_PAGE = 1_000
LONGEST_DAYS = 3650
DAY = 86_400
_WORDS = re.compile(r"[a-z0-9._:=/-]*")


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim; ``device`` is None where the device proposes its id. Times are Unix seconds."""

    id: str
    device: str | None
    tags: Sequence[str]
    created: float
    expires: float
    used_at: float | None
    used_by: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Page:
    """Some claims; how many there are of the kind in all; and the id after which the next page begins, if any."""

    claims: Sequence[Claim]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class NewClaim:
    """A claim that was just made, with its code, which nobody can tell again."""

    claim: Claim
    code: str


class Claims:
    """Claims as one transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, count: int, device: str | None, tags: Sequence[str], days: float, now: float) -> list[NewClaim]:
        """Make claims.

        Raises:
            FleetError: a figure, tag or id is out of its range.
        """
        if not 1 <= count <= MOST_AT_ONCE:
            raise FleetError(f"so many claim codes are made at once: 1 to {MOST_AT_ONCE}, not {count}")
        if device is not None and count != 1:
            raise FleetError("a device needs one claim code: leave out --count, or --device")
        if not 0 < days <= LONGEST_DAYS:
            raise FleetError(f"a claim code is good for up to {LONGEST_DAYS} days, not {days:g}")
        if device is not None:
            check_device(device)
        wanted = sorted(set(tags))
        if len(wanted) > MAX_TAGS:
            raise FleetError(f"a device has at most {MAX_TAGS} tags")
        for tag in wanted:
            check_tag(tag)
        made, rows = [], []
        for _ in range(count):
            code, id_ = new_code(), secrets.token_hex(6)
            claim = Claim(id_, device, wanted, now, now + days * DAY, None, None, "open")
            made.append(NewClaim(claim, code))
            rows.append(
                {
                    "id": id_,
                    "verifier": signing_key(code).public_key().public_bytes_raw().hex(),
                    "device": device,
                    "tags": wanted,
                    "created_at": now,
                    "expires_at": claim.expires,
                }
            )
        self._connection.execute(insert(claims), rows)
        return made

    def page(self, state: State | None, words: str, after: str, limit: int, now: float) -> Page:
        """Claims, newest first: of a ``state``, with ``words`` as a part of their id, of a tag, or of the id of a
        device; those behind the claim ``after``.

        Raises:
            NotFoundError: there is no claim ``after``.
        """
        chosen = [_matches(words.lower()), *([] if state is None else [_states(now)[state]])]
        behind = true()
        if after:
            last = self._row(after)
            same = (claims.c.created_at == last.created_at) & (claims.c.id > last.id)
            behind = (claims.c.created_at < last.created_at) | same
        query = select(claims).where(*chosen, behind).order_by(claims.c.created_at.desc(), claims.c.id)
        found = [_claim(row, now) for row in self._connection.execute(query.limit(limit + 1))]
        total = self._connection.scalar(select(func.count()).select_from(claims).where(*chosen)) or 0
        return Page(found[:limit], total, found[limit - 1].id if len(found) > limit else None)

    def revoke(self, id_: str, now: float) -> None:
        """Let a claim be good no more; once more is the same.

        Raises:
            NotFoundError: there is no such claim.
            ConflictError: it was used.
        """
        row = self._row(id_)
        if row.used_at is not None:
            raise ConflictError(
                f"claim {id_} was used by {row.used_by}; revoke that device's certificates instead: "
                f"`cygnet fleet identity revoke {row.used_by}`"
            )
        open_ = (claims.c.id == id_, claims.c.revoked_at.is_(None))
        self._connection.execute(update(claims).where(*open_).values(revoked_at=now))

    def _row(self, id_: str) -> Row[Any]:
        row = self._connection.execute(select(claims).where(claims.c.id == id_)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no claim {id_[:40]!a}; `cygnet fleet claim list` lists them")
        return row

    def find(self, verifier: bytes) -> Mapping[str, Any] | None:
        """The row of the claim whose code has this public key.

        That the key is looked up, and by an index, tells nobody anything: it is public, and who has not the code
        cannot sign with it.
        """
        row = self._connection.execute(select(claims).where(claims.c.verifier == verifier.hex())).one_or_none()
        return dict(row._mapping) if row is not None else None

    def use(self, id_: str, device: str, serial: str, now: float) -> bool:
        """Use a claim up; false where somebody else just did, or it is good no more."""
        still = (
            claims.c.id == id_,
            claims.c.used_at.is_(None),
            claims.c.revoked_at.is_(None),
            claims.c.expires_at > now,
        )
        values = {"used_at": now, "used_by": device, "serial": serial}
        return self._connection.execute(update(claims).where(*still).values(values)).rowcount == 1

    def counts(self, now: float) -> dict[str, int]:
        """How many there are of each state."""
        count = select(func.count()).select_from(claims)
        return {state: self._connection.scalar(count.where(which)) or 0 for state, which in _states(now).items()}


def _states(now: float) -> dict[State, ColumnElement[bool]]:
    """What holds of the claims of each state."""
    unused, kept = claims.c.used_at.is_(None), claims.c.revoked_at.is_(None)
    return {
        "used": claims.c.used_at.is_not(None),
        "revoked": unused & claims.c.revoked_at.is_not(None),
        "expired": unused & kept & (claims.c.expires_at <= now),
        "open": unused & kept & (claims.c.expires_at > now),
    }


def _matches(words: str) -> ColumnElement[bool]:
    """What holds of claims in which these words are found."""
    if not _WORDS.fullmatch(words):
        return false()  # no id and no tag has such letters, though the JSON of tags has
    texts = (claims.c.id, claims.c.device, claims.c.used_by, cast(claims.c.tags, String))
    return or_(*(text.contains(words, autoescape=True) for text in texts))


def _claim(row: Row[Any], now: float) -> Claim:
    state: State = "open"
    if row.used_at is not None:
        state = "used"
    elif row.revoked_at is not None:
        state = "revoked"
    elif row.expires_at <= now:
        state = "expired"
    return Claim(row.id, row.device, row.tags, row.created_at, row.expires_at, row.used_at, row.used_by, state)
