"""Sessions, accounts and tokens in the JSON API. ``docs/operators.md`` lists the requests."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from firmware_tools.fleet.access.accounts import Accounts, check_name, check_role
from firmware_tools.fleet.access.control import COOKIE, CREDENTIAL, NOBODY, AccessControl
from firmware_tools.fleet.access.hosts import Caller, caller, require_origin
from firmware_tools.fleet.access.identity import ACTOR, Actor
from firmware_tools.fleet.access.passwords import MOST, check_password, is_old
from firmware_tools.fleet.access.throttle import Attempt, Throttle
from firmware_tools.fleet.access.tokens import Tokens, check_days, check_token_name
from firmware_tools.fleet.audit.log import record
from firmware_tools.fleet.errors import FleetError

_SESSION_BYTES = 4096
_DEFAULT_DAYS = 90


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
            web.post("/api/operators", self.create),
            web.patch("/api/operators/{name}", self.change),
            web.delete("/api/operators/{name}", self.remove),
            web.get("/api/operators/{name}/tokens", self.tokens),
            web.post("/api/operators/{name}/tokens", self.create_token),
            web.delete("/api/operators/{name}/tokens/{id}", self.revoke_token),
        ]

    # Sessions

    async def sign_in(self, request: web.Request) -> web.Response:
        """Sign in: ``{"name", "password"}``; sets the cookie of the session and answers ``{"name", "role"}``."""
        require_origin(request)
        body = await _small_body(request)
        name, password = body.get("name"), body.get("password")
        if body.keys() != {"name", "password"} or not isinstance(name, str) or not isinstance(password, str):
            raise FleetError('signing in takes {"name": "…", "password": "…"}')
        sign_in = _SignIn(name[:MOST], password[:MOST], caller(request, self._control.settings))
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

    async def session(self, request: web.Request) -> web.Response:
        """Who is signed in: ``{"name", "role"}``."""
        actor = request[ACTOR]
        return web.json_response({"name": actor.name, "role": actor.role})

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

    async def operators(self, _request: web.Request) -> web.Response:
        """Every account: ``{"operators": [{"name", "role", "created", "last_seen", "disabled"}]}``."""
        found = await self._control.read(lambda connection: self._accounts(connection).all())
        return web.json_response({"operators": [asdict(account) for account in found]})

    async def create(self, request: web.Request) -> web.Response:
        """Make an account: ``{"name", "role", "password"}``."""
        body = await _body(request, {"name", "role", "password"})
        name, role = check_name(body.get("name")), check_role(body.get("role"))
        hashed = await self._control.hash(check_password(body.get("password"), name))
        account = await self._control.change(lambda connection: self._accounts(connection).create(name, role, hashed))
        return web.json_response(asdict(account), status=201)

    async def change(self, request: web.Request) -> web.Response:
        """Change an account: ``{"role"?, "disabled"?, "password"?, "current"?}``; of one's own only the password, with
        the current one."""
        body = await _body(request, {"role", "disabled", "password", "current"})
        name, actor = request.match_info["name"], request[ACTOR]
        if not actor.may("admin") and body.keys() & {"role", "disabled"}:
            raise FleetError(f"this takes an admin, and {actor.name} is a {actor.role}", 403)
        role = None if body.get("role") is None else check_role(body["role"])
        disabled = body.get("disabled")
        if not (disabled is None or isinstance(disabled, bool)):
            raise FleetError("disabled must be true or false")
        if role is None and disabled is None and body.get("password") is None:
            raise FleetError("a change of an account takes role, disabled or password")
        hashed = await self._new_password(request, body, name) if body.get("password") is not None else ""
        known = request[CREDENTIAL].known
        keep = known.hash if known is not None and actor.name == name else ""

        def work(connection: Connection) -> dict[str, Any]:
            accounts = self._accounts(connection)
            account = accounts.change(name, role=role, disabled=disabled)
            if hashed:
                accounts.set_password(name, hashed, keep)
            return asdict(account)

        return web.json_response(await self._control.change(work))

    async def _new_password(self, request: web.Request, body: Mapping[str, Any], name: str) -> str:
        password, current = check_password(body["password"], name), body.get("current")
        if request[ACTOR].name == name:
            if not isinstance(current, str):
                raise FleetError("changing your own password takes the current one too: current", 403)
            asked = _SignIn(name, current[:MOST], caller(request, self._control.settings))
            stored = await self._attempt(asked)
            if not await self._control.check(asked.password, stored):
                raise FleetError("the current password is wrong", 403)
            await self._control.note(
                lambda connection: Throttle(connection, self._control.clock()).succeeded(name, asked.caller.address)
            )
        return await self._control.hash(password)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove an account with its sessions and tokens."""
        name = request.match_info["name"]
        await self._control.change(lambda connection: self._accounts(connection).remove(name))
        return web.json_response({})

    # Tokens

    async def tokens(self, request: web.Request) -> web.Response:
        """The tokens of an account: ``{"tokens": [{"id", "name", "created", "last_used", "expires"}]}``."""
        name = request.match_info["name"]

        def work(connection: Connection) -> list[dict[str, Any]]:
            self._accounts(connection).account(name)
            return [asdict(token) for token in Tokens(connection, self._control.clock()).all(name)]

        return web.json_response({"tokens": await self._control.read(work)})

    async def create_token(self, request: web.Request) -> web.Response:
        """Make a token: ``{"name", "days"?}``; answers ``{"id", "name", "created", "last_used", "expires", "token"}``.

        The token is shown this once. One that is made with a token is good no longer than that one.
        """
        body = await _body(request, {"name", "days"})
        operator, name = request.match_info["name"], check_token_name(body.get("name"))
        most = self._control.settings.token_days
        seconds = check_days(min(_DEFAULT_DAYS, most) if body.get("days") is None else body["days"], most)
        ends = self._control.clock() + seconds
        credential = request[CREDENTIAL]
        if credential.known is not None and not credential.by_cookie:
            ends = min(ends, credential.known.ends)

        def work(connection: Connection) -> dict[str, Any]:
            self._accounts(connection).account(operator)
            token, secret = Tokens(connection, self._control.clock()).create(operator, name, ends)
            return {**asdict(token), "token": secret}

        return web.json_response(await self._control.change(work), status=201)

    async def revoke_token(self, request: web.Request) -> web.Response:
        """Revoke a token."""
        operator, number = request.match_info["name"], request.match_info["id"]
        await self._control.change(
            lambda connection: Tokens(connection, self._control.clock()).revoke(operator, number)
        )
        return web.json_response({})

    def _accounts(self, connection: Connection) -> Accounts:
        return Accounts(connection, self._control.clock())


def _note_failure(connection: Connection, known: bool, asked: _SignIn, detail: Mapping[str, Any]) -> None:
    """A failed attempt, without the name where no account has it: people type passwords where names belong."""
    subject = asked.name if known else ""
    further = {"address": asked.caller.address, **({} if known else {"account": "unknown"})}
    record(connection, NOBODY, "session.begin", subject, {**further, **detail}, "failed")


async def _small_body(request: web.Request) -> dict[str, Any]:
    """The body of who is not known yet: little of it is read."""
    data = b""
    async for chunk in request.content.iter_any():
        data += chunk
        if len(data) > _SESSION_BYTES:
            raise FleetError("the request's body is too long", 413)
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FleetError("the request's body is not JSON") from error
    if not isinstance(body, dict):
        raise FleetError("the request's body must be a JSON object")
    return body


async def _body(request: web.Request, known: set[str]) -> dict[str, Any]:
    try:
        body = await request.json() if request.can_read_body else {}
    except (ValueError, RecursionError) as error:
        raise FleetError("the request's body is not JSON") from error
    if not isinstance(body, dict) or not body.keys() <= known:
        raise FleetError(f"the request's body must be a JSON object with the members {', '.join(sorted(known))}")
    return body
