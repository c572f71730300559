"""The interface of what judges models: given a model with its card and data, what was measured.

A task's evaluator is the class ``Evaluator`` of ``evaluation/tasks/<task>.py``, with ``_`` for ``-``. What it measures
is what a card of that task can promise.
"""

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from device_runtime.errors import CygnetError
from device_runtime.inference.backend import Backend, Model
from device_runtime.inference.card import ModelCard
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.inference.worker import silence
from firmware_tools.training.dataset import Dataset, Progress
from firmware_tools.training.evaluation.measures import FLOAT32, INT8, Evaluation

_PACKAGE = "firmware_tools.training.evaluation.tasks"
_TASK = re.compile(r"[a-z][a-z0-9-]*")


class EvaluationError(CygnetError):
    """A model cannot be judged; the message says what is missing and what to do."""


@dataclass(slots=True)
class Subject:
    """A model that is judged: its card, whence its bytes come, and the data, which are read when first asked for."""

    card: ModelCard
    store: ModelStore
    backend: Backend
    load_data: Callable[[], Dataset]
    _dataset: Dataset | None = field(default=None, init=False)

    @property
    def data(self) -> Dataset:
        """What to judge by; only ``test`` and ``background`` are filled.

        Raises:
            DatasetError: it cannot be made or read here.
        """
        if self._dataset is None:
            self._dataset = self.load_data()
        return self._dataset

    @property
    def float_path(self) -> Path | None:
        """The float32 model that the quantised one was made from, where its folder has it."""
        file = self.card.source.float_file
        return None if file is None else self.card.path.parent / file

    @property
    def variants(self) -> tuple[str, ...]:
        """What there is to judge: the model itself, and its float twin."""
        return (INT8,) if self.float_path is None else (INT8, FLOAT32)

    def model(self, variant: str = INT8) -> Model:
        """The model, or its float twin, ready to run.

        Raises:
            ModelError: missing, or not what the card says; the twin of another shape than the model.
        """
        with silence():
            model = self.store.load(self.card, self.backend)
        if variant == INT8:
            return model
        if self.float_path is None:
            raise ModelError(
                f"{self.card.path}: source.float_file is missing: there is no float32 model to compare with"
            )
        with silence():
            twin = self.backend.load(self.float_path, f"{self.card.name}, float32")
        for kind, own, other in (("input", model.inputs, twin.inputs), ("output", model.outputs, twin.outputs)):
            if [tensor.shape for tensor in own] != [tensor.shape for tensor in other]:
                raise ModelError(
                    f"{self.float_path}: the {kind}s have shapes {[list(tensor.shape) for tensor in other]}, those of "
                    f"{self.card.source.file} {[list(tensor.shape) for tensor in own]}; quantise it again"
                )
        return twin


class Evaluator(Protocol):
    """Judges the models of one task."""

    def evaluate(self, subject: Subject, progress: Progress) -> Evaluation:
        """Measure everything that a card of this task can promise.

        Raises:
            EvaluationError: the card or the data lack what the task needs.
            DatasetError, ModelError, CardError: as reading them does.
        """


def tasks() -> list[str]:
    """The tasks that have an evaluator."""
    return sorted(path.stem.replace("_", "-") for path in (Path(__file__).parent / "tasks").glob("[a-z]*.py"))


def find_evaluator(task: str) -> Evaluator:
    """What judges models of ``task``.

    Raises:
        EvaluationError: nothing does, or a library is missing that it needs.
    """
    module_name = f"{_PACKAGE}.{task.replace('-', '_')}"
    if not _TASK.fullmatch(task) or task not in tasks():
        raise EvaluationError(f"nothing judges models of the task {task!r}; the tasks are {', '.join(tasks())}")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise EvaluationError(
            f"judging {task} needs {error.name}, which is not installed; run: pip install 'cygnet[train]'"
        ) from error
    evaluator: Evaluator = module.Evaluator()
    return evaluator
