"""The audit log in the JSON API: it is read there, and nothing else."""

from typing import Any

from aiohttp import web

from firmware_tools.fleet.audit.export import export_lines
from firmware_tools.fleet.audit.keeper import AuditKeeper
from firmware_tools.fleet.audit.log import MOST, head, page
from firmware_tools.fleet.audit.secrets import clean_text
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.service import FleetService


class AuditApi:
    """The handlers."""

    def __init__(self, service: FleetService, keeper: AuditKeeper) -> None:
        self._service, self._keeper = service, keeper

    def routes(self) -> list[web.RouteDef]:
        """Every route of the audit log."""
        return [
            web.get("/api/audit", self.entries),
            web.get("/api/audit/verify", self.verify),
            web.get("/api/audit/export", self.export),
        ]

    async def entries(self, request: web.Request) -> web.Response:
        """The audit log, newest first: ``?after&limit&actor&action``.

        ``after`` is the number of the last entry that was seen: those below it come. ``action`` is a whole one, or
        what stands before a dot. Answers ``{"entries": [{"number", "time", "actor", "role", "action", "subject",
        "detail", "outcome", "hash"}], "newest", "signed", "verified", "fault"}``: the numbers of the newest entry and
        of the newest that the fleet signed; whether all that it checked is whole; and if not, what is wrong.
        """
        before = _number(request, "after", 1, 2**53) if "after" in request.query else None
        limit = _number(request, "limit", 1, MOST) if "limit" in request.query else 100
        actor, action = (clean_text(request.query.get(name, "")) for name in ("actor", "action"))

        def work(connection: Any) -> tuple[list[dict[str, Any]], int]:
            found = page(connection, before=before, limit=limit, actor=actor, action=action)
            return [entry.document() for entry in found], head(connection).number

        entries, last = await self._service.read(lambda registry, _: work(registry.connection))
        fault = self._keeper.fault
        return web.json_response(
            {
                "entries": entries,
                "newest": last,
                "signed": self._keeper.signed,
                "verified": fault is None,
                "fault": None if fault is None else fault.sentence,
            }
        )

    async def verify(self, _request: web.Request) -> web.Response:
        """Check the audit log: ``{"whole", "entries", "signed", "fault": {"number", "kind", "sentence"}|null}``."""
        return web.json_response((await self._keeper.verify()).document())

    async def export(self, request: web.Request) -> web.StreamResponse:
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


def _number(request: web.Request, name: str, low: int, high: int) -> int:
    text = request.query[name]
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or not low <= int(text) <= high:
        raise FleetError(f"{name} must be a whole number from {low} to {high}")
    return int(text)
