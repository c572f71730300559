"""Options of the builder ``speech``: what is wrong is said in a sentence; and who will speak where."""

from typing import Any

import numpy as np
import pytest

from firmware_tools.training.dataset import DatasetError, find_builder
from firmware_tools.training.scenarios import SCENARIOS
from firmware_tools.training.speech.options import read_options
from firmware_tools.training.speech.plan import SPLITS, cast, plan
from firmware_tools.training.synthesis.flite import Flite
from tests.training.speech_options import options


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"langauge": "en"}, "data.langauge is no option of the builder speech; it has language"),
        ({"language": "xx"}, "data.language is one of en, cmn, not 'xx'"),
        ({"language": 3}, "data.language is a text, not 3"),
        ({"commands": {}}, "data.commands names no command"),
        ({"commands": ["stop"]}, "data.commands is a table, not"),
        ({"commands": {"silence": ["hush"]}}, "cannot have the label 'silence'"),
        ({"commands": {"stop": []}}, "data.commands.stop lists nothing that is said"),
        ({"commands": {"stop": "stop"}}, "data.commands.stop is a list of texts, not 'stop'"),
        ({"commands": {"stop": ["stop", "stop"]}}, "data.commands.stop has a text twice: 'stop'"),
        ({"unknown": []}, "data.unknown is empty"),
        ({"unknown": ["water", "Stop"]}, "data.unknown has 'Stop', in which 'stop' of the label 'stop' is said"),
        ({"talk": ["please go on with it"]}, "data.talk has 'please go on with it', in which 'go' of the label 'go'"),
        ({"test_talk": ["we have bread and milk"]}, "which data.talk has, too; tests need other sentences"),
        ({"makes": {"parrot": 1}}, "data.makes has 'parrot'; the synthesisers are espeak-ng"),
        ({"makes": {"espeak-ng": 0}}, "data.makes.espeak-ng is a share above 0, not 0"),
        ({"makes": {}}, "data.makes names no synthesiser"),
        ({"makes": {"espeak-ng": 1, "flite": 1}}, "data.test_makes has 'flite', which is trained with"),
        ({"examples": 0}, "data.examples is a number from 1 to 100000, not 0"),
        ({"examples": 1.5}, "data.examples is a whole number, not 1.5"),
        ({"unknown_times": "many"}, "data.unknown_times is a number, not 'many'"),
        ({"tempo": [1.2, 0.8]}, "data.tempo is the least and the most, from 0.5 to 2"),
        ({"pitch": 1.0}, "data.pitch is a list of two numbers, not 1.0"),
        ({"scenarios": ["opera"]}, "no scenario 'opera'; there are quiet"),
        ({"scenarios": []}, "data.scenarios is empty; there are quiet"),
        ({"augment": {"echo": 1}}, "data.augment.echo is unknown; there are resample"),
        ({"augment": {"formants": 2}}, "augment.formants is a number from 0 to 0.4, not 2"),
        ({"rows": 1000}, "data.rows is a number from 20 to 400"),
    ],
)
def test_wrong_options_are_refused_in_sentences(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DatasetError) as raised:
        find_builder("speech", options(**changed), 1)
    assert sentence in str(raised.value)


def test_an_option_that_is_missing_is_named() -> None:
    given = options()
    del given["talk"]
    with pytest.raises(DatasetError, match=r"data\.talk is missing; the builder speech needs it"):
        find_builder("speech", given, 1)


def test_in_mandarin_a_command_inside_a_sentence_is_found_without_spaces() -> None:
    given = options(language="cmn", commands={"下": ["下"]}, unknown=["晚上"], talk=["下午很热"], test_talk=["花开了"])
    with pytest.raises(DatasetError, match="in which '下' of the label '下' is said"):
        read_options(given)


def test_nobody_speaks_in_two_splits() -> None:
    voices = cast(read_options(options()))
    speakers = [{voice.speaker for voice in voices[split]} for split in SPLITS]
    assert all(speakers)
    assert len(set().union(*speakers)) == sum(map(len, speakers))
    assert {voice.make for voice in voices["test"]} == {"flite"}


def test_without_a_make_for_the_test_alone_voices_are_kept_for_it() -> None:
    voices = cast(read_options(options(makes={"espeak-ng": 1}, test_makes=[])))
    speakers = {split: {voice.speaker for voice in found} for split, found in voices.items()}
    assert all(len(found) >= 5 for found in speakers.values())
    assert len(set().union(*speakers.values())) == sum(len(found) for found in speakers.values())


def test_without_a_make_of_many_voices_there_is_none_to_choose_by() -> None:
    with pytest.raises(DatasetError, match="none is left for validation"):
        cast(read_options(options(makes={"flite": 1}, test_makes=["espeak-ng"])))


def test_a_make_that_does_not_speak_the_language_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flite, "voices", lambda _, language: ("slt",) if language == "en" else ())
    given = options(language="cmn", commands={"打开": ["打开"]}, unknown=["水"], talk=["花开了"], test_talk=["天晴了"])
    with pytest.raises(DatasetError, match="flite does not speak the language 'cmn'"):
        cast(read_options(given))


def test_the_plan_is_balanced_and_the_same_each_time() -> None:
    read = read_options(options(scenarios=list(SCENARIOS)))
    voices = cast(read)
    planned = plan(read, voices, 5)
    assert repr(planned) == repr(plan(read, voices, 5)) != repr(plan(read, voices, 6))
    labels = np.array([example.label for example in planned["train"]])
    assert [int((labels == label).sum()) for label in range(len(read.labels))] == [6, 6, 6, 6]
    for example in planned["train"]:
        low, high = SCENARIOS[example.scenario].train
        assert not example.text or low <= example.snr <= high


def test_a_stream_is_trained_for_with_cut_commands_and_pairs_of_words_that_are_unknown() -> None:
    read = read_options(options(cut_times=2.0, pair_share=1.0))
    planned = plan(read, cast(read), 5)["train"]
    cut = [example for example in planned if example.cut]
    assert len(cut) == 12
    assert {example.text for example in cut} == {"stop", "go", "go on"}
    assert {read.labels[example.label] for example in cut} == {"unknown"}
    words = [example for example in planned if read.labels[example.label] == "unknown" and not example.cut]
    assert all(example.piece for example in words)
    assert any(example.text in ("water seven", "seven water", "water water", "seven seven") for example in words)


def test_every_voice_is_tested_with_every_command_at_every_ratio() -> None:
    read = read_options(options(scenarios=list(SCENARIOS)))
    voices = cast(read)
    found = {
        (example.source, example.text, example.scenario, example.snr)
        for example in plan(read, voices, 5)["test"]
        if example.label >= 2
    }
    ratios = [(name, ratio) for name in SCENARIOS for ratio in SCENARIOS[name].test]
    assert found == {
        (f"{voice.make}/{voice.name}", text, name, ratio)
        for voice in voices["test"]
        for text in ("stop", "go", "go on")
        for name, ratio in ratios
    }
