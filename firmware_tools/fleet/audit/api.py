"""The audit log in the JSON API: it is read there, and nothing else."""

from aiohttp import web
from sqlalchemy import Connection

from firmware_tools.fleet.audit.answers import AuditPage, Entries, VerdictDocument
from firmware_tools.fleet.audit.chain import EntryDocument
from firmware_tools.fleet.audit.export import export_lines
from firmware_tools.fleet.audit.keeper import AuditKeeper
from firmware_tools.fleet.audit.log import head, page
from firmware_tools.fleet.audit.secrets import clean_text
from firmware_tools.fleet.openapi.operation import operation
from firmware_tools.fleet.service import FleetService


class AuditApi:
    """The handlers."""

    def __init__(self, service: FleetService, keeper: AuditKeeper) -> None:
        self._service, self._keeper = service, keeper

    def routes(self) -> list[web.RouteDef]:
        """Every route of the audit log."""
        return [
            web.get("/api/audit", self.audit),
            web.get("/api/audit/verify", self.verify_audit),
            web.get("/api/audit/export", self.export_audit),
        ]

    @operation("audit")
    async def audit(self, _request: web.Request, query: Entries) -> AuditPage:
        """The audit log, newest first."""
        actor, action = clean_text(query.actor), clean_text(query.action)

        def work(connection: Connection) -> tuple[list[EntryDocument], int]:
            found = page(connection, before=query.after, limit=query.limit, actor=actor, action=action)
            return [entry.document() for entry in found], head(connection).number

        entries, last = await self._service.read(lambda registry, _: work(registry.connection))
        fault = self._keeper.fault
        return {
            "entries": entries,
            "newest": last,
            "signed": self._keeper.signed,
            "verified": fault is None,
            "fault": None if fault is None else fault.sentence,
        }

    @operation("audit")
    async def verify_audit(self, _request: web.Request) -> VerdictDocument:
        """Check the whole audit log."""
        found = await self._keeper.verify()
        return {"whole": found.whole, "entries": found.entries, "signed": found.signed, "fault": found.fault}

    @operation("audit", streams={"application/x-ndjson": None})
    async def export_audit(self, request: web.Request) -> web.StreamResponse:
        """The whole audit log with its signatures, as JSON lines that can be checked elsewhere."""
        await self._keeper.sign()
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        number = 0
        while True:
            start = number
            lines, number = await self._service.read(
                lambda registry, _, start=start: export_lines(  # type: ignore[misc]
                    registry.connection, self._keeper.fleet, self._keeper.keys, start
                )
            )
            for line in lines:
                await response.write(line)
            if number == start:
                return response
