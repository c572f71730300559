"""Decisions, plans and erasures in the JSON API."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

from aiohttp import web
from sqlalchemy import Connection

from firmware_tools.fleet.errors import FleetError, NotFoundError
from firmware_tools.fleet.events.export import Place, read_page
from firmware_tools.fleet.openapi.operation import operation
from firmware_tools.fleet.openapi.parameters import AppId, DeviceId
from firmware_tools.fleet.privacy import answers, store
from firmware_tools.fleet.privacy.desk import ErasureDesk
from firmware_tools.fleet.privacy.erasing import Erasure, erasures_of
from firmware_tools.fleet.privacy.plans import newest_plan
from firmware_tools.fleet.privacy.sendings import sendings_of, sent_of
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.telemetry import TelemetryQuery


class PrivacyApi:
    """The handlers."""

    def __init__(self, service: FleetService, desk: ErasureDesk) -> None:
        self._service, self._desk = service, desk

    def routes(self) -> list[web.RouteDef]:
        """Every route of this part."""
        return [
            web.get("/api/devices/{device}/privacy", self.device_privacy),
            web.get("/api/devices/{device}/privacy/points", self.ledger_points),
            web.get("/api/devices/{device}/privacy/export", self.export_privacy),
            web.post("/api/devices/{device}/privacy/erase", self.erase),
            web.get("/api/programs/{app_id}/privacy", self.program_privacy),
        ]

    @operation("privacy", errors={404: "no such device"})
    async def device_privacy(self, _request: web.Request, device: DeviceId) -> answers.DevicePrivacyDocument:
        """What people decided on a device, what it sent and turned away, how far its ledger is, and what was erased."""
        return await self._service.read(lambda registry, _: _privacy(registry, device))

    @operation("privacy", errors={404: "no such device"})
    async def ledger_points(self, _request: web.Request, device: DeviceId) -> answers.PointsDocument:
        """The entries of a device's ledger that the fleet knows by their hash, and sums of what left between them."""

        def find(registry: Registry) -> answers.PointsDocument:
            registry.device(device)
            connection = registry.connection
            return {"points": store.points_of(connection, device), "sendings": sendings_of(connection, device)}

        return await self._service.read(lambda registry, _: find(registry))

    @operation("privacy", errors={404: "no such device"}, streams={"application/x-ndjson": answers.HeldLine})
    async def export_privacy(self, request: web.Request, device: DeviceId) -> web.StreamResponse:
        """All that the fleet holds of a device's programs and of what people decided, one JSON object a line."""
        first = await self._service.read(lambda registry, _: list(_beside_events(registry, device)))
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        try:
            await _write(response, first)
            await self._write_records(response, device)
            await self._write_sums(response, device)
        except FleetError:
            if request.transport is not None:
                request.transport.abort()  # what has been sent must not look whole
            raise
        await response.write_eof()
        return response

    async def _write_records(self, response: web.StreamResponse, device: str) -> None:
        after: Place | None = None
        while True:
            page = await self._service.read(
                lambda _, telemetry, after=after: read_page(  # type: ignore[misc]
                    telemetry.connection, TelemetryQuery(device), after
                )
            )
            await _write(response, [_line("record", each) for each in page.records])
            after = page.after
            if after is None:
                return

    async def _write_sums(self, response: web.StreamResponse, device: str) -> None:
        after: store.SumPlace | None = None
        while True:
            page = await self._service.read(
                lambda registry, _, after=after: list(  # type: ignore[misc]
                    store.sums_of(registry.connection, device, after)
                )
            )
            if not page:
                return
            await _write(response, [_line("sum", each) for _, each in page])
            after = page[-1][0]

    @operation("privacy", errors={404: "no such device"})
    async def erase(self, _request: web.Request, device: DeviceId, body: answers.EraseOrder) -> answers.ErasureDocument:
        """Erase what the fleet holds of a device's program, or of all of them; decisions and audit log stay."""
        return _erasure(await self._desk.erase(device, body.app_id))

    @operation("privacy", errors={404: "no such program"})
    async def program_privacy(self, _request: web.Request, app_id: AppId) -> answers.ProgramPrivacyDocument:
        """The plan of a program's newest release, and on how many devices each item was granted or refused."""
        found = await self._service.read(lambda registry, _: newest_plan(registry.connection, app_id))
        if found is None:
            raise NotFoundError(f"{app_id} is not published; publish it with `cygnet fleet publish`")
        return {"app_id": app_id, "version_code": found[0], "items": found[1]}


def _privacy(registry: Registry, device: str) -> answers.DevicePrivacyDocument:
    registry.device(device)
    connection = registry.connection
    return {
        "decisions": store.decisions_of(connection, device),
        "sent": sent_of(connection, device),
        "refusals": store.refusals_of(connection, device),
        "head": store.head_of(connection, device),
        "erasures": [_erasure(each) for each in erasures_of(connection, device)],
    }


def _beside_events(registry: Registry, device: str) -> Iterator[dict[str, Any]]:
    registry.device(device)
    connection: Connection = registry.connection
    yield from (_line("decision", each) for each in store.decisions_of(connection, device))
    yield from (_line("refusal", each) for each in store.refusals_of(connection, device))
    yield from (_line("sending", each) for each in sendings_of(connection, device))
    yield from (_line("point", each) for each in store.points_of(connection, device))
    yield from (_line("erasure", _erasure(each)) for each in erasures_of(connection, device))


def _erasure(done: Erasure) -> answers.ErasureDocument:
    document = asdict(done)
    del document["device"]
    return cast("answers.ErasureDocument", document)


def _line(held: str, value: object) -> dict[str, Any]:
    return {"held": held, "value": value}


async def _write(response: web.StreamResponse, lines: list[dict[str, Any]]) -> None:
    if lines:
        await response.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode())
