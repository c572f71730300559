"""Who makes a request, and whether they may: the owner's token, an account's token, or a session's cookie."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from sqlalchemy import Connection

from firmware_tools.fleet.access import passwords
from firmware_tools.fleet.access.accounts import Accounts
from firmware_tools.fleet.access.hosts import caller, require_origin
from firmware_tools.fleet.access.identity import OWNER, Actor
from firmware_tools.fleet.access.owner import OwnerToken
from firmware_tools.fleet.access.permissions import Rule
from firmware_tools.fleet.access.sessions import Known, Sessions
from firmware_tools.fleet.access.settings import AccessSettings
from firmware_tools.fleet.access.tokens import PREFIX, Tokens
from firmware_tools.fleet.audit.log import record
from firmware_tools.fleet.audit.pending import PENDING
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.openapi.document import SESSION_COOKIE
from firmware_tools.fleet.service import FleetService

COOKIE = SESSION_COOKIE
NOBODY = Actor("nobody", "viewer")
"""Who is not known, in the audit log."""
_MOST_HASHING = 16
_STRANGERS_EVERY = 60.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request was made with. ``known`` is None for the owner's token; ``by_cookie``: a browser sent it."""

    actor: Actor
    known: Known | None = None
    by_cookie: bool = False


CREDENTIAL: web.RequestKey[Credential] = web.RequestKey("credential", Credential)


class AccessControl:
    """The door of the API."""

    def __init__(
        self,
        service: FleetService,
        owner: OwnerToken,
        settings: AccessSettings,
        *,
        names: frozenset[str] = frozenset(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``owner``: the token of the home; ``names``: its host names besides ``localhost`` and literal addresses;
        ``clock``: Unix time in seconds."""
        self.service, self.settings, self.names, self.clock = service, settings, names, clock
        self._owner = owner
        # One at a time: each takes memory and processor, and who is not signed in yet must not get much of either.
        self._hashing = ThreadPoolExecutor(1, "fleet-passwords")
        self._waiting = 0
        self._strangers_at, self._strangers = 0.0, 0

    def close(self) -> None:
        """Let go of what it holds."""
        self._hashing.shutdown(wait=False, cancel_futures=True)

    async def identify(self, request: web.Request) -> Credential:
        """Who makes this request.

        Raises:
            FleetError: nobody who is known (401), or a browser's request of no known page (403).
        """
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, given = header.partition(" ")
            if scheme.lower() == "bearer":
                return await self._of_token(given.strip())
            raise _unknown()
        secret = request.cookies.get(COOKIE)
        if not secret:
            raise _unknown()
        known = await self.read(lambda connection: self.sessions(connection).find(secret))
        if known is None:
            raise FleetError("you are not signed in any more; sign in again", 401)
        if request.method not in {"GET", "HEAD"}:
            require_origin(request)
        if known.stale:
            await self.note(lambda connection: self._used(connection, known, session=True))
        return Credential(known.actor, known, by_cookie=True)

    async def _of_token(self, given: str) -> Credential:
        # First, and without the database: nothing that happens there locks the owner out.
        if self._owner.is_token(given):
            return Credential(Actor(OWNER, "admin"))
        if not given.startswith(PREFIX):
            raise _unknown()
        known = await self.read(lambda connection: Tokens(connection, self.clock()).find(given))
        if known is None:
            raise FleetError(
                "the token is unknown, expired or revoked, or its account is disabled; "
                "`cygnet fleet sign-in` gets a new one",
                401,
            )
        if known.stale:
            await self.note(lambda connection: self._used(connection, known, session=False))
        return Credential(known.actor, known)

    async def still_good(self, request: web.Request, credential: Credential) -> bool:
        """Whether what a long request was begun with would let it begin now. That is no use of a session: who only
        watches is signed out in the end, too."""
        known = credential.known
        if known is None:
            return self._owner.is_token(request.headers.get("Authorization", "").partition(" ")[2].strip())

        def work(connection: Connection) -> Known | None:
            if credential.by_cookie:
                return self.sessions(connection).find_hash(known.hash)
            return Tokens(connection, self.clock()).find_hash(known.hash)

        return await self.read(work) is not None

    async def note_stranger(self, request: web.Request, action: str, reason: str) -> None:
        """Record that somebody who is not known tried to change something: one entry a minute, which says how many it
        stands for, since anybody can send these without end."""
        now = self.clock()
        if self._strangers_at <= now < self._strangers_at + _STRANGERS_EVERY:
            self._strangers += 1
            return
        detail: dict[str, Any] = {"address": caller(request, self.settings).address, "reason": reason}
        if self._strangers:
            detail["others_before"] = self._strangers
        self._strangers_at, self._strangers = now, 0
        await self.note(lambda connection: record(connection, NOBODY, action, "", detail, "refused"))

    def _used(self, connection: Connection, known: Known, *, session: bool) -> None:
        now = self.clock()
        if session:
            self.sessions(connection).used(known)
        else:
            Tokens(connection, now).used(known)
        Accounts(connection, now).seen(known.actor.name)

    def require(self, request: web.Request, actor: Actor, rule: Rule) -> None:
        """Refuse what an actor's role may not do.

        Raises:
            FleetError: it may not; the sentence names the role that may.
        """
        if rule.role is None or actor.may(rule.role):
            return
        if rule.own and request.match_info.get("name") == actor.name:
            return
        article = "an" if rule.role[0] in "aeiou" else "a"
        its = "an" if actor.role[0] in "aeiou" else "a"
        raise FleetError(f"this takes {article} {rule.role}, and {actor.name} is {its} {actor.role}", 403)

    # Passwords

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether it is the password of ``stored``; takes as long where there is none.

        Raises:
            FleetError: too many people sign in at once.
        """
        compared = passwords.nobodys_hash() if stored is None else stored
        return await self._hash(lambda: passwords.verify_password(password, compared)) and stored is not None

    async def hash(self, password: str) -> str:
        """What is stored in place of a password. Raises :class:`FleetError`."""
        return await self._hash(lambda: passwords.hash_password(password))

    async def _hash(self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_HASHING:
            raise FleetError("too many people sign in at once; try again in a few seconds", 503)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hashing, work)
        finally:
            self._waiting -= 1

    # The database

    def sessions(self, connection: Connection) -> Sessions:
        """The sessions, as the transaction of ``connection`` sees them."""
        return Sessions(connection, self.settings, self.clock())

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read in a transaction."""
        return await self.service.read(lambda registry, _: work(registry.connection))

    async def change(self, work: Callable[[Connection], T]) -> T:
        """Change in a transaction."""
        return await self.service.change(lambda registry: work(registry.connection))

    async def note(self, work: Callable[[Connection], T]) -> T:
        """Change what is not what the request asks for (counters, times of use): its entry does not go along."""
        token = PENDING.set(None)
        try:
            return await self.change(work)
        finally:
            PENDING.reset(token)


def _unknown() -> FleetError:
    return FleetError(
        "the operator token is missing or wrong; it is in operator.token in the fleet's home, "
        "or `cygnet fleet sign-in` gets one for your account",
        401,
    )
