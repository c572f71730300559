"""Model cards: what is read, and what each fault is told as."""

from pathlib import Path

import pytest

from device_runtime.inference.card import CardError, read_card
from device_runtime.inference.store import ModelStore

CARD = """
name = "sums"
task = "addition"
description = "Adds."
licence = "Apache-2.0"
data = "none"
recipe = "recipe.py"
labels = ["a", "b"]
[source]
file = "sums.tflite"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
[[inputs]]
name = "x"
shape = [1, 2]
dtype = "int8"
scale = 0.5
zero_point = 3
units = "apples"
[[outputs]]
name = "y"
shape = [1]
dtype = "float32"
units = "apples"
[parameters]
cutoff = 1
phrase = "go"
[[accuracy]]
scenario = "quiet"
metric = "recall"
value = 0.5
samples = 10
[[latency]]
machine = "a desk"
backend = "litert"
microseconds = 12
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "sums" / "card.toml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return path


def test_a_card_gives_every_part(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, CARD))
    assert (card.name, card.task, card.labels) == ("sums", "addition", ("a", "b"))
    assert (card.inputs[0].shape, card.inputs[0].scale, card.inputs[0].zero_point) == ((1, 2), 0.5, 3)
    assert (card.outputs[0].scale, card.outputs[0].units) == (0.0, "apples")
    assert (card.number("cutoff"), card.text("phrase")) == (1.0, "go")
    assert card.accuracy[0].samples == 10
    assert card.latency[0].microseconds == 12.0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('task = "addition"', "", "task is missing; expected a string"),
        ('task = "addition"', "task = 7", "task is '7'; expected a string"),
        ('name = "sums"', 'name = "other"', "name is 'other'; expected the name of the card's folder, 'sums'"),
        ('labels = ["a", "b"]', "labels = [1]", r"labels\[0\] is '1'; expected a string"),
        ("[source]", "[sauce]", "sauce is 'not a known key'"),
        ('file = "sums.tflite"', 'file = "/etc/passwd"', "source.file is '/etc/passwd'; expected a path below"),
        ('file = "sums.tflite"', 'file = "../x"', "source.file is '../x'; expected a path below"),
        ("0000000000000000", "", "source.sha256 is .*; expected 64 lower-case hexadecimal digits"),
        ("shape = [1, 2]", "shape = [0]", r"inputs\[0\].shape is '\[0\]'; expected a list of whole numbers above 0"),
        ("shape = [1, 2]", "shape = 4", r"inputs\[0\].shape is '4'; expected a list"),
        ('dtype = "int8"', 'dtype = "int4"', r"inputs\[0\].dtype is 'int4'; expected one of int8, "),
        ("scale = 0.5", "scale = -1", r"inputs\[0\].scale is '-1.0'; expected a number above 0"),
        ("scale = 0.5", "scal = 0.5", r"inputs\[0\].scal .*; expected one of the keys dtype, name, scale"),
        ("zero_point = 3", "zero_point = true", r"inputs\[0\].zero_point is 'True'; expected a whole number"),
        ("cutoff = 1", "cutoff = [1]", "parameters.cutoff is .*; expected a string, a number or a boolean"),
        ("samples = 10", "", r"accuracy\[0\].samples is missing; expected a whole number"),
        ("microseconds = 12", 'microseconds = "12"', r"latency\[0\].microseconds is '12'; expected a number"),
        ('name = "sums"', "name = ", "not TOML"),
    ],
)
def test_a_faulty_card_names_file_key_and_expectation(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in CARD
    path = write(tmp_path, CARD.replace(old, new, 1))
    with pytest.raises(CardError, match=told) as caught:
        read_card(path)
    assert str(path) in str(caught.value)


def test_a_card_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="cannot be read"):
        read_card(tmp_path / "card.toml")


def test_a_missing_parameter_is_told_with_the_file(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, CARD))
    with pytest.raises(CardError, match=r"card\.toml: parameters.window is missing; expected a number"):
        card.number("window")


def test_every_card_in_the_distribution_is_sound() -> None:
    cards = ModelStore().cards()
    assert {"okay_nabu", "silero_vad", "digits"} <= {card.name for card in cards}
    assert all(card.licence and card.data and card.recipe for card in cards)
