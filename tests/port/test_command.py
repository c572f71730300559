"""The command ``cygnet program port``."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.test_command_line import cygnet
from tests.port.programs import WECHAT, Files, write

LOGIN: Files = {"app.js": "wx.login(); App({})"}
REFUSED: Files = {"pages/index/index.wxml": "<view>{{ a + }}</view>"}


def port(home: Path, files: Files, *options: str) -> "subprocess.CompletedProcess[str]":
    write(home / "hello", {**WECHAT, **files})
    return cygnet("program", "port", "hello", *options, home=home)


def test_help_shows_an_example(tmp_path: Path) -> None:
    answer = cygnet("program", "port", "--help", home=tmp_path)
    assert answer.returncode == 0
    assert "cygnet program port my-program --board rpi4-headunit --report reports" in answer.stdout


def test_a_program_becomes_a_package_and_two_reports(tmp_path: Path) -> None:
    answer = port(tmp_path, LOGIN)
    assert (answer.returncode, answer.stderr) == (0, "")
    said = " ".join(answer.stdout.split())
    assert "0 of 1 API names used work here" in said
    assert "an account of your own service" in said
    assert "app.js:1" in said
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        "hello.ma", "port-report.html", "port-report.json",
    }  # fmt: skip
    document = json.loads((tmp_path / "port-report.json").read_text())
    assert document["package"]["path"] == "hello.ma"
    assert [one["name"] for one in document["findings"]] == ["login"]


def test_the_places_of_package_and_reports_can_be_chosen(tmp_path: Path) -> None:
    assert port(tmp_path, {}, "--output", "out/a.ma", "--report", "out/reports").returncode == 0
    assert (tmp_path / "out/a.ma").is_file()
    assert {path.name for path in (tmp_path / "out/reports").iterdir()} == {"port-report.html", "port-report.json"}


def test_the_report_is_printed_as_json_for_scripts(tmp_path: Path) -> None:
    answer = port(tmp_path, LOGIN, "--json")
    assert answer.stderr == ""
    document = json.loads(answer.stdout)
    assert document == json.loads((tmp_path / "port-report.json").read_text())
    assert document["summary"] == {
        "apis": 1, "apis_working": 0, "pages": 1, "pages_ready": 1,
        "findings": {"breaks": 1, "degraded": 0, "unclear": 0, "harmless": 0},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("files", "options", "code"),
    [
        ({}, [], 0),
        ({}, ["--strict"], 0),
        (LOGIN, [], 0),
        (LOGIN, ["--strict"], 1),
        ({"pages/index/index.js": "Page({ onShareTimeline() {} })"}, ["--strict"], 0),
        (REFUSED, [], 1),
        (REFUSED, ["--json"], 1),
    ],
    ids=["fine", "fine, strictly", "missing", "missing, strictly", "harmless, strictly", "refused", "refused, as JSON"],
)
def test_the_exit_code_says_if_it_was_built_and_strictly_if_all_is_supported(
    files: Files, options: list[str], code: int, tmp_path: Path
) -> None:
    assert port(tmp_path, files, *options).returncode == code


def test_a_program_that_cannot_be_built_is_reported_all_the_same(tmp_path: Path) -> None:
    answer = port(tmp_path, {**LOGIN, **REFUSED})
    assert "refused: pages/index/index.wxml:1:" in answer.stderr
    assert "The package was not built." in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "hello.ma").exists()
    assert "login" in (tmp_path / "port-report.html").read_text()


def test_the_manifest_is_written_on_request_only(tmp_path: Path) -> None:
    files = {"app.js": "wx.request({ url: 'https://api.example.com' }); App({})"}
    answer = port(tmp_path, files)
    assert '"https://api.example.com"' in answer.stdout
    assert not (tmp_path / "hello/cygnet.json").exists()
    port(tmp_path, files, "--write-manifest")
    assert json.loads((tmp_path / "hello/cygnet.json").read_text())["network"] == {
        "request": ["https://api.example.com"]
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "error: nowhere is not a folder"),
        ([".", "--board", "virtual-speker"], "did you mean 'virtual-speaker'?"),
        (["hello", "--report", "hello/app.js/x"], "the report cannot be written"),
    ],
)
def test_a_failure_is_one_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    write(tmp_path / "hello", WECHAT)
    answer = cygnet("program", "port", *arguments, home=tmp_path)
    assert answer.returncode == 1
    assert sentence in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1
