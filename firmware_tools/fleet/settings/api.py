"""Settings in the JSON API. ``docs/fleet.md`` lists the requests."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

from device_runtime.settings import SETTINGS
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.settings.registry import SettingsRelease


class SettingsApi:
    """The handlers."""

    def __init__(self, service: FleetService) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """Every route of settings."""
        return [
            web.get("/api/settings", self.list),
            web.post("/api/settings", self.publish),
            web.put("/api/devices/{device}/settings/{name}", self.assign),
            web.delete("/api/devices/{device}/settings/{name}", self.unassign),
        ]

    async def list(self, _request: web.Request) -> web.Response:
        """Every version of every set, and what can be set."""
        found = await self._service.read(lambda registry, _: registry.settings.all())
        known = [{"name": setting.name, "value": setting.range, "doc": setting.doc} for setting in SETTINGS.values()]
        return web.json_response({"settings": [asdict(release) for release in found], "known": known})

    async def publish(self, request: web.Request) -> web.Response:
        """Publish a set of settings, as its next version: ``{"name", "values"}``."""
        body = await _body(request, {"name", "values"})
        name, values = body.get("name"), body.get("values")
        if not isinstance(name, str) or not isinstance(values, dict):
            raise FleetError('settings take {"name": "its-name", "values": {"update.quiet": true}}')

        def work(registry: Registry) -> tuple[SettingsRelease, bool]:
            return registry.settings.publish(name, values, time.time())

        release, new = await self._service.change(work)
        if new:
            self._service.feed.announce({"type": "releases"})
        return web.json_response({**asdict(release), "new": new}, status=201 if new else 200)

    async def assign(self, request: web.Request) -> web.Response:
        """Let a device follow a set: ``{"version_code"?}``, the newest version without it."""
        code = (await _body(request, {"version_code"})).get("version_code")
        if not (code is None or (isinstance(code, int) and not isinstance(code, bool) and 0 < code < 2**53)):
            raise FleetError("assigning takes version_code, which is a whole number, or null for the newest")
        device, name = request.match_info["device"], request.match_info["name"]
        release = await self._service.change(lambda registry: registry.assign_settings(device, name, code), [device])
        return web.json_response(asdict(release))

    async def unassign(self, request: web.Request) -> web.Response:
        """Take a set away from a device, where its board file holds again."""
        device, name = request.match_info["device"], request.match_info["name"]
        await self._service.change(lambda registry: registry.unassign_settings(device, name), [device])
        return web.json_response({})


async def _body(request: web.Request, known: set[str]) -> Mapping[str, Any]:
    try:
        body = await request.json() if request.can_read_body else {}
        json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # half a character is a ValueError, too
        raise FleetError("the request's body is not JSON, or holds what no database takes") from error
    if not isinstance(body, dict) or not body.keys() <= known:
        raise FleetError(f"the request's body must be a JSON object with the members {', '.join(sorted(known))}")
    return body
