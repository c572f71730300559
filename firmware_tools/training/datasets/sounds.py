"""Sound events: alarm, horn, siren, glass, knock, and none of them; all of it calculated, none of it recorded.

Training and validation are of one family of generators (:mod:`...sound_events.additive`), the test is of another
(:mod:`...sound_events.physical`) with other speech, other music, other rooms: what a test by the training's own
generators would show is nothing. No figure here is one of recordings.

An example is 96 rows (0.97 s) of micro front end features, cut out of a scene of 5.5 s that the front end heard from
its start, so that its noise estimate and gain are as in use.
"""

import wave
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.features import CHANNELS, STEP_SECONDS, MicroFeatures
from firmware_tools.training.dataset import Dataset, DatasetError, Progress, Split
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
from firmware_tools.training.sound_events import additive, others, physical, scene
from firmware_tools.training.sound_events.event import RATE, Event, Random, Sound

LABELS = ("none", "alarm", "horn", "siren", "glass", "knock")
ROWS = 96
_VERSION = 4  # of what this module and sound_events make: raise it with every change that is heard
_LEAD, _LENGTH = (0.5, 1.5), 5.5  # seconds of noise before the event; of a scene
_TAIL = 0.3  # seconds in which a room may still sound
_UNIT = 10 / 256  # a step of the features, which are whole numbers of it
_CHUNK = 20  # scenes a file
_SPLITS = {"train": "additive", "validation": "additive", "test": "physical"}
_DEFAULTS = {"train": 200, "validation": 25, "test": 36, "windows": 4, "background_minutes": 8}


class Builder:
    """See :class:`firmware_tools.training.dataset.DatasetBuilder`.

    Options: ``train``, ``validation``, ``test``: scenes a label (three times as many of ``none``); ``windows``: the
    most examples of a scene that trains (a scene of the test gives one); ``background_minutes`` of sound without
    events, of the test's family.
    """

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:
        self.options = checked_options("sounds", options, _DEFAULTS)
        self.seed = seed

    def fingerprint(self) -> str:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""
        packages = ("pymicro-features", "espeakng-loader", "pyroomacoustics")
        return fingerprint_of("sounds", _VERSION, self.options, self.seed, packages=packages)

    def build(self, folder: Path, progress: Progress) -> None:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""
        if is_whole(folder, self.fingerprint()):
            return
        for split in _SPLITS:
            parts = self._parts(folder, split)
            progress.stage(f"scenes of the {split} split", len(parts))
            for path, label, numbers in parts:
                write_shard(path, partial(self._scenes, folder, split, label, numbers))
                progress.advance()
        minutes = self.options["background_minutes"]
        progress.stage("minutes without an event", minutes)
        for minute in range(minutes):
            self._background(folder, minute)
            progress.advance()
        mark_whole(folder, self.fingerprint())

    def load(self, folder: Path, *, only_test: bool = False) -> Dataset:
        """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""
        need_whole(folder, self.fingerprint())
        splits = {
            split: empty_split((ROWS, CHANNELS, 1)) if only_test and split != "test" else self._read(folder, split)
            for split in _SPLITS
        }
        background = tuple(_background_file(folder, minute) for minute in range(self.options["background_minutes"]))
        return Dataset(folder, LABELS, splits["train"], splits["validation"], splits["test"], background)

    def _parts(self, folder: Path, split: str) -> list[tuple[Path, str, range]]:
        parts = []
        for label in LABELS:
            count = self.options[split] * (3 if label == "none" else 1)
            for start in range(0, count, _CHUNK):
                numbers = range(start, min(start + _CHUNK, count))
                parts.append((folder / split / f"{label}-{start:05}.npz", label, numbers))
        return parts

    def _read(self, folder: Path, split: str) -> Split:
        arrays = joined([read_shard(path) for path, _, _ in self._parts(folder, split)])
        x = arrays["x"].astype(np.float32)[..., None] * np.float32(_UNIT)
        sound = tuple(arrays["sound"].tolist()) if split == "test" else ()
        return Split(x, arrays["y"], arrays["scenario"], arrays["source"], arrays["snr"], sound)

    def _scenes(self, folder: Path, split: str, label: str, numbers: range) -> Arrays:
        return joined([self._scene(folder, split, label, number) for number in numbers])

    def _scene(self, folder: Path, split: str, label: str, number: int) -> Arrays:
        """The examples of one scene, always the same from seed, split, label and number."""
        family = _SPLITS[split]
        rng = np.random.default_rng([self.seed, *split.encode(), LABELS.index(label), number])
        event = made(family, label, rng)
        if split == "test":  # each scenario as often as any other
            scenario = scene.SCENARIOS[number % len(scene.SCENARIOS)]
            place = scene.Scene(scenario, scene.TEST_SNR[scenario])
        else:
            place = scene.training_scene(rng)
        sound = event.sound
        if label in ("horn", "siren") and rng.random() < 0.3:
            sound = scene.doppler(sound, rng)
        lead = rng.uniform(*_LEAD)
        heard = scene.heard(sound, lead, _LENGTH, place, f"{family}-{split}", rng)
        rows = _features(heard)
        most, sound_file = self.options["windows"], ""
        if split == "test":
            most, sound_file = 1, f"test/{label}-{number:05}.wav"
            _write_sound(folder / sound_file, heard)
        if label == "none":
            starts = rng.integers(20, len(rows) - ROWS, most).tolist()
            chosen = [(int(start), 0) for start in starts]
        else:
            chosen = _windows(event, lead, len(rows), LABELS.index(label), most, rng)
        y = np.array([target for _, target in chosen], np.int64)
        return {
            "x": np.array([rows[start : start + ROWS] for start, _ in chosen], np.uint16).reshape(-1, ROWS, CHANNELS),
            "y": y,
            "scenario": np.full(len(chosen), place.scenario, "U12"),
            "source": np.full(len(chosen), f"{family}/{split}/{label}/{number}", "U48"),
            "snr": np.where(y > 0, place.snr, np.nan).astype(np.float32),
            "sound": np.full(len(chosen), sound_file, "U32"),
        }

    def _background(self, folder: Path, minute: int) -> None:
        """One minute of the test's family without an event: speech and other sounds by turns, in one scenario."""
        path = _background_file(folder, minute)
        if path.is_file():
            return
        rng = np.random.default_rng([self.seed, *b"background", minute])
        scenario = scene.SCENARIOS[minute % len(scene.SCENARIOS)]
        pieces: list[Sound] = []
        while sum(map(len, pieces)) < 60 * RATE:
            sound = made("physical", "none", rng).sound
            place = scene.Scene(scenario, scene.TEST_SNR[scenario])
            piece = scene.heard(sound, 0.2, others.LENGTH + 0.2, place, "physical-test", rng)
            pieces.append(piece / np.max(np.abs(piece)) * 8000)  # one level: no jumps where pieces meet
        _write_sound(path, np.concatenate(pieces)[: 60 * RATE])


