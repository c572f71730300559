"""What an operator does: the API of a running fleet, and the commands on its machine."""

import csv
import dataclasses
import json
import os
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from device_runtime.errors import CygnetError
from device_runtime.host.command import device as device_command
from device_runtime.host.identity_folder import IdentityFolder, identity_of
from device_runtime.host.provisioning import load_provisioning
from firmware_tools.cli import fleet_target
from firmware_tools.cli.fleet import fleet as fleet_command
from firmware_tools.fleet.audit.log import page as audited
from firmware_tools.fleet.client import FleetClient
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.home import FleetHome, init_home
from firmware_tools.fleet.identity.authority import service_files
from firmware_tools.fleet.identity.brokers import nats
from firmware_tools.fleet.identity.brokers.rabbitmq import definitions
from firmware_tools.fleet.identity.brokers.rights import Client, Rights
from firmware_tools.fleet.identity.office import IdentityOffice
from firmware_tools.fleet.identity.settings import read_identity_settings
from firmware_tools.fleet.server import RunningFleet, run_fleet
from firmware_tools.fleet.workers.worker import run_worker
from tests.brokers import free_port
from tests.identity.world import enroll, make_home


@pytest.fixture
def home(tmp_path: Path) -> FleetHome:
    return make_home(tmp_path, free_port())


@pytest.fixture
async def fleet(home: FleetHome) -> AsyncIterator[RunningFleet]:
    async with run_fleet(home) as running:
        yield running


