"""A device that asks for certificates in a loop is held back, and one that renews honestly never is for long."""

from pathlib import Path

from device_runtime.sync.certificates import certification_request, new_key, sign
from device_runtime.sync.identity_messages import RenewRequest, renew_bytes
from device_runtime.sync.reissue_messages import ReissueRequest
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.asking import AT_ONCE, EVERY, Asking
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.desk import IdentityDesk
from firmware_tools.fleet.identity.settings import read_identity_settings
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.brokers import free_port
from tests.identity.test_board_renewal import issued, request_of
from tests.identity.test_renewal import DAY, give_identity, identity
from tests.identity.world import make_home


class Desk:
    """The desk of a fleet that runs, at a clock of its own, which counts what it signs."""

    def __init__(self, fleet: RunningFleet, home: FleetHome) -> None:
        self.seconds, self.signed = 0.0, 0
        settings = read_identity_settings(home.settings_file)
        authority = Authority(home.directory, "north")
        joining = fleet.operations.joining
        self.desk = IdentityDesk(
            fleet.service, authority, settings, joining, self._sign, monotonic=lambda: self.seconds
        )

    def _sign(self, _fleet: str, _device: str, certificate: bytes, _key: bytes | None) -> bytes:
        self.signed += 1
        return certificate


async def test_a_board_that_asks_in_a_loop_is_held_back_and_costs_no_signature(tmp_path: Path) -> None:
    home = make_home(tmp_path, free_port())
    asks = {
        device: request_of(identity(give_identity(home, tmp_path / device, 600, device)).certificate())
        for device in ("kitchen", "hall")
    }
    async with run_fleet(home) as fleet:
        made = Desk(fleet, home)
        answers = [await made.desk.reissue("kitchen", asks["kitchen"]) for _ in range(100)]
        assert made.signed == AT_ONCE
        assert [bool(answer.envelope) for answer in answers] == [True] * AT_ONCE + [False] * (100 - AT_ONCE)
        assert "asks for certificates too often" in answers[-1].error
        assert answers[-1].retry_after == EVERY
        assert made.desk.counters.renewals_held_back == 100 - AT_ONCE
        assert (await made.desk.reissue("hall", asks["hall"])).envelope, "another device is not held back"
        made.seconds += answers[-1].retry_after
        assert (await made.desk.reissue("kitchen", asks["kitchen"])).envelope
        assert len(await issued(fleet, "kitchen")) == 2


async def test_who_names_certificates_that_there_are_not_is_held_back_as_well(tmp_path: Path) -> None:
    home = make_home(tmp_path, free_port())
    async with run_fleet(home) as fleet:
        made = Desk(fleet, home)
        answers = [await made.desk.reissue("kitchen", ReissueRequest("1", "ab")) for _ in range(AT_ONCE + 1)]
        assert [answer.retry_after for answer in answers] == [0] * AT_ONCE + [EVERY]


async def test_a_device_cannot_have_certificates_for_ever_more_keys(tmp_path: Path) -> None:
    home = make_home(tmp_path, free_port())
    own = identity(give_identity(home, tmp_path / "kitchen", age=600))

    def request() -> RenewRequest:
        csr = certification_request(new_key(), "kitchen")
        serial = f"{own.certificate().serial_number:x}"
        return RenewRequest("1", csr, serial, sign(own.key(), renew_bytes("north", "kitchen", csr)))

    async with run_fleet(home) as fleet:
        made = Desk(fleet, home)
        answers = [await made.desk.answer("kitchen", request()) for _ in range(AT_ONCE + 5)]
        assert [bool(answer.document) for answer in answers] == [True] * AT_ONCE + [False] * 5
        assert len(await issued(fleet, "kitchen")) == 1 + AT_ONCE


def longest_without(asking: Asking, clock: list[float], pause: float, heeds: bool) -> float:
    """The most seconds of two days in which a device that asks after each ``pause`` is answered nothing."""
    answered = longest = 0.0
    while clock[0] < 2 * DAY:
        wait = asking.wait("kitchen")
        if not wait:
            longest, answered = max(longest, clock[0] - answered), clock[0]
        clock[0] += max(pause, wait) if heeds else pause
    return longest


def test_a_board_that_starts_again_and_again_or_loses_every_answer_is_answered_every_ten_minutes() -> None:
    for pause in (5.0, 30.0, 60.0):
        clock = [0.0]
        # It does not know after a start that it was told to wait.
        assert longest_without(Asking(lambda: clock[0]), clock, pause, heeds=False) <= EVERY + pause  # noqa: B023


def test_who_asks_as_often_as_the_protocol_says_is_never_held_back() -> None:
    clock = [0.0]
    asking = Asking(lambda: clock[0])
    assert longest_without(asking, clock, EVERY, heeds=True) == EVERY, "a board whose answers are lost"
    for _ in range(400):  # each day: it starts twelve times within twelve minutes, and asks after each
        for _ in range(12):
            assert not asking.wait("kitchen")
            clock[0] += 60
        clock[0] += DAY - 12 * 60


def test_only_devices_that_asked_lately_are_remembered() -> None:
    clock = [0.0]
    asking = Asking(lambda: clock[0])
    for number in range(10_000):
        asking.wait(f"kiosk-{number}")
        clock[0] += DAY / 10_000
    assert len(asking) <= 1000
    for _ in range(AT_ONCE):
        asking.wait("kitchen")
    for number in range(3000):  # all at once
        asking.wait(f"kiosk-{number}")
    assert asking.wait("kitchen"), "who used up its questions is not forgotten"
