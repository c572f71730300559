"""The 1,797 handwritten digits that scikit-learn carries: 8 x 8 pixels of ink, 0 (none) to 16.

Alpaydin and Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998 (CC BY 4.0). The
last fifth, in the order of the data set, is the test split; the 200 before it choose the epoch. Who wrote which digit
is not told there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.host.board_file import key
from firmware_tools.training.dataset import Dataset, DatasetError, Progress, Split
from firmware_tools.training.recipe import read_options

_FILE = "digits.npz"
_ALL = 1797


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the builder ``digits``."""

    validation: int = key("how many digits before the test split choose the epoch", 200, 1, 1000)


class Builder:
    """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:  # noqa: ARG002 (nothing is drawn)
        self._options = read_options(Options, options)

    def fingerprint(self) -> str:
        try:
            return f"digits of scikit-learn {metadata.version('scikit-learn')}"
        except metadata.PackageNotFoundError as error:
            raise DatasetError("scikit-learn is not installed; run: pip install 'cygnet[train]'") from error

    def build(self, folder: Path, progress: Progress) -> None:
        try:
            from sklearn.datasets import load_digits
        except ModuleNotFoundError as error:
            raise DatasetError("scikit-learn is not installed; run: pip install 'cygnet[train]'") from error
        progress.stage("digits", 1)
        pixels, labels = load_digits(return_X_y=True)
        with (folder / f".{_FILE}.tmp").open("wb") as file:
            np.savez(file, x=pixels.reshape(-1, 8, 8, 1).astype(np.float32), y=labels.astype(np.int64))
        (folder / f".{_FILE}.tmp").replace(folder / _FILE)
        progress.advance()

    def load(self, folder: Path, *, only_test: bool = False) -> Dataset:
        try:
            with np.load(folder / _FILE, allow_pickle=False) as file:
                x, y = file["x"], file["y"]
        except (OSError, ValueError, KeyError) as error:
            raise DatasetError(f"{folder / _FILE} cannot be read: {error}; make it anew with --fresh") from error
        if x.shape != (_ALL, 8, 8, 1) or y.shape != (_ALL,):
            raise DatasetError(f"{folder / _FILE} has other digits than these 1,797; make it anew with --fresh")
        test = _ALL * 4 // 5
        validation = test - self._options.validation
        nothing = slice(0, 0)
        return Dataset(
            folder,
            tuple("0123456789"),
            _split(x, y, nothing if only_test else slice(0, validation)),
            _split(x, y, nothing if only_test else slice(validation, test)),
            _split(x, y, slice(test, _ALL)),
        )


def _split(x: NDArray[Any], y: NDArray[Any], part: slice) -> Split:
    count = len(y[part])
    nowhere = np.full(count, "")
    return Split(x[part], y[part], nowhere, nowhere, np.full(count, np.nan, np.float32))
