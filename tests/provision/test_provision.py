"""``cygnet board provision`` against MicroPython itself: a board becomes a device, again, another one, many at once."""

import asyncio
import base64
import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from device_runtime.micro.records import record_bytes
from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver, plan_delivery, read_files
from firmware_tools.provision.held import MEMORY_RECORD, parse_record
from firmware_tools.provision.runtime import slot_files, start_files
from tests.certificates import CertificateAuthority
from tests.provision.command import Ran, board_command, write_board
from tests.provision.unix_board import UnixBoard, unix_board

_SECRETS = ("radio-secret", "broker-secret")
_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.fixture
def unix(micropython: str, tmp_path: Path) -> Iterator[UnixBoard]:
    with unix_board(micropython, tmp_path / "flash", blocks=256) as board:
        yield board


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Everything that an operator has at hand: identity, passwords, CA, the board's file."""
    authority = CertificateAuthority(tmp_path / "ca")
    (tmp_path / "wifi.txt").write_text("radio-secret\n")
    (tmp_path / "broker.txt").write_text("broker-secret\n")
    (tmp_path / "ca.pem").write_bytes(authority.ca_file.read_bytes())
    (tmp_path / "shelf.toml").write_text(_identity("shelf-1"))
    write_board(tmp_path)
    return tmp_path


def _identity(device: str) -> str:
    return (
        f'fleet = "shop"\ndevice = "{device}"\nbroker = "mqtts://broker.example"\nfleet_key = "{_KEY}"\n'
        f'username = "{device}"\npassword_file = "broker.txt"\n\n[tls]\nca = "ca.pem"\n'
    )


def _provision(unix: UnixBoard, files: Path, *more: str | Path, wifi: bool = True, identity: str = "shelf.toml") -> Ran:
    network = ("--wifi", "Shop", "--wifi-password-file", files / "wifi.txt") if wifi else ()
    ran = board_command(
        "provision",
        "--port",
        unix.port,
        "--board",
        files / "desk.toml",
        "--identity",
        files / identity,
        *network,
        *more,
    )
    assert not any(secret in ran.out + ran.error for secret in _SECRETS)
    return ran


def _read(unix: UnixBoard, *paths: str) -> dict[str, bytes]:
    with BoardConnection.open(unix.port) as board:
        return read_files(board, paths)


def _write(unix: UnixBoard, files: dict[str, bytes]) -> None:
    with BoardConnection.open(unix.port) as board:
        deliver(board, plan_delivery(board, files))


def test_a_bare_board_becomes_a_device(unix: UnixBoard, files: Path) -> None:
    ran = _provision(unix, files)
    assert not ran.error
    assert "desk is shelf-1 of shop; " in ran.out
    slot = slot_files()
    held = _read(unix, "/main.py", "/cygnet/identity.json", "/cygnet/board.json", "/cygnet/ca.der", *slot)
    assert {path: held[path] for path in slot} == slot
    assert held["/main.py"] == start_files()["/main.py"]
    identity = json.loads(held["/cygnet/identity.json"])
    assert identity.pop("time") > 1_700_000_000
    assert identity == {
        "fleet": "shop",
        "device": "shelf-1",
        "board": "desk",
        "broker": {
            "host": "broker.example",
            "port": 8883,
            "tls": True,
            "username": "shelf-1",
            "password": "broker-secret",
        },
        "fleet_key": _KEY,
        "device_key": "",
        "signature": "ed25519",
        "wifi": [{"ssid": "Shop", "password": "radio-secret"}],
        "ntp": "",
    }
    assert json.loads(held["/cygnet/board.json"])["name"] == "desk"
    certificate = load_pem_x509_certificate((files / "ca.pem").read_bytes())
    assert held["/cygnet/ca.der"] == certificate.public_bytes(Encoding.DER)


def test_a_second_time_nothing_is_sent(unix: UnixBoard, files: Path) -> None:
    _provision(unix, files)
    again = _provision(unix, files)
    assert "nothing to send" in again.out
    assert "0 bytes" not in again.out


def test_what_is_not_said_again_stays(unix: UnixBoard, files: Path) -> None:
    _provision(unix, files)
    before = _read(unix, "/cygnet/identity.json")
    assert "nothing to send" in _provision(unix, files, wifi=False).out
    ran = board_command("provision", "--port", unix.port, "--board", files / "desk.toml")
    assert "nothing to send" in ran.out
    assert _read(unix, "/cygnet/identity.json") == before