def run(home: FleetHome, *arguments: str) -> Result:
    result = CliRunner().invoke(fleet_command, ["--home", str(home.directory), *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit | CygnetError):
        raise result.exception
    return result


async def test_the_api_of_claims_and_certificates(fleet: RunningFleet, home: FleetHome, tmp_path: Path) -> None:
    client = FleetClient(fleet.url, home.token())
    made = (await client.call("POST", "/api/claims", body={"device": "kitchen", "tags": ["a"], "days": 2}))["codes"]
    assert len(made) == 1
    code: str = made[0]["code"]
    (claim,) = (await client.call("GET", "/api/claims"))["claims"]
    assert (claim["id"], claim["device"], claim["tags"], claim["state"]) == (made[0]["id"], "kitchen", ["a"], "open")
    assert code not in json.dumps(claim)
    assert code.replace("-", "").encode() not in home.database_file.read_bytes()

    assert len((await client.call("POST", "/api/claims", body={"count": 3}))["codes"]) == 3
    await client.call("DELETE", f"/api/claims/{claim['id']}")
    states = {each["id"]: each["state"] for each in (await client.call("GET", "/api/claims"))["claims"]}
    assert states[claim["id"]] == "revoked"
    first = await client.call("GET", "/api/claims", params={"state": "open", "limit": "2"})
    assert (len(first["claims"]), first["total"]) == (2, 3)
    rest = await client.call("GET", "/api/claims", params={"state": "open", "after": first["next"]})
    assert (len(rest["claims"]), rest["next"]) == (1, None)
    (found,) = (await client.call("GET", "/api/claims", params={"q": "itche"}))["claims"]
    assert found["id"] == claim["id"]

    await client.call("POST", "/api/devices", body={"device": "hall"})
    assert (await client.call("GET", "/api/devices/hall/certificates"))["certificates"] == []
    with pytest.raises(FleetError, match="no certificate"):
        await client.call("POST", "/api/devices/hall/certificates/revoke", body={})
    IdentityOffice(home).issue("hall", tmp_path / "hall")
    (certificate,) = (await client.call("GET", "/api/devices/hall/certificates"))["certificates"]
    assert certificate["state"] == "active"
    assert certificate["not_after"] > certificate["not_before"]
    answer = await client.call("POST", "/api/devices/hall/certificates/revoke", body={"reason": "stolen"})
    assert answer == {"revoked": 1}
    (certificate,) = (await client.call("GET", "/api/devices/hall/certificates"))["certificates"]
    assert (certificate["state"], certificate["reason"]) == ("revoked", "stolen")

    status = await client.call("GET", "/api/identity")
    assert status["active"]
    assert not status["rotating"]
    assert (status["devices"], status["barred"]) == (0, 1)
    assert status["claims"] == {"used": 0, "revoked": 1, "expired": 0, "open": 3}
    assert {each["name"] for each in status["own"]} == {
        *("root CA", "issuing CA", "broker", "service fleet", "service fleet-telemetry", "provisioning claim")
    }


REFUSED: list[tuple[str, str, Any, str]] = [
    ("POST", "/api/claims", {"count": True}, "count must be"),
    ("POST", "/api/claims", {"count": "2"}, "count must be"),
    ("POST", "/api/claims", {"device": 3}, "device must be"),
    ("POST", "/api/claims", {"tags": "a"}, "tags must be"),
    ("POST", "/api/claims", {"days": "7"}, "days must be"),
    ("POST", "/api/claims", {"days": -1}, "days must be a number"),
    ("POST", "/api/claims", {"code": "x"}, "JSON object with the members"),
    ("DELETE", "/api/claims/nothing", None, "there is no claim"),
    ("GET", "/api/claims?after=nothing", None, "there is no claim"),
    ("GET", "/api/claims?limit=1001", None, "limit must be a whole number from 1 to 1000"),
    ("GET", "/api/claims?state=lost", None, "state must be one of open, used, expired, revoked"),
    ("GET", "/api/devices/nobody/certificates", None, "not enrolled"),
    ("POST", "/api/devices/nobody/certificates/revoke", {"reason": 7}, "reason must be"),
    ("POST", "/api/devices/nobody/certificates/revoke", {"reason": "a\nb"}, "no certificate"),
]


async def test_the_api_refuses_in_a_sentence(home: FleetHome, fleet: RunningFleet) -> None:
    client = FleetClient(fleet.url, home.token())
    for method, path, body, sentence in REFUSED:
        with pytest.raises(FleetError, match=sentence):
            await client.call(method, path, body=body)


async def test_a_fleet_without_a_ca_works_as_before_and_says_that_it_has_none(tmp_path: Path) -> None:
    home = init_home(tmp_path / "fleet", "north", broker=f"mqtt://127.0.0.1:{free_port()}", listen="127.0.0.1:0")
    async with run_fleet(home) as fleet:
        client = FleetClient(fleet.url, home.token())
        assert (await client.call("GET", "/api/identity"))["active"] is False
        with pytest.raises(FleetError, match="has no CA yet"):
            await client.call("POST", "/api/claims", body={})
        assert "kitchen" in (await client.call("POST", "/api/devices", body={"device": "kitchen"}))["toml"]


@contextmanager
def served(home: FleetHome) -> Iterator[FleetHome]:
    """The fleet in a thread of its own, at the address that its settings name."""
    import asyncio

    text = home.settings_file.read_text().replace('"127.0.0.1:0"', f'"127.0.0.1:{free_port()}"')
    home.settings_file.write_text(text)
    ready, end = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with run_fleet(home):
            ready.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield home
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(20)
        loop.close()


def test_the_commands_of_claims(home: FleetHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet_target, "_ON_A_PAGE", "2")
    out = tmp_path / "codes.csv"
    with served(home):
        made = run(home, "claim", "create", "--device", "kitchen", "--days", "3")
        assert "kitchen, until " in made.output
        assert run(home, "claim", "create", "--count", "5", "--tag", "batch:7", "--out", str(out)).exit_code == 0
        assert run(home, "claim", "create", "--out", str(out)).exit_code == 1
        rows = list(csv.DictReader(out.open()))
        assert len({row["code"] for row in rows}) == 5
        assert out.stat().st_mode & 0o077 == 0
        claims = json.loads(run(home, "claim", "list", "--json").output)
        assert len(claims) == 6
        assert run(home, "claim", "revoke", claims[0]["id"]).exit_code == 0
        assert "revoked" in run(home, "claim", "list").output
        revoked = json.loads(run(home, "claim", "list", "--state", "revoked", "--json").output)
        assert [each["id"] for each in revoked] == [claims[0]["id"]]


def test_the_commands_of_the_ca(home: FleetHome, tmp_path: Path) -> None:
    again = run(home, "identity", "init")
    assert "has a CA already" in str(again.exception)
    unknown = run(home, "identity", "issue", "kitchen", "--out", str(tmp_path / "kitchen"))
    assert "not enrolled" in str(unknown.exception)
    enroll(home, "kitchen")
    assert run(home, "identity", "issue", "kitchen", "--out", str(tmp_path / "kitchen")).exit_code == 0
    found = identity_of(load_provisioning(tmp_path / "kitchen" / "provisioning.toml"))
    assert found is not None
    assert found.holder.name == "kitchen"
    assert run(home, "identity", "service", "content-1").exit_code == 0
    assert run(home, "identity", "service", "other").exit_code == 1
    assert run(home, "identity", "provisioning", "line-2").exit_code == 0
    assert run(home, "identity", "provisioning", "../x").exit_code == 1
    assert run(home, "identity", "withdraw", "content-1").exit_code == 0
    assert run(home, "identity", "withdraw", "nobody").exit_code == 1
    assert run(home, "identity", "server", "localhost", "10.0.0.1").exit_code == 0
    assert run(home, "identity", "rotate-ca", "--finish").exit_code == 1
    assert run(home, "identity", "rotate-ca").exit_code == 0
    assert run(home, "identity", "rotate-ca").exit_code == 1
    refused = run(home, "identity", "rotate-ca", "--finish")
    assert "1 devices have a certificate of the former CA" in str(refused.exception)
    assert run(home, "identity", "rotate-ca", "--finish", "--force").exit_code == 0
    status = json.loads(run(home, "identity", "status", "--json").output)
    assert (status["devices"], status["of_former_ca"], status["rotating"]) == (1, 1, False)
    assert "root CA" in run(home, "identity", "status").output
    database = Database(f"sqlite:///{home.database_file}")
    with database.transaction() as connection:
        done = [entry.action for entry in audited(connection, before=None, limit=100, actor="", action="identity")]
    database.close()
    assert done == [
        *("identity.finish-rotation", "identity.rotate-ca", "identity.server", "identity.withdraw"),
        *("identity.provisioning", "identity.service", "identity.issue"),
    ], "what is done at the home is in the audit log, newest first, and what was refused is not"


def test_a_content_worker_has_a_certificate_of_its_own_where_the_fleet_has_one(home: FleetHome) -> None:
    broker = home.settings().broker
    with pytest.raises(FleetError, match="identity service content-1"):
        service_files(home.directory, broker, "content-1")
    IdentityOffice(home).service("content-1")
    files = service_files(home.directory, broker, "content-1")
    assert files is not None
    assert files.certificate is not None
    assert files.certificate.name == "content-1.pem"
    elsewhere = dataclasses.replace(broker, cert=home.directory / "fleet.pem")
    assert service_files(home.directory, elsewhere, "content-1") is None
    assert service_files(home.directory, dataclasses.replace(broker, cert=None), "content-1") is None


async def test_a_worker_without_a_certificate_of_its_own_does_not_start_where_the_fleet_has_one(
    home: FleetHome,
) -> None:
    settings = home.settings_file.read_text()
    home.settings_file.write_text(settings + '\n[database]\nurl = "postgresql+psycopg://nobody@127.0.0.1:1/none"\n')
    for number, missing in ((0, "start this worker with --number 1"), (2, "identity service worker-2")):
        with pytest.raises(FleetError, match=missing):
            async with run_worker(home, number):
                pass


@pytest.mark.parametrize("kind", ["mosquitto", "nats", "rabbitmq"])
def test_a_brokers_files_are_written_once_and_only_where_something_changed(
    home: FleetHome, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "broker"
    first = run(home, "broker-config", kind, "--out", str(out), "--as-if", "/etc/broker")
    assert "server.key" in first.output
    assert (out / "server.key").stat().st_mode & 0o077 == 0
    main = next(path for path in out.iterdir() if path.suffix == ".conf" and path.name != "authorization.conf")
    assert "/etc/broker/server.pem" in main.read_text()
    again = run(home, "broker-config", kind, "--out", str(out), "--as-if", "/etc/broker")
    assert "server.key" not in again.output
    gone = run(home, "broker-config", kind, "--out", str(out), "--tell", str(tmp_path / "no.pid"))
    assert "cannot be told" in str(gone.exception)


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("device_days = 0", "device_days must be"),
        ("device_days = true", "device_days must be"),
        ('broker = "amqtt"\nbroker_folder = "x"', "must be one of"),
        ('broker = "nats"', "needs identity.broker_folder"),
        ('broker = "nats"\nbroker_folder = 3', "must be a path"),
        ("days = 3", "is not a member"),
    ],
)
def test_settings_that_are_wrong_are_refused(home: FleetHome, table: str, sentence: str) -> None:
    text = home.settings_file.read_text()
    home.settings_file.write_text(text[: text.index("[identity]\n")] + f"[identity]\n{table}\n")
    with pytest.raises(FleetError, match=sentence):
        read_identity_settings(home.settings_file)


