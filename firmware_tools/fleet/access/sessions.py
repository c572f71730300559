"""Sessions of the operator page: a random secret in a cookie, its hash in the database."""

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select, update

from firmware_tools.fleet.access.accounts import check_role
from firmware_tools.fleet.access.identity import Actor
from firmware_tools.fleet.access.schema import operator_sessions, operators
from firmware_tools.fleet.access.settings import AccessSettings

SEEN_EVERY = 60.0
"""Seconds after which a further use of a session or token is written down."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a secret stands for. ``hash`` is the secret's; ``stale``: its use should be written down.
    ``ends``: until when the secret is good at most, Unix seconds."""

    actor: Actor
    hash: str
    stale: bool
    ends: float


def secret_hash(secret: str) -> str:
    """What is stored of a random secret of 256 bits: its SHA-256 (hex)."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Sessions:
    """The sessions, as one transaction sees them; ``now`` is Unix time in seconds."""

    def __init__(self, connection: Connection, settings: AccessSettings, now: float) -> None:
        self._connection, self._settings, self._now = connection, settings, now

    def begin(self, name: str) -> str:
        """Begin a session of an account; answers the secret. Sessions that are over are forgotten."""
        table = operator_sessions
        idle = self._now - self._settings.idle_minutes * 60
        self._connection.execute(delete(table).where(or_(table.c.ends_at <= self._now, table.c.used_at <= idle)))
        secret = secrets.token_urlsafe(32)
        values = {
            "hash": secret_hash(secret),
            "operator": name,
            "created_at": self._now,
            "used_at": self._now,
            "ends_at": self._now + self._settings.session_hours * 3600,
        }
        self._connection.execute(insert(table).values(**values))
        return secret

    def find(self, secret: str) -> Known | None:
        """Whose session it is; None where it is none, over, or of an account that is disabled."""
        return self.find_hash(secret_hash(secret))

    def find_hash(self, digest: str) -> Known | None:
        """The same by the hash of the secret."""
        table = operator_sessions
        query = (
            select(operators.c.name, operators.c.role, operators.c.disabled, table.c.used_at, table.c.ends_at)
            .join(operators, operators.c.name == table.c.operator)
            .where(table.c.hash == digest)
        )
        row = self._connection.execute(query).first()
        if row is None or row.disabled:
            return None
        idle = row.used_at + self._settings.idle_minutes * 60
        if self._now >= min(row.ends_at, idle):
            return None
        stale = self._now - row.used_at >= SEEN_EVERY
        return Known(Actor(row.name, check_role(row.role)), digest, stale, row.ends_at)

    def used(self, known: Known) -> None:
        """Write down that a session was used."""
        table = operator_sessions
        self._connection.execute(update(table).where(table.c.hash == known.hash).values(used_at=self._now))

    def end(self, known: Known) -> None:
        """End a session."""
        self._connection.execute(delete(operator_sessions).where(operator_sessions.c.hash == known.hash))
