"""Telemetry of simulated devices: weeks without a fault to learn from, and windows with one to test with.

All of it is calculated (:mod:`firmware_tools.training.device_simulator`). Devices of the test are drawn anew, so none
of them was learned from; what is usual for each was taken from a week of its own before the windows begin.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.telemetry import INPUTS, ROWS, SIGNALS, Usual, window
from firmware_tools.training.dataset import Dataset, Progress, Split
from firmware_tools.training.device_simulator import A_DAY, FAULTS, Device, Readings, run
from firmware_tools.training.shards import (
    Arrays,
    checked_options,
    empty_split,
    fingerprint_of,
    is_whole,
    joined,
    mark_whole,
    need_whole,
    read_shard,
    write_shard,
)

LABELS = ("usual", "anomaly")
_VERSION = 1
_SPLITS = ("train", "validation", "test")
_WARM_UP = 7  # days from which what is usual is taken
_APART = 6  # readings from window to window: half an hour
_DEFAULTS = {"train": 120, "validation": 30, "test": 30, "days": 4, "faults": 10}


class Builder:
    """See :class:`firmware_tools.training.dataset.DatasetBuilder`.

    Options: ``train``, ``validation``, ``test``: devices; ``days`` of windows of each, half an hour apart; ``faults``:
    windows of each kind of fault of each device of the test and the validation. The training split has none.
    """

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:
        self.options = checked_options("telemetry", options, _DEFAULTS)
        self.seed = seed

    def fingerprint(self) -> str:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""
        return fingerprint_of("telemetry", _VERSION, self.options, self.seed)

    def build(self, folder: Path, progress: Progress) -> None:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""
        if is_whole(folder, self.fingerprint()):
            return
        for split in _SPLITS:
            progress.stage(f"devices of the {split} split", self.options[split])
            for number in range(self.options[split]):
                write_shard(folder / split / f"{number:04}.npz", partial(self._device, split, number))
                progress.advance()
        mark_whole(folder, self.fingerprint())

    def load(self, folder: Path, *, only_test: bool = False) -> Dataset:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`. A device's windows follow each other in time."""
        need_whole(folder, self.fingerprint())
        splits = []
        for split in _SPLITS:
            if only_test and split != "test":
                splits.append(empty_split((INPUTS,)))
                continue
            parts = [read_shard(folder / split / f"{number:04}.npz") for number in range(self.options[split])]
            arrays = joined(parts)
            nothing = np.full(len(arrays["y"]), np.nan, np.float32)
            splits.append(Split(arrays["x"], arrays["y"], arrays["scenario"], arrays["source"], nothing))
        train, validation, test = splits
        return Dataset(folder, LABELS, train, validation, test)

    def _device(self, split: str, number: int) -> Arrays:
        """All windows of one device."""
        rng = np.random.default_rng([self.seed, *split.encode(), number])
        device = Device.drawn(rng)
        readings = run(device, _WARM_UP + self.options["days"], rng)
        warm = readings[: _WARM_UP * A_DAY]
        usual = {signal: Usual.of(warm[:, index].tolist()) for index, signal in enumerate(SIGNALS)}
        later = readings[_WARM_UP * A_DAY :]
        cuts = [later[at : at + ROWS] for at in range(0, len(later) - ROWS + 1, _APART)]
        kinds = ["usual"] * len(cuts)
        if split != "train":
            for kind, fault in FAULTS.items():
                for _ in range(self.options["faults"]):
                    at = int(rng.integers(0, len(later) - ROWS + 1))
                    cuts.append(fault(later[at : at + ROWS].copy(), device, rng))
                    kinds.append(kind)
        return {
            "x": np.array([_window(cut, usual) for cut in cuts], np.float32),
            "y": np.array([kind != "usual" for kind in kinds], np.int64),
            "scenario": np.array(kinds, "U16"),
            "source": np.full(len(cuts), f"device/{split}/{number}", "U32"),
        }


def _window(cut: Readings, usual: Mapping[str, Usual]) -> NDArray[np.float32]:
    numbers = window({signal: cut[:, index].tolist() for index, signal in enumerate(SIGNALS)}, usual)
    return np.array(numbers, np.float32)
