"""Cards: what a file tells is put in, and everything else stays as it was."""

import hashlib
from pathlib import Path

import pytest

from device_runtime.inference.card import CardError, parse_card, read_card
from device_runtime.inference.store import ModelStore
from firmware_tools.training.card_writing import new_card, tensors_of, write_model
from firmware_tools.training.workplace import LabError
from tests.training.models import FLOAT, INT8

CONTENT, TWIN = INT8.read_bytes(), FLOAT.read_bytes()
CARD = """\
name = "little"
task = "digit-classification"   # kept
description = "A card of one's own"
licence = "Apache-2.0"
data = "digits"
recipe = "recipe.toml"
labels = ["[a]", "b"]

# before the source
[source]
file = "old.tflite"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"

[[inputs]]
name = "image"
shape = [1, 4]
dtype = "uint8"
units = "ink"
scale = 3.0

[[outputs]]   # the only one
name = "probabilities"
shape = [1, 2]
dtype = "int8"
units = "probability"

[parameters]
cutoff = 0.5
"""


def folder(tmp_path: Path, card: str = CARD) -> Path:
    made = tmp_path / "little"
    made.mkdir()
    (made / "card.toml").write_text(card, encoding="utf-8")
    return made


def test_a_model_is_put_into_its_folder_and_loads_by_its_card(tmp_path: Path) -> None:
    written = write_model(folder(tmp_path), CONTENT, TWIN)
    assert [path.name for path in written] == ["little.tflite", "little_float.tflite", "card.toml"]
    store = ModelStore([tmp_path])
    card = store.card("little")
    assert store.read(card) == CONTENT
    assert (tmp_path / "little" / str(card.source.float_file)).read_bytes() == TWIN
    assert store.load(card).inputs[0].shape == (1, 8, 8, 1)


def test_what_a_file_does_not_tell_stays_as_it_was(tmp_path: Path) -> None:
    made = folder(tmp_path)
    write_model(made, CONTENT, TWIN)
    before, after = set(CARD.splitlines()), (made / "card.toml").read_text().splitlines()
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert [line for line in after if line not in before] == [
        'file = "little.tflite"', f'sha256 = "{digest}"', 'float_file = "little_float.tflite"',
        "shape = [1, 8, 8, 1]", "scale = 0.062745101749897", "zero_point = -128",
        "shape = [1, 10]", "scale = 0.00390625", "zero_point = -128",
    ]  # fmt: skip
    kept = [line for line in CARD.splitlines() if not line.startswith(("file", "sha", "shape", "scale", "dtype"))]
    assert [line for line in after if line in kept and line] == [line for line in kept if line]


def test_writing_twice_changes_nothing_more(tmp_path: Path) -> None:
    made = folder(tmp_path)
    write_model(made, CONTENT, TWIN)
    once = (made / "card.toml").read_bytes()
    write_model(made, CONTENT, TWIN)
    assert (made / "card.toml").read_bytes() == once


def test_a_float_model_has_no_scale_in_its_card(tmp_path: Path) -> None:
    made = folder(tmp_path)
    write_model(made, TWIN, TWIN)
    assert "scale" not in (made / "card.toml").read_text()
    assert read_card(made / "card.toml").inputs[0].dtype == "float32"


def test_a_new_card_is_whole_once_the_model_is_written(tmp_path: Path) -> None:
    made = tmp_path / "mine"
    made.mkdir()
    write_model(made, CONTENT, TWIN, new_card("mine", "digits", CONTENT, labels=('"a"', "b")))
    card = read_card(made / "card.toml")
    assert (card.task, card.labels, card.outputs[0].shape) == ("digits", ('"a"', "b"), (1, 10))
    assert card.description.startswith("TODO")


def test_tensors_are_those_of_the_file() -> None:
    (given,), (answer,) = tensors_of(CONTENT)
    assert (given.name, given.shape, given.dtype, given.zero_point) == ("input", (1, 8, 8, 1), "int8", -128)
    assert answer.scale == 0.00390625


@pytest.mark.parametrize(
    ("card", "told"),
    [
        ("", r"has 0 inputs, the model has 1; a \[\[inputs\]\] table stands for each"),
        (CARD.replace("[[inputs]]", "[[outputs]]"), r"has 0 inputs, the model has 1"),
        (CARD.replace("licence", "license"), r"license"),
        (CARD.replace('"little"', '"other"'), r"the name of the card's folder, 'little'"),
        (CARD + "[", r"not TOML"),
    ],
)
def test_a_card_that_does_not_fit_is_told_and_nothing_is_written(tmp_path: Path, card: str, told: str) -> None:
    made = folder(tmp_path, card or " ")
    with pytest.raises((LabError, CardError), match=told):
        write_model(made, CONTENT, TWIN)
    assert [path.name for path in made.iterdir()] == ["card.toml"]


def test_a_folder_without_a_card_is_told(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"has no card.toml; `cygnet model new` shows what one has"):
        write_model(tmp_path, CONTENT, TWIN)


def test_bytes_that_are_no_model_are_told() -> None:
    with pytest.raises(LabError, match="the model cannot be loaded"):
        tensors_of(b"TFL3" * 20)


def test_the_example_is_a_card() -> None:
    assert parse_card(CARD, Path("little/card.toml"), "little").parameters["cutoff"] == 0.5