def made(family: str, label: str, rng: Random) -> Event:
    """One event of a label, or one sound that is none, by the generators of ``family``."""
    events = {"additive": additive.EVENTS, "physical": physical.EVENTS}[family]
    if label != "none":
        return events[label](rng)
    kinds = others.TRAINING if family == "additive" else others.TESTING
    shares = np.array([share for _, share in kinds])
    return kinds[int(rng.choice(len(kinds), p=shares / shares.sum()))][0](rng)


def _write_sound(path: Path, sound: Sound) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with wave.open(str(beside), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype("<i2").tobytes())
    beside.replace(path)


def _background_file(folder: Path, minute: int) -> Path:
    return folder / "background" / f"{minute:03}-{scene.SCENARIOS[minute % len(scene.SCENARIOS)]}.wav"


def _features(heard: Sound) -> NDArray[np.uint16]:
    """``[rows, 40]`` in steps of ``_UNIT``."""
    rows = np.array(list(MicroFeatures().feed(heard.astype("<i2").tobytes())), np.float64)
    if not len(rows):
        raise DatasetError("the micro front end gave no features; reinstall pymicro-features")
    return np.round(rows / _UNIT).astype(np.uint16)


def _windows(event: Event, lead: float, rows: int, label: int, most: int, rng: Random) -> list[tuple[int, int]]:
    """``(first row, label)``: windows that hold a whole span, and one that holds nothing of the event.

    Windows that hold a part are left out: nobody can say what is right there.
    """
    whole, empty = [], []
    for start in range(12, rows - ROWS + 1, 4):
        begin, end = start * STEP_SECONDS - lead, (start + ROWS) * STEP_SECONDS - lead
        if any(begin <= first and last <= end for first, last in event.spans):
            whole.append(start)
        elif all(end <= first or begin >= last + _TAIL for first, last in event.active):
            empty.append(start)
    chosen = [(int(start), label) for start in rng.permutation(whole)[:most]]
    if most > 1 and rng.random() < 0.3:
        chosen += [(int(start), 0) for start in rng.permutation(empty)[:1]]
    return chosen
