"""A recipe: ``models/<name>/recipe.toml``, all that is needed to make a model again.

``[data]`` names what makes the data set, ``[train]`` an architecture and how it is trained, ``[quantize]`` what the
result stores. Every key is checked before anything runs; ``docs/models.md`` lists them. A recipe holds no code.
"""

import dataclasses
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from device_runtime.errors import CygnetError
from device_runtime.host.board_file import BoardError, BoardFile, key
from device_runtime.inference.card import model_name
from device_runtime.resources import resource_directory
from firmware_tools.training.architectures import ARCHITECTURES, Architecture
from firmware_tools.training.dataset import DatasetBuilder, DatasetError, find_builder

RECIPE_FILE = "recipe.toml"

MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
"""What a model, and so its folder, may be called."""
_INPUTS = {"int8": ("int8", "uint8", "float32"), "int16": ("int16", "float32")}
T = TypeVar("T")


class RecipeError(CygnetError):
    """A recipe is missing or faulty; the message names the file, the key and what was expected."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """``[train.augment]``: how examples are changed, anew in each epoch; amounts are drawn evenly.

    Rows are time and channels are frequencies, as the micro front end gives them; ``translate``, ``rotate`` and
    ``zoom`` are for pictures. SpecAugment (Park et al., 2019) for the masks; the stretch of channels after vocal tract
    length perturbation (Jaitly and Hinton, 2013).
    """

    shift_rows: int = key("moved in time by up to so many rows, either way", 0, 0, 1000)
    gain: float = key("added to all features of an example, either way, in their unit", 0.0, 0.0, 100.0)
    tilt: float = key("added to the highest channel and taken from the lowest, or the other way round", 0.0, 0.0, 100.0)
    noise: float = key("standard deviation of what is added to each feature", 0.0, 0.0, 100.0)
    time_masks: int = key("how many stretches of rows are set to 0", 0, 0, 20)
    time_mask_rows: int = key("the most rows of one", 0, 0, 1000)
    channel_masks: int = key("how many bands of channels are set to 0", 0, 0, 20)
    channel_mask_width: int = key("the most channels of one", 0, 0, 1000)
    channel_stretch: float = key("the channels' scale changes by up to this fraction: other formants", 0.0, 0.0, 0.5)
    row_stretch: float = key("the rows' scale changes by up to this fraction: other speed", 0.0, 0.0, 0.5)
    translate: float = key("a picture is moved by up to this fraction of its size", 0.0, 0.0, 0.5)
    rotate: float = key("a picture is turned by up to so many degrees", 0.0, 0.0, 180.0)
    zoom: float = key("a picture's scale changes by up to this fraction", 0.0, 0.0, 0.5)


@dataclass(frozen=True, slots=True)
class Training:
    """``[train]`` without the architecture's options."""

    architecture: str = key("the network: a name of firmware_tools.training.architectures")
    epochs: int = key("how often each example is seen", dataclasses.MISSING, 1, 10_000)
    batch: int = key("examples a step", 64, 1, 65_536)
    learning_rate: float = key("of Adam, at the start", 0.003, 1e-9, 10.0)
    schedule: Literal["cosine", "constant"] = key("the learning rate: down to 0 along a cosine, or constant", "cosine")
    weight_decay: float = key("decoupled, as AdamW has it", 0.0, 0.0, 1.0)
    label_smoothing: float = key("what the right label's probability is short of 1", 0.0, 0.0, 0.5)
    class_weights: Literal["none", "root", "balanced"] = key(
        "balanced: each label counts the same, however rare it is; root: by the square root of how frequent it is",
        "none",
    )
    keep: Literal["best", "last"] = key(
        "the epoch to keep: that which gets most of the validation split right, or the last",
        "best",
    )
    augment: Augmentation = field(default_factory=Augmentation)


