"""A fleet, its broker, and a whole device whose person is a test: nothing on the way is a stand-in."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.host.board import Board, find_board
from device_runtime.host.device import Device, Instruments
from device_runtime.host.provisioning import load_provisioning
from device_runtime.host.viewing.viewing import Pace
from device_runtime.view.mirror import MirrorTree
from firmware_tools.build.program import build_program
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.fleet.devices import eventually
from tests.host.screen_device import PNG

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
QUICK = Pace(update=0.05, quiet=0.0)
SECRET = "swordfish-4711"  # noqa: S105 - of nothing
BANK = "org.example.bank"
NOTES = "org.example.notes"

PAGE_VIEW = """\
<view class="card">
  <text id="greeting">Hello, {{name}}</text>
  <image src="/red.png" mode="aspectFit"></image>
  <input id="secret" password placeholder="PIN" value="{{secret}}" bindinput="typed"></input>
  <input id="open" value="{{note}}"></input>
  <view hidden><text>not to be seen</text></view>
  <view wx:for="{{rows}}" wx:key="id" class="row"><text>{{item.text}}</text></view>
  <button id="more" bindtap="more">More</button>
</view>
"""
PAGE_SCRIPT = f"""\
Page({{
  data: {{ name: "Ada", secret: "{SECRET}", note: "milk", rows: [] }},
  more() {{
    const {{ rows }} = this.data;
    this.setData({{ rows: [...rows, {{ id: rows.length, text: `row ${{rows.length}}` }}] }});
  }},
  typed() {{}},
}});
"""
PAGE_STYLE = """\
page { background: #f4efe6; }
.card { display: flex; flex-direction: column; padding: 24rpx; gap: 12px; }
image { width: 40px; height: 40px; }
.row { background: url(red.png); border-radius: 8px; padding: 6px; }
"""


def write_program(folder: Path, app_id: str, name: str, private: bool = False) -> Path:
    """The sources of a small program."""
    page = folder / "pages" / "index"
    page.mkdir(parents=True)
    own: dict[str, Any] = {"app_id": app_id, "name": name, "version": {"code": 1, "name": "1.0.0"}}
    if private:
        own["private_pages"] = ["pages/index/index"]
    app = {"pages": ["pages/index/index"], "window": {"navigationBarTitleText": name}}
    (folder / "cygnet.json").write_text(json.dumps(own))
    (folder / "app.json").write_text(json.dumps(app))
    (folder / "app.js").write_text("App({});\n")
    (folder / "red.png").write_bytes(PNG)
    (page / "index.wxml").write_text(PAGE_VIEW)
    (page / "index.js").write_text(PAGE_SCRIPT)
    (page / "index.wxss").write_text(PAGE_STYLE)
    (page / "red.png").write_bytes(PNG)
    return folder


@dataclass
class Person:
    """Somebody at the device, with a screen that is no browser."""

    socket: aiohttp.ClientWebSocketResponse
    seen: list[dict[str, Any]] = field(default_factory=list)
    trees: dict[tuple[str, int], MirrorTree] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    reading: asyncio.Task[None] | None = None

    async def read(self) -> None:
        """Take in what the device shows."""
        async for message in self.socket:
            document = json.loads(message.data)
            self.seen.append(document)
            if document["type"] == "exited" or document.get("snapshot"):
                gone = document["app_id"]  # its page ids begin anew
                self.trees = {key: tree for key, tree in self.trees.items() if key[0] != gone}
            if document["type"] == "patch":
                self.trees.setdefault((document["app_id"], document["page"]), MirrorTree()).apply(
                    document["operations"]
                )
            self.changed.set()

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until what is shown fulfils a condition."""
        async with asyncio.timeout(20):
            while not (value := condition()):
                if self.reading is not None and self.reading.done():
                    await self.reading  # says why
                    raise AssertionError("the device closed the screen")
                self.changed.clear()
                await self.changed.wait()
        return value

    async def question(self) -> dict[str, Any]:
        """The question that the device asks now."""
        return await self.until(self.open_question)  # type: ignore[no-any-return]

    def open_question(self) -> dict[str, Any] | None:
        done = {message["id"] for message in self.seen if message["type"] == "ui_done"}
        asked = [m for m in self.seen if m["type"] == "ui" and m["name"] == "showModal" and m["app_id"] == ""]
        return next((message for message in asked if message["id"] not in done), None)

    async def answer(self, *, yes: bool) -> None:
        """Answer it."""
        question = await self.question()
        result = {"confirm": yes, "cancel": not yes}
        await self.socket.send_json({"type": "ui_result", "id": question["id"], "result": result})

    async def say(self, kind: str, **members: Any) -> None:
        """Send a message, as a press on the screen does."""
        await self.socket.send_json({"type": kind, **members})

    async def tap(self, identifier: str) -> None:
        """Tap an element by its id in the page."""
        (app_id, page), tree = list(self.trees.items())[-1]
        node = tree.find(id=identifier)
        at = {"x": 1, "y": 1, "identifier": 0, "pageX": 1, "pageY": 1, "clientX": 1, "clientY": 1}
        await self.say(
            "node", app_id=app_id, page=page, node=node.id, event="tap", detail={"x": 1, "y": 1}, touches=[],
            changed_touches=[at], time_stamp=1,
        )  # fmt: skip

    async def bring(self, app_id: str) -> None:
        """Bring a program to the front, and see it there."""
        await self.say("launch", app_id=app_id, path="")
        await self.until(lambda: [m["app_id"] for m in self.seen if m["type"] == "foreground"][-1] == app_id)

    @property
    def mark(self) -> str:
        """Whose name is on the mark; empty without one."""
        marks = [message["by"] for message in self.seen if message["type"] == "viewed"]
        return marks[-1] if marks else ""

    @property
    def looks(self) -> list[dict[str, Any]]:
        """Who looked, as the screen lists it, newest first."""
        return [message["entries"] for message in self.seen if message["type"] == "views"][-1]  # type: ignore[no-any-return]


@dataclass
class Watching:
    """An operator's stream."""

    events: list[dict[str, Any]] = field(default_factory=list)
    tree: MirrorTree = field(default_factory=MirrorTree)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def take(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        for message in event.get("messages", []):
            if message["type"] in ("begin", "stack") and event["whole"]:
                self.tree = MirrorTree()
            if message["type"] == "patch":
                self.tree.apply(message["operations"])
        self.changed.set()

    async def until(self, condition: Callable[[], Any]) -> Any:
        async with asyncio.timeout(20):
            while not (value := condition()):
                self.changed.clear()
                await self.changed.wait()
        return value

    async def state(self, state: str, reason: str = "") -> dict[str, Any]:
        """The event that says so."""

        def found() -> dict[str, Any] | None:
            return next((e for e in self.events if e["state"] == state and e["reason"] == reason), None)

        return await self.until(found)  # type: ignore[no-any-return]

    async def text(self, part: str) -> None:
        """What is shown holds this text."""
        await self.until(lambda: part in self.tree.root.text_content())

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for event in self.events for message in event.get("messages", [])]


@dataclass
class World:
    """All of it."""

    fleet: RunningFleet
    home: FleetHome
    folder: Path
    broker: str
    device: Device | None = None
    url: str = ""

    async def publish(self, app_id: str = NOTES, name: str = "Notes", *, private: bool = False) -> None:
        """Publish a program and give it to the kitchen."""
        built = build_program(write_program(self.folder / app_id, app_id, name, private), KEY)
        await self.fleet.operations.publish(built.data, f"{app_id}.ma")
        await self.fleet.operations.assign("kitchen", app_id, None, not private)

    @asynccontextmanager
    async def running(
        self, pace: Pace = QUICK, state: str = "state", board: Callable[[Board], Board] = lambda board: board
    ) -> AsyncIterator[Device]:
        """The kitchen's device."""
        file = self.folder / "kitchen.toml"
        if not file.exists():
            provisioning, _ = await self.fleet.operations.enroll("kitchen", "Kitchen")
            file.write_text(provisioning.to_toml())
        made = find_board("virtual-speaker")
        made = dataclasses.replace(
            made,
            screen=dataclasses.replace(made.screen, port=0),
            voice=dataclasses.replace(made.voice, enabled=False),
        )
        device = Device(
            board(made), self.folder / state, load_provisioning(file), {}, instruments=Instruments(view_pace=pace)
        )
        self.device, self.url = device, await device.start()
        try:
            await self.online()
            yield device
        finally:
            if self.device is device:  # else the test has stopped it
                await device.stop()

    async def online(self, status: str = "online") -> None:
        """Wait until the fleet has it written down."""
        async with asyncio.timeout(20):
            while (await self.fleet.service.read(lambda r, _: r.device("kitchen"))).status != status:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    @asynccontextmanager
    async def person(self) -> AsyncIterator[Person]:
        """Somebody at a screen of the device."""
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{self.url}ws", origin=self.url.rstrip("/"), max_msg_size=0) as socket,
        ):
            person = Person(socket)
            person.reading = reading = asyncio.create_task(person.read())
            reading.add_done_callback(lambda _: person.changed.set())
            try:
                await person.until(lambda: any(message["type"] == "views" for message in person.seen))
                yield person
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def call(self, method: str, path: str = "", **options: Any) -> tuple[int, dict[str, Any]]:
        """One request about the kitchen's screen."""
        headers = {"Authorization": f"Bearer {self.home.token()}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, f"{self.fleet.url}/api/devices/kitchen/screen{path}", **options) as response,
        ):
            return response.status, await response.json()

    async def ask(self, by: str = "maria") -> str:
        """Ask to see the screen; gives the id."""
        status, document = await self.call("POST", json={"by": by})
        async with asyncio.timeout(20):
            while "is not there now" in document.get("error", ""):  # it has only just come back
                status, document = await self.call("POST", json={"by": by})
        assert status == 201, document
        return str(document["id"])

    @asynccontextmanager
    async def watching(self, number: str, by: str = "maria") -> AsyncIterator[Watching]:
        """What the operator sees."""
        watching = Watching()
        headers = {"Authorization": f"Bearer {self.home.token()}"}
        url = f"{self.fleet.url}/api/devices/kitchen/screen"
        async with (
            aiohttp.ClientSession(headers=headers, read_bufsize=2**22) as session,
            session.get(url, params={"id": number, "by": by}) as response,
        ):
            assert response.status == 200, await response.text()

            async def read() -> None:
                async for line in response.content:
                    if line.startswith(b"data: "):
                        watching.take(json.loads(line[6:]))
                watching.ended = True
                watching.changed.set()

            reading = asyncio.create_task(read())
            try:
                yield watching
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    @asynccontextmanager
    async def shown(self, person: Person, by: str = "maria") -> AsyncIterator[Watching]:
        """A look that the person has allowed."""
        number = await self.ask(by)
        async with self.watching(number, by) as watching:
            await person.answer(yes=True)
            await watching.state("shown")
            yield watching


@asynccontextmanager
async def made_world(home: FleetHome, folder: Path, broker: str) -> AsyncIterator[World]:
    """A fleet that runs, with the kitchen enrolled."""
    async with run_fleet(home) as fleet:
        await eventually(lambda: fleet.service.connected_at is not None, "the fleet connects")
        world = World(fleet, home, folder, broker)
        provisioning, _ = await fleet.operations.enroll("kitchen", "Kitchen")
        (folder / "kitchen.toml").write_text(provisioning.to_toml())
        yield world


def summary(event: Mapping[str, Any]) -> tuple[str, str]:
    """How it goes, in two words."""
    return str(event["state"]), str(event["reason"])
