"""Speech with pauses in every scenario, and the scenarios' noise alone, with what is speech told by 10 ms: for testing.

``x`` is empty and the sound is what counts. ``y`` is ``[n, frames]`` int8: 1 where somebody speaks, 0 where nobody
does, and -1 for 100 ms at either side of each change, where echoes and breath make it a matter of taste.
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.host.board_file import key
from firmware_tools.training.dataset import Dataset, DatasetError, Progress, Split
from firmware_tools.training.recipe import read_options
from firmware_tools.training.scenarios import SCENARIOS, find_scenario
from firmware_tools.training.staging import Stage, need_repeatable, read_voices, wav
from firmware_tools.training.synthesis import PEAK, RATE, Sound, find_synthesiser
from firmware_tools.training.workplace import write_whole

_FORMAT = 1
_SUMMARY = "voice_activity.json"
FRAME = RATE // 100
UNSURE = -1
_SILENT = PEAK * 10 ** (-40 / 20)
_GAP, _COLLAR = 20, 10
"""Frames: pauses within a sentence that are shorter are speech; what lies so near a change is not counted."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the builder ``voice_activity``."""

    talk: tuple[str, ...] = key("sentences that are said")
    voices: tuple[str, ...] = key("who says them: 'synthesiser:voice'")
    scenarios: tuple[str, ...] = key("of firmware_tools.training.scenarios", tuple(SCENARIOS))
    clips: int = key("of speech at each ratio of a scenario; there is one of noise alone beside them", 6, 1, 1000)
    seconds: int = key("of each clip", 15, 5, 600)


class Builder:
    """See :class:`firmware_tools.training.dataset.DatasetBuilder`."""

    def __init__(self, options: Mapping[str, Any], seed: int) -> None:
        self._options = read_options(Options, options)
        self._seed = seed
        for name in self._options.scenarios:
            find_scenario(name)
        if not self._options.talk or not self._options.scenarios:
            raise DatasetError("data.talk and data.scenarios need at least one entry each")
        self._voices = read_voices(self._options.voices)

    def fingerprint(self) -> str:
        versions = [find_synthesiser(name).version() for name in sorted({make for make, _ in self._voices})]
        versions.append(f"numpy {metadata.version('numpy')}")
        return json.dumps([_FORMAT, asdict(self._options), self._seed, versions], sort_keys=True)

    def build(self, folder: Path, progress: Progress) -> None:
        options = self._options
        need_repeatable(self._voices)
        stage = Stage(self._seed, self._voices, options.talk)
        plan = [(name, snr) for name in options.scenarios for snr in SCENARIOS[name].test]
        examples = [(name, snr, clip < options.clips) for name, snr in plan for clip in range(options.clips + 1)]
        (folder / "sounds").mkdir(parents=True, exist_ok=True)
        progress.stage("speech and noise", len(examples))
        for number, (name, snr, speaks) in enumerate(examples):
            sound, truth = folder / "sounds" / f"{number:04d}.wav", folder / "sounds" / f"{number:04d}.truth"
            if not truth.exists():
                samples = options.seconds * RATE
                if speaks:
                    # Pauses of 0.8 s and more: as much of it is silence as is speech.
                    pcm, alone = stage.talking(SCENARIOS[name], snr, samples, number, quiet=0.8)
                else:
                    pcm = stage.only_noise(SCENARIOS[name], snr, samples, number)
                    alone = np.zeros(samples, np.float32)
                write_whole(sound, wav(pcm))
                write_whole(truth, frames_of(alone).tobytes())
            progress.advance()
        write_whole(folder / _SUMMARY, json.dumps([[name, snr] for name, snr, _ in examples]).encode())

    def load(self, folder: Path, *, only_test: bool = False) -> Dataset:  # noqa: ARG002 (there is nothing else)
        try:
            examples = json.loads((folder / _SUMMARY).read_text(encoding="utf-8"))
            scenario = np.array([str(name) for name, _ in examples])
            snr = np.array([snr for _, snr in examples], np.float32)
            sound = tuple(f"sounds/{number:04d}.wav" for number in range(len(examples)))
            truth = [np.frombuffer((folder / name).with_suffix(".truth").read_bytes(), np.int8) for name in sound]
            y = np.stack(truth)
        except (OSError, ValueError, TypeError) as error:
            raise DatasetError(f"{folder} holds no whole data set of voice activity: {error}; make it first") from error
        none = np.empty(0)
        nothing = Split(np.empty((0, 0), np.float32), none, none, none, none)
        source = np.full(len(y), "")
        test = Split(np.empty((len(y), 0), np.float32), y, scenario, source, snr, sound)
        return Dataset(folder, ("noise", "speech"), nothing, nothing, test)


def frames_of(alone: Sound) -> NDArray[np.int8]:
    """Where somebody speaks, by 10 ms, from the speech alone, without noise and echo."""
    frames = alone[: len(alone) // FRAME * FRAME].reshape(-1, FRAME)
    speaking = np.sqrt(np.mean(frames**2, axis=1)) > _SILENT
    loud = np.flatnonzero(speaking)
    for before, after in itertools.pairwise(loud):
        if after - before <= _GAP:
            speaking[before:after] = True
    truth: NDArray[np.int8] = speaking.astype(np.int8)
    for change in np.flatnonzero(np.diff(speaking.astype(np.int8))):
        truth[max(0, change + 1 - _COLLAR) : change + 1 + _COLLAR] = UNSURE
    return truth
