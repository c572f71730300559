"""Whence the data come that a model is judged by: its recipe, or a ``test.toml`` where the model was made by others.

``test.toml`` holds what a recipe holds of data, and no more: ``seed`` and ``[data]``.
"""

import hashlib
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device_runtime.inference.card import ModelCard
from firmware_tools.training.dataset import Dataset, DatasetBuilder, DatasetError, Progress, find_builder
from firmware_tools.training.evaluation.evaluator import EvaluationError

TEST_FILE = "test.toml"
RECIPE_FILE = "recipe.toml"


@dataclass(frozen=True, slots=True)
class DataSource:
    """What makes a model's data: a builder by name, its options, and a seed; ``path`` says so."""

    path: Path
    builder: str
    options: Mapping[str, Any]
    seed: int

    def find_builder(self) -> DatasetBuilder:
        """The builder with its options.

        Raises:
            EvaluationError: there is none of that name, an option is wrong, or a library is missing.
        """
        try:
            return find_builder(self.builder, self.options, self.seed)
        except DatasetError as error:
            raise EvaluationError(f"{self.path}: [data]: {error}") from error


def find_source(card: ModelCard) -> DataSource:
    """The data of a card's model: ``test.toml`` beside the card, else ``recipe.toml``.

    Raises:
        EvaluationError: there is neither, or it has no ``[data]`` with a builder.
    """
    for name in (TEST_FILE, RECIPE_FILE):
        path = card.path.parent / name
        if path.is_file():
            return _read(path)
    raise EvaluationError(
        f"{card.path.parent} holds neither {TEST_FILE} nor {RECIPE_FILE}: nothing says what {card.name} is to be "
        "judged by; docs/models.md shows both"
    )


def _read(path: Path) -> DataSource:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EvaluationError(f"{path} cannot be read: {error}") from error
    data, seed = document.get("data"), document.get("seed", 0)
    if path.name == TEST_FILE and (unknown := sorted(set(document) - {"data", "seed"})):
        raise EvaluationError(f"{path}: {unknown[0]!a} is not a known key; expected seed and [data]")
    if not isinstance(data, dict) or not isinstance(data.get("builder"), str):
        raise EvaluationError(f"{path}: data.builder is missing; expected the name of a builder of data sets")
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise EvaluationError(f"{path}: seed is {str(seed)[:40]!r}; expected a whole number of 0 to {2**31 - 1}")
    options = {key: value for key, value in data.items() if key != "builder"}
    return DataSource(path, data["builder"], options, seed)


def default_cache() -> Path:
    """``$XDG_CACHE_HOME/cygnet/models``, or ``~/.cache/cygnet/models``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "cygnet" / "models"


def load_data(source: DataSource, name: str, cache: Path, progress: Progress) -> Dataset:
    """The test data of the model ``name``, made first where they are not in the cache.

    Raises:
        EvaluationError: as :meth:`DataSource.find_builder`.
        DatasetError: it cannot be made: a program is missing, or the disk is full.
    """
    builder = source.find_builder()
    goes_in = [source.builder, dict(source.options), source.seed, builder.fingerprint()]
    digest = hashlib.sha256(json.dumps(goes_in, sort_keys=True, default=str).encode()).hexdigest()[:16]
    folder = cache / name / digest / "data"
    try:
        return builder.load(folder, only_test=True)
    except DatasetError:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EvaluationError(f"{folder} cannot be made: {error.strerror}; choose another --cache") from error
        builder.build(folder, progress)
        return builder.load(folder, only_test=True)
