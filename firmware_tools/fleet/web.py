"""The operator page, and the JSON API of devices and releases under ``/api/``. ``docs/api.md`` lists it."""

import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import msgspec
from aiohttp import web

from device_runtime.sealed.archive import MAX_ARCHIVE_BYTES
from device_runtime.sync.transport import MqttTransport
from firmware_tools.fleet.access import access_control, add_headers
from firmware_tools.fleet.answers import (
    AssignedProgram,
    Devices,
    Enrolled,
    FleetDocument,
    KeptFor,
    Models,
    Published,
    PublishedModel,
    PublishedRuntime,
    Releases,
    Runtimes,
)
from firmware_tools.fleet.documents import DeviceDocument, device_document
from firmware_tools.fleet.live_events import LIVE_EVENTS
from firmware_tools.fleet.model_documents import model_documents
from firmware_tools.fleet.models import ModelRelease
from firmware_tools.fleet.openapi.failures import answer_failures
from firmware_tools.fleet.openapi.operation import Created, Done, Link, operation
from firmware_tools.fleet.openapi.parameters import AppId, DeviceId, ModelName
from firmware_tools.fleet.operations import Operations
from firmware_tools.fleet.requests import Enrolment, ModelChoice, ProgramChoice, RuntimeChoice, Upload
from firmware_tools.fleet.runtimes import RuntimeRelease
from firmware_tools.fleet.service import FleetService

_PAGE = Path(__file__).parent / "page"
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_KEEP_ALIVE = 15.0
_ENROLLED = {"device": "$response.body#/device"}
_OF_DEVICE = {"device": "$request.path.device"}
_NO_DEVICE = {404: "no such device"}
_OTHER_CONTENT = {409: "this version is published with other content, or nobody signed for it"}


