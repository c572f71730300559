"""``cygnet board install``: programs and the runtime over the cable."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import deliver, plan_delivery, read_files
from firmware_tools.provision.held import PROGRAMS_RECORD, parse_record
from firmware_tools.provision.runtime import slot_files
from tests.build.python_programs import build, write_program
from tests.fleet.packages import small_package
from tests.provision.command import Ran, board_command, write_board
from tests.provision.unix_board import UnixBoard, unix_board

_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
_IDENTITY = f'fleet = "shop"\ndevice = "shelf-1"\nbroker = "mqtt://broker.example"\nfleet_key = "{_KEY}"\n'


@pytest.fixture
def unix(micropython: str, tmp_path: Path) -> Iterator[UnixBoard]:
    with unix_board(micropython, tmp_path / "flash", blocks=256) as board:
        write_board(tmp_path, wifi=False)
        (tmp_path / "shelf.toml").write_text(_IDENTITY)
        yield board


@pytest.fixture
def device(unix: UnixBoard, tmp_path: Path) -> UnixBoard:
    arguments = ("--board", tmp_path / "desk.toml", "--identity", tmp_path / "shelf.toml")
    assert not board_command("provision", "--port", unix.port, *arguments).error
    return unix


def _install(unix: UnixBoard, folder: Path, *arguments: str | Path) -> Ran:
    """Without listening: this board stays at its prompt."""
    return board_command("install", *arguments, "--port", unix.port, "--board", folder / "desk.toml", "--wait", "0")


def _record(unix: UnixBoard) -> dict[str, object]:
    with BoardConnection.open(unix.port) as board:
        files = read_files(board, [PROGRAMS_RECORD, PROGRAMS_RECORD + ".new"])
    records = [record for data in files.values() if (record := parse_record(data))]
    return max(records, key=lambda record: record[0])[1]


def test_a_program_is_installed_on_trial_as_the_fleet_would(device: UnixBoard, tmp_path: Path) -> None:
    built = build(write_program(tmp_path / "program", {}))
    (tmp_path / "py.ma").write_bytes(built.data)
    ran = _install(device, tmp_path, tmp_path / "py.ma")
    assert "org.example.py 1.0.0 on desk; " in ran.out
    record = _record(device)
    folder = built.package.sha256[:16]
    assert record["front"] == "org.example.py"
    assert record["apps"] == {
        "org.example.py": {
            "current": {
                "folder": folder,
                "code": 1,
                "name": "1.0.0",
                "sha256": built.package.sha256,
                "size": len(built.data),
            },
            "before": None,
            "trial": True,
            "starting": 0,
            "bad": None,
            "local": True,
        }
    }
    with BoardConnection.open(device.port) as board:
        there = plan_delivery(board, {}, [f"/cygnet/programs/{folder}"]).remove
        manifest = read_files(board, [f"/cygnet/programs/{folder}/manifest.json"])
    names = {path.removeprefix(f"/cygnet/programs/{folder}/") for path in there if "." in path}
    assert {"manifest.json", "pages/index/index.mpy", "pages/index/index.view"} <= names
    assert not any(name.endswith(".py") or name.startswith("META-INF") for name in names)
    assert json.loads(next(iter(manifest.values())))["app_id"] == "org.example.py"


def test_the_same_program_again_sends_nothing_and_a_changed_one_little(device: UnixBoard, tmp_path: Path) -> None:
    source = write_program(tmp_path / "program", {})
    (tmp_path / "py.ma").write_bytes(build(source).data)
    _install(device, tmp_path, tmp_path / "py.ma")
    assert "nothing to send" in _install(device, tmp_path, tmp_path / "py.ma").out
    write_program(source, {"app.json": json.dumps({"pages": ["pages/index/index"], "window": {}})})
    assert "would go to" in _install(device, tmp_path, source, "--dry-run", "--json").out


def test_a_program_in_javascript_is_refused(device: UnixBoard, tmp_path: Path) -> None:
    (tmp_path / "lamp.ma").write_bytes(small_package(size=10))
    assert "lamp.ma is written in JavaScript; a microcontroller runs programs in Python only" in (
        _install(device, tmp_path, tmp_path / "lamp.ma").error
    )


def test_a_board_that_is_no_device_yet_is_sent_to_provisioning(unix: UnixBoard, tmp_path: Path) -> None:
    (tmp_path / "py.ma").write_bytes(build(write_program(tmp_path / "program", {})).data)
    assert "run `cygnet board provision` first" in _install(unix, tmp_path).error
    assert "run `cygnet board provision` first" in _install(unix, tmp_path, tmp_path / "py.ma").error


def test_one_changed_file_of_the_runtime_goes_over_alone(device: UnixBoard, tmp_path: Path) -> None:
    with BoardConnection.open(device.port) as board:
        deliver(board, plan_delivery(board, {"/cygnet/a/micro/wifi.mpy": b"another"}))
    ran = _install(device, tmp_path)
    assert "1 files sent" in ran.out
    slot = slot_files()
    with BoardConnection.open(device.port) as board:
        assert read_files(board, list(slot)) == slot
