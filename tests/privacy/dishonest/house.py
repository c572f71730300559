"""A device for dishonest programs: real workers, real capabilities behind the real gate, a real server on loopback
whose every byte is kept, a real queue of telemetry. Only the microphone, the screen and the way to the fleet are
played."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import aiohttp
from aiohttp import web

from device_runtime.capability.clipboard import clipboard_capabilities
from device_runtime.capability.files import ProgramFiles, file_capabilities
from device_runtime.capability.fonts import font_capabilities
from device_runtime.capability.health import health_capability
from device_runtime.capability.inference import inference_capabilities
from device_runtime.capability.media import ProgramMedia
from device_runtime.capability.origin import NetworkPolicy
from device_runtime.capability.recording import recording_capabilities
from device_runtime.capability.registry import CapabilityGate
from device_runtime.capability.request import HttpClient, request_capabilities
from device_runtime.capability.sockets import SocketClient, socket_capabilities
from device_runtime.capability.storage import ProgramStorage, storage_capabilities
from device_runtime.capability.telemetry import telemetry_capability
from device_runtime.capability.transfer import transfer_capabilities
from device_runtime.host.desk import Desk
from device_runtime.host.dialogs import Dialogs
from device_runtime.host.screen.server import ScreenServer
from device_runtime.host.sharing import SharedPages
from device_runtime.program.limits import Limits
from device_runtime.program.manifest import Manifest, parse_manifest
from device_runtime.program.sessions import Sessions
from device_runtime.program.store import ProgramStore
from device_runtime.program.surroundings import Surroundings
from device_runtime.sync.share_messages import ShareRequest
from device_runtime.sync.sharing import Sharing
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.telemetry_messages import TelemetryReceipt, TelemetryRecord
from device_runtime.values import Value
from tests.host.test_desk import PaperScreen, PaperStore
from tests.host.test_sharing import Fleet
from tests.inference_parts import Ears, Service
from tests.privacy.room import Room
from tests.program.running import Program, Recorder, view

SECRET = "Zq7kT31fVw9xBd05"  # noqa: S105 - what is kept from leaving, and no password
"""What the microphone hears; a program that records gets these very bytes."""
ROUTE = "pages/index/index"


class Wire:
    """A server that keeps every byte that comes to it, and answers WebSockets as well as requests."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.asked: list[str] = []
        self.redirect = ""
        self.port = 0

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.raw_path)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            socket = web.WebSocketResponse(protocols=("plain",))
            await socket.prepare(request)
            self._socket = socket
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self.heard += message.data.encode()
            self.heard += f"close {socket.close_code}".encode()
            return socket
        await request.read()
        if self.redirect:
            return web.Response(status=307, headers={"Location": self.redirect})
        return web.json_response({})

    async def serve(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        behind = runner.addresses[0][1]

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", behind)
            await asyncio.gather(self._copy(reader, to_writer, keep=True), self._copy(to_reader, writer, keep=False))

        self._front = await asyncio.start_server(pass_on, "127.0.0.1", 0)
        self.port = self._front.sockets[0].getsockname()[1]
        return runner

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool) -> None:
        try:
            while data := await reader.read(65_536):
                if keep:
                    self.heard += data
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def say(self, text: str) -> None:
        """Send a message over the socket that was opened last."""
        await self._socket.send_str(text)

    async def close(self) -> None:
        self._front.close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class House:
    """The device, with a person who has agreed to all that a program's plan says unless a test says otherwise."""

    def __init__(self, folder: Path, wire: Wire, room: Room) -> None:
        self.wire, self.room, self.heard = wire, room, Recorder()
        gate = room.gate
        self.queue = TelemetryQueue(folder / "telemetry.db")
        gate._record = self.queue.record
        self.files, self.storage = ProgramFiles(folder / "files"), ProgramStorage(folder / "storage.db")
        self.http, self.sockets = HttpClient(NetworkPolicy(), gate), SocketClient(NetworkPolicy(), gate)
        self.media = ProgramMedia(self.files, self.http)
        self.screen, self.store = PaperScreen(), PaperStore()
        self.said: list[str] = []
        self.ears, self.models = Ears(), Service()
        self.fleet = Fleet()
        self.desk = Desk(
            cast("ProgramStore", self.store), cast("ScreenServer", self.screen), self.queue.record,
            gate.may_tell, gate.may_hint, sleep=_for_ever,
        )  # fmt: skip
        self.shared = SharedPages(
            self.desk, cast("Dialogs", self), cast("ProgramStore", self.store), self.queue.record, gate
        )
        self.shared.use(self.fleet.sharing)
        self.capabilities = CapabilityGate(
            [
                *storage_capabilities(self.storage),
                *file_capabilities(self.files),
                *request_capabilities(self.http),
                *transfer_capabilities(self.http, self.files),
                *socket_capabilities(self.sockets),
                *self.media.capabilities(),
                *font_capabilities(self.media, self),
                *clipboard_capabilities(lambda app, act: self.queue.record("device", act, {"app_id": app}), gate),
                *recording_capabilities(self.microphone, self.files, gate),
                *inference_capabilities(self.models, self.models, self.files, self.ears, Limits(), gate),
                telemetry_capability(self.queue.record, gate, clock=self._every_second()),
                health_capability(lambda _app, wrong: self.said.append(wrong), gate),
                *self.shared.capabilities(),
            ]
        )
        self.sessions = Sessions(
            Surroundings(
                gate=self.capabilities, listener=self, system=lambda: {"platform": "cygnet"}, storage=self.storage.load
            )
        )
        self.desk.use(self.sessions)

    @staticmethod
    def _every_second() -> Any:
        """How fast a program may report is tested elsewhere: here it may as fast as it likes."""
        at = 0

        def now() -> float:
            nonlocal at
            at += 1
            return float(at)

        return now

    # -- who is played --------------------------------------------------------------------------------------------

    async def microphone(self) -> AsyncIterator[bytes]:
        while True:
            yield SECRET.encode() * 64
            await asyncio.sleep(0.001)

    async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002
        return {"tapIndex": 0, "confirm": True}

    async def ask(self, arguments: Mapping[str, Value], seconds: float) -> Value:  # noqa: ARG002
        return {"confirm": True}

    def on_stack(self, *told: Any) -> None:
        self.desk.on_stack(*told)

    def on_patch(self, *told: Any) -> None:
        self.desk.on_patch(*told)

    def on_log(self, app_id: str, level: str, text: str, source: str) -> None:
        self.heard.on_log(app_id, level, text, source)
        self.desk.on_log(app_id, level, text, source)

    def on_exit(self, app_id: str, reason: str) -> None:
        self.heard.on_exit(app_id, reason)
        self.desk.on_exit(app_id, reason)

    # -- programs -------------------------------------------------------------------------------------------------

    def add(self, source: Program, *, agreed: bool = True) -> str:
        """Install a program."""
        manifest = source.manifest
        if agreed:
            self.room.consents.decide(manifest.app_id, manifest.data_plan.items, granted=True, who="owner")
        return self.store.add(source)

    async def run(self, app_id: str) -> list[str]:
        """Run a program until it says that it is done, and end it; gives what it says failed."""
        self.heard.logs.pop(app_id, None)
        session = await self.desk.session(app_id)
        level = "info" if session.manifest.language == "python" else "log"
        await self.heard.line(session, "done", level)
        failed = [line for line in self.heard.lines(session, level) if line.startswith("failed")]
        await self.desk.stop_program(app_id)
        return failed

    def records(self) -> list[TelemetryRecord]:
        """All that the queue would tell the fleet; each is given once."""
        taken: list[TelemetryRecord] = []
        while batch := self.queue.next_batch():
            taken += batch.records
            self.queue.acknowledge(TelemetryReceipt(batch.epoch, batch.records[-1].sequence))
        return taken

    def shares(self) -> list[str]:
        """The pages that went to other devices."""
        return [f"{each.path} {each.title}" for each in self.fleet.heard if isinstance(each, ShareRequest)]

    async def close(self) -> None:
        await self.desk.stop()
        await self.sessions.close()
        await self.sockets.close()
        await self.http.close()
        self.files.close()
        self.storage.close()
        self.queue.close()


