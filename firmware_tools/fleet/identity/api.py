"""Claims and certificates in the JSON API. ``docs/identity.md`` lists the requests."""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.certificates import CertificateRecord, Certificates
from firmware_tools.fleet.identity.claims import Claims
from firmware_tools.fleet.identity.desk import IdentityDesk
from firmware_tools.fleet.identity.status import status_of
from firmware_tools.fleet.service import FleetService

CLAIM_DAYS = 30


class IdentityApi:
    """The handlers. ``changed`` is called when brokers have to know of something."""

    def __init__(
        self, service: FleetService, authority: Authority, desk: IdentityDesk, changed: Callable[[], None]
    ) -> None:
        self._service, self._authority, self._desk, self._changed = service, authority, desk, changed

    def routes(self) -> list[web.RouteDef]:
        """Every route of claims and certificates."""
        return [
            web.get("/api/claims", self.claims),
            web.post("/api/claims", self.create_claims),
            web.delete("/api/claims/{id}", self.revoke_claim),
            web.get("/api/devices/{device}/certificates", self.certificates),
            web.post("/api/devices/{device}/certificates/revoke", self.revoke),
            web.get("/api/identity", self.identity),
        ]

    async def claims(self, _request: web.Request) -> web.Response:
        """Every claim, newest first, without its code.

        Answers ``{"claims": [{"id", "device", "tags", "created", "expires", "used_at", "used_by", "state"}]}``.
        """
        found = await self._service.read(lambda registry, _: Claims(registry.connection).all(time.time()))
        return web.json_response({"claims": [asdict(claim) for claim in found]})

    async def create_claims(self, request: web.Request) -> web.Response:
        """Make claim codes, which are told this once.

        Body: ``{"count"?, "device"?, "tags"?, "days"?}``. Answers ``{"codes": [{"id", "code", "device", "tags",
        "expires"}]}``.
        """
        if not self._authority.exists:
            raise FleetError("this fleet has no CA yet; make one with `cygnet fleet identity init`", 409)
        body = await _body(request, {"count", "device", "tags", "days"})
        count, device, tags, days = body.get("count", 1), body.get("device"), body.get("tags"), body.get("days")
        if not isinstance(count, int) or isinstance(count, bool):
            raise FleetError("count must be a whole number")
        if not (device is None or isinstance(device, str)):
            raise FleetError("device must be the id of a device, or null")
        if not (tags is None or (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags))):
            raise FleetError("tags must be a list of texts")
        if not (days is None or isinstance(days, int | float)) or isinstance(days, bool):
            raise FleetError("days must be a number")
        made = await self._service.change(
            lambda registry: Claims(registry.connection).create(
                count, device, tags or [], CLAIM_DAYS if days is None else days, time.time()
            )
        )
        codes = [
            {
                "id": new.claim.id,
                "code": new.code,
                "device": new.claim.device,
                "tags": list(new.claim.tags),
                "expires": new.claim.expires,
            }
            for new in made
        ]
        return web.json_response({"codes": codes}, status=201)

    async def revoke_claim(self, request: web.Request) -> web.Response:
        """Let a claim code be good no more."""
        claim = request.match_info["id"]
        await self._service.change(lambda registry: Claims(registry.connection).revoke(claim, time.time()))
        return web.json_response({})

    async def certificates(self, request: web.Request) -> web.Response:
        """A device's certificates, newest first.

        Answers ``{"certificates": [{"serial", "not_before", "not_after", "state", "fingerprint", "revoked_at",
        "reason"}]}``.
        """
        device = request.match_info["device"]

        def find(connection: Any) -> list[CertificateRecord]:
            return Certificates(connection).of("device", device, time.time())

        await self._service.read(lambda registry, _: registry.device(device))
        found = await self._service.read(lambda registry, _: find(registry.connection))
        documents = [asdict(record) for record in found]
        for document in documents:
            del document["kind"], document["name"]
        return web.json_response({"certificates": documents})

    async def revoke(self, request: web.Request) -> web.Response:
        """Revoke all certificates of a device, and hear it no more until it claims anew.

        Body: ``{"reason"?}``. Answers ``{"revoked"}``: how many certificates were good.
        """
        device, reason = request.match_info["device"], (await _body(request, {"reason"})).get("reason", "")
        if not isinstance(reason, str):
            raise FleetError("reason must be a text")
        revoked = await self._service.change(
            lambda registry: Certificates(registry.connection).bar(device, reason, time.time())
        )
        self._desk.bar(device)
        self._changed()
        return web.json_response({"revoked": revoked})

    async def identity(self, _request: web.Request) -> web.Response:
        """The CA, what expires soon, and counts.

        Answers the members of ``IdentityStatus``, and ``counters`` of claims since the service started.
        """
        status = await self._service.read(
            lambda registry, _: status_of(registry.connection, self._authority, time.time())
        )
        return web.json_response({**asdict(status), "counters": asdict(self._desk.counters)})


async def _body(request: web.Request, known: set[str]) -> dict[str, Any]:
    try:
        body = await request.json() if request.can_read_body else {}
    except (ValueError, RecursionError) as error:
        raise FleetError("the request's body is not JSON") from error
    if not isinstance(body, dict) or not body.keys() <= known:
        raise FleetError(f"the request's body must be a JSON object with the members {', '.join(sorted(known))}")
    return body
