"""Looking at a device's screen in the JSON API. ``docs/operator.md`` says how it goes."""

import json
from typing import Any

from aiohttp import web

from device_runtime.sync.screen_messages import MAX_NAME, VIEW_ID
from firmware_tools.fleet.errors import FleetError
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
            web.post("/api/devices/{device}/screen", self.ask),
            web.get("/api/devices/{device}/screen", self.watch),
            web.delete("/api/devices/{device}/screen", self.end),
        ]

    async def ask(self, request: web.Request) -> web.Response:
        """Ask the person at a device to show its screen: ``{"by"?}``; answers ``{"id"}``, by which it is watched."""
        by = await _who(request)
        name = request.match_info["device"]
        device = await self._service.read(lambda registry, _: registry.device(name))
        if await self._service.read(lambda registry, _: registry.runtimes.keys([name])):
            raise FleetError(f"{name} is a microcontroller: it has no pages that could be shown from afar", 409)
        if device.status != "online":
            raise FleetError(f"{name} is not there now, so nobody can be asked", 409)
        view = await self._views.ask(name, by)
        return web.json_response({"id": view.id}, status=201)

    async def watch(self, request: web.Request) -> web.StreamResponse:
        """What a device shows, as server-sent events, to who asked for it: ``?id=``. Each event is ``{"type": "screen",
        "device", "state", "by", "reason", "until"}``, and where something is shown ``"whole"``, ``"sent"``, ``"limit"``
        and ``"messages"``. The stream ends with the look."""
        number = request.query.get("id", "")
        if not VIEW_ID.fullmatch(number):
            raise FleetError("watching takes ?id=, which asking gave", 400)
        by = await _who(request)
        async with self._views.watch(request.match_info["device"], number, by) as following:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            try:
                await response.prepare(request)
                while (event := await following(_KEEP_ALIVE)) is not None:
                    line = f"data: {json.dumps(event, ensure_ascii=False)}" if event else ": still here"
                    await response.write(line.encode() + b"\n\n")
            except ConnectionError:
                pass  # the client has left
            return response

    async def end(self, request: web.Request) -> web.Response:
        """End the look at a device, whoever's it is."""
        name = request.match_info["device"]
        by = await _who(request)
        await self._service.read(lambda registry, _: registry.device(name))
        await self._views.end(name, by)
        return web.json_response({})


async def _who(request: web.Request) -> str:
    """The name of the operator: of the account, where there are accounts; else what the request says."""
    body: dict[str, Any] = {}
    if request.can_read_body:
        try:
            body = await request.json()
        except (ValueError, RecursionError) as error:
            raise FleetError("the request's body is not JSON") from error
        if not isinstance(body, dict) or not body.keys() <= {"by"}:
            raise FleetError('the request\'s body must be a JSON object with the member "by", or none')
    said = body.get("by", request.query.get("by", ""))
    if not isinstance(said, str) or len(said) > MAX_NAME or not (said == "" or said.isprintable()):
        raise FleetError(f"by must be one line of at most {MAX_NAME} characters")
    actor = request.get("actor")
    if actor is not None:
        if said and said != actor.name:
            raise FleetError(f"by must be {actor.name}, who is signed in", 403)
        return str(actor.name)
    return said.strip() or "operator"
