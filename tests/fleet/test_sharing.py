"""Pages that devices share through their fleet, on a real mosquitto."""

from collections.abc import Iterable

import pytest

from device_runtime.sync.messages import FleetResponse, ProgramReport, Reported, State, encode
from device_runtime.sync.share_messages import Peers, PeersRequest, Share, ShareReceipt, ShareRequest
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.fleet.sharing import SHARES, ShareDesk
from tests.brokers import Mosquitto
from tests.fleet.devices import PlainDevice, connected_device, eventually

APP = "org.example.lamp"


def a_device(name: str, *app_ids: str, phase: str = "running") -> Device:
    has = {app_id: ProgramReport(1, "1.0", phase) for app_id in app_ids}  # type: ignore[arg-type] # the phases are known
    return Device(name, name, "online", 1, 0.0, 0.0, "test", "test", 0, 0, 0.0, {}, has)


DEVICES = [
    a_device("hall", APP),
    a_device("attic", APP),
    a_device("shed", "other"),
    a_device("yard", APP, phase="failed"),
]
STATES = {name: State("online", 1) for name in ("hall", "shed", "yard", "desk")} | {"attic": State("lost", 1)}


def answers(request: PeersRequest | ShareRequest, desk: ShareDesk | None = None) -> list[tuple[str, FleetResponse]]:
    made = (desk or ShareDesk()).answer("desk", request, [*DEVICES, a_device("desk", APP)], STATES)
    return [(to, response) for to, response in made]


def test_peers_are_the_other_devices_that_are_there_and_have_the_program() -> None:
    assert answers(PeersRequest("1", APP)) == [("desk", Peers("1", ("hall",)))]
    assert answers(PeersRequest("1", "none")) == [("desk", Peers("1", ()))]


def test_a_share_is_passed_on_and_answered() -> None:
    assert answers(ShareRequest("1", "hall", APP, "pages/a/a", "A")) == [
        ("hall", Share("1", "desk", APP, "pages/a/a", "A")),
        ("desk", ShareReceipt("1")),
    ]


@pytest.mark.parametrize("to", ["attic", "shed", "yard", "desk", "nobody"])
def test_a_share_for_a_device_that_cannot_open_it_is_refused(to: str) -> None:
    ((name, receipt),) = answers(ShareRequest("1", to, APP, "pages/a/a", "A"))
    assert name == "desk"
    assert isinstance(receipt, ShareReceipt)
    assert receipt.error == f"{to} is away, or has not got the program"


def test_a_device_may_share_only_so_often() -> None:
    desk = ShareDesk()
    made = [answers(ShareRequest(str(n), "hall", APP, "pages/a/a", "A"), desk) for n in range(SHARES + 1)]
    assert [len(each) for each in made] == [2] * SHARES + [1]
    last = made[-1][0][1]
    assert isinstance(last, ShareReceipt)
    assert "wait a moment" in last.error


def of(kind: type[FleetResponse], responses: Iterable[FleetResponse]) -> list[FleetResponse]:
    return [response for response in responses if isinstance(response, kind)]


@pytest.mark.broker
async def test_a_page_reaches_the_other_device(fleet: RunningFleet, mosquitto: Mosquitto) -> None:
    for name in ("desk", "hall"):
        await fleet.operations.enroll(name, "")

    async def has_it(device: PlainDevice) -> None:
        await device.say_online()
        await device.report(Reported(1, 0, "test", "test", {APP: ProgramReport(1, "1.0", "installed")}))

    async with (
        connected_device("north", "desk", mosquitto.url) as desk,
        connected_device("north", "hall", mosquitto.url) as hall,
    ):
        await has_it(hall)
        numbers = iter(range(1000))

        async def hall_is_known() -> None:
            await desk.say("request", encode(PeersRequest(f"p{next(numbers)}", APP)))

        def found() -> bool:
            return any(isinstance(answer, Peers) and answer.devices == ("hall",) for answer in desk.responses)

        for _ in range(100):
            known = len(of(Peers, desk.responses))
            await hall_is_known()
            await eventually(lambda known=known: len(of(Peers, desk.responses)) > known, "an answer")  # type: ignore[misc] # a default binds it
            if found():
                break
        assert found()

        await desk.say("request", encode(ShareRequest("s", "hall", APP, "pages/a/a?x=1", "Light")))
        await eventually(lambda: bool(of(Share, hall.responses)), "the page comes")
        await eventually(lambda: ShareReceipt("s") in desk.responses, "the receipt comes")
    assert of(Share, hall.responses) == [Share("s", "desk", APP, "pages/a/a?x=1", "Light")]
