"""Accounts of operators, as one transaction sees them."""

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from firmware_tools.fleet.access.identity import FLEET, OWNER, ROLES, Role
from firmware_tools.fleet.access.schema import operator_sessions, operator_tokens, operators, operators_lock
from firmware_tools.fleet.errors import ConflictError, FleetError, NotFoundError
from firmware_tools.fleet.once import ensure_row

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_RESERVED = frozenset({OWNER, FLEET, "cygnet", "nobody"})


@dataclass(frozen=True, slots=True)
class Account:
    """An account; ``created`` and ``last_seen`` are Unix seconds."""

    name: str
    role: Role
    created: float
    last_seen: float | None
    disabled: bool


def check_name(name: object) -> str:
    """The name of a new account.

    Raises:
        FleetError: it is none, or means somebody else in the audit log.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise FleetError(
            "an account's name must be 1 to 64 lower-case letters, digits, dots, hyphens, underscores and @, "
            "beginning with a letter or digit"
        )
    if name in _RESERVED:
        raise FleetError(f"no account can be called {name}: the audit log means somebody else by that")
    return name


def check_role(role: object) -> Role:
    """A role.

    Raises:
        FleetError: it is none.
    """
    for known in ROLES:
        if role == known:
            return known
    raise FleetError(f"a role is one of {', '.join(ROLES)}")


class Accounts:
    """The accounts; ``now`` is Unix time in seconds."""

    def __init__(self, connection: Connection, now: float) -> None:
        self._connection, self._now = connection, now

    def all(self) -> list[Account]:
        """Every account, by name."""
        return [_account(row) for row in self._connection.execute(select(operators).order_by(operators.c.name))]

    def find(self, name: str) -> Account | None:
        """An account, or None."""
        if not _NAME.fullmatch(name):  # some texts no database takes
            return None
        row = self._connection.execute(select(operators).where(operators.c.name == name)).first()
        return None if row is None else _account(row)

    def account(self, name: str) -> Account:
        """An account. Raises :class:`NotFoundError`."""
        found = self.find(name)
        if found is None:
            raise NotFoundError(f"there is no account {name[:64]!r}; `cygnet fleet operator list` lists them")
        return found

    def password_hash(self, name: str) -> str | None:
        """What is stored in place of the password; None where there is no such account."""
        if not _NAME.fullmatch(name):
            return None
        return self._connection.scalar(select(operators.c.password).where(operators.c.name == name))

    def create(self, name: str, role: Role, password_hash: str) -> Account:
        """Make an account. Raises :class:`ConflictError`."""
        if self.find(name) is not None:
            raise ConflictError(f"there is an account {name} already")
        values = {"role": role, "password": password_hash, "created_at": self._now, "disabled": False}
        self._connection.execute(insert(operators).values(name=name, **values))
        return self.account(name)

    def change(self, name: str, *, role: Role | None = None, disabled: bool | None = None) -> Account:
        """Give an account another role, disable it (its sessions end) or enable it.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is the last enabled admin, and would not be one any more.
        """
        self._lock()
        before = self.account(name)
        if (role or before.role) != "admin" or disabled:
            self._keep_an_admin(before)
        values: dict[str, Any] = {}
        if role is not None:
            values["role"] = role
        if disabled is not None:
            values["disabled"] = disabled
        if values:
            self._connection.execute(update(operators).where(operators.c.name == name).values(**values))
        if disabled:
            self.end_sessions(name)
        return self.account(name)

    def set_password(self, name: str, password_hash: str, keep: str = "") -> None:
        """Replace a password; sessions end, but the one of this hash. Raises :class:`NotFoundError`."""
        self.account(name)
        self._connection.execute(update(operators).where(operators.c.name == name).values(password=password_hash))
        self.end_sessions(name, keep)

    def improve_hash(self, name: str, old: str, new: str) -> None:
        """Store the same password by today's parameters, if it was not changed meanwhile."""
        chosen = (operators.c.name == name, operators.c.password == old)
        self._connection.execute(update(operators).where(*chosen).values(password=new))

    def remove(self, name: str) -> None:
        """Remove an account with its sessions and tokens; what it did stays in the audit log.

        Raises:
            NotFoundError: there is none.
            ConflictError: it is the last enabled admin while others have accounts.
        """
        self._lock()
        account = self.account(name)
        if self._connection.scalar(select(func.count()).select_from(operators)) != 1:
            self._keep_an_admin(account)
        self.end_sessions(name)
        self._connection.execute(delete(operator_tokens).where(operator_tokens.c.operator == name))
        self._connection.execute(delete(operators).where(operators.c.name == name))

    def seen(self, name: str) -> None:
        """Note that an account was used."""
        self._connection.execute(update(operators).where(operators.c.name == name).values(last_seen_at=self._now))

    def end_sessions(self, name: str, keep: str = "") -> None:
        """Sign an account out everywhere, but in the session of this hash."""
        mine = (operator_sessions.c.operator == name, operator_sessions.c.hash != keep)
        self._connection.execute(delete(operator_sessions).where(*mine))

    def _lock(self) -> None:
        ensure_row(self._connection, operators_lock, {"id": 1, "revision": 0})
        raised = operators_lock.c.revision + 1
        self._connection.execute(update(operators_lock).values(revision=raised))

    def _keep_an_admin(self, account: Account) -> None:
        if account.role != "admin" or account.disabled:
            return
        others = select(func.count()).where(
            operators.c.role == "admin", ~operators.c.disabled, operators.c.name != account.name
        )
        if not self._connection.scalar(others):
            raise ConflictError(
                f"{account.name} is the last admin that is enabled, and stays one while there are accounts; "
                "make another admin first"
            )


def _account(row: Row[Any]) -> Account:
    return Account(row.name, check_role(row.role), row.created_at, row.last_seen_at, row.disabled)
