"""A model card: ``models/<name>/card.toml``, what a model is, where its file is, and how well it was measured to do.

The code that runs a model reads its numbers from the card and from nowhere else, so another model of the same
task is another folder, not another release. ``docs/model-developer.md`` lists every key. After Mitchell et al., "Model
Cards for Model Reporting" (2019), with the tensors added that an embedded caller needs.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from device_runtime.inference.card_table import CardError, Table

__all__ = ["CARD_FILE", "CardError", "ModelCard", "parse_card", "read_card"]

CARD_FILE = "card.toml"

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DTYPES = ("int8", "uint8", "int16", "int32", "float32")
_VERSION_NAME = re.compile(r"[A-Za-z0-9.+-]{1,32}")
_VARIANTS = ("int8", "float32")
DEFAULT_TOLERANCE = 0.02


@dataclass(frozen=True, slots=True)
class Version:
    """Which one of the models of this name: a higher ``code`` (at least 1) is newer, ``name`` is what people read."""

    code: int = 1
    name: str = "1.0.0"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the model's bytes are: beside the card, or in an installed PyPI package (``extra`` installs it).

    ``float_file`` is the model before its quantisation, in the card's folder; None where there is none to compare with.
    """

    file: PurePosixPath
    sha256: str
    format: str
    package: str = ""
    extra: str = ""
    float_file: PurePosixPath | None = None


@dataclass(frozen=True, slots=True)
class TensorCard:
    """One input or output. ``real = (stored - zero_point) * scale``, in ``units``; ``scale`` 0 is no quantisation."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    units: str
    scale: float = 0.0
    zero_point: int = 0


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One measurement: ``value`` of ``metric`` in ``scenario`` over ``samples`` examples, by the model as it is
    (``variant`` int8) or before its quantisation (float32). ``cygnet model test`` finds it within ``tolerance``."""

    scenario: str
    metric: str
    value: float
    samples: int
    variant: str = "int8"
    tolerance: float = DEFAULT_TOLERANCE


@dataclass(frozen=True, slots=True)
class Cost:
    """What the model takes at most: its file, multiply-accumulate operations of one invocation, and its tensor arena in
    TensorFlow Lite Micro. 0 is not stated."""

    bytes: int = 0
    macs: int = 0
    arena_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """How many points of a hundred int8 may lose against float32, and why more than 1, if more."""

    points: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Latency:
    """One measurement: the median time of one invocation on ``machine`` with ``backend``."""

    machine: str
    backend: str
    microseconds: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A checked card. ``parameters`` are what the task needs (a wake word's cut-off, for example)."""

    path: Path
    name: str
    task: str
    description: str
    licence: str
    data: str
    recipe: str
    source: Source
    inputs: tuple[TensorCard, ...]
    outputs: tuple[TensorCard, ...]
    labels: tuple[str, ...]
    parameters: Mapping[str, str | int | float | bool]
    accuracy: tuple[Accuracy, ...]
    latency: tuple[Latency, ...]
    version: Version = Version()
    cost: Cost = Cost()
    loss: Loss = Loss()

    def number(self, key: str) -> float:
        """The number ``parameters.<key>``.

        Raises:
            CardError: the card lacks it, or it is no number.
        """
        return Table(self.path, "parameters", self.parameters).number(key)

    def text(self, key: str) -> str:
        """The string ``parameters.<key>``.

        Raises:
            CardError: the card lacks it, or it is no string.
        """
        return Table(self.path, "parameters", self.parameters).text(key)


def model_name(folder: str) -> str:
    """What the model in a folder of that name is called: as names of Python's packages become those of modules, ``-``
    becomes ``_``."""
    return folder.replace("-", "_")


def read_card(path: Path) -> ModelCard:
    """Read and check one ``card.toml``; the model's name must be that of its folder (:func:`model_name`).

    Raises:
        CardError: unreadable, not TOML, or a key is missing, unknown, of another type, or out of range.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CardError(f"{path}: the model card cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and lists in lists
        raise CardError(f"{path}: not TOML: {error}") from error
    return _card(Table(path, "", document), model_name(path.parent.name), with_source=True)


def parse_card(text: str, path: Path, name: str, *, with_source: bool = True) -> ModelCard:
    """Check a card that is at hand as text: that of the model ``name``; ``path`` is what faults are told by.

    Without ``with_source`` the card may lack ``source``: the model is ``<name>.tflite`` beside it, and whoever read the
    card checks the model's bytes by other means (a package's seal); its ``sha256`` is empty.

    Raises:
        CardError: as :func:`read_card`.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise CardError(f"{path}: not TOML: {error}") from error
    return _card(Table(path, "", document), name, with_source=with_source)


