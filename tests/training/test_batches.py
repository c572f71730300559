"""Batches: each example once in an epoch, always the same, changed as the recipe says and no more."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from firmware_tools.training.batches import Batches, augment
from firmware_tools.training.dataset import Split
from firmware_tools.training.recipe import Augmentation


def split(count: int, *shape: int) -> Split:
    nowhere = np.full(count, "")
    x = np.random.default_rng(1).random((count, *shape), np.float32) + 1
    return Split(x, np.arange(count), nowhere, nowhere, np.full(count, np.nan, np.float32))


def changed(x: NDArray[Any], seed: int = 5, **how: Any) -> NDArray[np.float32]:
    return augment(x, Augmentation(**how), np.random.default_rng(seed))


def test_an_epoch_has_each_example_once_in_an_order_of_its_own() -> None:
    batches = Batches(split(10, 4), 4, 7, Augmentation())
    first, second = ([int(at) for _, chosen in batches.epoch(number) for at in chosen] for number in (0, 1))
    assert len(batches) == 3
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_an_epoch_is_the_same_whatever_came_before_it() -> None:
    how = Augmentation(noise=0.5, time_masks=1, time_mask_rows=2, shift_rows=1)
    batches = Batches(split(10, 6, 5), 4, 7, how)
    list(batches.epoch(0))
    again = Batches(split(10, 6, 5), 4, 7, how)
    for (x, chosen), (other, same) in zip(batches.epoch(3), again.epoch(3), strict=True):
        np.testing.assert_array_equal(x, other)
        np.testing.assert_array_equal(chosen, same)


def test_another_seed_gives_other_batches() -> None:
    first, second = (next(Batches(split(40, 4), 40, seed, Augmentation()).epoch(0))[1] for seed in (1, 2))
    assert list(first) != list(second)


@pytest.mark.parametrize("shape", [(4,), (6, 5), (6, 5, 1), (6, 5, 3)])
def test_without_augmentation_examples_stay_as_they_are(shape: tuple[int, ...]) -> None:
    examples = split(3, *shape).x
    np.testing.assert_array_equal(changed(examples), examples)


EVERY: list[dict[str, Any]] = [
    {"shift_rows": 2}, {"gain": 1.0}, {"tilt": 1.0}, {"noise": 0.1}, {"time_masks": 1, "time_mask_rows": 3},
    {"channel_masks": 1, "channel_mask_width": 3}, {"channel_stretch": 0.2}, {"row_stretch": 0.2}, {"translate": 0.3},
    {"rotate": 30.0}, {"zoom": 0.3},
]  # fmt: skip


@pytest.mark.parametrize("how", EVERY, ids=lambda how: next(iter(how)))
@pytest.mark.parametrize("shape", [(9, 8), (9, 8, 1), (9, 8, 3)])
def test_each_kind_changes_examples_and_leaves_the_original(how: dict[str, Any], shape: tuple[int, ...]) -> None:
    examples = split(20, *shape).x
    before = examples.copy()
    after = changed(examples, **how)
    np.testing.assert_array_equal(examples, before)
    assert after.shape == before.shape
    assert after.dtype.name == "float32"
    assert np.isfinite(after).all()
    assert any(not np.allclose(one, other) for one, other in zip(after, before, strict=True))


def test_sound_that_is_shifted_keeps_its_rows_and_repeats_the_edge() -> None:
    examples = np.arange(6, dtype=np.float32).reshape(1, 6, 1) * np.ones((40, 1, 3), np.float32)
    for example in changed(examples, shift_rows=2):
        shift = int(example[2, 0]) - 2
        assert abs(shift) <= 2
        np.testing.assert_allclose(example[:, 0], np.clip(np.arange(6) + shift, 0, 5))


def test_masks_are_stretches_of_nothing_of_at_most_their_size() -> None:
    examples = np.ones((50, 12, 10), np.float32)
    rows = changed(examples, time_masks=1, time_mask_rows=4)
    channels = changed(examples, channel_masks=1, channel_mask_width=3)
    hidden = [(example == 0).all(axis=1).sum() for example in rows]
    assert (min(hidden), max(hidden)) == (0, 4)
    assert all(set(example.all(axis=1) | (example == 0).all(axis=1)) == {True} for example in rows)
    assert max((example == 0).all(axis=0).sum() for example in channels) == 3


def test_gain_is_one_number_an_example_and_tilt_goes_from_end_to_end() -> None:
    examples = np.zeros((30, 4, 5), np.float32)
    gained, tilted = changed(examples, gain=2.0), changed(examples, tilt=2.0)
    assert all(len(np.unique(example)) == 1 for example in gained)
    assert 1.5 < np.abs(gained).max() <= 2
    np.testing.assert_allclose(tilted[:, :, 0], -tilted[:, :, -1], atol=1e-6)
    np.testing.assert_allclose(tilted[:, :, 2], 0, atol=1e-6)


def test_a_picture_that_is_moved_leaves_nothing_behind_at_the_edge() -> None:
    examples = np.ones((60, 10, 10, 1), np.float32)
    after = changed(examples, translate=0.4)
    assert (after.min(), after.max()) == (0.0, pytest.approx(1.0))
