"""Bytes of devices in the JSON API."""

import time

from aiohttp import web
from sqlalchemy import RowMapping

from firmware_tools.fleet.openapi.operation import operation
from firmware_tools.fleet.openapi.parameters import DeviceId
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.traffic import store
from firmware_tools.fleet.traffic.answers import DeviceTraffic, LastDays, TrafficDay


class TrafficApi:
    """The handlers."""

    def __init__(self, service: FleetService) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Every route of this part."""
        return [web.get("/api/devices/{device}/traffic", self.device_traffic)]

    @operation("devices", errors={404: "no such device"})
    async def device_traffic(self, _request: web.Request, device: DeviceId, query: LastDays) -> DeviceTraffic:
        """How many bytes a device sent and received, by channel and day."""
        first = int(time.time() // store.DAY_SECONDS) - query.days + 1
        return await self._service.read(lambda registry, _: _traffic(registry, device, first))


def _traffic(registry: Registry, device: str, first: int) -> DeviceTraffic:
    registry.device(device)
    since = store.since(registry.connection, device)
    return {
        "since": None if since is None else float(since * store.DAY_SECONDS),
        "days": [_day(row) for row in store.of_device(registry.connection, device, first)],
    }


def _day(row: RowMapping) -> TrafficDay:
    return {
        "time": float(row["day"] * store.DAY_SECONDS),
        "sent": {
            "telemetry": row["sent_telemetry"],
            "state": row["sent_state"],
            "reported": row["sent_reported"],
            "request": row["sent_request"],
            "screen": row["sent_screen"],
            "messages": row["sent_messages"],
        },
        "received": {
            "desired": row["received_desired"],
            "content": row["received_content"],
            "response": row["received_response"],
            "messages": row["received_messages"],
        },
    }
