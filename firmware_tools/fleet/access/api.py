"""Sessions, accounts and tokens in the JSON API."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from firmware_tools.fleet.access.accounts import Account, Accounts, check_name
from firmware_tools.fleet.access.answers import CreatedToken, Operators, SignedIn, TokensOfOperator
from firmware_tools.fleet.access.control import COOKIE, CREDENTIAL, NOBODY, AccessControl
from firmware_tools.fleet.access.hosts import Caller, caller, require_origin
from firmware_tools.fleet.access.identity import ACTOR, Actor
from firmware_tools.fleet.access.passwords import MOST, check_password, is_old
from firmware_tools.fleet.access.requests import (
    NewOperator,
    NewToken,
    OperatorChange,
    OperatorName,
    SignIn,
    TokenId,
)
from firmware_tools.fleet.access.throttle import Attempt, Throttle
from firmware_tools.fleet.access.tokens import Token, Tokens, check_days, check_token_name
from firmware_tools.fleet.audit.log import record
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.openapi.operation import Created, Done, Link, operation

_SESSION_BYTES = 4096
_DEFAULT_DAYS = 90
_NAME = {"name": "$response.body#/name"}
_OF_OPERATOR = (Link("change_operator", _NAME), Link("create_token", _NAME), Link("remove_operator", _NAME))


@dataclass(frozen=True, slots=True)
class _SignIn:
    name: str
    password: str = field(repr=False)
    caller: Caller


class _WaitError(FleetError):
    """Too many attempts; ``seconds`` until one is heard."""

    def __init__(self, seconds: float) -> None:
        self.seconds = int(seconds) + 1
        super().__init__(f"too many failed attempts to sign in; try again in {self.seconds} seconds", 429)


class AccessApi:
    """The handlers."""

    def __init__(self, control: AccessControl) -> None:
        self._control = control

    def routes(self) -> list[web.RouteDef]:
        """Every route of sessions, accounts and tokens."""
        return [
            web.post("/api/session", self.sign_in),
            web.get("/api/session", self.session),
            web.delete("/api/session", self.sign_out),
            web.get("/api/operators", self.operators),
            web.post("/api/operators", self.create_operator),
            web.patch("/api/operators/{name}", self.change_operator),
            web.delete("/api/operators/{name}", self.remove_operator),
            web.get("/api/operators/{name}/tokens", self.tokens),
            web.post("/api/operators/{name}/tokens", self.create_token),
            web.delete("/api/operators/{name}/tokens/{id}", self.revoke_token),
        ]

    # Sessions

    @operation(
        "operators",
        answer=SignedIn,
        errors={
            401: "the name or the password is wrong",
            429: "too many attempts failed; `Retry-After` says when again",
        },
        most_bytes=_SESSION_BYTES,
        is_open=True,
    )
    async def sign_in(self, request: web.Request, body: SignIn) -> web.Response:
        """Sign in; the session is in the cookie that comes with the answer."""
        require_origin(request)
        sign_in = _SignIn(body.name[:MOST], body.password[:MOST], caller(request, self._control.settings))
        try:
            actor, secret = await self._sign_in(sign_in)
        except _WaitError as error:
            headers = {"Retry-After": str(error.seconds)}
            return web.json_response({"error": str(error)}, status=error.status, headers=headers)
        response = web.json_response({"name": actor.name, "role": actor.role})
        response.set_cookie(
            COOKIE,
            secret,
            max_age=self._control.settings.session_hours * 3600,
            path="/",
            httponly=True,
            samesite="Strict",
            secure=sign_in.caller.https,
        )
        return response

    async def _sign_in(self, asked: _SignIn) -> tuple[Actor, str]:
        stored = await self._attempt(asked)
        good = await self._control.check(asked.password, stored)
        better = await self._control.hash(asked.password) if good and stored is not None and is_old(stored) else ""

        def work(connection: Connection) -> tuple[Actor, str] | None:
            now = self._control.clock()
            accounts = Accounts(connection, now)
            account = accounts.find(asked.name)
            # Whoever changed the password or disabled the account meanwhile has the last word.
            if not good or account is None or account.disabled or accounts.password_hash(asked.name) != stored:
                why = "the account is disabled" if good and account is not None else "wrong name or password"
                _note_failure(connection, account is not None, asked, {"reason": why})
                return None
            if better and stored is not None:
                accounts.improve_hash(asked.name, stored, better)
            Throttle(connection, now).succeeded(asked.name, asked.caller.address)
            accounts.seen(asked.name)
            secret = self._control.sessions(connection).begin(asked.name)
            actor = Actor(account.name, account.role)
            record(connection, actor, "session.begin", actor.name, {"address": asked.caller.address})
            return actor, secret

        begun = await self._control.change(work)
        if begun is None:
            raise FleetError("the name or the password is wrong, or the account is disabled", 401)
        return begun

    async def _attempt(self, asked: _SignIn) -> str | None:
        """Count the attempt before anything is compared; the hash of the account's password, if there is one."""

        def work(connection: Connection) -> tuple[Attempt, str | None]:
            now = self._control.clock()
            attempt = Throttle(connection, now).begin(asked.name, asked.caller.address)
            stored = Accounts(connection, now).password_hash(asked.name)
            if attempt.first:
                _note_failure(connection, stored is not None, asked, {"reason": "too many attempts"})
            elif attempt.turned_away:
                _note_failure(connection, stored is not None, asked, {"turned_away": attempt.turned_away})
            return attempt, stored

        attempt, stored = await self._control.note(work)
        if attempt.wait:
            raise _WaitError(attempt.wait)
        return stored

    @operation("operators")
    async def session(self, request: web.Request) -> SignedIn:
        """Who is signed in."""
        actor = request[ACTOR]
        return {"name": actor.name, "role": actor.role}

    @operation("operators", answer=Done)
    async def sign_out(self, request: web.Request) -> web.Response:
        """End the session of the cookie, or revoke the account's token with which this is asked."""
        known = request[CREDENTIAL].known

        def work(connection: Connection) -> None:
            if known is not None and request[CREDENTIAL].by_cookie:
                self._control.sessions(connection).end(known)
            elif known is not None:
                Tokens(connection, self._control.clock()).end(known)

        await self._control.change(work)
        response = web.json_response({})
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return response

    # Accounts

    @operation("operators")
    async def operators(self, _request: web.Request) -> Operators:
        """Every account."""
        return {"operators": await self._control.read(lambda connection: self._accounts(connection).all())}

    @operation("operators", errors={409: "there is an account of this name"}, links=_OF_OPERATOR)
    async def create_operator(self, _request: web.Request, body: NewOperator) -> Created[Account]:
        """Make an account."""
        name, role = check_name(body.name), body.role
        hashed = await self._control.hash(check_password(body.password, name))
        return Created(
            await self._control.change(lambda connection: self._accounts(connection).create(name, role, hashed))
        )

    @operation("operators", errors={404: "no such account", 409: "the last enabled admin stays one"})
    async def change_operator(self, request: web.Request, name: OperatorName, body: OperatorChange) -> Account:
        """Change an account; of one's own only the password, with the current one."""
        actor = request[ACTOR]
        if not actor.may("admin") and not (body.role is None and body.disabled is None):
            raise FleetError(f"this takes an admin, and {actor.name} is a {actor.role}", 403)
        if body.role is None and body.disabled is None and body.password is None:
            raise FleetError("a change of an account takes role, disabled or password")
        hashed = await self._new_password(request, body, name) if body.password is not None else ""
        known = request[CREDENTIAL].known
        keep = known.hash if known is not None and actor.name == name else ""

        def work(connection: Connection) -> Account:
            accounts = self._accounts(connection)
            account = accounts.change(name, role=body.role, disabled=body.disabled)
            if hashed:
                accounts.set_password(name, hashed, keep)
            return account

        return await self._control.change(work)

    async def _new_password(self, request: web.Request, body: OperatorChange, name: str) -> str:
        password, current = check_password(body.password, name), body.current
        if request[ACTOR].name == name:
            if current is None:
                raise FleetError("changing your own password takes the current one too: current", 403)
            asked = _SignIn(name, current[:MOST], caller(request, self._control.settings))
            stored = await self._attempt(asked)
            if not await self._control.check(asked.password, stored):
                raise FleetError("the current password is wrong", 403)
            await self._control.note(
                lambda connection: Throttle(connection, self._control.clock()).succeeded(name, asked.caller.address)
            )
        return await self._control.hash(password)

    @operation("operators", errors={404: "no such account", 409: "the last enabled admin stays"})
    async def remove_operator(self, _request: web.Request, name: OperatorName) -> Done:
        """Remove an account with its sessions and tokens."""
        await self._control.change(lambda connection: self._accounts(connection).remove(name))
        return {}

    # Tokens

    @operation("operators", errors={404: "no such account"})
    async def tokens(self, _request: web.Request, name: OperatorName) -> TokensOfOperator:
        """The tokens of an account."""

        def work(connection: Connection) -> list[Token]:
            self._accounts(connection).account(name)
            return Tokens(connection, self._control.clock()).all(name)

        return {"tokens": await self._control.read(work)}

    @operation(
        "operators",
        errors={404: "no such account", 409: "the account has too many"},
        links=(Link("revoke_token", {"name": "$request.path.name", "id": "$response.body#/id"}),),
    )
    async def create_token(self, request: web.Request, name: OperatorName, body: NewToken) -> Created[CreatedToken]:
        """Make a token, which is shown this once.

        One that is made with a token is good no longer than that one.
        """
        called, most = check_token_name(body.name), self._control.settings.token_days
        seconds = check_days(min(_DEFAULT_DAYS, most) if body.days is None else body.days, most)
        ends = self._control.clock() + seconds
        credential = request[CREDENTIAL]
        if credential.known is not None and not credential.by_cookie:
            ends = min(ends, credential.known.ends)

        def work(connection: Connection) -> CreatedToken:
            self._accounts(connection).account(name)
            token, secret = Tokens(connection, self._control.clock()).create(name, called, ends)
            return CreatedToken(**asdict(token), token=secret)

        return Created(await self._control.change(work))

    @operation("operators", errors={404: "no such token"})
    async def revoke_token(self, _request: web.Request, name: OperatorName, id: TokenId) -> Done:  # noqa: A002 its name in the path
        """Revoke a token."""
        await self._control.change(lambda connection: Tokens(connection, self._control.clock()).revoke(name, id))
        return {}

    def _accounts(self, connection: Connection) -> Accounts:
        return Accounts(connection, self._control.clock())


def _note_failure(connection: Connection, known: bool, asked: _SignIn, detail: Mapping[str, Any]) -> None:
    """A failed attempt, without the name where no account has it: people type passwords where names belong."""
    subject = asked.name if known else ""
    further = {"address": asked.caller.address, **({} if known else {"account": "unknown"})}
    record(connection, NOBODY, "session.begin", subject, {**further, **detail}, "failed")
