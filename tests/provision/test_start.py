"""``cygnet board install PROGRAM`` on a board that its fleet has not spoken to yet: the program is started, on trial,
kept, rolled back, and taken away again."""

import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from device_runtime.keys import encode_public_key
from device_runtime.micro.records import record_bytes
from device_runtime.sync.messages import Desired, ProgramTarget, sign_desired
from firmware_tools.provision import programs as programs_module
from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver, plan_delivery, read_files
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.held import BOOT_RECORD, DESIRED_RECORD, PROGRAMS_RECORD, Held, parse_record
from firmware_tools.provision.identity import identity_of_document
from firmware_tools.provision.programs import plan_program, plan_removal
from tests.build.python_programs import KEY, build, write_program
from tests.provision.command import Ran, board_command, write_board
from tests.provision.unix_board import UnixBoard, unix_board

_FLEET_KEY = encode_public_key(KEY.public_key())
_IDENTITY = f'fleet = "shop"\ndevice = "shelf-1"\nbroker = "mqtt://broker.example"\nfleet_key = "{_FLEET_KEY}"\n'
_APP = "org.example.py"
_PAGE = "from cygnet import Page\n\n\nclass Index(Page):\n    def on_load(self, query):\n        {}\n"

_versions = itertools.count(1)

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def device(micropython: str, tmp_path: Path) -> Iterator[UnixBoard]:
    """A board that was provisioned, and whose fleet cannot be reached."""
    with unix_board(micropython, tmp_path / "flash", blocks=256, resets=True) as board:
        with write_board(tmp_path, wifi=False).open("a") as file:
            file.write("\n[program]\ntrial_seconds = 1\n")
        (tmp_path / "shelf.toml").write_text(_IDENTITY)
        arguments = ("--board", tmp_path / "desk.toml", "--identity", tmp_path / "shelf.toml")
        assert not board_command("provision", "--port", board.port, *arguments).error
        board.wait_for(b"shelf-1 of shop")
        yield board


def _install(unix: UnixBoard, folder: Path, *arguments: str | Path) -> Ran:
    return board_command("install", *arguments, "--port", unix.port, "--board", folder / "desk.toml")


def _program(folder: Path, code: int, does: str = "pass", app_id: str = _APP) -> Path:
    own = {"app_id": app_id, "name": "Py", "version": {"code": code, "name": f"1.0.{code}"}, "language": "python"}
    page = _PAGE.format(does)
    path = folder / f"{code}.ma"
    built = build(write_program(folder / f"py-{code}", {"cygnet.json": json.dumps(own), "pages/index/index.py": page}))
    path.write_bytes(built.data)
    return path


def _record(unix: UnixBoard, path: str = PROGRAMS_RECORD) -> dict[str, object]:
    with BoardConnection.open(unix.port) as board:
        files = read_files(board, [path, path + ".new"])
    records = [record for data in files.values() if (record := parse_record(data))]
    return max(records, key=lambda record: record[0])[1]


def test_a_program_is_started_and_kept_without_a_fleet_and_runs_after_the_next_start(
    device: UnixBoard, tmp_path: Path
) -> None:
    ran = _install(device, tmp_path, _program(tmp_path, 1))
    assert not ran.error
    assert f"{_APP} 1.0.1 on desk; " in ran.out
    assert "it runs well and is kept" in ran.out
    apps = _record(device)["apps"]
    assert isinstance(apps, dict)
    assert (apps[_APP]["trial"], apps[_APP]["starting"], apps[_APP]["local"]) == (False, 0, True)
    seen = len(device.said)
    assert not board_command("reset", "--port", device.port).error
    device.wait_for(b"good " + _APP.encode(), after=seen)