class FleetApi:
    """The handlers of the API."""

    def __init__(self, service: FleetService, operations: Operations, transport: MqttTransport) -> None:
        self._service, self._operations, self._transport = service, operations, transport

    def routes(self) -> list[web.RouteDef]:
        """The routes of the fleet, its devices and its releases."""
        return [
            web.get("/api/fleet", self.fleet),
            web.get("/api/devices", self.devices),
            web.post("/api/devices", self.enroll),
            web.get("/api/devices/{device}", self.device),
            web.put("/api/devices/{device}/programs/{app_id}", self.assign_program),
            web.delete("/api/devices/{device}/programs/{app_id}", self.unassign_program),
            web.put("/api/devices/{device}/models/{model}", self.assign_model),
            web.delete("/api/devices/{device}/models/{model}", self.unassign_model),
            web.put("/api/devices/{device}/runtime", self.assign_runtime),
            web.delete("/api/devices/{device}/runtime", self.unassign_runtime),
            web.get("/api/runtimes", self.runtimes),
            web.post("/api/runtimes", self.publish_runtime),
            web.get("/api/models", self.models),
            web.post("/api/models", self.publish_model),
            web.get("/api/releases", self.releases),
            web.post("/api/releases", self.publish_program),
            web.get("/api/live", self.live),
        ]

    @operation("fleet")
    async def fleet(self, _request: web.Request) -> FleetDocument:
        """The fleet itself: broker, troubles, counters, strangers."""
        service = self._service
        return {
            "fleet": service.fleet,
            "broker": self._transport.url,
            "connected": self._transport.connected,
            "broker_trouble": self._transport.trouble,
            "trouble": service.trouble,
            "counters": service.counters,
            "strangers": service.strangers.all(),
            "now": time.time(),
        }

    @operation("devices")
    async def devices(self, _request: web.Request) -> Devices:
        """Every device with its programs."""
        devices = await self._service.read(lambda registry, _: registry.devices())
        return {"devices": [device_document(device) for device in devices]}

    @operation("devices", errors=_NO_DEVICE)
    async def device(self, _request: web.Request, device: DeviceId) -> DeviceDocument:
        """One device."""
        return device_document(await self._service.read(lambda registry, _: registry.device(device)))

    @operation("devices", links=tuple(Link(name, _ENROLLED) for name in ("device", "tag_device")))
    async def enroll(self, _request: web.Request, body: Enrolment) -> Enrolled | Created[Enrolled]:
        """Let a device in; answers what the device must be told."""
        provisioning, new = await self._operations.enroll(body.device, body.name, body.mac)
        answer: Enrolled = {
            "fleet": provisioning.fleet,
            "device": provisioning.device,
            "broker": provisioning.broker,
            "fleet_key": provisioning.fleet_key,
            "root": provisioning.root,
            "toml": provisioning.to_toml(),
            "new": new,
        }
        if body.mac:
            answer["device_key"] = provisioning.device_key
        return Created(answer) if new else answer

    @operation(
        "programs",
        errors={404: "no such device or release", 409: "devices would refuse it"},
        links=(Link("unassign_program", {**_OF_DEVICE, "app_id": "$request.path.app_id"}), Link("device", _OF_DEVICE)),
    )
    async def assign_program(
        self, _request: web.Request, device: DeviceId, app_id: AppId, body: ProgramChoice
    ) -> AssignedProgram:
        """Let a device have a program."""
        release = await self._operations.assign(device, app_id, body.version_code, body.launch)
        found = await self._service.read(lambda registry, _: registry.device(device))
        models = [model for model in model_documents(found) if app_id in model["programs"]]
        return AssignedProgram(**asdict(release), launch=body.launch, models=models)

    @operation("programs", errors={404: "no such device, or it has no such program"})
    async def unassign_program(self, _request: web.Request, device: DeviceId, app_id: AppId) -> Done:
        """Take a program away from a device."""
        await self._operations.unassign(device, app_id)
        return {}

    @operation(
        "models",
        errors={404: "no such device, model or version", 409: "the device takes no models"},
        links=(Link("unassign_model", {**_OF_DEVICE, "model": "$request.path.model"}), Link("device", _OF_DEVICE)),
    )
    async def assign_model(
        self, _request: web.Request, device: DeviceId, model: ModelName, body: ModelChoice
    ) -> ModelRelease:
        """Let a device have a model."""
        return await self._operations.assign_model(device, model, body.version_code)

    @operation(
        "models",
        errors={404: "no such device, or it has no such model", 409: "it is there because programs ask for it"},
    )
    async def unassign_model(self, _request: web.Request, device: DeviceId, model: ModelName) -> KeptFor:
        """Take a model away from a device; answers the programs for which it stays."""
        return {"programs": await self._operations.unassign_model(device, model)}

    @operation("models")
    async def models(self, _request: web.Request) -> Models:
        """Every version of every model."""
        return {"models": await self._service.read(lambda registry, _: registry.models.all())}

    @operation("models", errors=_OTHER_CONTENT, most_bytes=MAX_ARCHIVE_BYTES)
    async def publish_model(
        self, _request: web.Request, query: Upload, data: bytes
    ) -> PublishedModel | Created[PublishedModel]:
        """Publish the model's package that is the request's body.

        It is signed anew with the fleet's key. Devices whose programs have asked for it in vain get it at once.
        """
        release, new, devices = await self._operations.publish_model(data, query.called("the model"))
        answer = PublishedModel(**asdict(release), new=new, devices=devices)
        return Created(answer) if new else answer

    @operation(
        "runtimes",
        errors={404: "no such device or runtime", 409: "the device is no microcontroller"},
        links=(Link("unassign_runtime", _OF_DEVICE),),
    )
    async def assign_runtime(self, _request: web.Request, device: DeviceId, body: RuntimeChoice) -> RuntimeRelease:
        """Let a microcontroller have a runtime."""
        return await self._operations.assign_runtime(device, body.version)

    @operation("runtimes", errors={404: "no such device, or no runtime is assigned to it"})
    async def unassign_runtime(self, _request: web.Request, device: DeviceId) -> Done:
        """Leave a microcontroller the runtime that it has."""
        await self._operations.unassign_runtime(device)
        return {}

    @operation("runtimes")
    async def runtimes(self, _request: web.Request) -> Runtimes:
        """Every published runtime of microcontrollers."""
        return {"runtimes": await self._service.read(lambda registry, _: registry.runtimes.all())}

    @operation("runtimes", errors=_OTHER_CONTENT, most_bytes=MAX_ARCHIVE_BYTES)
    async def publish_runtime(
        self, _request: web.Request, query: Upload, data: bytes
    ) -> PublishedRuntime | Created[PublishedRuntime]:
        """Publish the runtime of microcontrollers that is the request's body.

        It is signed anew with the fleet's key.
        """
        release, new = await self._operations.publish_runtime(data, query.called("the runtime"))
        answer = PublishedRuntime(**asdict(release), new=new)
        return Created(answer) if new else answer

    @operation("programs")
    async def releases(self, _request: web.Request) -> Releases:
        """Every release of every program."""
        return {"releases": await self._service.read(lambda registry, _: registry.releases())}

    @operation("programs", errors=_OTHER_CONTENT, most_bytes=MAX_ARCHIVE_BYTES)
    async def publish_program(
        self, _request: web.Request, query: Upload, data: bytes
    ) -> Published | Created[Published]:
        """Publish the program's package that is the request's body.

        It is signed anew with the fleet's key.
        """
        release, new = await self._operations.publish(data, query.called("the package"))
        answer = Published(**asdict(release), new=new)
        return Created(answer) if new else answer

    @operation("fleet", streams={"text/event-stream": LIVE_EVENTS})
    async def live(self, request: web.Request) -> web.StreamResponse:
        """All that happens, as server-sent events (WHATWG HTML, 9.2), until the client leaves.

        Each event is one line of `data:` with JSON whose `type` says what happened; lines that begin with a colon keep
        the connection alive. Who reads too slowly is told `refresh`: load everything again.
        """
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        try:
            await response.prepare(request)
            if request.method == "HEAD":
                return response
            with self._service.feed.watch() as watcher:
                await response.write(b": watching\n\n")
                async for event in watcher.events(_KEEP_ALIVE):
                    line = b": still here" if event is None else b"data: " + msgspec.json.encode(event)
                    await response.write(line + b"\n\n")
        except ConnectionError:
            pass  # the client has left
        return response


def make_application(routes: Iterable[web.RouteDef], token: str, names: frozenset[str]) -> web.Application:
    """The whole web side: page, API, and who may use them."""
    application = web.Application(middlewares=[answer_failures, access_control(token, names)])
    application.on_response_prepare.append(add_headers)
    application.add_routes(routes)
    for path in _PAGE.iterdir():
        if path.suffix in _TYPES:
            application.add_routes([_file("/" if path.name == "index.html" else f"/{path.name}", path)])
    return application


def _file(route: str, path: Path) -> web.RouteDef:
    content = path.read_bytes()

    async def send(_request: web.Request) -> web.Response:
        return web.Response(body=content, content_type=_TYPES[path.suffix], charset="utf-8")

    return web.get(route, send)
