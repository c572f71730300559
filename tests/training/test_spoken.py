"""Utterances that several examples share: as few as asked for, never the same example, and said once."""

from pathlib import Path

import numpy as np
import pytest

from firmware_tools.training.speech import spoken
from firmware_tools.training.speech.options import read_options
from firmware_tools.training.speech.plan import Example, Voice, plan
from firmware_tools.training.synthesis import Manner, Sound
from tests.training.speech_options import options

VOICES = {
    "train": [Voice("espeak-ng", f"en-us+f{number}", f"f{number}") for number in range(4)],
    "validation": [Voice("espeak-ng", "en-us+m1", "m1")],
    "test": [Voice("flite", "slt", "slt")],
}


def planned(split: str, **changed: object) -> tuple[Example, ...]:
    return plan(read_options(options(examples=12, cut_times=1.0, **changed)), VOICES, 3)[split]


def said(examples: tuple[Example, ...], label: int, *, cut: bool = False) -> list[tuple[object, ...]]:
    return [(each.text, each.voice, each.manner) for each in examples if each.label == label and each.cut is cut]


@pytest.mark.parametrize("label", [1, 2, 3])
def test_so_many_utterances_of_each_label_are_in_all_its_training_examples(label: int) -> None:
    shared, own = planned("train", utterances=3), planned("train")
    assert len(shared) == len(own)
    assert len(said(shared, label)) == len(said(own, label)) == 12
    assert len(set(said(shared, label))) == 3
    assert len(set(said(own, label))) > 9
    assert {each.label for each in shared} == {each.label for each in own}


def test_examples_that_share_an_utterance_differ_in_scenario_or_ratio() -> None:
    examples = [each for each in planned("train", utterances=1) if each.label == 2]
    assert len({(each.scenario, each.snr) for each in examples}) == len(examples)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_what_judges_shares_nothing(split: str) -> None:
    assert repr(planned(split, utterances=1)) == repr(planned(split))  # silence has no ratio, and NaN equals nothing


def test_an_utterance_is_said_once_for_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def say(text: str, voice: Voice, manner: Manner) -> Sound:
        calls.append(f"{text} {voice.name} {manner.tempo}")
        return np.full(len(text), 0.25, np.float32)

    monkeypatch.setattr(spoken, "say_anew", say)
    voice = VOICES["test"][0]
    for _ in range(2):  # as two processes
        keep = spoken.kept_in(tmp_path / "spoken")
        for _ in range(2):
            assert keep("stop", voice, Manner()).tolist() == [0.25] * 4
        assert len(keep("go", voice, Manner(tempo=1.2))) == 2
    assert calls == ["stop slt 1.0", "go slt 1.2"]


def test_a_file_that_a_power_cut_left_empty_is_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken, "say_anew", lambda *_: np.ones(5, np.float32))
    spoken.kept_in(tmp_path)("stop", VOICES["test"][0], Manner())
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"")
    assert len(spoken.kept_in(tmp_path)("stop", VOICES["test"][0], Manner())) == 5


def test_without_a_folder_memory_alone_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def say(text: str, *_: object) -> Sound:
        calls.append(text)
        return np.ones(3, np.float32)

    monkeypatch.setattr(spoken, "say_anew", say)
    keep = spoken.kept_in(None)
    for _ in range(3):
        keep("go", VOICES["test"][0], Manner())
    assert calls == ["go"]