@dataclass(frozen=True, slots=True)
class Quantization:
    """``[quantize]``: what the model stores."""

    representative: int = key("examples of the training split that ranges are measured with", 300, 1, 100_000)
    input: Literal["int8", "uint8", "int16", "float32"] = key("dtype of the inputs", "int8")
    output: Literal["int8", "uint8", "int16", "float32"] = key("dtype of the outputs", "int8")
    activations: Literal["int8", "int16"] = key("dtype between operators; int16 is TensorFlow Lite's int16x8", "int8")


@dataclass(frozen=True, slots=True)
class Recipe:
    """A checked recipe.

    Attributes:
        path: of ``recipe.toml``.
        name: the model's, which is the folder's.
        builder: the data set's builder; ``data`` are its options, which it checks.
        train: how it is trained; ``options`` are those of the architecture, an instance of its ``options`` class.
    """

    path: Path
    name: str
    task: str
    seed: int
    builder: str
    data: Mapping[str, Any]
    train: Training
    options: Any
    quantize: Quantization

    @property
    def architecture(self) -> Architecture:
        """What the recipe's network is made by."""
        return ARCHITECTURES[self.train.architecture]

    def find_builder(self) -> DatasetBuilder:
        """The builder of the recipe's data set, with its options.

        Raises:
            RecipeError: there is no such builder, a library is missing, or an option is wrong.
        """
        try:
            return find_builder(self.builder, self.data, self.seed)
        except DatasetError as error:
            raise RecipeError(f"{self.path}: [data]: {error}") from error


def read_options(schema: type[T], options: Mapping[str, Any]) -> T:
    """A builder's options by a schema: a dataclass whose fields are made with ``device_runtime.host.board_file.key``.

    Raises:
        DatasetError: an option is unknown, missing, of another type, or out of range; it names the key, and the nearest
            right one.
    """
    try:
        return _File.of(options).table(schema, options, ("data",))
    except BoardError as error:
        raise DatasetError(str(error)) from error


def read_recipe(path: Path) -> Recipe:
    """Read and check a ``recipe.toml``; all but the options of the data set, which :meth:`Recipe.find_builder` checks.

    Raises:
        RecipeError: unreadable, not TOML, or a key is missing, unknown, of another type, or out of range.
    """
    try:
        return _read(_File(path), path)
    except BoardError as error:
        raise RecipeError(str(error)) from error


def find_recipe(place: str) -> Recipe:
    """The recipe at a path, in a folder, or of a model in ``models``, whichever ``place`` names.

    Raises:
        RecipeError: there is none, or it is faulty.
    """
    path = Path(place)
    if path.is_file():
        return read_recipe(path)
    if path.is_dir():
        if (path / RECIPE_FILE).is_file():
            return read_recipe(path / RECIPE_FILE)
        raise RecipeError(f"{path} holds no {RECIPE_FILE}; `cygnet model new DIRECTORY` makes one to begin with")
    models = resource_directory("models")
    if MODEL_NAME.fullmatch(model_name(place)) and (models / model_name(place) / RECIPE_FILE).is_file():
        return read_recipe(models / model_name(place) / RECIPE_FILE)
    there = sorted(found.parent.name for found in models.glob(f"*/{RECIPE_FILE}"))
    close = difflib.get_close_matches(place, there, 1, 0.5)
    hint = f"did you mean {close[0]}?" if close else f"models with a recipe are {', '.join(there) or 'none'}"
    raise RecipeError(f"{place!r} is no recipe, no folder with a {RECIPE_FILE} and no model with one; {hint}")


