"""Simulated telemetry: always the same, whole after an interruption, and what the committed model makes of it."""

from pathlib import Path

import numpy as np
import pytest

from device_runtime.inference.backend import find_backend
from device_runtime.inference.store import ModelStore
from device_runtime.inference.telemetry import INPUTS, score
from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.datasets.telemetry import Builder
from firmware_tools.training.device_simulator import FAULTS, Device, run
from firmware_tools.training.evaluation.tasks.anomaly_detection import area_under_curve
from tests.training.building import KilledAfter, KilledError, Silent, assert_apart, assert_same, made

SMALL = {"train": 2, "validation": 1, "test": 2, "days": 1, "faults": 1}


def test_the_same_options_and_seed_make_the_same_windows(tmp_path: Path) -> None:
    assert_same(made(Builder(SMALL, 3), tmp_path / "one"), made(Builder(SMALL, 3), tmp_path / "two"))


def test_another_seed_makes_other_windows_and_another_fingerprint(tmp_path: Path) -> None:
    one, other = Builder(SMALL, 3), Builder(SMALL, 4)
    assert one.fingerprint() != other.fingerprint()
    assert not np.array_equal(made(one, tmp_path / "one").train.x, made(other, tmp_path / "two").train.x)


def test_a_build_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        Builder(SMALL, 3).build(tmp_path / "killed", KilledAfter(2))
    kept = sorted((tmp_path / "killed").rglob("*.npz"))
    assert kept
    times = [path.stat().st_mtime_ns for path in kept]
    with pytest.raises(DatasetError, match="no whole data set"):
        Builder(SMALL, 3).load(tmp_path / "killed")
    dataset = made(Builder(SMALL, 3), tmp_path / "killed")
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert_same(dataset, made(Builder(SMALL, 3), tmp_path / "whole"))


def test_no_device_is_in_two_splits_and_none_learns_from_faults(tmp_path: Path) -> None:
    dataset = made(Builder(SMALL, 3), tmp_path)
    assert_apart(dataset)
    assert not dataset.train.y.any()
    assert dataset.test.x.shape[1:] == (INPUTS,)
    assert set(dataset.test.scenario[dataset.test.y == 1].tolist()) == set(FAULTS)


def test_only_the_test_split_is_read_when_only_it_is_asked_for(tmp_path: Path) -> None:
    builder = Builder(SMALL, 3)
    builder.build(tmp_path, Silent())
    dataset = builder.load(tmp_path, only_test=True)
    assert (len(dataset.train), len(dataset.validation)) == (0, 0)
    assert len(dataset.test)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"devices": 3}, "no option 'devices'; it has days, faults, test, train, validation"),
        ({"train": 0}, "train is 0; expected a whole number"),
        ({"train": True}, "train is True"),
        ({"train": "2"}, "train is '2'"),
    ],
)
def test_a_wrong_option_is_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(DatasetError, match=said):
        Builder(options, 0)


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    builder = Builder(SMALL, 3)
    builder.build(tmp_path, Silent())
    part = tmp_path / "test" / "0001.npz"
    part.write_bytes(part.read_bytes()[:100])
    with pytest.raises(DatasetError, match=r"0001\.npz: this part of the data set is missing or damaged"):
        builder.load(tmp_path)


@pytest.mark.parametrize("kind", FAULTS)
def test_each_fault_changes_the_readings(kind: str) -> None:
    rng = np.random.default_rng(1)
    device = Device.drawn(rng)
    readings = run(device, 1, rng)[100:136]
    assert not np.array_equal(FAULTS[kind](readings.copy(), device, rng), readings)


def test_the_area_under_the_curve_counts_pairs_and_halves_draws() -> None:
    assert area_under_curve(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert area_under_curve(np.array([1.0]), np.array([1.0, 1.0])) == 0.5
    assert area_under_curve(np.array([0.5, 2.0]), np.array([1.0])) == 0.5


@pytest.mark.parametrize("variant", ["int8", "float32"])
def test_the_committed_model_tells_faults_of_devices_that_it_never_saw(tmp_path: Path, variant: str) -> None:
    """On three devices of the card's thirty."""
    store, backend = ModelStore(), find_backend()
    card = store.card("telemetry_anomaly")
    model = store.load(card, backend)
    if variant == "float32":
        assert card.source.float_file is not None
        model = backend.load(card.path.parent / card.source.float_file, "twin")
    test = made(Builder({"train": 1, "validation": 1, "test": 3}, 7), tmp_path).test
    scores = []
    for x in test.x:
        (stored,) = model.invoke(model.inputs[0].quantize(x[None]))
        scores.append(score(x.tolist(), model.outputs[0].dequantize(stored)[0].tolist()))
    found = np.array(scores)
    threshold = card.number("threshold")
    assert area_under_curve(found[test.y == 1], found[test.y == 0]) > 0.95
    assert np.mean(found[test.y == 0] > threshold) < 0.02
    for kind in ("stuck", "spikes", "brown-out", "lost messages"):
        assert np.mean(found[test.scenario == kind] > threshold) >= 0.9, kind