def test_programs_and_session_numbers_stay_when_the_same_device_is_provisioned_again(
    unix: UnixBoard, files: Path
) -> None:
    _provision(unix, files)
    own = {
        MEMORY_RECORD: record_bytes({"starts": 7, "epoch": "0011223344556677"}, 9),
        "/cygnet/programs.json": record_bytes({"apps": {}, "front": ""}),
        "/cygnet/programs/ab/manifest.json": b"{}",
        "/cygnet/queue/1": b"telemetry",
    }
    _write(unix, own)
    (files / "wifi.txt").write_text("radio-secret-2\n")
    assert "1 files sent" in _provision(unix, files).out
    assert _read(unix, *own) == own


def test_another_device_begins_anew_with_higher_session_numbers(unix: UnixBoard, files: Path) -> None:
    _provision(unix, files)
    own = {
        MEMORY_RECORD: record_bytes({"starts": 7, "epoch": "0011223344556677"}, 9),
        "/cygnet/programs/ab/manifest.json": b"{}",
        "/cygnet/queue/1": b"telemetry",
        "/cygnet/desired.json": b"x",
        "/cygnet/boot.json": b"x",
    }
    _write(unix, own)
    (files / "other.toml").write_text(_identity("shelf-2"))
    ran = _provision(unix, files, identity="other.toml")
    assert "it was shelf-1 of shop; its programs, what they kept, and telemetry are removed" in ran.out
    held = _read(unix, *own)
    assert set(held) == {MEMORY_RECORD}
    record = parse_record(held[MEMORY_RECORD])
    assert record is not None
    assert "epoch" not in record[1]
    assert record[1]["starts"] > 1_700_000_000


def test_a_dry_run_tells_and_changes_nothing(unix: UnixBoard, files: Path) -> None:
    ran = _provision(unix, files, "--dry-run")
    assert "send " in ran.out
    assert "Nothing was done." in ran.out
    with BoardConnection.open(unix.port) as board:
        assert board.run("import os;print(os.listdir('/'))", "listing").strip() == "[]"


def test_a_program_of_its_own_is_kept_aside(unix: UnixBoard, files: Path) -> None:
    _write(unix, {"/main.py": b"print('mine')\n"})
    assert "its main.py is kept as /main.before.py" in _provision(unix, files).out
    assert _read(unix, "/main.before.py") == {"/main.before.py": b"print('mine')\n"}
    assert "nothing to send" in _provision(unix, files).out


def test_the_runtime_of_the_cable_replaces_the_one_that_the_fleet_brought(unix: UnixBoard, files: Path) -> None:
    _provision(unix, files)
    boot = record_bytes({"good": "b", "trial": "", "version": "", "tries": 0, "starts": 0, "failed": None})
    _write(unix, {"/cygnet/boot.json": boot, "/cygnet/b/micro/x.mpy": b"x"})
    ran = board_command("install", "--port", unix.port, "--board", files / "desk.toml")
    assert "its runtime from the fleet gives way" in ran.out
    assert _read(unix, "/cygnet/boot.json", "/cygnet/b/micro/x.mpy") == {}


def test_many_boards_are_provisioned_at_once_and_recorded(micropython: str, unix: UnixBoard, files: Path) -> None:
    with unix_board(micropython, files / "flash2", blocks=256) as second:
        ran = board_command(
            *("provision", "--port", unix.port, "--port", second.port, "--port", "/dev/ttyACM77"),
            *("--board", files / "desk.toml", "--identity", files / "shelf.toml", "--record", files / "bench.csv"),
            *("--wifi", "Shop", "--wifi-password-file", files / "wifi.txt"),
        )
        assert ran.error == "1 of 3 boards failed: /dev/ttyACM77"
    rows = list(csv.DictReader((files / "bench.csv").read_text().splitlines()))
    assert {(row["place"], row["result"], row["identity"]) for row in rows} == {
        (unix.port, "ok", "shelf-1"),
        (second.port, "ok", "shelf-1"),
        ("/dev/ttyACM77", "no-board", ""),
    }
    assert not any(secret in (files / "bench.csv").read_text() for secret in _SECRETS)


def test_scripts_read_json(unix: UnixBoard, files: Path) -> None:
    (result,) = _provision(unix, files, "--json").json
    assert (result["result"], result["board"], result["identity"]) == ("ok", "desk", "shelf-1")
    assert result["bytes"] > 1000


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (("--board", "pico-w"), r"the board on \S+ is a linux .*, not pico-w; name its own configuration"),
        (("--board", "microbit"), "microbit has no file system that holds the runtime"),
        (("--device", "other"), "is for shelf-1, not other"),
        (("--wifi", "x" * 33), "is no name of a Wi-Fi network"),
        (("--broker", "http://x"), "must be a URL such as mqtts:"),
    ],
)
def test_what_cannot_be_is_one_sentence(unix: UnixBoard, files: Path, more: tuple[str, ...], expected: str) -> None:
    import re

    assert re.search(expected, _provision(unix, files, *more).error)


