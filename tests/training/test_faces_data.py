"""Pictures with faces from installed packages: always the same, and nobody is in two splits."""

from pathlib import Path

import numpy as np
import pytest

from device_runtime.inference.backend import find_backend
from device_runtime.inference.faces import Face, anchors, decode, intersection_over_union
from device_runtime.inference.store import ModelStore
from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.datasets.faces import SCENARIOS, Builder, _carried
from tests.training.building import assert_apart, assert_same, made

for needed in ("PIL", "skimage", "sklearn", "matplotlib"):
    pytest.importorskip(needed)

SMALL = {"representative": 6, "each": 4}


def test_the_same_options_and_seed_make_the_same_pictures(tmp_path: Path) -> None:
    assert_same(made(Builder(SMALL, 3), tmp_path / "one"), made(Builder(SMALL, 3), tmp_path / "two"))
    assert Builder(SMALL, 3).fingerprint() != Builder(SMALL, 4).fingerprint()


def test_nobody_is_in_two_splits_and_boxes_lie_in_the_picture(tmp_path: Path) -> None:
    dataset = made(Builder(SMALL, 3), tmp_path)
    assert_apart(dataset)
    test = dataset.test
    assert list(dict.fromkeys(test.scenario.tolist())) == list(SCENARIOS)
    assert test.x.shape == (4 * len(SCENARIOS), 128, 128, 3)
    assert (test.x.min() >= -1, test.x.max() <= 1) == (True, True)
    with_face = test.y[:, 0, 0] == 1
    assert with_face.tolist() == [name not in ("no face", "a cat") for name in test.scenario]
    places = test.y[with_face, 0, 1:]
    assert np.all(places > -0.02)
    assert np.all(places < 1.02)
    assert np.all(places[:, 2:] > places[:, :2])


def test_a_photograph_that_is_not_installed_is_named_with_its_package() -> None:
    with pytest.raises(DatasetError, match="the photograph nothing is in no-such-package"):
        _carried("no-such-package", "nothing")


@pytest.mark.parametrize("variant", ["int8", "float32"])
def test_the_committed_model_finds_each_portrait_where_it_is(tmp_path: Path, variant: str) -> None:
    test = made(Builder(SMALL, 99), tmp_path).test
    store, backend = ModelStore(), find_backend()
    card = store.card("face_detection")
    model = store.load(card, backend)
    if variant == "float32":
        assert card.source.float_file is not None
        model = backend.load(card.path.parent / card.source.float_file, "twin")
    for index in np.flatnonzero(np.char.endswith(test.scenario, "portrait") & (test.scenario != "small portrait")):
        boxes, scores = model.invoke(model.inputs[0].quantize(test.x[index][None]))
        found = decode(
            model.outputs[0].dequantize(boxes).ravel().tolist(),
            model.outputs[1].dequantize(scores).ravel().tolist(),
            anchors(),
            cutoff=card.number("cutoff"),
            overlap=card.number("overlap"),
            gain=card.number("score_gain"),
            zero=card.number("score_zero"),
        )
        left, top, right, bottom = (float(place) for place in test.y[index, 0, 1:])
        there = Face(1.0, left, top, right, bottom)
        assert max((intersection_over_union(face, there) for face in found), default=0.0) > 0.6
