"""Noise and rooms of a split, made once and kept: every example draws from them."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.noise import babble, make_noise
from firmware_tools.training.rooms import impulse_response
from firmware_tools.training.scenarios import SCENARIOS
from firmware_tools.training.speech.files import write_whole
from firmware_tools.training.speech.options import SpeechOptions
from firmware_tools.training.speech.plan import SPLITS, Voice
from firmware_tools.training.synthesis import RATE, Sound, find_synthesiser

_SECONDS = 8
_NOISES: Mapping[str, int] = {"train": 24, "validation": 6, "test": 12}
_ROOMS: Mapping[str, int] = {"train": 60, "validation": 12, "test": 24}
_BABBLE_VOICES, _BABBLE_TEXTS = 12, 4
_TALKERS = (4, 9)


class Bank:
    """Noises of power 1 in the front end's band, and impulse responses, of one split."""

    def __init__(self, noises: Mapping[str, NDArray[np.float16]], rooms: Mapping[str, Sequence[Sound]]) -> None:
        self._noises, self._rooms = noises, rooms

    def noise(self, kind: str, samples: int, generator: np.random.Generator) -> Sound:
        """A stretch of one of its noises, repeated where it is longer than they are."""
        among = self._noises[kind]
        row = among[int(generator.integers(len(among)))]
        place = int(generator.integers(len(row)))
        return np.asarray(np.take(row, np.arange(place, place + samples), mode="wrap"), np.float32)

    def room(self, place: str, generator: np.random.Generator) -> Sound:
        """One of its impulse responses."""
        among = self._rooms[place]
        return among[int(generator.integers(len(among)))]


def bank_path(folder: Path, split: str) -> Path:
    """Where a split's bank is kept."""
    return folder / f"bank-{split}.npz"


def make_bank(options: SpeechOptions, voices: Sequence[Voice], split: str, seed: int, folder: Path) -> None:
    """Make and keep the bank of a split, unless it is there.

    Raises:
        DatasetError: a library or a synthesiser is missing, or the disk is full.
    """
    path = bank_path(folder, split)
    if path.exists():
        return
    scenarios = [SCENARIOS[name] for name in options.scenarios]
    arrays: dict[str, NDArray[np.floating]] = {}
    for kind in sorted({noise for scenario in scenarios for noise in scenario.noises}):
        generator = np.random.default_rng([seed, SPLITS.index(split), 2, _number(kind)])
        said = _said(options, voices, split, generator) if kind == "babble" else ()
        rows = []
        for _ in range(_NOISES[split]):
            samples = _SECONDS * RATE
            if kind == "babble":
                rows.append(babble(samples, said, int(generator.integers(*_TALKERS)), generator))
            else:
                rows.append(make_noise(kind, samples, generator))
        arrays[f"noise {kind}"] = np.array(rows, np.float16)
    for place in sorted({scenario.place for scenario in scenarios}):
        generator = np.random.default_rng([seed, SPLITS.index(split), 3, _number(place)])
        for number in range(_ROOMS[split]):
            arrays[f"room {place} {number}"] = impulse_response(place, generator)
    write_whole(path, arrays)


def _number(name: str) -> int:
    return int.from_bytes(name.encode()[:6], "big")


def _said(
    options: SpeechOptions, voices: Sequence[Voice], split: str, generator: np.random.Generator
) -> tuple[Sound, ...]:
    texts = options.test_talk if split == "test" else options.talk
    return tuple(
        find_synthesiser(voice.make).say(texts[int(generator.integers(len(texts)))], voice.name)
        for voice in (voices[int(generator.integers(len(voices)))] for _ in range(_BABBLE_VOICES))
        for _ in range(_BABBLE_TEXTS)
    )


def load_bank(folder: Path, split: str) -> Bank:
    """The bank that :func:`make_bank` kept.

    Raises:
        DatasetError: it is not there, or not whole.
    """
    path = bank_path(folder, split)
    noises: dict[str, NDArray[np.float16]] = {}
    rooms: dict[str, list[Sound]] = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            for name in file.files:
                sort, _, rest = name.partition(" ")
                if sort == "noise":
                    noises[rest] = file[name]
                else:
                    rooms.setdefault(rest.rpartition(" ")[0], []).append(file[name])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{path} cannot be read: {error}; delete it and make the data again") from error
    return Bank(noises, rooms)
