"""Claims and certificates in the JSON API."""

import time
from collections.abc import Callable
from dataclasses import fields

from aiohttp import web

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.identity.answers import (
    CLAIM_DAYS,
    CertificateDocument,
    CertificatesOfDevice,
    ClaimCode,
    ClaimCodes,
    ClaimId,
    ClaimPage,
    IdentityDocument,
    NewClaims,
    Revocation,
    Revoked,
    WhichClaims,
)
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.certificates import CertificateRecord, Certificates
from firmware_tools.fleet.identity.claims import Claims
from firmware_tools.fleet.identity.desk import IdentityDesk
from firmware_tools.fleet.identity.status import status_of
from firmware_tools.fleet.openapi.operation import Created, Done, Link, operation
from firmware_tools.fleet.openapi.parameters import DeviceId
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService


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
            web.post("/api/devices/{device}/certificates/revoke", self.revoke_certificates),
            web.get("/api/identity", self.identity),
        ]

    @operation("identity", errors={404: "there is no claim `after`"})
    async def claims(self, _request: web.Request, query: WhichClaims) -> ClaimPage:
        """A page of claims, newest first, without their codes."""
        found = await self._service.read(
            lambda registry, _: Claims(registry.connection).page(
                query.state, query.q, query.after, query.limit, time.time()
            )
        )
        return {"claims": found.claims, "total": found.total, "next": found.next}

    @operation(
        "identity",
        errors={409: "the fleet has no CA yet"},
        links=(Link("revoke_claim", {"id": "$response.body#/codes/0/id"}),),
    )
    async def create_claims(self, _request: web.Request, body: NewClaims) -> Created[ClaimCodes]:
        """Make claim codes, which are told this once."""
        if not self._authority.exists:
            raise FleetError("this fleet has no CA yet; make one with `cygnet fleet identity init`", 409)
        days = CLAIM_DAYS if body.days is None else body.days
        made = await self._service.change(
            lambda registry: Claims(registry.connection).create(
                body.count, body.device, body.tags or [], days, time.time()
            )
        )
        codes: list[ClaimCode] = [
            {
                "id": new.claim.id,
                "code": new.code,
                "device": new.claim.device,
                "tags": new.claim.tags,
                "expires": new.claim.expires,
            }
            for new in made
        ]
        return Created({"codes": codes})

    @operation("identity", errors={404: "no such claim", 409: "it was used already"})
    async def revoke_claim(self, _request: web.Request, id: ClaimId) -> Done:  # noqa: A002 its name in the path
        """Let a claim code be good no more."""
        await self._service.change(lambda registry: Claims(registry.connection).revoke(id, time.time()))
        return {}

    @operation("identity", errors={404: "no such device"})
    async def certificates(self, _request: web.Request, device: DeviceId) -> CertificatesOfDevice:
        """A device's certificates, newest first."""

        def find(registry: Registry) -> list[CertificateRecord]:
            registry.device(device)
            return Certificates(registry.connection).of("device", device, time.time())

        documents: list[CertificateDocument] = [
            {
                "serial": record.serial,
                "not_before": record.not_before,
                "not_after": record.not_after,
                "fingerprint": record.fingerprint,
                "revoked_at": record.revoked_at,
                "reason": record.reason,
                "state": record.state,
            }
            for record in await self._service.read(lambda registry, _: find(registry))
        ]
        return {"certificates": documents}

    @operation("identity", errors={404: "no such device"})
    async def revoke_certificates(self, _request: web.Request, device: DeviceId, body: Revocation) -> Revoked:
        """Revoke all certificates of a device, and hear it no more until it claims anew."""
        revoked = await self._service.change(
            lambda registry: Certificates(registry.connection).bar(device, body.reason, time.time())
        )
        self._desk.bar(device)
        self._changed()
        return {"revoked": revoked}

    @operation("identity")
    async def identity(self, _request: web.Request) -> IdentityDocument:
        """The CA, what expires soon, and counts."""
        status = await self._service.read(
            lambda registry, _: status_of(registry.connection, self._authority, time.time())
        )
        members = {field.name: getattr(status, field.name) for field in fields(status)}
        return IdentityDocument(**members, counters=self._desk.counters)
