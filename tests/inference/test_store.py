"""Finding models, and refusing bytes that are not what the card says."""

import shutil
from pathlib import Path

import pytest

from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.resources import resource_directory

DIGITS = resource_directory("models") / "digits"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A directory of models with a copy of ``digits`` that a test may spoil."""
    shutil.copytree(DIGITS, tmp_path / "digits")
    return tmp_path


def rewrite_card(models: Path, old: str, new: str) -> None:
    path = models / "digits" / "card.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_models_are_found_by_name_and_by_task() -> None:
    store = ModelStore()
    assert store.card("digits").task == "digit-classification"
    assert [card.name for card in store.cards("wake-word")] == ["alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"]


def test_a_further_directory_wins_over_the_distribution(models: Path) -> None:
    store = ModelStore([models])
    assert store.card("digits").path.parent == models / "digits"
    assert store.read(store.card("digits")) == (DIGITS / "digits.tflite").read_bytes()


def test_an_unknown_model_is_told_with_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"no model 'numbers'.*alexa, .*digits"):
        ModelStore().card("numbers")


def test_changed_bytes_are_refused(models: Path) -> None:
    file = models / "digits" / "digits.tflite"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    store = ModelStore([models])
    with pytest.raises(ModelError, match=r"digits\.tflite has SHA-256 .* says [0-9a-f]{64};"):
        store.load(store.card("digits"))


def test_a_missing_file_is_told(models: Path) -> None:
    (models / "digits" / "digits.tflite").unlink()
    store = ModelStore([models])
    with pytest.raises(ModelError, match=r"model digits: .*digits\.tflite cannot be read: No such file"):
        store.path(store.card("digits"))


def test_a_missing_package_is_told_with_the_extra_that_brings_it(models: Path) -> None:
    rewrite_card(models, "[source]", '[source]\npackage = "cygnet-no-such-package"\nextra = "voice"')
    store = ModelStore([models])
    with pytest.raises(ModelError, match=r"package cygnet-no-such-package.*pip install 'cygnet\[voice\]'"):
        store.path(store.card("digits"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("shape = [1, 8, 8, 1]", "shape = [1, 64]"),
        ('dtype = "int8"', 'dtype = "uint8"'),
        ("scale = 0.062745101749897", "scale = 0.07"),
        ("zero_point = -128", "zero_point = 0"),
    ],
)
def test_a_card_that_contradicts_its_model_is_refused(models: Path, old: str, new: str) -> None:
    rewrite_card(models, old, new)
    store = ModelStore([models])
    with pytest.raises(ModelError, match=r"card\.toml: input image has"):
        store.load(store.card("digits"))


def test_a_card_with_another_number_of_tensors_is_refused(models: Path) -> None:
    rewrite_card(models, "[[outputs]]", "[[inputs]]")
    store = ModelStore([models])
    with pytest.raises(ModelError, match="the card has 2 inputs, the model has 1"):
        store.load(store.card("digits"))


def test_a_model_that_is_no_tensorflow_lite_is_not_loaded(models: Path) -> None:
    rewrite_card(models, "[source]", '[source]\nformat = "ggml"')
    store = ModelStore([models])
    with pytest.raises(ModelError, match="is a ggml file, which no back end runs"):
        store.load(store.card("digits"))
