"""A data set as the lab passes it from what makes it to training and to evaluation.

A builder is the class ``Builder`` of a module in :mod:`firmware_tools.training.datasets`; a recipe names the module.
"""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from device_runtime.errors import CygnetError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PACKAGE = "firmware_tools.training.datasets"


class DatasetError(CygnetError):
    """A data set cannot be made or read; the message says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Split:
    """Examples of one use. All arrays have the same length, n.

    Attributes:
        x: ``[n, *input shape without the batch]``, float32, in the units that the model's card gives to its input.
        y: what is right. Classification: ``[n]`` int64 indices into the labels. Anomalies: ``[n]`` int64, 1 is one.
            Detection: ``[n, most, 5]`` float32: ``present, left, top, right, bottom`` in fractions of the picture.
        scenario: ``[n]`` text: under which conditions (``quiet``, ``car-60``, ...); empty where there are none.
        source: ``[n]`` text: whose voice or which recording, so that no source is on both sides of a split.
        snr: ``[n]`` float32, dB; NaN where nothing was mixed in.
        sound: the 16 kHz mono WAV file of each example, relative to the data set's folder; empty where none is kept.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    scenario: NDArray[Any]
    source: NDArray[Any]
    snr: NDArray[Any]
    sound: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a model is trained with, chosen by and tested on.

    ``background`` are 16 kHz mono WAV files in which nothing is said or heard that a label stands for: what wakes there
    is a false accept.
    """

    folder: Path
    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split
    background: tuple[Path, ...] = ()


class Progress(Protocol):
    """Told how far long work is."""

    def stage(self, title: str, total: int) -> None:
        """A new stage of ``total`` steps begins."""

    def advance(self, steps: int = 1) -> None:
        """So many steps of the stage are done."""


class DatasetBuilder(Protocol):
    """Makes one kind of data set, always the same from the same options and seed."""

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:
        """Raises :class:`DatasetError`: an option is unknown or wrong."""

    def fingerprint(self) -> str:
        """A short text that changes whenever the data set would: options, seed, versions of what synthesises."""

    def build(self, folder: Path, progress: Progress) -> None:
        """Make it in ``folder``. Interrupted at any moment and called again, it goes on where it was.

        Raises:
            DatasetError: a program or library is missing, or the disk is full.
        """

    def load(self, folder: Path, *, only_test: bool = False) -> Dataset:
        """Read what :meth:`build` made; ``only_test`` leaves the other splits empty.

        Raises:
            DatasetError: it is not there, or not whole.
        """


def find_builder(name: str, options: Mapping[str, Any], seed: int) -> DatasetBuilder:
    """The builder of that name, with its options.

    Raises:
        DatasetError: there is none, a library is missing that it needs, or an option is wrong.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError(f"{name!r} is no name of a data set's builder; expected a-z, 0-9 and _")
    try:
        module = importlib.import_module(f"{_PACKAGE}.{name}")
    except ModuleNotFoundError as error:
        if error.name == f"{_PACKAGE}.{name}":
            there = sorted(path.stem for path in (Path(__file__).parent / "datasets").glob("[a-z]*.py"))
            raise DatasetError(
                f"there is no builder of data sets called {name!r}; there are {', '.join(there)}"
            ) from error
        raise DatasetError(
            f"the builder {name} needs {error.name}, which is not installed; run: pip install 'cygnet[train]'"
        ) from error
    builder: DatasetBuilder = module.Builder(options, seed)
    return builder
