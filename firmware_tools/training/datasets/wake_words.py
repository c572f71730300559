"""A wake word said by many voices in every scenario, phrases that are nearly it, and other speech: for testing only.

A wake word hears a stream, so ``x`` is empty and the sound is what counts. Labels: the phrase. ``y`` is 0 where the
phrase is said and -1 where something else is.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from device_runtime.host.board_file import key
from firmware_tools.training.dataset import Dataset, DatasetError, Progress, Split
from firmware_tools.training.recipe import read_options
from firmware_tools.training.scenarios import SCENARIOS, find_scenario
from firmware_tools.training.staging import Stage, Voice, need_repeatable, read_voices, say, wav
from firmware_tools.training.synthesis import RATE, find_synthesiser
from firmware_tools.training.workplace import write_whole

_FORMAT = 1
_SUMMARY = "wake_words.json"
_BEFORE, _AFTER = 1.2, 1.0
_MINUTE = 60 * RATE
OTHER = -1


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the builder ``wake_words``."""

    phrase: str = key("the label")
    said: tuple[str, ...] = key("spellings by which synthesisers say it; each voice takes the next one")
    talk: tuple[str, ...] = key("sentences of other speech, of which background and babble are made")
    voices: tuple[str, ...] = key("who says all that: 'synthesiser:voice'")
    near: tuple[str, ...] = key("phrases that are nearly it, and must not wake", ())
    scenarios: tuple[str, ...] = key("of firmware_tools.training.scenarios", tuple(SCENARIOS))
    background_minutes: int = key("of other speech and noise", 60, 1, 600)


class Builder:
    """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:
        self._options = read_options(Options, options)
        self._seed = seed
        for name in self._options.scenarios:
            find_scenario(name)
        for option in ("said", "talk", "scenarios"):
            if not getattr(self._options, option):
                raise DatasetError(f"data.{option} is empty; the builder wake_words needs at least one")
        self._voices = read_voices(self._options.voices)

    def fingerprint(self) -> str:
        versions = [find_synthesiser(name).version() for name in sorted({make for make, _ in self._voices})]
        versions += [f"{name} {metadata.version(name)}" for name in ("numpy", "pyroomacoustics") if _installed(name)]
        return json.dumps([_FORMAT, asdict(self._options), self._seed, versions], sort_keys=True)

    def build(self, folder: Path, progress: Progress) -> None:
        options = self._options
        voices = self._voices
        need_repeatable(voices)
        stage = Stage(self._seed, voices, options.talk)
        (folder / "sounds").mkdir(parents=True, exist_ok=True)
        (folder / "background").mkdir(exist_ok=True)
        examples = [*self._examples(voices)]
        progress.stage(f"{options.phrase}: {len(examples)} times", len(examples))
        for number, (voice, text, scenario, snr, _) in enumerate(examples):
            path = folder / "sounds" / f"{number:05d}.wav"
            if not path.exists():
                pcm = stage.hear(say(voice, text), SCENARIOS[scenario], snr, _BEFORE, _AFTER, number)
                write_whole(path, wav(pcm))
            progress.advance()
        progress.stage("other speech, in minutes", options.background_minutes)
        for number in range(options.background_minutes):
            path = folder / "background" / f"{number:04d}.wav"
            if not path.exists():
                write_whole(path, wav(self._background(stage, number)))
            progress.advance()
        summary = {
            "y": [0 if right else OTHER for *_, right in examples],
            "scenario": [scenario for _, _, scenario, _, _ in examples],
            "source": [f"{make}:{voice}" for (make, voice), *_ in examples],
            "snr": [snr for _, _, _, snr, _ in examples],
        }
        write_whole(folder / _SUMMARY, json.dumps(summary).encode())

    def _examples(self, voices: list[Voice]) -> list[tuple[Voice, str, str, float, bool]]:
        """(voice, text, scenario, dB, whether it is the phrase); what is nearly it only in the first scenario."""
        options = self._options
        said = [
            (voice, options.said[place % len(options.said)], name, snr, True)
            for name in options.scenarios
            for snr in SCENARIOS[name].test
            for place, voice in enumerate(voices)
        ]
        first = options.scenarios[0]
        near = [(voice, text, first, SCENARIOS[first].test[0], False) for text in options.near for voice in voices]
        return said + near

    def _background(self, stage: Stage, number: int) -> bytes:
        scenario = SCENARIOS[self._options.scenarios[number % len(self._options.scenarios)]]
        snr = scenario.test[number % len(scenario.test)]
        if number % 4 == 3:
            return stage.only_noise(scenario, snr, _MINUTE, 1_000_000 + number)
        return stage.talking(scenario, snr, _MINUTE, 1_000_000 + number)[0]

    def load(self, folder: Path, *, only_test: bool = False) -> Dataset:  # noqa: ARG002 (there is nothing else)
        try:
            summary = json.loads((folder / _SUMMARY).read_text(encoding="utf-8"))
            y, scenario = np.array(summary["y"], np.int64), np.array(summary["scenario"])
            source, snr = np.array(summary["source"]), np.array(summary["snr"], np.float32)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DatasetError(f"{folder} holds no whole data set of a wake word: {error}; make it first") from error
        sound = tuple(f"sounds/{number:05d}.wav" for number in range(len(y)))
        background = tuple(
            folder / "background" / f"{number:04d}.wav" for number in range(self._options.background_minutes)
        )
        for path in (*(folder / name for name in sound), *background):
            if not path.exists():
                raise DatasetError(f"{path} is missing; make the data again")
        none = np.empty(0)
        nothing = Split(np.empty((0, 0), np.float32), none, none, none, none)
        test = Split(np.empty((len(y), 0), np.float32), y, scenario, source, snr, sound)
        return Dataset(folder, (self._options.phrase,), nothing, nothing, test, background)


def _installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True
