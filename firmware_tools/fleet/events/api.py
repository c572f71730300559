"""The API's part on telemetry: records, rates, sums, counts, losses, exports."""

import time
from typing import cast

from aiohttp import web

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events import documents
from firmware_tools.fleet.events.counts import histograms, newest_answers
from firmware_tools.fleet.events.export import MIME, WRITERS, Page, Place, read_page
from firmware_tools.fleet.openapi.operation import operation
from firmware_tools.fleet.requests import Counted, Export, NewestRecords, OfDevice, Rates, Sums
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.telemetry import TelemetryQuery

_DAY = 86_400.0


class TelemetryApi:
    """The handlers."""

    def __init__(self, service: FleetService) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Every route of this part."""
        return [
            web.get("/api/telemetry", self.telemetry),
            web.get("/api/telemetry/rates", self.telemetry_rates),
            web.get("/api/telemetry/sums", self.telemetry_sums),
            web.get("/api/telemetry/counts", self.telemetry_counts),
            web.get("/api/telemetry/losses", self.telemetry_losses),
            web.get("/api/telemetry/export", self.export_telemetry),
        ]

    @operation("telemetry")
    async def telemetry(self, _request: web.Request, query: NewestRecords) -> documents.Records:
        """Stored records, newest first."""
        wanted = query.query(query.limit)
        found = await self._service.read(lambda _, telemetry: telemetry.records(wanted))
        return {"records": cast(list[documents.TelemetryRecord], found)}

    @operation("telemetry")
    async def telemetry_rates(self, _request: web.Request, query: Rates) -> documents.Rates:
        """How many records of each name there were in each `step` seconds.

        Whole minutes are counted from the sums.
        """
        wanted = query.query()
        found = await self._service.read(lambda _, telemetry: telemetry.rates(wanted, query.step))
        return {"step": query.step, "rates": cast(list[documents.Rate], found)}

    @operation("telemetry")
    async def telemetry_sums(self, _request: web.Request, query: Sums) -> documents.Sums:
        """A field's count, least, greatest, mean and last value, by device and minute, hour or day."""
        wanted = query.query()
        found = await self._service.read(lambda _, telemetry: telemetry.sums(wanted, query.field, query.step))
        return {"step": query.step, "sums": cast(list[documents.Sum], found)}

    @operation("telemetry")
    async def telemetry_counts(self, _request: web.Request, query: Counted) -> documents.Counts:
        """Of how many devices the values of an item are true that programs only count, with what the answer may be off.

        Devices answer at random (docs/counts.md); each counts once, by its newest answer.
        """
        until = time.time() + _DAY  # clocks of devices go wrong, and one in the future would stay the newest for ever
        since = time.time() - query.days * _DAY
        answers = await self._service.read(
            lambda _, telemetry: newest_answers(telemetry.connection, query.source, query.name, since, until)
        )
        return {
            "source": query.source,
            "name": query.name,
            "days": query.days,
            "histograms": histograms(answers),
        }

    @operation("telemetry")
    async def telemetry_losses(self, _request: web.Request, query: OfDevice) -> documents.Losses:
        """How many records devices had to drop, by cause and priority, as they told it."""
        found = await self._service.read(lambda _, telemetry: telemetry.losses(query.device))
        return {"losses": cast(list[documents.Loss], found)}

    @operation("telemetry", streams={MIME["csv"]: None, MIME["jsonl"]: documents.TelemetryRecord})
    async def export_telemetry(self, request: web.Request, query: Export) -> web.StreamResponse:
        """All matching records, as CSV or one JSON object a line, by device and sequence."""
        wanted, form = query.query(), query.format
        after: Place | None = None
        response = web.StreamResponse(headers={"Content-Type": f"{MIME[form]}; charset=utf-8"})
        begun = False
        while True:
            try:
                page = await self._page(wanted, after)
            except FleetError:
                if begun and request.transport is not None:
                    request.transport.abort()  # what has been sent must not look whole
                raise
            if not begun:  # only now, so that a database that refuses is an answer with a sentence
                await response.prepare(request)
                if request.method == "HEAD":
                    return response
            await response.write(WRITERS[form](page.records, head=not begun).encode())
            begun, after = True, page.after
            if after is None:
                await response.write_eof()
                return response

    async def _page(self, query: TelemetryQuery, after: Place | None) -> Page:
        return await self._service.read(lambda _, telemetry: read_page(telemetry.connection, query, after))
