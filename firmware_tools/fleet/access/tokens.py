"""Tokens of accounts, for the command line and for scripts: shown once, stored as a hash."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from firmware_tools.fleet.access.accounts import check_role
from firmware_tools.fleet.access.identity import Actor
from firmware_tools.fleet.access.schema import operator_tokens, operators
from firmware_tools.fleet.access.sessions import SEEN_EVERY, Known, secret_hash
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError

PREFIX = "cygnet_"
"""Tokens begin with it, so that a search for secrets finds them where they should not be."""
DAY = 86_400.0
_MOST = 50
_ID = re.compile("[0-9a-f]{12}")
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret; times are Unix seconds."""

    id: str
    name: str
    created: float
    last_used: float | None
    expires: float


def check_token_name(name: object) -> str:
    """What people call a token.

    Raises:
        FleetError: it is no such text.
    """
    if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise FleetError(f"a token's name must be 1 to {_LONGEST_NAME} printable characters")
    return name


class Tokens:
    """The tokens, as one transaction sees them; ``now`` is Unix time in seconds."""

    def __init__(self, connection: Connection, now: float) -> None:
        self._connection, self._now = connection, now

    def create(self, operator: str, name: str, ends: float) -> tuple[Token, str]:
        """Make a token of an account that is good until ``ends``; the second value is the token itself.

        Raises:
            ConflictError: the account has too many.
        """
        table = operator_tokens
        over = (table.c.operator == operator, table.c.ends_at <= self._now - 30 * DAY)
        self._connection.execute(delete(table).where(*over))
        count = self._connection.scalar(select(func.count()).where(table.c.operator == operator))
        if (count or 0) >= _MOST:
            raise ConflictError(f"{operator} has {_MOST} tokens; revoke one first")
        secret, number = PREFIX + secrets.token_urlsafe(32), secrets.token_hex(6)
        values = {"operator": operator, "name": name, "created_at": self._now, "ends_at": ends}
        self._connection.execute(insert(table).values(id=number, hash=secret_hash(secret), **values))
        return Token(number, name, self._now, None, ends), secret

    def all(self, operator: str) -> list[Token]:
        """The tokens of an account, the newest first."""
        table = operator_tokens
        query = select(table).where(table.c.operator == operator).order_by(table.c.created_at.desc(), table.c.id)
        return [_token(row) for row in self._connection.execute(query)]

    def revoke(self, operator: str, number: str) -> None:
        """Revoke a token. Raises :class:`NotFoundError`."""
        table = operator_tokens
        chosen = (table.c.operator == operator, table.c.id == number)
        if not _ID.fullmatch(number) or not self._connection.execute(delete(table).where(*chosen)).rowcount:
            raise NotFoundError(f"{operator} has no token {number[:16]!r}")

    def find(self, secret: str) -> Known | None:
        """Whose token it is; None where it is none, expired, or of an account that is disabled."""
        return self.find_hash(secret_hash(secret))

    def find_hash(self, digest: str) -> Known | None:
        """The same by the hash of the secret."""
        table = operator_tokens
        query = (
            select(operators.c.name, operators.c.role, operators.c.disabled, table.c.used_at, table.c.ends_at)
            .join(operators, operators.c.name == table.c.operator)
            .where(table.c.hash == digest)
        )
        row = self._connection.execute(query).first()
        if row is None or row.disabled or self._now >= row.ends_at:
            return None
        stale = self._now - (row.used_at or 0.0) >= SEEN_EVERY
        return Known(Actor(row.name, check_role(row.role)), digest, stale, row.ends_at)

    def used(self, known: Known) -> None:
        """Write down that a token was used."""
        table = operator_tokens
        self._connection.execute(update(table).where(table.c.hash == known.hash).values(used_at=self._now))

    def end(self, known: Known) -> None:
        """Revoke the token with which somebody came."""
        self._connection.execute(delete(operator_tokens).where(operator_tokens.c.hash == known.hash))


def check_days(days: object, most: int) -> float:
    """For how long a token is good, in seconds.

    Raises:
        FleetError: it is not a whole number of days from 1 to ``most``.
    """
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= most:
        raise FleetError(f"days must be a whole number from 1 to {most} (access.token_days in fleet.toml)")
    return days * DAY


def _token(row: Row[Any]) -> Token:
    return Token(row.id, row.name, row.created_at, row.used_at, row.ends_at)