def test_a_version_that_raises_is_rolled_back_and_the_one_before_runs(device: UnixBoard, tmp_path: Path) -> None:
    assert not _install(device, tmp_path, _program(tmp_path, 1)).error
    ran = _install(device, tmp_path, _program(tmp_path, 2, "raise ValueError('no such lamp')"))
    assert f"{_APP} was rolled back on the board on {device.port}: " in ran.error
    assert "no such lamp" in ran.error
    device.wait_for(b"good " + _APP.encode(), after=device.said.index(b"rolled_back"))
    apps = _record(device)["apps"]
    assert isinstance(apps, dict)
    assert (apps[_APP]["current"]["code"], apps[_APP]["bad"]["code"], apps[_APP]["local"]) == (1, 2, True)


def test_a_program_that_raises_and_has_none_before_it_is_said_to_be_gone(device: UnixBoard, tmp_path: Path) -> None:
    ran = _install(device, tmp_path, _program(tmp_path, 1, "raise ValueError('no such lamp')"))
    assert "no such lamp" in ran.error
    assert not _install(device, tmp_path, _program(tmp_path, 2)).error


def test_a_program_of_the_cable_is_taken_away_over_the_cable(device: UnixBoard, tmp_path: Path) -> None:
    _install(device, tmp_path, _program(tmp_path, 1))
    assert (
        f"has no program org.example.oven; it has {_APP}"
        in _install(device, tmp_path, "--remove", "org.example.oven").error
    )
    assert "remove" in _install(device, tmp_path, "--remove", _APP, "--dry-run").out
    ran = _install(device, tmp_path, "--remove", _APP)
    assert f"{_APP} gone from desk; 1 files sent" in ran.out
    record = _record(device)
    assert (record["apps"], record["front"]) == ({}, "")
    with BoardConnection.open(device.port) as board:
        assert not plan_delivery(board, {}, ["/cygnet/programs"]).remove
    assert "it has none" in _install(device, tmp_path, "--remove", _APP).error


def test_what_the_fleet_wants_there_is_not_replaced_or_removed_over_the_cable(
    device: UnixBoard, tmp_path: Path
) -> None:
    first, second = _program(tmp_path, 1), _program(tmp_path, 2)
    assert not _install(device, tmp_path, first, "--no-start").error
    _fleet_wants(device, {_APP: _target(first, 1)})
    ran = _install(device, tmp_path, second)
    assert f"fleet shop wants {_APP} 1.0.1 on shelf-1 and would put it back" in ran.error
    assert f"`cygnet fleet unassign shelf-1 {_APP}`" in ran.error
    assert "would bring it back" in _install(device, tmp_path, "--remove", _APP).error
    # The very package that the fleet wants may come over the cable, which is quicker; it is the fleet's.
    assert not _install(device, tmp_path, first).error
    apps = _record(device)["apps"]
    assert isinstance(apps, dict)
    assert apps[_APP]["local"] is False


def test_a_program_of_the_cable_stays_beside_those_of_the_fleet_until_the_fleet_names_it(
    device: UnixBoard, tmp_path: Path
) -> None:
    package = _program(tmp_path, 1)
    assert not _install(device, tmp_path, package).error
    _fleet_wants(device, {})
    seen = len(device.said)
    board_command("reset", "--port", device.port)
    device.wait_for(b"good " + _APP.encode(), after=seen)
    _fleet_wants(device, {_APP: _target(package, 1)})
    seen = len(device.said)
    board_command("reset", "--port", device.port)
    device.wait_for(b"good " + _APP.encode(), after=seen)
    _fleet_wants(device, {})
    seen = len(device.said)
    board_command("reset", "--port", device.port)
    device.wait_for(b"removed " + _APP.encode(), after=seen)


def test_a_board_that_lost_what_its_fleet_wants_keeps_the_fleet_s_programs(device: UnixBoard, tmp_path: Path) -> None:
    package = _program(tmp_path, 1)
    _fleet_wants(device, {_APP: _target(package, 1)})
    assert not _install(device, tmp_path, package).error
    with BoardConnection.open(device.port) as board:
        deliver(board, plan_delivery(board, {DESIRED_RECORD: b"damaged"}))
    assert not _install(device, tmp_path, _program(tmp_path, 2, app_id="org.example.oven")).error
    apps = _record(device)["apps"]
    assert isinstance(apps, dict)
    assert {app_id: app["current"]["code"] for app_id, app in apps.items()} == {_APP: 1, "org.example.oven": 2}