def test_a_code_is_no_argument_and_a_second_claim_is_not_made_by_accident(home: FleetHome, tmp_path: Path) -> None:
    out = tmp_path / "identity"
    assert not [
        name for parameter in device_command.commands["claim"].params for name in parameter.opts if name == "--code"
    ]
    enroll(home, "kitchen")
    IdentityOffice(home).issue("kitchen", out)
    assert IdentityFolder(out).claimed
    bundle = home.directory / "identity" / "claim"
    again = CliRunner().invoke(device_command, ["claim", "--bundle", str(bundle), "--out", str(out)])
    assert "has an identity already" in str(again.exception)
    mistyped = CliRunner().invoke(
        device_command,
        ["claim", "--bundle", str(bundle), "--out", str(tmp_path / "new"), "--code-file", "-"],
        input="7K3M-Q9ZX-0AWF-T2BD-Z\n",
        env={**os.environ},
    )
    assert "mistyped" in str(mistyped.exception)
    assert "Q9ZX" not in str(mistyped.exception)


def test_the_dot_of_one_device_is_no_wildcard_for_another() -> None:
    import re

    topics = [f"cygnet/1/north/a.b/{channel}" for channel in ("state", "request")]
    client = Client("a.b", ["urn:x"], topics, ["cygnet/1/north/a.b/desired"])
    (rule,) = json.loads(definitions(Rights("north", [], [], [client], [], [])))["topic_permissions"]
    assert re.search(rule["write"], "cygnet.1.north.a.b.state")
    assert not re.search(rule["write"], "cygnet.1.north.axb.state")
    assert not re.search(rule["write"], "cygnet.1.north.a.b.desired")
    assert not re.search(rule["read"], "cygnet.1.north.a.b.desired.more")
    assert nats.subject("cygnet/1/north/a.b/+/#") == "cygnet.1.north.a//b.*.>"


def test_a_process_that_is_no_broker_is_not_taken_for_one_that_left_its_number_behind(
    home: FleetHome, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    with subprocess.Popen(["sleep", "60"]) as other:
        pid_file.write_text(f"{other.pid}\n")
        refused = run(home, "broker-config", "mosquitto", "--out", str(tmp_path / "b"), "--tell", str(pid_file))
        assert f"process {other.pid} is sleep, and not mosquitto; start the broker again" in str(refused.exception)
        assert other.poll() is None
        other.kill()
    pid_file.write_text("0\n")  # to kill(2), all processes of this group
    refused = run(home, "broker-config", "mosquitto", "--out", str(tmp_path / "b"), "--tell", str(pid_file))
    assert "holds no process id" in str(refused.exception)
