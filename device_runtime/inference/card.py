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
from typing import Any

from device_runtime.errors import CygnetError

CARD_FILE = "card.toml"

_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DTYPES = ("int8", "uint8", "int16", "int32", "float32")
_KINDS = {str: "a string", int: "a whole number", float: "a number", list: "a list", dict: "a table", bool: "a boolean"}


class CardError(CygnetError):
    """A model card breaks its schema; the message names the file, the key and what was expected."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the model's bytes are: beside the card, or in an installed PyPI package (``extra`` installs it)."""

    file: PurePosixPath
    sha256: str
    format: str
    package: str = ""
    extra: str = ""


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
    """One measurement: ``value`` of ``metric`` in ``scenario`` over ``samples`` examples."""

    scenario: str
    metric: str
    value: float
    samples: int


@dataclass(frozen=True, slots=True)
class Latency:
    """One measurement: the median time of one invocation on ``machine`` with ``backend``."""

    machine: str
    backend: str
    microseconds: float


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A checked card. ``parameters`` are the numbers that the task needs (a wake word's cut-off, for example)."""

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

    def number(self, key: str) -> float:
        """The number ``parameters.<key>``.

        Raises:
            CardError: the card lacks it, or it is no number.
        """
        return _Table(self.path, "parameters", self.parameters).number(key)

    def text(self, key: str) -> str:
        """The string ``parameters.<key>``.

        Raises:
            CardError: the card lacks it, or it is no string.
        """
        return _Table(self.path, "parameters", self.parameters).text(key)


class _Table:
    """One TOML table with its place in the file, so that every complaint can name it."""

    def __init__(self, file: Path, path: str, table: Mapping[str, Any]) -> None:
        self.file, self.path, self.table = file, path, table

    def fault(self, key: str, expected: str, value: object = None) -> CardError:
        place = ascii(f"{self.path}.{key}" if self.path else key)[1:-1][:200]
        found = "is missing" if value is None else f"is {str(value)[:60]!r}"
        return CardError(f"{self.file}: {place} {found}; expected {expected}")

    def value(self, key: str, kind: type, default: Any = None) -> Any:
        value = self.table.get(key, default)
        if value is None:
            raise self.fault(key, _KINDS[kind])
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise self.fault(key, _KINDS[kind], value)
        return value

    def text(self, key: str, default: str | None = None) -> str:
        value: str = self.value(key, str, default)
        return value

    def whole(self, key: str, default: int | None = None) -> int:
        value: int = self.value(key, int, default)
        return value

    def number(self, key: str, default: float | None = None) -> float:
        value = self.table.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
            return float(value)
        number: float = self.value(key, float, value)
        return number

    def table_at(self, key: str, *, required: bool) -> "_Table":
        return _Table(self.file, f"{self.path}.{key}".strip("."), self.value(key, dict, None if required else {}))

    def tables(self, key: str) -> list["_Table"]:
        entries = self.value(key, list, [])
        for index, entry in enumerate(entries):
            if not isinstance(entry, dict):
                raise self.fault(f"{key}[{index}]", "a table", entry)
        return [_Table(self.file, f"{key}[{index}]", entry) for index, entry in enumerate(entries)]

    def strings(self, key: str) -> tuple[str, ...]:
        entries = self.value(key, list, [])
        for index, entry in enumerate(entries):
            if not isinstance(entry, str):
                raise self.fault(f"{key}[{index}]", "a string", entry)
        return tuple(entries)

    def allow(self, *keys: str) -> None:
        for key in self.table:
            if key not in keys:
                raise self.fault(key, f"one of the keys {', '.join(sorted(keys))}", "not a known key")


def read_card(path: Path) -> ModelCard:
    """Read and check one ``card.toml``; the model's name must be that of its folder.

    Raises:
        CardError: unreadable, not TOML, or a key is missing, unknown, of another type, or out of range.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CardError(f"{path}: the model card cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and lists in lists
        raise CardError(f"{path}: not TOML: {error}") from error
    card = _Table(path, "", document)
    card.allow(
        "name", "task", "description", "licence", "data", "recipe", "labels",
        "source", "inputs", "outputs", "parameters", "accuracy", "latency",
    )  # fmt: skip
    name = card.text("name")
    if not _NAME.fullmatch(name) or name != path.parent.name:
        raise card.fault("name", f"the name of the card's folder, {path.parent.name!r}, in a-z, 0-9 and _", name)
    parameters = card.table_at("parameters", required=False)
    for key, value in parameters.table.items():
        if not isinstance(value, str | int | float | bool):
            raise parameters.fault(key, "a string, a number or a boolean", value)
    return ModelCard(
        path=path,
        name=name,
        task=card.text("task"),
        description=card.text("description"),
        licence=card.text("licence"),
        data=card.text("data"),
        recipe=card.text("recipe"),
        source=_source(card.table_at("source", required=True)),
        inputs=tuple(_tensor(entry) for entry in card.tables("inputs")),
        outputs=tuple(_tensor(entry) for entry in card.tables("outputs")),
        labels=card.strings("labels"),
        parameters=parameters.table,
        accuracy=tuple(_accuracy(entry) for entry in card.tables("accuracy")),
        latency=tuple(_latency(entry) for entry in card.tables("latency")),
    )


def _source(entry: _Table) -> Source:
    entry.allow("file", "sha256", "format", "package", "extra")
    file, sha256 = PurePosixPath(entry.text("file")), entry.text("sha256")
    if file.is_absolute() or ".." in file.parts or not file.parts:
        raise entry.fault("file", "a path below the card's folder or the package", file)
    if not _SHA256.fullmatch(sha256):
        raise entry.fault("sha256", "64 lower-case hexadecimal digits", sha256)
    return Source(file, sha256, entry.text("format", "tflite"), entry.text("package", ""), entry.text("extra", ""))


def _tensor(entry: _Table) -> TensorCard:
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


def _accuracy(entry: _Table) -> Accuracy:
    entry.allow("scenario", "metric", "value", "samples")
    return Accuracy(entry.text("scenario"), entry.text("metric"), entry.number("value"), entry.whole("samples"))


def _latency(entry: _Table) -> Latency:
    entry.allow("machine", "backend", "microseconds")
    return Latency(entry.text("machine"), entry.text("backend"), entry.number("microseconds"))
