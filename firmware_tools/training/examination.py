"""All that a test finds out about one model: its accuracy, its cost, and where int8 differs from float32."""

import dataclasses
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

from device_runtime.errors import CygnetError
from device_runtime.inference.backend import find_backend
from device_runtime.inference.card import ModelCard
from device_runtime.inference.store import ModelError, ModelStore
from firmware_tools.training.arena import ArenaError, NoArenaToolError, measure_arena
from firmware_tools.training.dataset import Progress
from firmware_tools.training.evaluation.data_source import find_data
from firmware_tools.training.evaluation.evaluator import Subject, find_evaluator
from firmware_tools.training.evaluation.measures import Evaluation
from firmware_tools.training.latency import Timing, machine_name, time_invocations
from firmware_tools.training.layers import LayerDifference, layer_differences
from firmware_tools.training.macs import CountError, Operators, count_operators
from firmware_tools.training.recipe import RECIPE_FILE

_COMPARED = 60
_PACKAGES = ("cygnet", "numpy", "ai-edge-litert", "tflite-runtime", "tflite-micro")


@dataclass(frozen=True, slots=True)
class Costs:
    """What a model takes. None is not measured, and ``missing`` says of which and why, as (what, sentence).

    ``tools_missing`` are those of them that only lack a tool on this machine.
    """

    bytes: int
    operators: Operators | None
    arena_bytes: int | None
    timings: tuple[Timing, ...]
    missing: tuple[tuple[str, str], ...] = ()
    tools_missing: frozenset[str] = frozenset()

    @property
    def macs(self) -> int | None:
        """Multiply-accumulate operations of one invocation."""
        return None if self.operators is None else self.operators.macs


@dataclass(frozen=True, slots=True)
class Examination:
    """The results of testing one model."""

    card: ModelCard
    evaluation: Evaluation
    costs: Costs
    layers: tuple[LayerDifference, ...]
    machine: str
    versions: tuple[tuple[str, str], ...]
    when: datetime

    def against(self, card: ModelCard) -> "Examination":
        """The same results, to be held against another state of the card."""
        return dataclasses.replace(self, card=card)


def examine(card: ModelCard, store: ModelStore, cache: Path, progress: Progress) -> Examination:
    """Test one model in every way that its task knows.

    Raises:
        EvaluationError, DatasetError, ModelError, CardError, MissingRuntimeError: it cannot be tested here.
    """
    check_made(card)
    subject = Subject(card, store, find_backend(), find_data(card, cache, progress))
    evaluation = find_evaluator(card.task).evaluate(subject, progress)
    progress.stage(f"{card.name}: what it takes", 1)
    costs = measure_costs(card, store.read(card))
    progress.advance()
    layers = compare_layers(subject, progress)
    return Examination(card, evaluation, costs, layers, machine_name(), versions(card), datetime.now(UTC))


def check_made(card: ModelCard) -> None:
    """Raises :class:`ExaminationError`: the model's file is not there yet, and its recipe is."""
    folder = card.path.parent
    if not card.source.package and not (folder / card.source.file).exists() and (folder / RECIPE_FILE).is_file():
        raise ExaminationError(
            f"{folder / card.source.file} is not there yet; make it with: cygnet model quantize {folder} --write"
        )


def measure_costs(card: ModelCard, content: bytes) -> Costs:
    """Size, operations, arena and time of a model; of what is no TensorFlow Lite model, its size alone."""
    if card.source.format != "tflite":
        reason = f"a {card.source.format} file is run by its own package"
        return Costs(len(content), None, None, (), (("macs", reason), ("arena_bytes", reason), ("latency", reason)))
    missing: list[tuple[str, str]] = []
    tools: set[str] = set()
    operators = arena = None
    try:
        operators = count_operators(content, card.name)
    except CountError as error:
        missing.append(("macs", str(error)))
    try:
        arena = measure_arena(content, card.name)
    except ArenaError as error:
        missing.append(("arena_bytes", str(error)))
        if isinstance(error, NoArenaToolError):
            tools.add("arena_bytes")
    timings = tuple(time_invocations(content, card.name))
    return Costs(len(content), operators, arena, timings, tuple(missing), frozenset(tools))


def compare_layers(subject: Subject, progress: Progress) -> tuple[LayerDifference, ...]:
    """Where the model and its float twin differ, by layer, on test examples; empty where there is no twin.

    Raises:
        LabError: they are no two models of one network.
        ModelError: the twin cannot be read.
    """
    if subject.float_path is None or not len(subject.data.test):
        return ()
    try:
        twin = subject.float_path.read_bytes()
    except OSError as error:
        raise ModelError(f"{subject.float_path} cannot be read: {error.strerror}") from error
    shape = subject.card.inputs[0].shape[1:]
    chosen = list(subject.data.test.x[:: max(1, len(subject.data.test) // _COMPARED)])[:_COMPARED]
    if len(subject.card.inputs) != 1 or chosen[0].shape != shape:
        return ()
    progress.stage(f"{subject.card.name}: int8 and float32, layer by layer", len(chosen))
    examples = [(np.asarray(example[None], np.float32),) for example in chosen]
    return tuple(layer_differences(subject.store.read(subject.card), twin, examples, progress.advance))


def versions(card: ModelCard) -> tuple[tuple[str, str], ...]:
    """Of all that the results depend on, as (name, version)."""
    packages: Sequence[str] = (*_PACKAGES, *([card.source.package] if card.source.package else []))
    found = [("Python", platform.python_version())]
    for package in packages:
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return tuple(found)


class ExaminationError(CygnetError):
    """A test cannot be carried out as it was asked for."""
