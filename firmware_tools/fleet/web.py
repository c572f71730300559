"""The operator page and the JSON API under ``/api/``, which the command line uses too. ``docs/fleet.md`` lists it."""

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from device_runtime.sealed.archive import MAX_ARCHIVE_BYTES
from device_runtime.sync.transport import MqttTransport
from firmware_tools.fleet.access.control import AccessControl
from firmware_tools.fleet.access.middleware import access_control, add_headers
from firmware_tools.fleet.documents import device_document
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.events.api import TelemetryApi
from firmware_tools.fleet.model_documents import model_documents
from firmware_tools.fleet.operations import Operations
from firmware_tools.fleet.service import FleetService
from firmware_tools.fleet.telemetry_request import number, query_of

_PAGE = Path(__file__).parent / "page"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_KEEP_ALIVE = 15.0


class FleetApi:
    """The handlers of the API."""

    def __init__(self, service: FleetService, operations: Operations, transport: MqttTransport) -> None:
        self._service, self._operations, self._transport = service, operations, transport

    def routes(self) -> list[web.RouteDef]:
        """Every route under ``/api/``."""
        return [
            web.get("/api/fleet", self.fleet),
            web.get("/api/devices", self.devices),
            web.post("/api/devices", self.enroll),
            web.get("/api/devices/{device}", self.device),
            web.put("/api/devices/{device}/programs/{app_id}", self.assign),
            web.delete("/api/devices/{device}/programs/{app_id}", self.unassign),
            web.put("/api/devices/{device}/models/{model}", self.assign_model),
            web.delete("/api/devices/{device}/models/{model}", self.unassign_model),
            web.put("/api/devices/{device}/runtime", self.assign_runtime),
            web.delete("/api/devices/{device}/runtime", self.unassign_runtime),
            web.get("/api/runtimes", self.runtimes),
            web.post("/api/runtimes", self.publish_runtime),
            web.get("/api/models", self.models),
            web.post("/api/models", self.publish_model),
            web.get("/api/releases", self.releases),
            web.post("/api/releases", self.publish),
            web.get("/api/telemetry", self.telemetry),
            web.get("/api/telemetry/rates", self.rates),
            *TelemetryApi(self._service).routes(),
            web.get("/api/live", self.live),
        ]

    async def fleet(self, _request: web.Request) -> web.Response:
        """The fleet itself: broker, troubles, counters, strangers."""
        service = self._service
        return web.json_response(
            {
                "fleet": service.fleet,
                "broker": self._transport.url,
                "connected": self._transport.connected,
                "broker_trouble": self._transport.trouble,
                "trouble": service.trouble,
                "counters": asdict(service.counters),
                "strangers": [asdict(stranger) for stranger in service.strangers.all()],
                "now": time.time(),
            }
        )

    async def devices(self, _request: web.Request) -> web.Response:
        """Every device with its programs."""
        devices = await self._service.read(lambda registry, _: registry.devices())
        return web.json_response({"devices": [device_document(device) for device in devices]})

    async def device(self, request: web.Request) -> web.Response:
        """One device."""
        name = request.match_info["device"]
        device = await self._service.read(lambda registry, _: registry.device(name))
        return web.json_response(device_document(device))

    async def enroll(self, request: web.Request) -> web.Response:
        """Let a device in: ``{"device", "name"?, "mac"?}``; answers what the device must be told."""
        body = await _body(request, {"device", "name", "mac"})
        device, name, mac = body.get("device"), body.get("name", ""), body.get("mac", False)
        if not isinstance(device, str) or not isinstance(name, str) or not isinstance(mac, bool):
            raise FleetError('enrolling takes {"device": "its-id", "name": "what people call it", "mac": false}')
        provisioning, new = await self._operations.enroll(device, name, mac)
        return web.json_response(
            {
                "fleet": provisioning.fleet,
                "device": provisioning.device,
                "broker": provisioning.broker,
                "fleet_key": provisioning.fleet_key,
                "root": provisioning.root,
                "toml": provisioning.to_toml(),
                "new": new,
                **({"device_key": provisioning.device_key} if mac else {}),
            },
            status=201 if new else 200,
        )

    async def assign(self, request: web.Request) -> web.Response:
        """Let a device have a program: ``{"version_code"?, "launch"?}``."""
        body = await _body(request, {"version_code", "launch"})
        launch = body.get("launch", False)
        if not isinstance(launch, bool):
            raise FleetError("assigning takes launch, which is true or false")
        device, app_id = request.match_info["device"], request.match_info["app_id"]
        release = await self._operations.assign(device, app_id, _version_code(body), launch)
        found = await self._service.read(lambda registry, _: registry.device(device))
        models = [model for model in model_documents(found) if app_id in model["programs"]]
        return web.json_response({**asdict(release), "launch": launch, "models": models})

    async def unassign(self, request: web.Request) -> web.Response:
        """Take a program away from a device."""
        await self._operations.unassign(request.match_info["device"], request.match_info["app_id"])
        return web.json_response({})

    async def assign_model(self, request: web.Request) -> web.Response:
        """Let a device have a model: ``{"version_code"?}``, the newest version without it."""
        code = _version_code(await _body(request, {"version_code"}))
        release = await self._operations.assign_model(request.match_info["device"], request.match_info["model"], code)
        return web.json_response(asdict(release))

    async def unassign_model(self, request: web.Request) -> web.Response:
        """Take a model away from a device; answers the programs for which it stays."""
        programs = await self._operations.unassign_model(request.match_info["device"], request.match_info["model"])
        return web.json_response({"programs": programs})

    async def models(self, _request: web.Request) -> web.Response:
        """Every version of every model."""
        found = await self._service.read(lambda registry, _: registry.models.all())
        return web.json_response({"models": [asdict(release) for release in found]})

    async def publish_model(self, request: web.Request) -> web.Response:
        """Publish the model's package that is the request's body; ``?name=`` is what messages call it."""
        release, new, devices = await self._operations.publish_model(
            await request.read(), Path(request.query.get("name", "the model")).name[:100]
        )
        answer = {**asdict(release), "new": new, "devices": devices}
        return web.json_response(answer, status=201 if new else 200)

    async def assign_runtime(self, request: web.Request) -> web.Response:
        """Let a microcontroller have a runtime: ``{"version"?}``, the newest without it."""
        version = (await _body(request, {"version"})).get("version")
        if not (version is None or isinstance(version, str)):
            raise FleetError("assigning a runtime takes version (its text, or null for the newest)")
        release = await self._operations.assign_runtime(request.match_info["device"], version)
        return web.json_response(asdict(release))

    async def unassign_runtime(self, request: web.Request) -> web.Response:
        """Leave a microcontroller the runtime that it has."""
        await self._operations.unassign_runtime(request.match_info["device"])
        return web.json_response({})

    async def runtimes(self, _request: web.Request) -> web.Response:
        """Every published runtime of microcontrollers."""
        found = await self._service.read(lambda registry, _: registry.runtimes.all())
        return web.json_response({"runtimes": [asdict(release) for release in found]})

    async def publish_runtime(self, request: web.Request) -> web.Response:
        """Publish the runtime that is the request's body; ``?name=`` is what messages call it."""
        release, new = await self._operations.publish_runtime(
            await request.read(), Path(request.query.get("name", "the runtime")).name[:100]
        )
        return web.json_response({**asdict(release), "new": new}, status=201 if new else 200)

    async def releases(self, _request: web.Request) -> web.Response:
        """Every release."""
        releases = await self._service.read(lambda registry, _: registry.releases())
        return web.json_response({"releases": [asdict(release) for release in releases]})

    async def publish(self, request: web.Request) -> web.Response:
        """Publish the package that is the request's body; ``?name=`` is what messages call it."""
        release, new = await self._operations.publish(
            await request.read(), Path(request.query.get("name", "the package")).name[:100]
        )
        return web.json_response({**asdict(release), "new": new}, status=201 if new else 200)

    async def telemetry(self, request: web.Request) -> web.Response:
        """Stored records, newest first."""
        query = query_of(request)
        records = await self._service.read(lambda _, telemetry: telemetry.records(query))
        return web.json_response({"records": records})

    async def rates(self, request: web.Request) -> web.Response:
        """How many records of each name there were in each ``step`` seconds."""
        query, step = query_of(request), number(request, "step") or 10.0
        if not 1 <= step <= 86_400:
            raise FleetError("step must be 1 to 86400 seconds")
        rates = await self._service.read(lambda _, telemetry: telemetry.rates(query, step))
        return web.json_response({"step": step, "rates": rates})

    async def live(self, request: web.Request) -> web.StreamResponse:
        """All that happens, as server-sent events (WHATWG HTML, 9.2), until the client leaves."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            with self._service.feed.watch() as watcher:
                await response.write(b": watching\n\n")
                async for event in watcher.events(_KEEP_ALIVE):
                    line = ": still here" if event is None else f"data: {json.dumps(event)}"
                    await response.write(line.encode() + b"\n\n")
        except ConnectionError:
            pass  # the client has left
        return response


def make_application(api: FleetApi, control: AccessControl) -> web.Application:
    """The whole web side: page, API, and who may use them."""
    application = web.Application(middlewares=[access_control(control)], client_max_size=MAX_ARCHIVE_BYTES + 1024)
    application.on_response_prepare.append(add_headers)
    application.add_routes(api.routes())
    for path in _PAGE.iterdir():
        if path.suffix in _TYPES:
            application.add_routes([_file("/" if path.name == "index.html" else f"/{path.name}", path)])
    return application


def _file(route: str, path: Path) -> web.RouteDef:
    content = path.read_bytes()

    async def send(_request: web.Request) -> web.Response:
        return web.Response(body=content, content_type=_TYPES[path.suffix], charset="utf-8")

    return web.get(route, send)


async def _body(request: web.Request, known: set[str]) -> dict[str, Any]:
    try:
        body = await request.json() if request.can_read_body else {}
    except (ValueError, RecursionError) as error:
        raise FleetError("the request's body is not JSON") from error
    if not isinstance(body, dict) or not body.keys() <= known:
        raise FleetError(f"the request's body must be a JSON object with the members {', '.join(sorted(known))}")
    return body


def _version_code(body: dict[str, Any]) -> int | None:
    code = body.get("version_code")
    if not (code is None or (isinstance(code, int) and not isinstance(code, bool))):
        raise FleetError("assigning takes version_code, which is a whole number, or null for the newest")
    return code
