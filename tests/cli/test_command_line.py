"""The command ``cygnet``: help that teaches, one sentence for a failure, and the right exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from firmware_tools.cli import cygnet as commands


def cygnet(*arguments: str, home: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "firmware_tools.cli", *arguments],
        cwd=home,
        env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("noun", ["program", "fleet", "device", "board"])
def test_each_noun_lists_its_verbs(noun: str, tmp_path: Path) -> None:
    answer = cygnet(noun, "--help", home=tmp_path)
    assert answer.returncode == 0
    assert "Commands:" in answer.stdout


@pytest.mark.parametrize(
    "command",
    [
         "program new", "program dev", "program build", "program sign", "program run", "program test",
         "program port", "program plan",
        "fleet init", "fleet serve", "fleet broker", "fleet enroll", "fleet publish", "fleet assign", "fleet unassign",
        "fleet trust init", "fleet trust key", "fleet trust status", "fleet trust sign", "fleet trust accept",
        "fleet trust add-developer", "fleet trust remove-developer", "fleet trust rotate", "fleet trust renew",
        "fleet trust recover", "fleet trust withdraw",
        "fleet devices", "fleet releases", "fleet telemetry", "device run", "board list", "board check", "demo",
        "board detect", "board flash", "board reset", "board backup", "board doctor",
        "board provision", "board install", "board logs", "board shell",
    ],
)  # fmt: skip
def test_each_verb_shows_an_example(command: str) -> None:
    answer = CliRunner().invoke(commands, [*command.split(), "--help"], prog_name="cygnet")
    assert answer.exit_code == 0
    assert f"  cygnet {command.split()[0]}" in answer.output


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["board", "check", "nowhere.toml"], 1, "error: nowhere.toml cannot be read: No such file or directory"),
        (["program", "build", "nowhere"], 1, "error: nowhere is not a folder"),
        (["device", "run", "--board", "virtual-speker"], 1, "did you mean 'virtual-speaker'?"),
        (["device", "run", "--provisioning", "no.toml"], 1, "`cygnet fleet enroll DEVICE --out no.toml` writes one"),
        (["fleet", "devices"], 1, "error: "),
        (["boad"], 2, "No such command 'boad'"),
        (["board", "check"], 2, "Missing argument 'FILE'"),
        (["board", "list", "--jsn"], 2, "No such option"),
    ],
)
def test_a_failure_is_one_sentence_without_a_traceback(
    arguments: list[str], code: int, sentence: str, tmp_path: Path
) -> None:
    answer = cygnet(*arguments, home=tmp_path)
    assert answer.returncode == code
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_built_package_is_reported_for_scripts(tmp_path: Path) -> None:
    assert cygnet("program", "new", "hello", home=tmp_path).returncode == 0
    answer = cygnet("program", "build", "hello", "--json", home=tmp_path)
    report = json.loads(answer.stdout)
    assert Path(tmp_path, report["path"]).stat().st_size == report["size"]
    key = tmp_path / ".config" / "cygnet" / "developer.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_building_twice_makes_the_same_bytes(tmp_path: Path) -> None:
    cygnet("program", "new", "hello", home=tmp_path)
    digests = {
        json.loads(cygnet("program", "build", "hello", "--json", home=tmp_path).stdout)["sha256"] for _ in range(2)
    }
    assert len(digests) == 1


def test_signing_again_changes_the_signer_alone(tmp_path: Path) -> None:
    cygnet("program", "new", "hello", home=tmp_path)
    first = json.loads(cygnet("program", "build", "hello", "--json", home=tmp_path).stdout)
    (tmp_path / ".config" / "cygnet" / "developer.key").unlink()
    answer = cygnet("program", "sign", "hello.ma", home=tmp_path)
    assert answer.returncode == 0
    assert first["public_key"] not in answer.stdout


def test_a_failing_test_of_a_program_is_exit_code_1(tmp_path: Path) -> None:
    assert cygnet("program", "new", "hello", home=tmp_path).returncode == 0
    (tmp_path / "hello/tests/count.test.js").write_text("it('fails', () => expect(1).toBe(2));")
    answer = cygnet("program", "test", "hello", home=tmp_path)
    assert "1 failed" in answer.stdout
    assert answer.returncode == 1
