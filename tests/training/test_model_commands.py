"""``cygnet model test``, ``list`` and ``show``, as one types them."""

import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from device_runtime.errors import CygnetError
from device_runtime.inference.card import read_card
from device_runtime.resources import resource_directory
from firmware_tools.cli.model import model


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(model, list(arguments), standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """A copy of the digits' folder, to change."""
    return Path(shutil.copytree(resource_directory("models") / "digits", tmp_path / "digits"))


def changed(folder: Path, old: str, new: str) -> None:
    path = folder / "card.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.short
def test_the_digits_keep_the_promises_of_their_card(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the digits are scikit-learn's")
    report = tmp_path / "digits.html"
    arguments = ("digits", "--allow-unmeasured", "--report", str(report), "--cache", str(tmp_path / "cache"))
    result = run("test", *arguments)
    assert result.return_value == 0, result.output
    assert "digits 1.0.0: passed" in result.output
    assert "✓ accuracy in all: promised" in result.output
    assert "<title>digits: model test</title>" in report.read_text(encoding="utf-8")


@pytest.mark.short
def test_a_card_that_promises_too_much_fails_and_says_what(digits: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the digits are scikit-learn's")
    changed(digits, "value = 0.95", "value = 0.999")
    result = run("test", str(digits), "--json", "--allow-unmeasured", "--cache", str(tmp_path / "cache"))
    assert result.return_value == 1
    told = json.loads(result.stdout)
    assert told["passed"] is False
    (sentence,) = [one["sentence"] for one in told["findings"] if one["state"] == "missed"]
    assert "promised 99.93 %, measured 95" in sentence
    assert {one["variant"] for one in told["measures"]} == {"int8", "float32"}
    assert told["layers"]


@pytest.mark.short
def test_update_makes_a_card_true(digits: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="the digits are scikit-learn's")
    before = (digits / "card.toml").read_text(encoding="utf-8")
    changed(digits, "value = 0.95", "value = 0.42")
    changed(digits, "macs = ", "macs = 1")
    result = run("test", str(digits), "--update", "--allow-unmeasured", "--cache", str(tmp_path / "cache"))
    assert result.return_value == 0, result.output
    assert (digits / "card.toml").read_text(encoding="utf-8") == before


def test_a_model_without_data_is_told_what_it_lacks(digits: Path) -> None:
    (digits / "recipe.toml").unlink()
    with pytest.raises(CygnetError, match=r"holds neither test\.toml nor recipe\.toml"):
        run("test", str(digits))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("seed = ", "cannot be read"),
        ("[data]\n", "data.builder is missing"),
        ('seed = -1\n[data]\nbuilder = "digits"\n', "seed is '-1'"),
        ('epochs = 3\n[data]\nbuilder = "digits"\n', "'epochs' is not a known key"),
        ('[data]\nbuilder = "magic"\n', "there is no builder of data sets called 'magic'"),
        ('[data]\nbuilder = "wake_words"\nphrase = "a"\n', "data"),
    ],
)
def test_a_faulty_test_file_is_told_with_its_name(digits: Path, content: str, told: str) -> None:
    (digits / "test.toml").write_text(content, encoding="utf-8")
    with pytest.raises(CygnetError, match=r"test\.toml") as caught:
        run("test", str(digits))
    assert told in str(caught.value)


def test_an_unknown_model_is_told_with_those_that_there_are() -> None:
    with pytest.raises(CygnetError, match=r"there is no model 'nothing' on this device; it has .*digits"):
        run("test", "nothing")


def test_what_lies_beside_a_model_is_no_matter(digits: Path) -> None:
    other = digits.parent / "other"
    other.mkdir()
    (other / "card.toml").write_text("name = ", encoding="utf-8")
    assert "digits 1.0.0" in run("show", str(digits)).output


def test_a_folder_without_a_card_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(CygnetError, match=r"is a folder without a card\.toml"):
        run("show", str(tmp_path))


def test_a_model_that_is_not_made_yet_is_told_how(digits: Path) -> None:
    (digits / "digits.tflite").unlink()
    with pytest.raises(CygnetError, match=r"is not there yet; make it with: cygnet model quantize .*digits --write"):
        run("test", str(digits))


def test_list_tells_how_the_model_does_that_devices_run(digits: Path) -> None:
    card = read_card(digits / "card.toml")
    (whole,) = [entry for entry in card.accuracy if entry.variant == "int8"]
    (row,) = [row for row in json.loads(run("list", "--json").output) if row["name"] == "digits"]
    assert row["accuracy"] == f"{whole.value * 100:.2f} % accuracy in all"


def test_false_accepts_are_counted_over_seconds() -> None:
    text = run("show", "alexa").output
    assert "false accepts an hour, 1,800 seconds" in text
    assert "detections, 288 samples" in text


def test_list_has_a_line_a_model() -> None:
    lines = run("list").output.splitlines()
    assert lines[0].split() == ["model", "version", "task", "size", "accuracy"]
    (line,) = [line for line in lines if line.startswith("digits ")]
    assert "digit-classification" in line
    assert "% accuracy in all" in line
    only = json.loads(run("list", "--task", "wake-word", "--json").output)
    assert {row["task"] for row in only} == {"wake-word"}


def test_show_reads_a_card_aloud() -> None:
    text = run("show", "digits").output
    for said in (
        "digits 1.0.0",
        "licence",
        "Apache-2.0",
        "int8 [1, 8, 8, 1]: ink, 0 (none) to 16",
        "multiply-accumulates",
    ):
        assert said in text
    assert json.loads(run("show", "digits", "--json").output)["labels"] == list("0123456789")


def test_all_models_are_tested_though_one_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "models"
    for name in ("digits", "alexa"):
        shutil.copytree(resource_directory("models") / name, folder / name)
    for path in folder.glob("*/*.toml"):
        if path.name != "card.toml":
            path.unlink()
    monkeypatch.setattr("device_runtime.inference.store.resource_directory", lambda _: folder)
    result = run("test", "--all", "--report", str(tmp_path / "reports"))
    assert result.return_value == 1
    assert "0 of 2 models passed" in result.output
    page = (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")
    assert "0 of 2 keep every promise" in page
    assert page.count("holds neither test.toml nor recipe.toml") == 2


@pytest.mark.parametrize("arguments", [(), ("digits", "--all")])
def test_one_model_or_all_must_be_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError, match="name a model, or say --all"):
        run("test", *arguments)
