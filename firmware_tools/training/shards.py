"""A data set on disk: files of a few examples each, so that work that is interrupted goes on where it was."""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.dataset import DatasetError, Split

Arrays = dict[str, NDArray[Any]]
_WHOLE = "whole.json"


def checked_options(builder: str, options: Mapping[str, Any], defaults: Mapping[str, int]) -> dict[str, int]:
    """Whole numbers by name, with ``defaults`` for those that are not given; all must be above 0.

    Raises:
        DatasetError: an option is unknown, no whole number, or not above 0.
    """
    for name, value in options.items():
        if name not in defaults:
            raise DatasetError(f"the data set {builder} has no option {name!r}; it has {', '.join(sorted(defaults))}")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 1_000_000:
            raise DatasetError(
                f"the data set {builder}: {name} is {value!r}; expected a whole number from 1 to 1,000,000"
            )
    return {**defaults, **options}


def fingerprint_of(*parts: object, packages: Iterable[str] = ()) -> str:
    """A hash of ``parts`` (anything JSON can say) and of the versions of ``packages``."""
    versions = {}
    for package in packages:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "missing"
    return hashlib.sha256(json.dumps([parts, versions], sort_keys=True).encode()).hexdigest()[:24]


def write_shard(path: Path, make: Callable[[], Arrays]) -> None:
    """Call ``make`` and keep its arrays, unless ``path`` is there. A file is whole or absent, whatever happens.

    Raises:
        DatasetError: the disk is full, or not to be written.
    """
    if path.is_file():
        return
    arrays = make()
    beside = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # numpy's stub counts allow_pickle among them
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise DatasetError(f"{path}: the data set cannot be written: {error.strerror}") from error


def read_shard(path: Path) -> Arrays:
    """The arrays of :func:`write_shard`.

    Raises:
        DatasetError: the file is missing or damaged.
    """
    try:
        with np.load(path) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{path}: this part of the data set is missing or damaged; remove it and make it again"
        ) from error


def joined(parts: list[Arrays]) -> Arrays:
    """The arrays of all parts, one after another."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def empty_split(like: tuple[int, ...], y: tuple[int, ...] = ()) -> Split:
    """A split of no examples, whose examples would have the shape ``like``."""
    none = np.zeros(0)
    return Split(
        np.zeros((0, *like), np.float32), np.zeros((0, *y), np.float32 if y else np.int64),
        none.astype(str), none.astype(str), none.astype(np.float32),
    )  # fmt: skip


def mark_whole(folder: Path, fingerprint: str) -> None:
    """Say that all of a data set is there."""
    beside = folder / "whole.part"
    beside.write_text(json.dumps({"fingerprint": fingerprint}), encoding="utf-8")
    beside.replace(folder / _WHOLE)


def is_whole(folder: Path, fingerprint: str) -> bool:
    """Whether :func:`mark_whole` said so of this very data set."""
    try:
        return bool(json.loads((folder / _WHOLE).read_text(encoding="utf-8"))["fingerprint"] == fingerprint)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def need_whole(folder: Path, fingerprint: str) -> None:
    """Raises:
    DatasetError: the data set in ``folder`` is not whole, or not this one.
    """
    if not is_whole(folder, fingerprint):
        raise DatasetError(f"{folder}: there is no whole data set of these options; make it with: cygnet model data")
