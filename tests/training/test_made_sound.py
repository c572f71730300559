"""Test sound that is made here: wake words and voice activity, the same bytes each time, whatever interrupted it."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from device_runtime.resources import resource_directory
from firmware_tools.training.dataset import DatasetError, find_builder
from firmware_tools.training.datasets.voice_activity import FRAME, UNSURE, frames_of
from firmware_tools.training.datasets.wake_words import OTHER

ROOT = Path(__file__).parents[2]
WAKE: dict[str, Any] = {
    "phrase": "okay nabu", "said": ["okay nabu"], "near": ["okay now"], "talk": ["the soup needs more salt"],
    "voices": ["flite:slt"], "scenarios": ["car-60"], "background_minutes": 1,
}  # fmt: skip
SPEECH: dict[str, Any] = {
    "talk": ["the soup needs more salt"], "voices": ["flite:slt"], "scenarios": ["quiet"], "clips": 1, "seconds": 6,
}  # fmt: skip


class Silent:
    """Progress that ends the work after so many steps, as a kill does."""

    def __init__(self, steps: int = 1_000_000) -> None:
        self.steps = steps

    def stage(self, title: str, total: int) -> None: ...

    def advance(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise KeyboardInterrupt


def needs_sound() -> None:
    pytest.importorskip("pyroomacoustics", reason="rooms are pyroomacoustics'")
    if shutil.which("flite") is None:
        pytest.skip("flite is not installed")


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("old", "told"),
    [
        ({"voices": []}, "data.voices is empty"),
        ({"voices": ["nobody:x"]}, "data.voices has 'nobody:x'; expected one of"),
        ({"said": []}, "data.said is empty"),
        ({"scenarios": ["moon"]}, "there is no scenario 'moon'"),
        ({"background_minutes": 0}, "background_minutes"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_option_is_told_by_its_key(old: dict[str, Any], told: str) -> None:
    with pytest.raises(DatasetError, match=told):
        find_builder("wake_words", {**WAKE, **old}, 1)


@pytest.mark.parametrize(("name", "options"), [("wake_words", WAKE), ("voice_activity", SPEECH)])
def test_work_that_was_interrupted_goes_on_to_the_same_bytes(
    tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    needs_sound()
    builder = find_builder(name, options, 3)
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    for folder in (whole, parted):
        folder.mkdir()
    builder.build(whole, Silent())
    with pytest.raises(KeyboardInterrupt):
        builder.build(parted, Silent(1))
    with pytest.raises(DatasetError, match="whole"):
        builder.load(parted)
    find_builder(name, options, 3).build(parted, Silent())
    assert bytes_of(whole) == bytes_of(parted)
    assert find_builder(name, options, 4).fingerprint() != builder.fingerprint()


def test_a_voice_that_sounds_another_way_each_time_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    builder = find_builder("wake_words", {**WAKE, "voices": ["espeak-ng:en-us+f2"]}, 3)
    with pytest.raises(DatasetError, match=r"data\.voices has 'espeak-ng:en-us\+f2', which .* sounds another way"):
        builder.build(tmp_path, Silent())


_SAY = """
import hashlib, sys, tomllib
from firmware_tools.training.staging import read_voices, say
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        data = tomllib.load(file)["data"]
    for voice in read_voices(data["voices"]):
        sound = say(voice, data.get("said", data["talk"])[0])
        print(voice, hashlib.sha256(sound.tobytes()).hexdigest())
"""


def test_the_voices_that_our_models_are_tested_with_say_the_same_in_every_process() -> None:
    pytest.importorskip("espeakng_loader")
    if shutil.which("flite") is None:
        pytest.skip("flite is not installed")
    paths = sorted(resource_directory("models").glob("*/test.toml"))
    chosen = [str(path) for path in paths if "voices" in tomllib.loads(path.read_text(encoding="utf-8"))["data"]]
    command = [sys.executable, "-c", _SAY, *chosen]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        for _ in range(2)
    )
    assert first.stdout == second.stdout
    assert len(first.stdout.splitlines()) >= 18


def test_a_wake_words_data_are_the_phrase_in_each_ratio_and_what_is_nearly_it(tmp_path: Path) -> None:
    needs_sound()
    builder = find_builder("wake_words", WAKE, 3)
    builder.build(tmp_path, Silent())
    data = builder.load(tmp_path, only_test=True)
    assert data.labels == ("okay nabu",)
    assert list(data.test.y) == [0, 0, 0, OTHER]
    assert list(data.test.snr[:3]) == [15.0, 10.0, 5.0]
    assert set(data.test.source) == {"flite:slt"}
    assert len(data.background) == 1
    data.background[0].unlink()
    with pytest.raises(DatasetError, match="is missing; make the data again"):
        builder.load(tmp_path, only_test=True)


def test_speech_is_where_it_was_put_and_its_edges_do_not_count() -> None:
    alone = np.zeros(200 * FRAME, np.float32)
    alone[50 * FRAME : 80 * FRAME] = 0.3
    alone[90 * FRAME : 120 * FRAME] = 0.3  # after a pause of 100 ms, which is speech, too
    truth = frames_of(alone)
    assert truth[:40].max() == 0
    assert (truth[40:60] == UNSURE).all()
    assert (truth[60:109] == 1).all()
    assert (truth[111:129] == UNSURE).all()
    assert truth[131:].max() == 0