_VERSION = {"folder": "0" * 16, "sha256": "0" * 64}


@pytest.mark.parametrize(
    "apps",
    [
        5,
        {_APP: 5},
        {_APP: {"current": None}},
        {_APP: {"current": 5, "before": None, "trial": False, "starting": 0}},
        {_APP: {"current": {**_VERSION, "folder": 5}, "before": None, "trial": False, "starting": 0}},
        {_APP: {"current": None, "before": {}, "trial": False, "starting": 0}},
        {_APP: {"current": _VERSION, "before": None, "trial": False, "starting": "x"}},
        {"\x1b]0;x\x07": {"current": None, "before": None, "trial": False, "starting": 0}},
    ],
)
def test_a_record_of_programs_without_sense_is_a_sentence(
    apps: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = {PROGRAMS_RECORD: record_bytes({"front": "", "apps": apps}, 1)}
    _holds(monkeypatch, records)
    with pytest.raises(ProvisionError, match="what the board on here remembers of its programs makes no sense"):
        plan_removal(_CABLE, _APP)
    with pytest.raises(ProvisionError, match="makes no sense"):
        plan_program(_CABLE, _program(tmp_path, 1).read_bytes(), "py")


def test_what_a_board_says_of_its_fleet_s_version_does_not_lead_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = {_APP: {"sha256": "1" * 64, "version_name": "\x1b]0;x\x07"}}
    signed = {"fleet": "shop", "device": "shelf-1", "programs": programs}
    _holds(monkeypatch, {DESIRED_RECORD: record_bytes({"signed": signed}, 1)})
    with pytest.raises(ProvisionError) as refused:
        plan_program(_CABLE, _program(tmp_path, 1).read_bytes(), "py")
    assert str(refused.value).isprintable()


_CABLE: Any = SimpleNamespace(port="here", require=lambda _what: None)


def _holds(monkeypatch: pytest.MonkeyPatch, records: dict[str, bytes]) -> None:
    broker = {"host": "h", "port": 1883, "tls": False}
    document = {"fleet": "shop", "device": "shelf-1", "broker": broker, "fleet_key": _FLEET_KEY, "wifi": [], "time": 1}
    identity = identity_of_document(document, "identity.json", b"")
    monkeypatch.setattr(programs_module, "look_at", lambda _board: Held(identity, records, None))


def test_a_board_in_safe_mode_starts_what_comes_over_the_cable(device: UnixBoard, tmp_path: Path) -> None:
    boot = _record(device, BOOT_RECORD) | {"starts": 9}
    with BoardConnection.open(device.port) as board:
        deliver(board, plan_delivery(board, {BOOT_RECORD: record_bytes(boot, 1000)}))
    ran = _install(device, tmp_path, _program(tmp_path, 1))
    assert "it runs well and is kept" in ran.out


def test_a_board_that_says_nothing_of_its_program_in_time_is_told_apart(device: UnixBoard, tmp_path: Path) -> None:
    ran = _install(device, tmp_path, _program(tmp_path, 1), "--wait", "0.01")
    assert not ran.error
    assert "it has not said within 0.01 s that it runs well: see `cygnet board logs`" in ran.out


def _target(package: Path, code: int) -> ProgramTarget:
    data = package.read_bytes()
    return ProgramTarget(code, f"1.0.{code}", hashlib.sha256(data).hexdigest(), len(data), True)


def _fleet_wants(unix: UnixBoard, programs: dict[str, ProgramTarget]) -> None:
    """What the board would hold after its fleet had said so."""
    version = next(_versions)
    envelope = sign_desired(Desired("shop", "shelf-1", version, 1, programs), KEY)
    files = {DESIRED_RECORD: record_bytes(json.loads(envelope), version)}
    with BoardConnection.open(unix.port) as board:
        deliver(board, plan_delivery(board, files))
