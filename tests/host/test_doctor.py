"""``cygnet device doctor``."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from device_runtime.engine.isolation.barriers import BARRIERS
from device_runtime.host.command import device
from device_runtime.host.doctor import Finding, report

BOARD = 'name = "b"\ndescription = "A board"\n[screen]\nwidth = 480\nheight = 320\nport = 0\n'


def board(folder: Path, more: str = "") -> str:
    file = folder / "board.toml"
    file.write_text(BOARD + more)
    return str(file)


def test_it_tries_each_barrier_and_tells_what_was_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(device, ["doctor", "--board", board(tmp_path), "--state", str(tmp_path / "state")])
    assert result.exit_code == 0, result.output
    assert result.output.startswith("b on Linux ")
    for name in (*BARRIERS, "together", "memory", "state", "screen"):
        assert f"  {name} " in result.output
    assert "start a process (ended)" in " ".join(result.output.split())
    assert not (tmp_path / "state").exists()


def test_scripts_get_json(tmp_path: Path) -> None:
    result = CliRunner().invoke(device, ["doctor", "--board", board(tmp_path), "--state", str(tmp_path), "--json"])
    document = json.loads(result.output)
    findings = {finding["name"]: finding for finding in document["findings"]}
    assert set(BARRIERS) <= set(findings)
    assert findings["together"]["good"] is True
    assert document["machine"].startswith("Linux ")


def test_it_fails_where_the_board_demands_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = board(tmp_path, '[isolation]\nrequire = ["cgroup"]\n')
    result = CliRunner().invoke(device, ["doctor", "--board", file, "--state", str(tmp_path), "--json"])
    findings = {finding["name"]: finding for finding in json.loads(result.output)["findings"]}
    assert findings["cgroup"]["needed"] is True
    assert result.exit_code == (0 if findings["cgroup"]["good"] else 1)


def test_a_state_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("x")
    result = CliRunner().invoke(
        device, ["doctor", "--board", board(tmp_path), "--state", str(place / "state"), "--json"]
    )
    findings = {finding["name"]: finding for finding in json.loads(result.output)["findings"]}
    assert findings["state"]["good"] is False
    assert result.exit_code == 1


def test_what_is_missing_stands_with_its_remedy() -> None:
    lines = report(
        [Finding("landlock", False, True, "it is off", "switch it on"), Finding("memory", True, False, "there is some")]
    )
    assert lines == [
        "MISSING  landlock  it is off",
        "                   to mend it, switch it on",
        "ok       memory    there is some",
    ]