class _File(BoardFile):
    """A TOML file whose tables are read one by one, since some have keys that others decide about."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "_File":
        """What was read already: faults name keys, and neither file nor line."""
        made = cls.__new__(cls)
        made.document = dict(document)
        return made

    def fault(self, where: tuple[str, ...], sentence: str) -> BoardError:
        return super().fault(where, sentence) if hasattr(self, "_path") else BoardError(sentence)

    def table(self, schema: type[T], table: Mapping[str, Any], where: tuple[str, ...]) -> T:
        if not isinstance(table, Mapping):
            raise self.fault(where, f"{'.'.join(where)!r} must be a table, [{'.'.join(where)}]")
        return self._table(schema, table, where)

    def part(self, name: str) -> dict[str, Any]:
        """A table of the document, which must be there.

        Raises:
            BoardError: it is not, or is no table.
        """
        if not isinstance(self.document.get(name), dict):
            raise self.fault((name,), f"the table [{name}] is missing")
        return dict(self.document[name])

    def known(self, table: Mapping[str, Any], keys: list[str], where: tuple[str, ...]) -> None:
        """Refuse keys that are not in ``keys``.

        Raises:
            BoardError: there is one.
        """
        for name in table:
            if name not in keys:
                nearest = difflib.get_close_matches(name, keys, 1, 0.5)
                hint = f"did you mean {nearest[0]!r}?" if nearest else f"known here are {', '.join(keys)}"
                raise self.fault((*where, name), f"unknown key {'.'.join((*where, name))!r}; {hint}")

    def text(self, table: Mapping[str, Any], name: str, where: tuple[str, ...], meaning: str) -> str:
        value = table.get(name)
        place = ".".join((*where, name))
        if value is None:
            raise self.fault(where, f"the key {place!r} is missing: {meaning}")
        if not isinstance(value, str):
            raise self.fault((*where, name), f"{place!r} must be a string, not {value!r}: {meaning}")
        return value


def _read(file: _File, path: Path) -> Recipe:
    file.known(file.document, ["task", "seed", "data", "train", "quantize"], ())
    name = model_name(path.resolve().parent.name)
    if not MODEL_NAME.fullmatch(name):
        raise file.fault((), f"the folder's name {name!r} is the model's: a-z, 0-9, _ and -, at most 64 of them")
    task = file.text(file.document, "task", (), "what the model is for, such as 'spoken-commands'")
    from firmware_tools.training.evaluation.evaluator import tasks  # with numpy

    if task not in tasks():
        raise file.fault(("task",), f"'task' must be one of {', '.join(tasks())}, not {task[:64]!r}")
    seed = file.document.get("seed")
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise file.fault(("seed",), f"'seed' must be a whole number from 0 to {2**31 - 1}, not {seed!r}")
    data = file.part("data")
    builder = file.text(data, "builder", ("data",), "a module of firmware_tools.training.datasets")
    del data["builder"]
    train, options = _training(file)
    quantize = file.table(Quantization, file.document.get("quantize", {}), ("quantize",))
    for name_of, dtype in (("input", quantize.input), ("output", quantize.output)):
        if dtype not in _INPUTS[quantize.activations]:
            raise file.fault(
                ("quantize", name_of),
                f"'quantize.{name_of}' must be one of {', '.join(_INPUTS[quantize.activations])} "
                f"with activations in {quantize.activations}, not {dtype!r}",
            )
    return Recipe(path, name, task, seed, builder, data, train, options, quantize)


def _training(file: _File) -> tuple[Training, Any]:
    """``[train]`` holds keys of its own and the options of the architecture that it names."""
    table, where = file.part("train"), ("train",)
    name = file.text(table, "architecture", where, f"one of {', '.join(ARCHITECTURES)}")
    if name not in ARCHITECTURES:
        raise file.fault(
            (*where, "architecture"), f"'train.architecture' must be one of {', '.join(ARCHITECTURES)}, not {name!r}"
        )
    schema = ARCHITECTURES[name].options
    general = [item.name for item in dataclasses.fields(Training)]
    special = [item.name for item in dataclasses.fields(schema)]
    file.known(table, [*general, *special], where)
    train = file.table(Training, {each: value for each, value in table.items() if each in general}, where)
    options = file.table(schema, {each: value for each, value in table.items() if each in special}, where)
    return train, options
