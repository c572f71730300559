"""Guessing passwords is slowed down: by account and by address, with delays that double.

All of it is in the database, so that neither a restart nor another worker forgets it. Whoever holds the operator token
or a session is not asked here, and cannot be locked out by somebody who guesses.
"""

import hashlib
import ipaddress
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from firmware_tools.fleet.access.schema import sign_in_failures
from firmware_tools.fleet.once import ensure_row

_FORGOTTEN_AFTER = 86_400.0


@dataclass(frozen=True, slots=True)
class _Limit:
    """So many attempts are free; then each failure doubles the delay from 1 second up to ``longest`` seconds."""

    free: int
    longest: float

    def delay(self, failures: int) -> float:
        over = failures - self.free
        return 0.0 if over < 0 else min(self.longest, 2.0 ** min(over, 30))


_LIMITS = {"account": _Limit(5, 300.0), "address": _Limit(20, 900.0)}


@dataclass(frozen=True, slots=True)
class Attempt:
    """Whether an attempt is heard: ``wait`` is 0, or for how many seconds it is not. ``turned_away``: how many were
    not heard since the last that was; ``first``: this is the first of these."""

    wait: float
    turned_away: int = 0
    first: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    key: str
    failures: int
    waits_until: float
    turned_away: int


class Throttle:
    """Attempts on an account from an address, as one transaction sees them; ``now`` is Unix time in seconds."""

    def __init__(self, connection: Connection, now: float) -> None:
        self._connection, self._now = connection, now

    def begin(self, name: str, address: str) -> Attempt:
        """Count an attempt as failed before it is looked at, so that a hundred at once are a hundred; or turn it
        away, which counts as nothing."""
        self._forget()
        # Sorted: workers that wait for each other's rows do so in one order.
        rows = [(kind, self._row(key)) for kind, key in sorted(_keys(name, address).items())]
        wait = max(row.waits_until - self._now for _, row in rows)
        if wait > 0:
            first = not any(row.turned_away for _, row in rows)
            for _, row in rows:
                self._write(row.key, turned_away=row.turned_away + 1)
            return Attempt(wait, first=first)
        for kind, row in rows:
            failures = row.failures + 1
            until = self._now + _LIMITS[kind].delay(failures)
            self._write(row.key, failures=failures, last_at=self._now, waits_until=until, turned_away=0)
        return Attempt(0.0, max(row.turned_away for _, row in rows))

    def succeeded(self, name: str, address: str) -> None:
        """The attempt was none that fails: the account's failures are forgotten, and this one of the address.

        Those before of the address stay: else whoever has an account could guess at others without end.
        """
        keys = _keys(name, address)
        self._connection.execute(delete(sign_in_failures).where(sign_in_failures.c.key == keys["account"]))
        row = self._row(keys["address"])
        failures = max(0, row.failures - 1)
        until = self._now + _LIMITS["address"].delay(failures) if failures > _LIMITS["address"].free else 0.0
        self._write(row.key, failures=failures, waits_until=until)

    def _row(self, key: str) -> _Row:
        table = sign_in_failures
        empty = {"key": key, "failures": 0, "last_at": self._now, "waits_until": 0.0, "turned_away": 0}
        ensure_row(self._connection, table, empty)
        # Writing it first is what makes workers wait for each other.
        self._write(key, last_at=table.c.last_at)
        query = select(table.c.failures, table.c.waits_until, table.c.turned_away).where(table.c.key == key)
        return _Row(key, *self._connection.execute(query).one())

    def _write(self, key: str, **values: object) -> None:
        self._connection.execute(update(sign_in_failures).where(sign_in_failures.c.key == key).values(**values))

    def _forget(self) -> None:
        table = sign_in_failures
        self._connection.execute(delete(table).where(table.c.last_at < self._now - _FORGOTTEN_AFTER))


def _keys(name: str, address: str) -> dict[str, str]:
    """Names are hashed: people type passwords where names belong."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return {"account": f"account:{digest}", "address": f"address:{_network(address)}"}


def _network(address: str) -> str:
    """The address, or of IPv6 the /64 that one customer has."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:60]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
