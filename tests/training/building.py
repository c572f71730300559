"""What tests of data sets share: a builder that is made to stop in the middle, and sets compared array by array."""

from pathlib import Path

import numpy as np

from firmware_tools.training.dataset import Dataset, DatasetBuilder, Split


class Silent:
    """Progress that nobody watches."""

    def stage(self, title: str, total: int) -> None:
        pass

    def advance(self, steps: int = 1) -> None:
        pass


class KilledError(Exception):
    """Stands for the end of the process."""


class KilledAfter(Silent):
    """Ends the work after so many steps."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def advance(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise KilledError


def made(builder: DatasetBuilder, folder: Path) -> Dataset:
    builder.build(folder, Silent())
    return builder.load(folder)


def splits(dataset: Dataset) -> tuple[Split, Split, Split]:
    return dataset.train, dataset.validation, dataset.test


def assert_same(one: Dataset, other: Dataset) -> None:
    for left, right in zip(splits(one), splits(other), strict=True):
        for name in ("x", "y", "scenario", "source", "snr"):
            assert np.array_equal(
                getattr(left, name), getattr(right, name), equal_nan=name in ("x", "snr")
            ), name  # fmt: skip


def assert_apart(dataset: Dataset) -> None:
    """No source is in two splits."""
    seen: set[str] = set()
    for split in splits(dataset):
        here = set(split.source.tolist())
        assert not seen & here
        seen |= here
