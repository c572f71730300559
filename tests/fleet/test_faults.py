"""A part of the fleet's service that ends by a fault of its own does not do so in silence."""

import pytest

from firmware_tools.fleet.audit.keeper import AuditKeeper
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.identity.keeper import IdentityKeeper
from firmware_tools.fleet.rollouts.operations import RolloutOperations
from firmware_tools.fleet.server import run_fleet
from firmware_tools.fleet.trust.keeper import TrustKeeper
from firmware_tools.fleet.trust.root_follower import RootFollower
from tests.fleet.devices import eventually

PARTS = [
    (RootFollower, "root"),
    (TrustKeeper, "trust"),
    (AuditKeeper, "audit"),
    (IdentityKeeper, "identity"),
    (RolloutOperations, "rollouts"),
]


@pytest.mark.parametrize(("part", "name"), PARTS)
@pytest.mark.broker
async def test_a_part_that_ends_by_a_fault_is_named_with_what_went_wrong(
    home: FleetHome, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: type, name: str
) -> None:
    async def run(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(part, "run", run)
    async with run_fleet(home):
        await eventually(lambda: f"({name}) goes on no more: restart the fleet" in caplog.text, "it is told")
    assert "ZeroDivisionError" in caplog.text
