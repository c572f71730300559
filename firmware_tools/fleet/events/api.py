"""The API's part on sums, losses and exports of telemetry."""

from aiohttp import web

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events.export import MIME, WRITERS, Format, Page, Place, read_page
from firmware_tools.fleet.events.rollups import STEPS
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.telemetry import TelemetryQuery
from firmware_tools.fleet.telemetry_request import number, query_of


class TelemetryApi:
    """The handlers."""

    def __init__(self, service: FleetService) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Every route of this part."""
        return [
            web.get("/api/telemetry/sums", self.sums),
            web.get("/api/telemetry/losses", self.losses),
            web.get("/api/telemetry/export", self.export),
        ]

    async def sums(self, request: web.Request) -> web.Response:
        """A field by minute, hour or day: ``?field&step&name…``."""
        query, field, step = query_of(request), request.query.get("field", ""), number(request, "step") or STEPS[0]
        if step not in STEPS:
            raise FleetError(f"step must be one of {', '.join(map(str, STEPS))} seconds")
        found = await self._service.read(lambda _, telemetry: telemetry.sums(query, field, int(step)))
        return web.json_response({"step": int(step), "sums": found})

    async def losses(self, request: web.Request) -> web.Response:
        """What devices told that they had to drop."""
        device = request.query.get("device", "")
        found = await self._service.read(lambda _, telemetry: telemetry.losses(device))
        return web.json_response({"losses": found})

    async def export(self, request: web.Request) -> web.StreamResponse:
        """All matching records, as CSV or one JSON object a line: ``?format&device&source&name&since&until``."""
        query, chosen = query_of(request), request.query.get("format", "jsonl")
        form: Format | None = next((known for known in MIME if known == chosen), None)
        if form is None:
            raise FleetError(f"format must be one of {', '.join(MIME)}; `cygnet fleet telemetry export` makes Parquet")
        after: Place | None = None
        response = web.StreamResponse(headers={"Content-Type": f"{MIME[form]}; charset=utf-8"})
        begun = False
        while True:
            try:
                page = await self._page(query, after)
            except FleetError:
                if begun and request.transport is not None:
                    request.transport.abort()  # what has been sent must not look whole
                raise
            if not begun:  # only now, so that a database that refuses is an answer with a sentence
                await response.prepare(request)
            await response.write(WRITERS[form](page.records, head=not begun).encode())
            begun, after = True, page.after
            if after is None:
                await response.write_eof()
                return response

    async def _page(self, query: TelemetryQuery, after: Place | None) -> Page:
        return await self._service.read(lambda _, telemetry: read_page(telemetry.connection, query, after))
