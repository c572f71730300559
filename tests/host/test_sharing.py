"""A page goes from one device to another: chosen by a person here, opened by a person there."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from device_runtime.capability.registry import Caller, CapabilityError, CapabilityGate
from device_runtime.errors import CygnetError
from device_runtime.host.sharing import SharedPages
from device_runtime.sync.share_messages import Peers, Share, ShareReceipt, ShareRequest, SharingRequest
from device_runtime.sync.sharing import Sharing, SharingError
from device_runtime.values import Value
from tests.capability.conftest import make_caller as make_caller
from tests.open_privacy import OpenPrivacy
from tests.privacy import room as privacy_room

PAGE = "pages/index/index?id=3"


@dataclass
class Desk:
    launched: list[tuple[str, str]] = field(default_factory=list)

    async def launch(self, app_id: str, path: str) -> None:
        self.launched.append((app_id, path))


@dataclass
class Dialogs:
    """An owner who gives one answer, when they are let."""

    answer: Value = None
    shown: list[Mapping[str, Value]] = field(default_factory=list)
    let: asyncio.Event = field(default_factory=asyncio.Event)

    async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002 one program
        self.shown.append(arguments)
        return self.answer

    async def ask(self, arguments: Mapping[str, Value], seconds: float) -> Value:  # noqa: ARG002 it answers in time
        self.shown.append(arguments)
        await self.let.wait()
        return self.answer


class Store:
    def __init__(self, caller: Any) -> None:
        self.manifest = caller.manifest

    def package(self, app_id: str) -> Any:
        if app_id != "demo":
            raise CygnetError(f"{app_id} is not installed")
        return self


@dataclass
class Fleet:
    """Answers at once; ``error`` is what a share is refused with."""

    peers: tuple[str, ...] = ("hall", "kitchen")
    error: str = ""
    heard: list[SharingRequest] = field(default_factory=list)
    sharing: Sharing = field(init=False)

    def __post_init__(self) -> None:
        self.sharing = Sharing(self.send, seconds=0.2)

    async def send(self, request: SharingRequest) -> None:
        self.heard.append(request)
        if isinstance(request, ShareRequest):
            self.sharing.hear(ShareReceipt(request.id, self.error))
        elif self.peers != ("silent",):
            self.sharing.hear(Peers(request.id, self.peers))
        self.sharing.hear(ShareReceipt("an answer to nothing"))


@dataclass
class Room:
    pages: SharedPages
    desk: Desk
    dialogs: Dialogs
    fleet: Fleet
    caller: Any
    records: list[tuple[str, Mapping[str, Value]]]

    async def share(self, **arguments: Value) -> Value:
        gate = CapabilityGate(self.pages.capabilities())
        return await gate.invoke(self.caller, "share.page", {"path": PAGE, "title": "Bread"} | arguments)

    async def receive(self, app_id: str = "demo", path: str = PAGE) -> None:
        self.pages.receive(Share("1", "hall", app_id, path, "Bread"))
        await asyncio.sleep(0)


@pytest.fixture
def room(make_caller: Any) -> Room:
    caller = make_caller(permissions=("share",))
    desk, dialogs, records = Desk(), Dialogs(), list[tuple[str, Mapping[str, Value]]]()

    def record(source: str, name: str, values: Mapping[str, Value]) -> None:
        assert source == "device"
        records.append((name, values))

    pages = SharedPages(desk, dialogs, Store(caller), record, OpenPrivacy())  # type: ignore[arg-type]
    fleet = Fleet()
    pages.use(fleet.sharing)
    return Room(pages, desk, dialogs, fleet, caller, records)


async def test_the_owner_chooses_a_device_and_the_page_goes_there(room: Room) -> None:
    room.dialogs.answer = {"tapIndex": 1}
    assert await room.share() == {"device": "kitchen"}
    assert room.dialogs.shown[0]["itemList"] == ["hall", "kitchen"]
    request = room.fleet.heard[-1]
    assert isinstance(request, ShareRequest)
    assert (request.to, request.app_id, request.path, request.title) == ("kitchen", "demo", PAGE, "Bread")
    assert room.records == [("page_shared", {"app_id": "demo", "to": "kitchen"})]


@pytest.mark.parametrize(
    ("answer", "peers", "error", "reason"),
    [
        (None, ("hall",), "", "^cancel$"),
        ({"tapIndex": 2}, ("hall",), "", "^cancel$"),
        ({"tapIndex": 0}, (), "", "no other device"),
        ({"tapIndex": 0}, ("silent",), "", "does not answer"),
        ({"tapIndex": 0}, ("hall",), "hall is away", "hall is away"),
    ],
)
async def test_a_page_that_cannot_be_shared_says_why(
    room: Room, answer: Value, peers: tuple[str, ...], error: str, reason: str
) -> None:
    room.dialogs.answer, room.fleet.peers, room.fleet.error = answer, peers, error
    with pytest.raises(CapabilityError, match=reason):
        await room.share()


async def test_sharing_needs_its_permission_and_a_fleet(room: Room, make_caller: Any) -> None:
    gate = CapabilityGate(room.pages.capabilities())
    with pytest.raises(CapabilityError, match="does not ask for the permission share"):
        await gate.invoke(make_caller(), "share.page", {"path": PAGE})
    alone = SharedPages(room.desk, room.dialogs, Store(room.caller), lambda *_: None, OpenPrivacy())  # type: ignore[arg-type]
    with pytest.raises(CapabilityError, match="belongs to no fleet"):
        await CapabilityGate(alone.capabilities()).invoke(room.caller, "share.page", {"path": PAGE})


@pytest.mark.parametrize(
    ("answer", "launched"), [({"confirm": True}, [("demo", PAGE)]), ({"confirm": False}, []), (None, [])]
)
async def test_a_shared_page_opens_only_where_a_person_agrees(
    room: Room, answer: Value, launched: list[tuple[str, str]]
) -> None:
    room.dialogs.answer = answer
    await room.receive()
    assert "hall would like to show “Bread” here, in Demo." in str(room.dialogs.shown[0]["content"])
    assert room.desk.launched == []
    await room.receive()
    assert len(room.dialogs.shown) == 1, "one question at a time"
    room.dialogs.let.set()
    await asyncio.wait([task for task in asyncio.all_tasks() if task.get_name() == "shared page"], timeout=5)
    assert room.desk.launched == launched
    assert room.records[0][1]["opened"] is bool(launched)


@pytest.mark.parametrize(("app_id", "path"), [("other", PAGE), ("demo", "pages/none/none"), ("demo", "../../etc")])
async def test_what_is_not_installed_here_is_not_asked_about(room: Room, app_id: str, path: str) -> None:
    room.dialogs.let.set()
    await room.receive(app_id, path)
    await room.pages.stop()
    assert room.dialogs.shown == []


async def test_without_a_connection_the_reason_is_passed_on() -> None:
    async def send(request: SharingRequest) -> None:
        raise SharingError("the device is not connected to its fleet now")

    with pytest.raises(SharingError, match="not connected"):
        await Sharing(send).peers("demo")


async def test_a_no_while_a_device_is_chosen_keeps_the_page_here(tmp_path: Path) -> None:
    privacy = privacy_room.Room(tmp_path)
    of = privacy_room.manifest(
        data_plan=[privacy_room.item("page", destination="other-device", fields={"id": "integer"})]
    )
    privacy.allow(of.data_plan)
    caller, fleet, choosing = Caller(of.app_id, of), Fleet(), asyncio.Event()

    class Slow(Dialogs):
        async def ui(self, app_id: str, name: str, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG002 - as above
            choosing.set()
            await asyncio.Event().wait()
            return None

    pages = SharedPages(Desk(), Slow(), Store(caller), lambda *_: None, privacy.gate)  # type: ignore[arg-type]
    pages.use(fleet.sharing)
    (share,) = pages.capabilities()
    sharing = asyncio.ensure_future(share.provider(caller, {"path": "pages/index?id=3"}))
    await choosing.wait()
    privacy.refuse(of.data_plan)
    with pytest.raises(CapabilityError, match="no longer agrees"):
        await asyncio.wait_for(sharing, 20)
    assert not any(isinstance(each, ShareRequest) for each in fleet.heard)
    privacy.close()
