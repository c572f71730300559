"""From a recipe to a model: data, training, quantisation; each makes what is missing before it, and nothing twice."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from firmware_tools.training.dataset import Dataset, Progress
from firmware_tools.training.layers import LayerDifference, layer_differences
from firmware_tools.training.recipe import Recipe
from firmware_tools.training.workplace import Part, Workplace, need_tensorflow

_COMPARED = 100


@dataclass(frozen=True, slots=True)
class Made:
    """A part that is done.

    Attributes:
        part: ``data``, ``train`` or ``quantize``.
        folder: where its files are.
        cached: it was there already.
        facts: what is known about it. ``data``: ``train``, ``validation``, ``test`` (examples), ``labels``;
            ``train``: ``epochs`` (``[loss, validation loss, validation accuracy or None]`` each), ``best_epoch`` (that
            was kept, from 1); ``quantize``: ``bytes``, ``float_bytes``, ``layers``.
    """

    part: Part
    folder: Path
    cached: bool
    facts: Mapping[str, Any]


class Lab:
    """The work on one recipe, with its results in a cache.

    Raises:
        RecipeError: the data set's options are wrong, or a library is missing that makes it.
    """

    def __init__(self, recipe: Recipe, progress: Progress, cache: Path | None = None) -> None:
        self.recipe = recipe
        self.place = Workplace.of(recipe, cache)
        self._progress = progress
        self._dataset: Dataset | None = None

    def data(self, *, fresh: bool = False) -> Made:
        """Make the data set.

        Raises:
            DatasetError: what makes it says what is missing.
            LabError: the disk is full, or another process is at it.
        """
        if not fresh and (noted := self.place.done("data")):
            return Made("data", self.place.folder("data"), True, noted)
        with self.place.working("data", fresh=fresh) as folder:
            self.place.builder.build(folder, self._progress)
            dataset = self._dataset = self.place.builder.load(folder)
            splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
            facts = {name: len(split) for name, split in splits.items()}
            return Made("data", folder, False, self.place.finish("data", {**facts, "labels": list(dataset.labels)}))

    def dataset(self) -> Dataset:
        """The data set, made if it must be.

        Raises:
            DatasetError, LabError: as :meth:`data`.
        """
        made = self.data()
        if self._dataset is None:
            self._dataset = self.place.builder.load(made.folder)
        return self._dataset

    def train(self, *, fresh: bool = False) -> Made:
        """Train the network, and make the data set if it must be.

        Raises:
            RecipeError, DatasetError, LabError: the architecture does not take the examples; as :meth:`data`.
        """
        if not fresh and (noted := self.place.done("train")):
            return Made("train", self.place.folder("train"), True, noted)
        need_tensorflow()
        from firmware_tools.training.train import MODEL, STATE, kept_epoch, train_model  # TensorFlow takes seconds

        dataset = self.dataset()
        with self.place.working("train", fresh=fresh) as folder:
            epochs = train_model(self.recipe, dataset, folder, self._progress)
            facts = {
                "epochs": [
                    [
                        each.loss,
                        each.validation_loss,
                        None if np.isnan(each.validation_accuracy) else each.validation_accuracy,
                    ]
                    for each in epochs
                ],
                "best_epoch": kept_epoch(epochs, self.recipe.train.keep) + 1,
            }
            noted = self.place.finish("train", facts, (MODEL,))
            (folder / STATE).unlink(missing_ok=True)
            return Made("train", folder, False, noted)

    def quantize(self, *, fresh: bool = False) -> Made:
        """Convert the network to ``model.tflite`` and ``model_float.tflite``; train it if it must be.

        Raises:
            RecipeError, DatasetError, LabError: the network cannot be converted; as :meth:`train`.
        """
        if not fresh and (noted := self.place.done("quantize")):
            return Made("quantize", self.place.folder("quantize"), True, noted)
        need_tensorflow()
        from firmware_tools.training.quantize import FLOAT_MODEL, MODEL, quantize_model
        from firmware_tools.training.train import MODEL as TRAINED

        trained, dataset = self.train(), self.dataset()
        with self.place.working("quantize", fresh=fresh) as folder:
            self._progress.stage("quantising", 1)
            quantize_model(self.recipe, trained.folder / TRAINED, dataset.train, folder)
            self._progress.advance()
            content, twin = (folder / MODEL).read_bytes(), (folder / FLOAT_MODEL).read_bytes()
            seen = dataset.validation if len(dataset.validation) else dataset.train
            examples = [(np.asarray(seen.x[at : at + 1], np.float32),) for at in range(min(_COMPARED, len(seen)))]
            self._progress.stage("comparing int8 with float32, layer by layer", len(examples))
            layers = layer_differences(content, twin, examples, self._progress.advance)
            told = [dataclasses.asdict(each) for each in layers]
            facts = {"bytes": len(content), "float_bytes": len(twin), "layers": told}
            return Made("quantize", folder, False, self.place.finish("quantize", facts, (MODEL, FLOAT_MODEL)))


def layers_of(made: Made) -> list[LayerDifference]:
    """The layers that :meth:`Lab.quantize` compared."""
    return [LayerDifference(**each) for each in made.facts["layers"]]
