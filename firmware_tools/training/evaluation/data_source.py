"""Whence the data come that a model is judged by: its recipe, or a ``test.toml`` where the model was made by others.

``test.toml`` holds what a recipe holds of data, and no more: ``seed`` and ``[data]``.
"""

import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from device_runtime.inference.card import ModelCard
from firmware_tools.training.dataset import Dataset, DatasetBuilder, DatasetError, Progress, find_builder
from firmware_tools.training.evaluation.evaluator import EvaluationError
from firmware_tools.training.lab import Lab
from firmware_tools.training.recipe import RECIPE_FILE, read_recipe
from firmware_tools.training.workplace import told_when_full

TEST_FILE = "test.toml"


def find_data(card: ModelCard, cache: Path, progress: Progress) -> Callable[[], Dataset]:
    """What reads the test data of a card's model, and makes them first where they are not in ``cache``.

    They are those of ``test.toml`` beside the card, else of ``recipe.toml``. What is returned raises

    - EvaluationError, RecipeError: the builder's options are wrong, or a library is missing;
    - DatasetError, LabError: they cannot be made: a program is missing, or the disk is full.

    Raises:
        EvaluationError: there is neither file, or it is faulty.
        RecipeError: the recipe is faulty.
    """
    folder = card.path.parent
    if (folder / TEST_FILE).is_file():
        source = read_source(folder / TEST_FILE)
        return lambda: _load(source, card.name, cache, progress)
    if (folder / RECIPE_FILE).is_file():
        recipe = read_recipe(folder / RECIPE_FILE)

        def load() -> Dataset:
            lab = Lab(recipe, progress, cache)
            return lab.place.builder.load(lab.data().folder, only_test=True)

        return load
    raise EvaluationError(
        f"{folder} holds neither {TEST_FILE} nor {RECIPE_FILE}: nothing says what {card.name} is to be judged by; "
        "docs/models.md shows both"
    )


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


def read_source(path: Path) -> DataSource:
    """Read and check a ``test.toml``; the builder checks its options.

    Raises:
        EvaluationError: it cannot be read, or a key is missing, unknown or of another type.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise EvaluationError(f"{path} cannot be read: {error}") from error
    data, seed = document.get("data"), document.get("seed", 0)
    if unknown := sorted(set(document) - {"data", "seed"}):
        raise EvaluationError(f"{path}: {unknown[0]!a} is not a known key; expected seed and [data]")
    if not isinstance(data, dict) or not isinstance(data.get("builder"), str):
        raise EvaluationError(f"{path}: data.builder is missing; expected the name of a builder of data sets")
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise EvaluationError(f"{path}: seed is {str(seed)[:40]!r}; expected a whole number of 0 to {2**31 - 1}")
    options = {key: value for key, value in data.items() if key != "builder"}
    return DataSource(path, data["builder"], options, seed)


def _load(source: DataSource, name: str, cache: Path, progress: Progress) -> Dataset:
    builder = source.find_builder()
    goes_in = [source.builder, dict(source.options), source.seed, builder.fingerprint()]
    digest = hashlib.sha256(json.dumps(goes_in, sort_keys=True, default=str).encode()).hexdigest()[:16]
    folder = cache / name / digest / "data"
    try:
        return builder.load(folder, only_test=True)
    except DatasetError:
        with told_when_full(folder):
            folder.mkdir(parents=True, exist_ok=True)
            builder.build(folder, progress)
        return builder.load(folder, only_test=True)
