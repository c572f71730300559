"""What stands before every handler: host and origin, who asks, whether they may, and the audit log."""

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from device_runtime.errors import CygnetError
from firmware_tools.fleet.access.control import CREDENTIAL, AccessControl, Credential
from firmware_tools.fleet.access.hosts import check_host
from firmware_tools.fleet.access.identity import ACTOR, Actor
from firmware_tools.fleet.access.permissions import Rule, rule_of
from firmware_tools.fleet.audit.log import Outcome, record
from firmware_tools.fleet.audit.pending import PENDING, Description, PendingEntry
from firmware_tools.fleet.audit.secrets import NEVER, clean, clean_text, is_secret, secrets_of
from firmware_tools.fleet.errors import FleetError, StorageError

log = logging.getLogger(__name__)

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_NAME = re.compile(r"\{(\w+)\}")
_PARSED = 2**20
LOOK_EVERY = 20.0
"""Seconds after which it is looked whether who watches may watch still."""


def access_control(control: AccessControl) -> Middleware:
    """A middleware that refuses foreign hosts and origins and calls of the API by who may not make them, and records
    what changes something. Errors become one JSON object with a sentence."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            check_host(request, control.names)
            if not request.path.startswith("/api/"):
                return await handler(request)
            return await _enter(control, request, handler)
        except FleetError as error:
            return web.json_response({"error": str(error)}, status=error.status)
        except CygnetError as error:
            return web.json_response({"error": str(error)}, status=400)
        except web.HTTPException as error:
            if request.path.startswith("/api/"):
                return web.json_response(
                    {"error": f"{error.reason}: {request.method} {request.path}"}, status=error.status
                )
            raise

    return check


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Put the security headers on every response, before it starts."""
    del request
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


async def _enter(control: AccessControl, request: web.Request, handler: Handler) -> web.StreamResponse:
    resource = request.match_info.route.resource
    rule = rule_of(request.method, resource.canonical) if resource is not None else None
    if rule is not None and rule.role is None:
        return await handler(request)  # it records by itself
    try:
        credential = await control.identify(request)
    except FleetError as error:
        if rule is not None and rule.action and error.status in (401, 403):
            await control.note_stranger(request, _filled(rule.action, request, {}), str(error))
        raise
    actor = credential.actor
    request[CREDENTIAL], request[ACTOR] = credential, actor
    if rule is None:
        return await handler(request)  # which says 404 or 405
    try:
        control.require(request, actor, rule)
    except FleetError as error:
        if rule.action:
            described = Description(_filled(rule.action, request, {}), _filled(rule.subject, request, {}))
            await _write(control, actor, described, "refused", reason=str(error))
        raise
    if rule.lasting:
        async with _looked_after(control, request, credential):
            return await handler(request)
    if request.method in {"GET", "HEAD"}:
        return await handler(request)
    return await _recorded(control, request, handler, actor, rule)


@asynccontextmanager
async def _looked_after(control: AccessControl, request: web.Request, credential: Credential) -> AsyncIterator[None]:
    """A request that goes on for hours ends soon after its session does."""

    async def look() -> None:
        good = True
        while good:
            await asyncio.sleep(LOOK_EVERY)
            good = await control.still_good(request, credential)
        if request.transport is not None:
            request.transport.close()

    task = asyncio.get_running_loop().create_task(look())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _recorded(
    control: AccessControl, request: web.Request, handler: Handler, actor: Actor, rule: Rule
) -> web.StreamResponse:
    entry = PendingEntry(actor, partial(_describe, request, rule))
    token = PENDING.set(entry)
    failure = "the fleet broke off"  # what an error is called that is none of ours
    try:
        response = await handler(request)
        failure = str(response.status) if response.status >= 400 else ""
    except CygnetError as error:
        failure = str(error)
        raise
    except web.HTTPException as error:
        failure = str(error.status)
        raise
    finally:
        entry.open = False
        PENDING.reset(token)
        if failure:
            await _write_failure(control, entry, failure)
        elif not entry.written:
            await _write(control, actor, await entry.description(), "done")
    return response


async def _write(
    control: AccessControl, actor: Actor, described: Description, outcome: Outcome, **further: Any
) -> None:
    detail = {**described.detail, **further}
    await control.note(
        lambda connection: record(connection, actor, described.action, described.subject, detail, outcome)
    )


async def _write_failure(control: AccessControl, entry: PendingEntry, reason: str) -> None:
    """What failed anyway is not made to fail otherwise by a database that takes no entry either."""
    described = await entry.description()
    try:
        await _write(control, entry.actor, described, "failed", reason=clean_text(reason, described.hidden))
    except StorageError as error:
        log.error("%s of %s failed and is not in the audit log: %s", described.action, entry.actor.name, error)


async def _describe(request: web.Request, rule: Rule) -> Description:
    """What of a request is recorded: the members that its rule names, and of packages size and digest."""
    try:
        data = await request.read()
    except web.HTTPException:  # too large; the handler says so
        data = b""
    body: Any = None
    detail: dict[str, Any] = {}
    if data and len(data) <= _PARSED and data.lstrip()[:1] in (b"{", b"["):
        try:
            body = json.loads(data)
        except (ValueError, RecursionError):
            body = None
    if data and body is None:
        detail = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    hidden = secrets_of(body)
    members: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    for name in rule.recorded:
        value = members.get(name, request.query.get(name))
        if value is not None and not is_secret(name):
            detail[name] = clean(value, hidden)
    if withheld := sorted(str(name) for name in members if name in NEVER):
        detail["withheld"] = withheld
    subject = clean_text(_filled(rule.subject, request, members), hidden, 200)
    return Description(_filled(rule.action, request, {}), subject, detail, hidden)


def _filled(template: str, request: web.Request, body: Mapping[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        for source in (request.match_info, body, request.query):
            if isinstance(given := source.get(name), str | int):
                return str(given)
        return ""

    return _NAME.sub(value, template)
