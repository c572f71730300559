"""Workers of a fleet whose broker knows each client by its certificate, as mosquitto with our configuration does."""

from pathlib import Path

import pytest

from device_runtime.sync.messages import TelemetryBatch, TelemetryRecord, encode
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.server import run_fleet
from firmware_tools.fleet.workers.worker import run_worker
from tests.brokers import free_port
from tests.fleet.devices import eventually
from tests.fleet.test_service import stored
from tests.fleet.test_workers import settled
from tests.identity.world import connected, issue, make_home, running_broker
from tests.postgres import Postgres

pytestmark = [pytest.mark.broker, pytest.mark.xdist_group("postgres")]
EPOCH = "00112233aabbccdd"


async def test_a_fleet_and_its_workers_share_a_broker_that_takes_the_certificates_name_for_the_clients_id(
    tmp_path: Path, postgres: Postgres
) -> None:
    port = free_port()
    home = make_home(tmp_path, port, "mosquitto")
    with home.settings_file.open("a") as file:
        file.write(f'\n[database]\nurl = "{postgres.url()}"\n')
    office = IdentityOffice(home)
    for name in ("fleet", "worker-1", "worker-2"):
        office.service(name)
    with running_broker(home, "mosquitto", port, tmp_path / "broker") as broker:
        async with run_fleet(home) as fleet, run_worker(home, 1) as first, run_worker(home, 2) as second:
            await settled(fleet, [first, second])
            processes = [fleet.service, first.service, second.service]
            since = [service.connected_at for service in processes]
            await fleet.operations.enroll("kitchen", "")
            await eventually(
                lambda: all("kitchen" in service.hearing.enrolled for service in processes), "all are told"
            )
            async with connected(broker, issue(home, "kitchen", tmp_path / "kitchen"), "kitchen") as kitchen:
                for sequence in range(1, 31):
                    record = TelemetryRecord(sequence, 1_700_000_000.0, "test", "ping", {"value": sequence})
                    batch = encode(TelemetryBatch(EPOCH, (record,)))
                    assert await kitchen.say("cygnet/1/north/kitchen/telemetry", batch)
                await eventually(
                    lambda: sum(service.counters.records for service in processes) == 30, "each record is stored once"
                )
            assert await stored(fleet, "kitchen") == list(range(1, 31))
            assert [service.connected_at for service in processes] == since, "nobody threw another out"
            assert "already connected" not in broker.log()
