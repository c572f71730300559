"""A microcontroller with a certificate: MicroPython's unix port against a broker that wants one of everybody."""

import json
from pathlib import Path

import pytest

from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.identity.settings import BrokerKind
from firmware_tools.fleet.server import run_fleet
from firmware_tools.provision.identity import read_identity
from tests.brokers import free_port
from tests.fleet.devices import eventually
from tests.identity.world import enroll, make_home, running_broker
from tests.micro.sync.board import Board

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("kind", ["mosquitto", "nats"])
async def test_a_board_connects_with_the_certificate_that_it_was_provisioned_with(
    kind: BrokerKind, micropython: str, tmp_path: Path
) -> None:
    port = free_port()
    home = make_home(tmp_path, port, kind)
    enroll(home, "pico-1")
    identity = read_identity(IdentityOffice(home).issue("pico-1", tmp_path / "identity"))
    board = Board(micropython, tmp_path / "board")
    files = identity.files("pico-w")
    board.provision(json.loads(files.pop("/cygnet/identity.json")))
    assert set(files) == {"/cygnet/ca.der", "/cygnet/device.der", "/cygnet/device.key"}
    for name, data in files.items():
        (board.root / name[1:]).write_bytes(data)
    with running_broker(home, kind, port, tmp_path / "broker"):
        async with run_fleet(home) as fleet, board.powered():
            await eventually(
                lambda: (
                    fleet.service._states.get("pico-1") is not None
                    and fleet.service._states["pico-1"].status == "online"
                ),
                "the board is online",
            )
