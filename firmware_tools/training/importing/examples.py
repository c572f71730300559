"""Representative examples for a model that came from elsewhere: an ``.npz`` file, or a folder of ``.npy`` files."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.workplace import LabError

Arrays = Mapping[str, NDArray[np.float32]]
"""By the input's name: ``[n, *shape]``, float32, all of the same n."""


def read_examples(path: Path, most: int) -> Arrays:
    """At most ``most`` examples, evenly taken.

    An ``.npz`` file has an array ``[n, *shape]`` an input, by the input's name (of one input any name will do); a
    folder has an example of the only input in each ``.npy`` file.

    Raises:
        LabError: nothing is there, it is of another form, or it has no numbers.
    """
    try:
        arrays = _of_folder(path) if path.is_dir() else _of_file(path)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:  # what numpy tells damage by
        raise LabError(f"the representative examples in {path} cannot be read: {error}") from error
    counts = {len(array) for array in arrays.values()}
    if len(counts) != 1 or not min(counts):
        raise LabError(f"{path} must have as many examples for each input, and at least one; it has {sorted(counts)}")
    (count,) = counts
    chosen = np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))
    taken = {name: np.ascontiguousarray(array[chosen], np.float32) for name, array in arrays.items()}
    for name, array in taken.items():
        if not np.isfinite(array).all():
            raise LabError(f"{path}: the examples of {name} are not all finite numbers")
    return taken


def in_order(arrays: Arrays, names: Sequence[str], model: str) -> list[NDArray[np.float32]]:
    """The arrays in the order of a model's inputs: by their names, or as they stand where the names are others.

    Raises:
        LabError: there are more or fewer arrays than inputs.
    """
    if set(arrays) == set(names):
        return [arrays[name] for name in names]
    if len(arrays) != len(names):
        raise LabError(
            f"{model} takes {len(names)} inputs ({', '.join(names)}), the examples have {len(arrays)} "
            f"({', '.join(arrays)})"
        )
    return list(arrays.values())


def _of_folder(path: Path) -> dict[str, NDArray[Any]]:
    files = sorted(path.glob("*.npy"))
    if not files:
        raise ValueError("the folder has no .npy files")
    arrays = [np.load(file, allow_pickle=False) for file in files]
    if len({array.shape for array in arrays}) != 1:
        raise ValueError("the .npy files have different shapes")
    return {"input": _numbers(np.stack(arrays), path.name)}


def _of_file(path: Path) -> dict[str, NDArray[Any]]:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return {"input": _numbers(loaded, path.name)}
    with loaded as file:
        return {name: _numbers(file[name], name) for name in file.files}


def _numbers(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.dtype.kind not in "fiub" or array.ndim < 1:
        raise ValueError(f"{name} is no array of numbers [n, *shape]")
    return array
