"""Every example, and every program that `cygnet program new` makes, builds without a warning and passes its tests."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.program.data_plan import DataPlan
from device_runtime.resources import resource_directory
from firmware_tools.build.program import build_program
from firmware_tools.build.scaffold import DIALECTS, LANGUAGES, ScaffoldError, create_program
from firmware_tools.cli import cygnet
from firmware_tools.port.plan_remarks import PlanRemarks, plan_remarks
from firmware_tools.testing.runner import run_program_tests

EXAMPLES = sorted(path.parent for path in resource_directory("examples").glob("*/cygnet.json"))


def check_build(directory: Path) -> None:
    built = build_program(directory, Ed25519PrivateKey.generate())
    assert built.warnings == ()
    manifest = built.package.manifest
    assert manifest.icon in built.package.entries
    assert manifest.voice.intents
    assert manifest.description
    assert not any(name.startswith("tests/") for name in built.package.entries)


async def check_tests(directory: Path) -> None:
    results = await run_program_tests(directory, lambda _: None, lambda _: None, wait_seconds=20)
    assert len(results) >= 3
    assert [result for result in results if result.outcome != "passed"] == []


@pytest.mark.parametrize("directory", EXAMPLES, ids=lambda path: path.name)
def test_an_example_builds_without_a_warning(directory: Path) -> None:
    check_build(directory)


@pytest.mark.parametrize("directory", EXAMPLES, ids=lambda path: path.name)
def test_an_example_has_a_data_plan_that_fits_what_it_sends(directory: Path) -> None:
    manifest = build_program(directory, Ed25519PrivateKey.generate()).package.manifest
    assert manifest.data_plan.spoken
    assert plan_remarks(directory, manifest) == PlanRemarks()


@pytest.mark.parametrize("directory", EXAMPLES, ids=lambda path: path.name)
async def test_an_example_passes_its_own_tests(directory: Path) -> None:
    await check_tests(directory)


def test_both_dialects_and_both_languages_have_an_example() -> None:
    manifests = [build_program(path, Ed25519PrivateKey.generate()).package.manifest for path in EXAMPLES]
    assert {manifest.dialect for manifest in manifests} == {"wechat", "swan"}
    assert {manifest.language for manifest in manifests} == {"javascript", "python"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_new_program_builds_and_passes_its_tests(tmp_path: Path, dialect: str, language: str) -> None:
    directory = tmp_path / "My coffee-counter"
    written = create_program(directory, dialect, language)
    assert all(path.is_file() for path in written)
    own = {"wechat": {".wxml", ".wxss"}, "swan": {".swan", ".css"}}[dialect]
    assert {path.suffix for path in written} == {
        ".js",
        ".json",
        ".svg",
        *own,
        *({".py"} if language == "python" else ()),
    }
    assert not any(b"__" in path.read_bytes() for path in written)
    check_build(directory)
    manifest = build_program(directory, Ed25519PrivateKey.generate()).package.manifest
    assert (manifest.name, manifest.app_id) == ("My coffee counter", "local.my-coffee-counter")
    assert (manifest.dialect, manifest.language) == (dialect, language)
    await check_tests(directory)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_new_program_says_that_it_sends_nothing(tmp_path: Path, dialect: str, language: str) -> None:
    directory = tmp_path / "counter"
    create_program(directory, dialect, language)
    manifest = build_program(directory, Ed25519PrivateKey.generate()).package.manifest
    assert manifest.data_plan == DataPlan(())
    assert plan_remarks(directory, manifest) == PlanRemarks()
    shown = CliRunner().invoke(cygnet, ["program", "plan", str(directory)], catch_exceptions=False)
    assert shown.output == "Counter 1.0.0\nIt collects nothing, and sends nothing.\n"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_build_of_a_new_program_warns_of_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dialect: str, language: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    create_program(tmp_path / "counter", dialect, language)
    words = ["program", "build", str(tmp_path / "counter"), "--out", str(tmp_path / "counter.ma")]
    built = CliRunner().invoke(cygnet, words, catch_exceptions=False)
    assert (built.exit_code, built.stderr) == (0, "")


@pytest.mark.parametrize("name", ["...", "你好", "7"])
def test_any_folder_name_gives_a_valid_program(tmp_path: Path, name: str) -> None:
    create_program(tmp_path / "x" / name, "wechat")
    check_build(tmp_path / "x" / name)


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ScaffoldError, match="is not empty; give the name of a new folder"):
        create_program(tmp_path, "swan")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_is_no_place_for_a_program(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ScaffoldError, match="is a file"):
        create_program(tmp_path / "notes", "swan")


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ScaffoldError, match="cannot be written"):
        create_program(tmp_path / "notes" / "program", "swan")