async def _for_ever(_seconds: float) -> None:
    await asyncio.Event().wait()


PRELUDE = """
const call = (name, options) => new Promise((ok, no) => wx[name]({ ...options, success: ok, fail: no }));
const failed = (error) => console.log('failed ' + (error.errMsg || error.message || error));
const attempt = async (made) => { try { return await made() } catch (error) { failed(error) } };
const at = (url) => url.startsWith('/') ? ORIGIN + url : url;
const request = (url, options) => attempt(() => call('request', { url: at(url), ...options }));
const post = (path, data, header) => request(path, { method: 'POST', data, header });
const hear = () => new Promise((ok, no) => {
  const recorder = wx.getRecorderManager();
  let heard = '';
  recorder.onFrameRecorded(({ frameBuffer }) => {
    if (!heard) { heard = String.fromCharCode(...new Uint8Array(frameBuffer).slice(0, 16)); recorder.stop() }
  });
  recorder.onStop(() => ok(heard));
  recorder.onError((error) => no(error));
  recorder.start({ format: 'PCM', frameSize: 1 });
});
"""


def manifest_of(app_id: str, origin: str, items: Sequence[Mapping[str, Any]] | None, **cygnet: Any) -> Manifest:
    """A manifest with a plan of these items; ``None``: it says nothing of what it sends."""
    plan = {} if items is None else {"data_plan": list(items)}
    socket = origin.replace("http", "ws")
    document = {
        "app_id": app_id, "name": "Liar", "version": {"code": 1, "name": "1"}, "platform_version": {"min_code": 1},
        "pages": [ROUTE], "icons": [],
        "req_permissions": [{"name": name, "reason": "test"} for name in ("request", "record", "share")],
        "cygnet": {"network": {"request": [origin], "socket": [socket]}} | plan | cygnet,
    }  # fmt: skip
    return parse_manifest(json.dumps(document))


def script(origin: str, body: str, *, hears: bool) -> str:
    """A page that hears the secret, does something dishonest, and says again and again that it is done: a flood may
    push out a line."""
    begin = "const secret = await hear();" if hears else "const secret = '';"
    settings = f"const ORIGIN = '{origin}', SOCKET = '{origin.replace('http', 'ws')}';"
    end = "setInterval(() => console.log('done'), 50)"
    load = f"await attempt(async () => {{ {begin}\n{body}\n }}); {end}"
    return f"{settings}{PRELUDE}Page({{ async onLoad() {{ {load} }} }})"


def liar(app_id: str, origin: str, items: Sequence[Mapping[str, Any]] | None, body: str, hears: bool = True) -> Program:
    """A dishonest program of one page."""
    entries = {
        "app.js": b"App({})",
        f"{ROUTE}.js": script(origin, body, hears=hears).encode(),
        f"{ROUTE}.view": view(),
    }
    return Program(manifest_of(app_id, origin, items), entries)


__all__ = ["ROUTE", "SECRET", "House", "Sharing", "Wire", "liar", "manifest_of"]
