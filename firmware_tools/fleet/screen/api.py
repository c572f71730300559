"""Looking at a device's screen in the JSON API. ``docs/operator.md`` says how it goes."""

import json

from aiohttp import web

from device_runtime.sync.screen_messages import MAX_NAME
from firmware_tools.fleet.access.identity import ACTOR, OWNER
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.openapi.operation import Created, Done, Link, operation
from firmware_tools.fleet.openapi.parameters import DeviceId
from firmware_tools.fleet.screen.answers import AskedScreen, Asking, Ending, SeenEvent, Watching
from firmware_tools.fleet.screen.views import ScreenViews
from firmware_tools.fleet.service import FleetService

_KEEP_ALIVE = 15.0


class ScreenApi:
    """The handlers."""

    def __init__(self, service: FleetService, views: ScreenViews) -> None:
        self._service, self._views = service, views

    def routes(self) -> list[web.RouteDef]:
        """Every route of looks."""
        return [
            web.post("/api/devices/{device}/screen", self.ask_screen),
            web.get("/api/devices/{device}/screen", self.watch_screen),
            web.delete("/api/devices/{device}/screen", self.end_screen),
        ]

    @operation(
        "devices",
        errors={404: "no such device", 409: "nobody is there, the device has no pages, or somebody looks already"},
        links=(Link("watch_screen", {"device": "$request.path.device", "id": "$response.body#/id"}),),
    )
    async def ask_screen(self, request: web.Request, device: DeviceId, body: Asking) -> Created[AskedScreen]:
        """Ask the person at a device to show its screen."""
        by = _who(request, body.by)
        found = await self._service.read(lambda registry, _: registry.device(device))
        if await self._service.read(lambda registry, _: registry.runtimes.keys([device])):
            raise FleetError(f"{device} is a microcontroller: it has no pages that could be shown from afar", 409)
        if found.status != "online":
            raise FleetError(f"{device} is not there now, so nobody can be asked", 409)
        view = await self._views.ask(device, by)
        return Created({"id": view.id})

    @operation("devices", errors={404: "no such look"}, streams={"text/event-stream": SeenEvent})
    async def watch_screen(self, request: web.Request, device: DeviceId, query: Watching) -> web.StreamResponse:
        """What a device shows, as server-sent events, to who asked for it; they end with the look."""
        async with self._views.watch(device, query.id, _who(request, query.by)) as following:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            try:
                await response.prepare(request)
                while (event := await following(_KEEP_ALIVE)) is not None:
                    line = f"data: {json.dumps(event, ensure_ascii=False)}" if event else ": still here"
                    await response.write(line.encode() + b"\n\n")
            except ConnectionError:
                pass  # the client has left
            return response

    @operation("devices", errors={404: "no such device"})
    async def end_screen(self, request: web.Request, device: DeviceId, query: Ending) -> Done:
        """End the look at a device, whoever's it is."""
        by = _who(request, query.by)
        await self._service.read(lambda registry, _: registry.device(device))
        await self._views.end(device, by)
        return {}


def _who(request: web.Request, by: str) -> str:
    """The name of the operator: of the account; or as they call themselves, for whoever holds the token is believed."""
    account = request[ACTOR].name
    if account == OWNER:
        if not (by == "" or by.isprintable()):
            raise FleetError(f"by must be one line of at most {MAX_NAME} characters")
        return by.strip() or "operator"
    if by not in ("", account):
        raise FleetError(f"by must be {account}, who is signed in", 403)
    return account
