"""The entry of a request, which its first change of the database takes along: either both are stored or neither."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from firmware_tools.fleet.access.identity import Actor
from firmware_tools.fleet.audit.log import record


@dataclass(frozen=True, slots=True)
class Description:
    """What a request does. ``hidden``: texts in it that are secrets."""

    action: str
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()


@dataclass(slots=True)
class PendingEntry:
    """The entry of a request that goes on.

    ``describe`` is asked once, when the handler has read what it needs of the request: reading the body before it
    would take the body away. ``open``: a task that outlives the request writes nothing in its name.
    """

    actor: Actor
    describe: Callable[[], Awaitable[Description]]
    open: bool = True
    written: bool = False
    _description: Description | None = None

    async def description(self) -> Description:
        """What the request does."""
        if self._description is None:
            self._description = await self.describe()
        return self._description


PENDING: ContextVar[PendingEntry | None] = ContextVar("pending audit entry", default=None)


@dataclass(slots=True)
class Addition:
    """What a transaction adds to the log: :meth:`write` comes last in it, :meth:`stored` after it."""

    entry: PendingEntry | None = None
    described: Description | None = None

    def write(self, connection: Connection) -> None:
        """Append the entry, if there is one."""
        if self.entry is not None and self.described is not None:
            it = self.described
            record(connection, self.entry.actor, it.action, it.subject, it.detail)

    def stored(self) -> None:
        """The transaction has ended well."""
        if self.entry is not None:
            self.entry.written = True


async def pending_addition() -> Addition:
    """What the request in which this is called has to add still; nothing outside of one, and nothing twice."""
    entry = PENDING.get()
    if entry is None or not entry.open or entry.written:
        return Addition()
    return Addition(entry, await entry.description())