def _card(card: Table, expected_name: str, *, with_source: bool) -> ModelCard:
    card.allow(
        "name", "version", "task", "description", "licence", "data", "recipe", "labels",
        "source", "inputs", "outputs", "parameters", "accuracy", "latency", "cost", "quantization",
    )  # fmt: skip
    name = card.text("name")
    if not _NAME.fullmatch(name) or name != expected_name:
        raise card.fault("name", f"the name of the card's folder, {expected_name!r}, in a-z, 0-9 and _", name)
    parameters = card.table_at("parameters", required=False)
    for key, value in parameters.table.items():
        if not isinstance(value, str | int | float | bool):
            raise parameters.fault(key, "a string, a number or a boolean", value)
    if with_source or "source" in card.table:
        source = _source(card.table_at("source", required=True))
    else:
        source = Source(PurePosixPath(f"{name}.tflite"), "", "tflite")
    return ModelCard(
        path=card.file,
        name=name,
        task=card.text("task"),
        description=card.text("description"),
        licence=card.text("licence"),
        data=card.text("data"),
        recipe=card.text("recipe"),
        source=source,
        inputs=_tensors(card, "inputs"),
        outputs=_tensors(card, "outputs"),
        labels=card.strings("labels"),
        parameters=parameters.table,
        accuracy=tuple(_accuracy(entry) for entry in card.tables("accuracy")),
        latency=tuple(_latency(entry) for entry in card.tables("latency")),
        version=_version(card.table_at("version", required=False)),
        cost=_cost(card.table_at("cost", required=False)),
        loss=_loss(card.table_at("quantization", required=False)),
    )


def _version(entry: Table) -> Version:
    entry.allow("code", "name")
    code, name = entry.whole("code", 1), entry.text("name", "1.0.0")
    if not 1 <= code < 2**31:
        raise entry.fault("code", "a whole number of 1 to 2147483647", code)
    if not _VERSION_NAME.fullmatch(name):
        raise entry.fault("name", "1 to 32 of a-z, A-Z, 0-9, '.', '-' and '+'", name)
    return Version(code, name)


def _path(entry: Table, key: str) -> PurePosixPath:
    file = PurePosixPath(entry.text(key))
    if file.is_absolute() or ".." in file.parts or not file.parts:
        raise entry.fault(key, "a path below the card's folder or the package", file)
    return file


def _source(entry: Table) -> Source:
    entry.allow("file", "sha256", "format", "package", "extra", "float_file")
    file, sha256 = _path(entry, "file"), entry.text("sha256")
    if not _SHA256.fullmatch(sha256):
        raise entry.fault("sha256", "64 lower-case hexadecimal digits", sha256)
    float_file = _path(entry, "float_file") if "float_file" in entry.table else None
    return Source(
        file, sha256, entry.text("format", "tflite"), entry.text("package", ""), entry.text("extra", ""), float_file
    )


def _tensors(card: Table, key: str) -> tuple[TensorCard, ...]:
    tensors = tuple(_tensor(entry) for entry in card.tables(key))
    names = [tensor.name for tensor in tensors]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise card.fault(key, "another name for each, by which programs give and get them", twice)
    return tensors


def _tensor(entry: Table) -> TensorCard:
    entry.allow("name", "shape", "dtype", "units", "scale", "zero_point")
    shape, dtype, scale = entry.value("shape", list), entry.text("dtype"), entry.number("scale", 0.0)
    if not all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in shape):
        raise entry.fault("shape", "a list of whole numbers above 0", shape)
    if dtype not in _DTYPES:
        raise entry.fault("dtype", f"one of {', '.join(_DTYPES)}", dtype)
    if not 0 <= scale < math.inf:
        raise entry.fault("scale", "a number above 0, or no scale", scale)
    return TensorCard(
        entry.text("name"), tuple(shape), dtype, entry.text("units"), scale, entry.whole("zero_point", 0)
    )  # fmt: skip


def _accuracy(entry: Table) -> Accuracy:
    entry.allow("scenario", "metric", "value", "samples", "variant", "tolerance")
    value, tolerance = entry.number("value"), entry.number("tolerance", DEFAULT_TOLERANCE)
    if not math.isfinite(value):
        raise entry.fault("value", "a number", value)
    if not 0 <= tolerance < math.inf:
        raise entry.fault("tolerance", "a number of at least 0", tolerance)
    variant = entry.text("variant", _VARIANTS[0])
    if variant not in _VARIANTS:
        raise entry.fault("variant", f"one of {', '.join(_VARIANTS)}", variant)
    return Accuracy(
        entry.text("scenario"), entry.text("metric"), value, entry.count("samples"), variant, tolerance
    )  # fmt: skip


def _latency(entry: Table) -> Latency:
    entry.allow("machine", "backend", "microseconds")
    return Latency(entry.text("machine"), entry.text("backend"), entry.number("microseconds"))


def _cost(entry: Table) -> Cost:
    entry.allow("bytes", "macs", "arena_bytes")
    return Cost(entry.count("bytes", 0), entry.count("macs", 0), entry.count("arena_bytes", 0))


def _loss(entry: Table) -> Loss:
    entry.allow("points_lost", "reason")
    points, reason = entry.number("points_lost", 1.0), entry.text("reason", "")
    if not 0 <= points <= 100:
        raise entry.fault("points_lost", "0 to 100 points", points)
    if points > 1 and not reason.strip():
        raise entry.fault("reason", "a sentence that says why more than 1 point is lost")
    return Loss(points, reason)
