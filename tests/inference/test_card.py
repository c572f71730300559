"""Model cards: what is read, and what each fault is told as."""

from pathlib import Path

import pytest

from device_runtime.inference.card import CardError, parse_card, read_card
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
    assert (card.accuracy[0].variant, card.accuracy[0].tolerance) == ("int8", 0.02)
    assert (card.version.code, card.version.name, card.source.float_file) == (1, "1.0.0", None)
    assert (card.cost.bytes, card.cost.macs, card.cost.arena_bytes, card.loss.points) == (0, 0, 0, 1.0)


def test_a_card_says_its_version_its_float_twin_and_what_the_model_costs(tmp_path: Path) -> None:
    more = 'version = {code = 3, name = "1.2.0"}\n[quantization]\npoints_lost = 2.5\nreason = "Narrow."\n'
    more += '[cost]\nbytes = 100\nmacs = 7\narena_bytes = 50\n[source]\nfloat_file = "sums_float.tflite"'
    text = CARD.replace("[source]", more, 1).replace(
        "value = 0.5", 'value = 0.5\nvariant = "float32"\ntolerance = 0', 1
    )
    card = read_card(write(tmp_path, text))
    assert (card.version.code, card.version.name) == (3, "1.2.0")
    assert str(card.source.float_file) == "sums_float.tflite"
    assert (card.cost.bytes, card.cost.macs, card.cost.arena_bytes) == (100, 7, 50)
    assert (card.loss.points, card.loss.reason) == (2.5, "Narrow.")
    assert (card.accuracy[0].variant, card.accuracy[0].tolerance) == ("float32", 0.0)


def test_a_card_of_a_programs_own_model_may_lack_its_source(tmp_path: Path) -> None:
    start, end = CARD.index("[source]"), CARD.index("[[inputs]]")
    text = CARD[:start] + CARD[end:]
    card = parse_card(text, tmp_path / "models/sums.toml", "sums", with_source=False)
    assert (str(card.source.file), card.source.sha256) == ("sums.tflite", "")
    with pytest.raises(CardError, match="source is missing"):
        parse_card(text, tmp_path / "models/sums.toml", "sums")


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
        (
            "[[outputs]]",
            CARD[CARD.index("[[inputs]]") : CARD.index("[[outputs]]")] + "[[outputs]]",
            r"inputs is 'x'; expected another name for each",
        ),
        ("samples = 10", "", r"accuracy\[0\].samples is missing; expected a whole number"),
        ("microseconds = 12", 'microseconds = "12"', r"latency\[0\].microseconds is '12'; expected a number"),
        ("samples = 10", "samples = -1", r"accuracy\[0\].samples is '-1'; expected a whole number of at least 0"),
        ("value = 0.5", "value = nan", r"accuracy\[0\].value is 'nan'; expected a number"),
        ("value = 0.5", 'value = 0.5\nvariant = "int4"', r"variant is 'int4'; expected one of int8, float32"),
        ("value = 0.5", "value = 0.5\ntolerance = -0.1", r"tolerance is '-0.1'; expected a number of at least 0"),
        ("[source]", "[version]\ncode = 0\n[source]", "version.code is '0'; expected a whole number of 1 to"),
        ("[source]", '[version]\nname = "a b"\n[source]', "version.name is 'a b'; expected 1 to 32 of"),
        ("[source]", '[source]\nfloat_file = "../y"', "source.float_file is '../y'; expected a path below"),
        ("[source]", "[cost]\nmacs = -1\n[source]", "cost.macs is '-1'; expected a whole number of at least 0"),
        (
            "[source]",
            "[quantization]\npoints_lost = 2\n[source]",
            "quantization.reason is missing; expected a sentence",
        ),
        ("[source]", "[quantization]\npoints_lost = 101\n[source]", "points_lost is '101.0'; expected 0 to 100 points"),
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
