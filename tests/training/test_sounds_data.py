"""Calculated sound events: always the same, two families apart, and what the committed model makes of the other one."""

from pathlib import Path

import numpy as np
import pytest

from device_runtime.inference.backend import find_backend
from device_runtime.inference.store import ModelStore
from tests.training.building import KilledAfter, KilledError, assert_apart, assert_same, made

for needed in ("scipy", "pyroomacoustics", "pymicro_features", "espeakng_loader"):
    pytest.importorskip(needed)

from firmware_tools.training.datasets.sounds import LABELS, ROWS, Builder, _windows  # noqa: E402 - after what they need
from firmware_tools.training.sound_events import additive, physical  # noqa: E402
from firmware_tools.training.sound_events.event import RATE, Event  # noqa: E402

SMALL = {"train": 1, "validation": 1, "test": 2, "windows": 2, "background_minutes": 1}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    made(Builder(SMALL, 3), folder)
    return folder


def test_a_build_that_was_killed_goes_on_and_gives_the_same(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        Builder(SMALL, 3).build(tmp_path, KilledAfter(4))
    assert_same(made(Builder(SMALL, 3), tmp_path), Builder(SMALL, 3).load(whole))


def test_training_and_test_are_of_different_families(whole: Path) -> None:
    dataset = Builder(SMALL, 3).load(whole)
    assert_apart(dataset)
    assert {source.split("/")[0] for source in dataset.train.source} == {"additive"}
    assert {source.split("/")[0] for source in dataset.test.source} == {"physical"}
    assert dataset.test.x.shape[1:] == (ROWS, 40, 1)
    assert all((whole / sound).is_file() for sound in dataset.test.sound)
    assert all(file.is_file() for file in dataset.background)
    assert np.array_equal(np.isnan(dataset.test.snr), dataset.test.y == 0)


@pytest.mark.parametrize("family", [additive, physical])
@pytest.mark.parametrize("label", LABELS[1:])
def test_every_event_can_be_told_within_a_window_of_the_model(family: object, label: str) -> None:
    for seed in range(8):
        event = family.EVENTS[label](np.random.default_rng(seed))  # type: ignore[attr-defined]  # a module
        assert np.all(np.isfinite(event.sound))
        assert np.max(np.abs(event.sound)) > 0
        assert event.spans
        assert all(0 <= start < end <= start + ROWS * 0.01 for start, end in event.spans)
        assert all(0 <= start < end <= len(event.sound) / RATE + 0.2 for start, end in event.active)


def test_a_window_has_the_label_only_if_it_holds_a_whole_span() -> None:
    event = Event(np.zeros(RATE), ((0.5, 0.9),), ((0.5, 0.9),))
    chosen = _windows(event, 1.0, 400, 2, 1000, np.random.default_rng(0))
    whole_spans = [start for start, label in chosen if label == 2]
    assert whole_spans
    assert all(start * 0.01 <= 1.5 and (start + ROWS) * 0.01 >= 1.9 for start in whole_spans)
    assert all((start + ROWS) * 0.01 <= 1.5 or start * 0.01 >= 2.2 for start, label in chosen if label == 0)


def test_the_committed_model_knows_half_of_the_other_family_in_quiet(tmp_path: Path) -> None:
    """Few scenes, of another seed than the card's: far above chance, which is 0.17."""
    options = {"train": 1, "validation": 1, "test": 12, "windows": 1, "background_minutes": 1}
    test = made(Builder(options, 99), tmp_path).test
    card = ModelStore().card("sound_events")
    model = ModelStore().load(card, find_backend())
    there = test.scenario == "quiet"
    answers = []
    for x in test.x[there]:
        (stored,) = model.invoke(model.inputs[0].quantize(x[None]))
        answers.append(int(stored[0].argmax()))
    assert np.mean(np.array(answers) == test.y[there]) > 0.4