def test_a_board_without_a_network_or_a_name_is_told_what_is_missing(unix: UnixBoard, files: Path) -> None:
    assert "knows no network; name one with --wifi SSID" in _provision(unix, files, wifi=False).error
    nobody = board_command("provision", "--port", unix.port, "--board", files / "desk.toml")
    assert "who is it? take --identity FILE" in nobody.error
    asked = board_command(
        *("provision", "--port", unix.port, "--board", files / "desk.toml", "--wifi", "Shop"),
        *("--identity", files / "shelf.toml"),
    )
    assert "give it with --wifi-password-file" in asked.error


async def test_a_fleet_enrolls_the_board_that_is_provisioned(
    fleet: RunningFleet, home: FleetHome, unix: UnixBoard, files: Path
) -> None:
    arguments = (
        *("provision", "--port", unix.port, "--board", files / "desk.toml", "--fleet", fleet.url),
        *("--token-file", home.token_file, "--device", "shelf-9", "--wifi", "Shop", "--wifi-open"),
        *("--broker", "mqtts://broker.example", "--ca", files / "ca.pem"),
    )
    ran = await asyncio.to_thread(board_command, *arguments, "--dry-run")
    assert f"enroll shelf-9 at {fleet.url}" in ran.out
    assert not await fleet.service.read(lambda registry, _: registry.devices())
    ran = await asyncio.to_thread(board_command, *arguments)
    assert "desk is shelf-9 of north" in ran.out
    (device,) = await fleet.service.read(lambda registry, _: registry.devices())
    assert device.id == "shelf-9"
    again = await asyncio.to_thread(board_command, *arguments)
    assert "nothing to send" in again.out
    assert not await asyncio.to_thread(_token_is_told, ran.out + again.out, home)


async def test_a_board_that_checks_macs_gets_its_key_once(
    fleet: RunningFleet, home: FleetHome, unix: UnixBoard, files: Path
) -> None:
    arguments = (
        *("provision", "--port", unix.port, "--board", files / "desk.toml", "--fleet", fleet.url),
        *("--token-file", home.token_file, "--device", "shelf-9", "--wifi", "Shop", "--wifi-open"),
        *("--signature", "hmac"),
    )
    assert not (await asyncio.to_thread(board_command, *arguments)).error
    held = await asyncio.to_thread(_read, unix, "/cygnet/identity.json")
    key = json.loads(held["/cygnet/identity.json"])["device_key"]
    assert (
        base64.b64decode(key)
        == (await fleet.service.read(lambda registry, _: registry.runtimes.keys(["shelf-9"])))["shelf-9"]
    )
    again = await asyncio.to_thread(board_command, *arguments)
    assert "nothing to send" in again.out
    assert key not in again.out


def test_a_computer_without_a_fleet_is_told_how_to_name_its_token(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CYGNET_FLEET_HOME", str(tmp_path))
    monkeypatch.delenv("CYGNET_FLEET_TOKEN", raising=False)
    ran = board_command("provision", "--fleet", "http://127.0.0.1:9", "--device", "x", "--wifi", "a", "--wifi-open")
    assert "no fleet lives on this computer" in ran.error
    assert "--token-file" in ran.error


def _token_is_told(said: str, home: FleetHome) -> bool:
    return home.token() in said


def test_an_interrupted_provisioning_goes_on_where_it_was(micropython: str, files: Path) -> None:
    with unix_board(micropython, files / "flash3", blocks=256) as unix:
        unix.cut_after(40_000)
        assert "went away while receiving files" in _provision(unix, files).error
    with unix_board(micropython, files / "flash3", blocks=256) as unix:
        total = len(slot_files()) + 5
        sending = int(_provision(unix, files, "--dry-run").out.partition("send ")[2].split()[0])
        assert 0 < sending < total - 5
        assert not _provision(unix, files).error
        slot = slot_files()
        assert _read(unix, *slot) == slot


def test_the_list_of_a_runtime_names_every_file_with_its_hash() -> None:
    slot = slot_files(version="1.2.3")
    document = json.loads(slot["/cygnet/a/runtime.json"])
    assert document["version"] == "1.2.3"
    assert document["files"] == {
        path.removeprefix("/cygnet/a/"): {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
        for path, data in slot.items()
        if not path.endswith("/runtime.json")
    }
