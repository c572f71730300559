"""Training by a recipe, with Keras: seeded, kept after each epoch, and gone on with after any interruption."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.architectures import ArchitectureError
from firmware_tools.training.batches import Batches
from firmware_tools.training.dataset import Dataset, Progress, Split
from firmware_tools.training.determinism import start_tensorflow
from firmware_tools.training.recipe import Recipe, RecipeError
from firmware_tools.training.workplace import LabError, write_whole

MODEL = "float.keras"
STATE = "state.npz"
"""What training goes on with; it may go once it is noted that training is done."""
_TESTED_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Epoch:
    """What an epoch gave: mean loss on what it saw; loss and share of right labels (NaN for reconstruction) on the
    validation split."""

    loss: float
    validation_loss: float
    validation_accuracy: float


@dataclass
class _State:
    """All that training needs to go on: after ``len(epochs)`` epochs."""

    weights: list[NDArray[Any]]
    optimizer: list[NDArray[Any]]
    best: list[NDArray[Any]]
    epochs: list[Epoch]

    def save(self, path: Path) -> None:
        arrays: dict[str, Any] = {
            f"{group}{index}": array for group, kept in self._groups() for index, array in enumerate(kept)
        }
        told = json.dumps([[each.loss, each.validation_loss, each.validation_accuracy] for each in self.epochs])
        content = io.BytesIO()
        np.savez(content, told=np.frombuffer(told.encode(), np.uint8), **arrays)
        write_whole(path, content.getvalue())

    @classmethod
    def load(cls, path: Path) -> "_State":
        with np.load(path, allow_pickle=False) as file:
            told = json.loads(file["told"].tobytes())
            groups = [[file[f"{group}{index}"] for index in range(_count(file.files, group))] for group in "wob"]
        return cls(groups[0], groups[1], groups[2], [Epoch(*each) for each in told])

    def _groups(self) -> Iterator[tuple[str, list[NDArray[Any]]]]:
        yield from (("w", self.weights), ("o", self.optimizer), ("b", self.best))


def _count(names: list[str], group: str) -> int:
    return sum(name[0] == group and name[1:].isdigit() for name in names)


def best_epoch(epochs: list[Epoch]) -> int:
    """The index of the one to keep: most labels right, then least loss, then the first."""
    return min(
        range(len(epochs)),
        key=lambda at: (-np.nan_to_num(epochs[at].validation_accuracy), epochs[at].validation_loss, at),
    )


def kept_epoch(epochs: list[Epoch], keep: Literal["best", "last"]) -> int:
    """The index of the one whose network is the result."""
    return best_epoch(epochs) if keep == "best" else len(epochs) - 1


def train_model(recipe: Recipe, dataset: Dataset, folder: Path, progress: Progress) -> list[Epoch]:
    """Train the recipe's network, and write that of the epoch to keep to ``float.keras`` in ``folder``.

    Killed at any moment and called again, it goes on after the last whole epoch, with the same result.

    Raises:
        RecipeError: the architecture does not take these examples.
        LabError: there is nothing to train with, or training gave no numbers.
        OSError: the disk is full.
    """
    trainer = _Trainer(recipe, dataset)
    path = folder / STATE
    state = trainer.resume(path)
    while len(state.epochs) < recipe.train.epochs:
        number = len(state.epochs)
        progress.stage(_title(state.epochs, recipe.train.epochs), len(trainer.batches))
        epoch = trainer.run_epoch(number, progress)
        state.epochs.append(epoch)
        state.weights, state.optimizer = trainer.weights(), trainer.optimizer_state()
        if best_epoch(state.epochs) == number:
            state.best = state.weights
        state.save(path)
    kept = state.best if recipe.train.keep == "best" else state.weights
    for variable, value in zip(trainer.model.weights, kept, strict=True):
        variable.assign(value)
    save_model(trainer.model, folder / MODEL)
    return state.epochs


def _title(epochs: list[Epoch], total: int) -> str:
    title = f"epoch {len(epochs) + 1} of {total}"
    if not epochs:
        return title
    last, best = epochs[-1], best_epoch(epochs)
    if np.isnan(last.validation_accuracy):
        kept = epochs[best].validation_loss
        return f"{title}, validation loss {last.validation_loss:.4g} (best {kept:.4g} in epoch {best + 1})"
    kept = epochs[best].validation_accuracy
    return f"{title}, validation {last.validation_accuracy:.1%} (best {kept:.1%} in epoch {best + 1})"


class _Trainer:
    """Network, optimizer and what they are fed with."""

    def __init__(self, recipe: Recipe, dataset: Dataset) -> None:
        self._tf = start_tensorflow(recipe.seed)
        self._recipe = recipe
        self._reconstruction = recipe.architecture.objective == "reconstruction"
        outputs = len(dataset.labels)
        train, self._validation = dataset.train, dataset.validation
        if self._reconstruction:  # learns what is usual
            train, self._validation = _only(train, train.y == 0), _only(self._validation, self._validation.y == 0)
        for name, split in (("train", train), ("validation", self._validation)):
            if not len(split):
                raise LabError(
                    f"the data set of {recipe.name} has no examples to {name.replace('idation', 'idate')} with"
                )
        self.batches = Batches(train, recipe.train.batch, recipe.seed, recipe.train.augment)
        shape = tuple(train.x.shape[1:])
        try:
            self.model = recipe.architecture.build(shape, outputs, recipe.options)
        except (
            ArchitectureError,
            ValueError,
        ) as error:  # Keras says by ValueError that a layer's size comes to nothing
            raise RecipeError(
                f"{recipe.path}: [train]: {recipe.train.architecture} does not take examples of the shape "
                f"{list(shape)} with these options: {' '.join(str(error).split())[:300]}"
            ) from error
        self._targets = self._wanted(train, outputs)
        self._validation_targets = self._wanted(self._validation, outputs, smoothed=False)
        self._example_weights = self._weights_of(train.y)
        self._optimizer = self._new_optimizer()
        self._step, self._answer = self._functions(shape)
        self._seeds = [
            layer.seed_generator for layer in self.model._flatten_layers() if hasattr(layer, "seed_generator")
        ]

    def resume(self, path: Path) -> _State:
        """The state that was kept, put back into network and optimizer; at first the beginning."""
        try:
            state = _State.load(path)
            for variable, value in zip(self.model.weights, state.weights, strict=True):
                variable.assign(value)
            for variable, value in zip(self._optimizer.variables, state.optimizer, strict=True):
                variable.assign(value)
        except FileNotFoundError:
            state = _State(self.weights(), self.optimizer_state(), [], [])
        return state

    def weights(self) -> list[NDArray[Any]]:
        return [np.array(variable.value.numpy()) for variable in self.model.weights]

    def optimizer_state(self) -> list[NDArray[Any]]:
        return [np.array(variable.value.numpy()) for variable in self._optimizer.variables]

    def run_epoch(self, number: int, progress: Progress) -> Epoch:
        for index, generator in enumerate(self._seeds):  # dropout, too, depends on nothing before the epoch
            generator.state.assign([self._recipe.seed, number * len(self._seeds) + index])
        total = 0.0
        for x, chosen in self.batches.epoch(number):
            wanted = x if self._reconstruction else self._targets[chosen]
            total += float(self._step(x, wanted, self._example_weights[chosen])) * len(x)
            progress.advance()
        loss = total / len(self.batches.split)
        if not np.isfinite(loss):
            raise LabError(
                f"training {self._recipe.name} gave no numbers any more in epoch {number + 1}; a smaller "
                f"train.learning_rate than {self._recipe.train.learning_rate} in {self._recipe.path} may help"
            )
        return Epoch(loss, *self._validate())

    def _validate(self) -> tuple[float, float]:
        x = np.asarray(self._validation.x, np.float32)
        answers = np.concatenate(
            [np.array(self._answer(x[at : at + _TESTED_AT_ONCE])) for at in range(0, len(x), _TESTED_AT_ONCE)]
        )
        if self._reconstruction:
            return float(np.mean((answers - x) ** 2)), float("nan")
        wanted = self._validation_targets
        likely = np.clip(answers, 1e-7, 1 - 1e-7)
        if answers.shape[1] == 1:
            loss = -np.mean(wanted * np.log(likely) + (1 - wanted) * np.log(1 - likely))
            return float(loss), float(np.mean((answers >= 0.5) == (wanted >= 0.5)))
        loss = -np.mean(np.sum(wanted * np.log(likely), axis=1))
        return float(loss), float(np.mean(answers.argmax(1) == wanted.argmax(1)))

    def _wanted(self, split: Split, outputs: int, *, smoothed: bool = True) -> NDArray[np.float32]:
        """What the network should answer: ``[n, outputs]``."""
        if self._reconstruction:
            return np.zeros((0, 0), np.float32)
        y = np.asarray(split.y, np.int64)
        short = self._recipe.train.label_smoothing if smoothed else 0.0
        if outputs == 1:
            return np.asarray(y * (1 - short) + short / 2, np.float32).reshape(-1, 1)
        return np.asarray(np.eye(outputs)[y] * (1 - short) + short / outputs, np.float32)

    def _weights_of(self, y: NDArray[Any]) -> NDArray[np.float32]:
        """What each example counts for; 1 on the average."""
        if self._reconstruction or self._recipe.train.class_weights == "none":
            return np.ones(len(y), np.float32)
        counts = np.bincount(np.asarray(y, np.int64))
        if self._recipe.train.class_weights == "root":
            weights = 1 / np.sqrt(counts[y])
            return np.asarray(weights / weights.mean(), np.float32)
        return np.asarray(len(y) / (np.count_nonzero(counts) * counts[y]), np.float32)

    def _new_optimizer(self) -> Any:
        from keras import optimizers

        train = self._recipe.train
        rate: Any = train.learning_rate
        if train.schedule == "cosine":
            rate = optimizers.schedules.CosineDecay(rate, train.epochs * len(self.batches))
        optimizer = (
            optimizers.AdamW(rate, weight_decay=train.weight_decay) if train.weight_decay else optimizers.Adam(rate)
        )
        optimizer.build(self.model.trainable_variables)
        return optimizer

    def _functions(self, shape: tuple[int, ...]) -> tuple[Any, Any]:
        """One step of training and an answer, as graphs."""
        tf, model, optimizer = self._tf, self.model, self._optimizer
        from keras import losses

        single = model.output_shape[-1] == 1
        if self._reconstruction:
            error = losses.MeanSquaredError(reduction=None)
        else:
            error = (
                losses.BinaryCrossentropy(reduction=None) if single else losses.CategoricalCrossentropy(reduction=None)
            )
        examples = tf.TensorSpec((None, *shape), tf.float32)
        wanted = examples if self._reconstruction else tf.TensorSpec((None, model.output_shape[-1]), tf.float32)

        @tf.function(input_signature=(examples, wanted, tf.TensorSpec((None,), tf.float32)))  # type: ignore[untyped-decorator]
        def step(x: Any, right: Any, counts: Any) -> Any:
            with tf.GradientTape() as tape:
                each = error(right, model(x, training=True))
                each = tf.reduce_mean(tf.reshape(each, (tf.shape(x)[0], -1)), axis=1)
                loss = tf.reduce_mean(each * counts)
            variables = model.trainable_variables
            optimizer.apply(tape.gradient(loss, variables), variables)
            return loss

        @tf.function(input_signature=(examples,))  # type: ignore[untyped-decorator]
        def answer(x: Any) -> Any:
            return model(x, training=False)

        return step, answer


def _only(split: Split, which: NDArray[np.bool_]) -> Split:
    return Split(split.x[which], split.y[which], split.scenario[which], split.source[which], split.snr[which])


def save_model(model: Any, path: Path) -> None:
    """Write a Keras model so that the same model gives the same bytes: ``.keras`` files hold the time and addresses.

    Raises:
        OSError: it cannot be written.
    """
    temporary = path.with_name(f"part-{path.name}")
    model.save(temporary)
    content = io.BytesIO()
    with zipfile.ZipFile(temporary) as written, zipfile.ZipFile(content, "w") as timeless:
        for name in sorted(written.namelist()):
            data = written.read(name)
            if name == "metadata.json":
                data = json.dumps({**json.loads(data), "date_saved": "1980-01-01@00:00:00"}, sort_keys=True).encode()
            elif name == "config.json":
                data = _numbered(data.decode()).encode()
            timeless.writestr(zipfile.ZipInfo(name), data)
    write_whole(path, content.getvalue())
    temporary.unlink()


def _numbered(config: str) -> str:
    """Keras tells objects that layers share apart by their addresses; number them in the order of the file."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'"shared_object_id": (\d+)',
        lambda found: f'"shared_object_id": {numbers.setdefault(found[1], len(numbers))}',
        config,
    )
