"""The whole way from sound to intent, through the real voice process."""

import asyncio
import hashlib
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from device_runtime.engine.frames import Event
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.program.manifest import Voice, VoiceIntent
from device_runtime.voice.errors import VoiceError
from device_runtime.voice.events import Recognised, Rejected, VoiceEvent, VoiceWarning, Woken
from device_runtime.voice.grammar import Grammar
from device_runtime.voice.pipeline import VoicePipeline
from tests.voice.programs import PROGRAMS
from tests.voice.sounds import pieces, silence, spoken

DEADLINE = 30.0
REQUEST = spoken("okay nabu") + spoken("turn on the kitchen light")


class Recorder:
    """A listener that keeps what it is told, and lets a test wait for it."""

    def __init__(self) -> None:
        self.events: list[VoiceEvent] = []
        self._change = asyncio.Event()
        self._thread = threading.get_ident()

    def on_voice(self, event: VoiceEvent) -> None:
        assert threading.get_ident() == self._thread
        self.events.append(event)
        self._change.set()

    @property
    def stages(self) -> list[str]:
        return [event.stage for event in self.events]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._change.clear()
                await self._change.wait()

    async def until_stages(self, *stages: str) -> None:
        await self.until(lambda: self.stages[-len(stages) :] == list(stages))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def pipeline(recorder: Recorder) -> AsyncIterator[VoicePipeline]:
    pipeline = VoicePipeline(ModelStore(), wake_model="okay_nabu", listener=recorder)
    await pipeline.start()
    pipeline.set_grammar(Grammar(PROGRAMS))
    yield pipeline
    await pipeline.stop()


def feed(pipeline: VoicePipeline, pcm: bytes) -> None:
    for piece in pieces(pcm, 3200):
        pipeline.feed(piece)


async def test_wake_word_and_request_become_an_intent(pipeline: VoicePipeline, recorder: Recorder) -> None:
    feed(pipeline, REQUEST)
    await recorder.until_stages("idle", "wake", "listening", "recognised", "idle")
    woken, recognised = recorder.events[1], recorder.events[3]
    assert isinstance(woken, Woken)
    assert woken.phrase == "okay nabu"
    assert isinstance(recognised, Recognised)
    assert (recognised.match.app_id, recognised.match.intent) == ("lights", "switch")
    assert recognised.match.slots == {"state": "on", "room": "kitchen"}
    assert [event.time for event in recorder.events] == sorted(event.time for event in recorder.events)


async def test_a_request_without_the_wake_word_is_not_heard(pipeline: VoicePipeline, recorder: Recorder) -> None:
    feed(pipeline, spoken("turn on the kitchen light") + REQUEST)
    await recorder.until_stages("recognised", "idle")
    assert recorder.stages == ["idle", "wake", "listening", "recognised", "idle"]


async def test_listen_skips_the_wake_word(pipeline: VoicePipeline, recorder: Recorder) -> None:
    pipeline.listen()
    feed(pipeline, spoken("cancel the timer"))
    await recorder.until_stages("idle", "listening", "recognised", "idle")


async def test_other_speech_is_rejected_with_a_reason(pipeline: VoicePipeline, recorder: Recorder) -> None:
    pipeline.listen()
    feed(pipeline, spoken("my grandmother lives in a small village"))
    await recorder.until_stages("listening", "rejected", "idle")
    rejected = recorder.events[-2]
    assert isinstance(rejected, Rejected)
    assert rejected.reason


async def test_silence_after_the_wake_word_times_out(pipeline: VoicePipeline, recorder: Recorder) -> None:
    feed(pipeline, spoken("okay nabu") + silence(7))
    await recorder.until_stages("listening", "rejected", "idle")
    rejected = recorder.events[-2]
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "nobody spoke"


async def test_the_device_does_not_hear_itself(pipeline: VoicePipeline, recorder: Recorder) -> None:
    pipeline.mute(0.0)
    feed(pipeline, REQUEST)  # within the tail of the mute
    await recorder.until_stages("idle", "answer", "idle")
    pipeline.listen()
    feed(pipeline, spoken("cancel the timer"))
    await recorder.until_stages("recognised", "idle")
    assert "wake" not in recorder.stages


async def test_a_request_that_is_expected_no_more_needs_the_wake_word_again(
    pipeline: VoicePipeline, recorder: Recorder
) -> None:
    pipeline.listen()
    await recorder.until_stages("listening")
    pipeline.cease()
    await recorder.until_stages("listening", "idle")
    feed(pipeline, spoken("cancel the timer") + REQUEST)
    await recorder.until_stages("idle", "wake", "listening", "recognised", "idle")


async def test_listen_that_is_over_at_once_leaves_nobody_listening(pipeline: VoicePipeline, recorder: Recorder) -> None:
    pipeline.listen()
    pipeline.cease()
    await recorder.until_stages("idle", "listening", "idle")


async def test_listen_ends_a_mute(pipeline: VoicePipeline, recorder: Recorder) -> None:
    pipeline.mute(3600)
    pipeline.listen()
    feed(pipeline, spoken("cancel the timer"))
    await recorder.until_stages("answer", "listening", "recognised", "idle")


async def test_an_answer_is_expected_when_the_question_is_over(pipeline: VoicePipeline, recorder: Recorder) -> None:
    pipeline.mute(0.0)
    pipeline.expect()
    feed(pipeline, spoken("cancel the timer"))  # the device's own words, within the tail of the mute
    await recorder.until_stages("answer", "listening")
    feed(pipeline, spoken("turn on the kitchen light"))
    await recorder.until_stages("listening", "recognised", "idle")
    recognised = [event for event in recorder.events if isinstance(event, Recognised)]
    assert [event.match.text for event in recognised] == ["turn on the kitchen light"]


async def test_an_answer_is_expected_at_once_where_nothing_is_played(
    pipeline: VoicePipeline, recorder: Recorder
) -> None:
    pipeline.expect()
    await recorder.until_stages("idle", "listening")


async def test_an_answer_that_came_otherwise_is_not_expected_after_the_question(
    pipeline: VoicePipeline, recorder: Recorder
) -> None:
    pipeline.mute(0.0)
    pipeline.expect()
    pipeline.cease()
    await recorder.until_stages("answer", "idle")
    feed(pipeline, REQUEST)
    await recorder.until_stages("idle", "wake", "listening", "recognised", "idle")


async def test_programs_come_and_go(pipeline: VoicePipeline, recorder: Recorder) -> None:
    pipeline.set_grammar(Grammar({"timer": PROGRAMS["timer"]}))
    pipeline.listen()
    feed(pipeline, spoken("turn on the kitchen light"))
    await recorder.until_stages("rejected", "idle")
    pipeline.set_grammar(Grammar(PROGRAMS))
    pipeline.listen()
    feed(pipeline, spoken("turn on the kitchen light"))
    await recorder.until_stages("recognised", "idle")


async def test_sound_may_come_from_any_thread(pipeline: VoicePipeline, recorder: Recorder) -> None:
    thread = threading.Thread(target=feed, args=(pipeline, REQUEST))
    thread.start()
    await recorder.until_stages("recognised", "idle")
    thread.join()


async def test_the_event_loop_goes_on_while_sound_is_decoded(pipeline: VoicePipeline, recorder: Recorder) -> None:
    beats = 0

    async def heart() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0)
            beats += 1

    beating = asyncio.create_task(heart())
    pipeline.listen()
    feed(pipeline, spoken("set a timer for twenty five minutes"))
    await recorder.until_stages("recognised", "idle")
    beating.cancel()
    assert beats > 100


async def test_half_a_sample_is_refused(pipeline: VoicePipeline) -> None:
    with pytest.raises(VoiceError, match="whole 16 bit samples, not 3 bytes"):
        pipeline.feed(b"abc")


async def test_a_voice_process_that_dies_is_started_again(pipeline: VoicePipeline, recorder: Recorder) -> None:
    assert pipeline.process_id is not None
    os.kill(pipeline.process_id, signal.SIGKILL)
    await recorder.until_stages("warning", "idle")
    warning = recorder.events[-2]
    assert isinstance(warning, VoiceWarning)
    assert "starts again" in warning.text
    feed(pipeline, REQUEST)
    await recorder.until_stages("recognised", "idle")


def _status(process: int | None) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    descriptors = len(list(Path(f"/proc/{process}/fd").iterdir()))
    return {"descriptors": str(descriptors)} | dict(line.split(":\t", 1) for line in lines if ":\t" in line)


async def test_the_voice_process_is_confined(pipeline: VoicePipeline, recorder: Recorder) -> None:
    """Also when it has heard, understood and looked words up: a program's worker has no less."""
    pipeline.listen()
    feed(pipeline, spoken("cancel the timer"))
    await recorder.until_stages("recognised", "idle")
    status = _status(pipeline.process_id)
    assert (status["NoNewPrivs"], status["CapEff"].strip("0"), status["Threads"]) == ("1", "", "1")
    assert status["descriptors"] == "1"
    if "seccomp" not in pipeline.missing:
        assert status["Seccomp"] == "2"


async def test_a_word_of_no_dictionary_is_guessed_where_no_file_can_be_opened(
    pipeline: VoicePipeline, recorder: Recorder
) -> None:
    pipeline.set_grammar(Grammar({"lights": Voice((VoiceIntent("on", ("call nabu",)),))}))
    await recorder.until_stages("warning")
    (warning,) = (event for event in recorder.events if isinstance(event, VoiceWarning))
    assert warning.text == "the word 'nabu' is not in the dictionary; it is listened for as N AA B UW"


async def test_a_wake_word_that_cannot_be_run_is_refused_in_a_sentence(recorder: Recorder, tmp_path: Path) -> None:
    from tests.inference.making import custom

    store = ModelStore()
    content = custom("Foo")
    card = store.card("okay_nabu").path.read_text()
    before, _, rest = card.partition("[source]")
    source = f'[source]\nfile = "mine.tflite"\nsha256 = "{hashlib.sha256(content).hexdigest()}"\n'
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.tflite").write_bytes(content)
    (folder / "card.toml").write_text(
        before.replace('"okay_nabu"', '"mine"') + source + rest[rest.index("\n[[inputs]]") :], encoding="utf-8"
    )
    pipeline = VoicePipeline(ModelStore([tmp_path]), wake_model="mine", listener=recorder)
    with pytest.raises(VoiceError, match="model mine cannot be loaded: its operator Foo is none of"):
        await pipeline.start()


HOSTILE: list[Event] = [
    Event("heard", {}),
    Event("heard", {"accepted": True, "text": ["turn"], "confidence": "much", "time": float("nan"), "silence": {}}),
    Event("wake", {"phrase": "x" * 10_000_000, "probability": None}),
    Event("warning", {}),
    Event("nothing", {}),
]


@pytest.mark.parametrize("event", HOSTILE, ids=lambda event: event.name)
async def test_what_a_voice_process_that_was_taken_over_says_harms_nobody(
    pipeline: VoicePipeline, recorder: Recorder, event: Event
) -> None:
    pipeline._heard(event)
    assert len(repr(recorder.events[-1])) < 2000
    pipeline.listen()
    feed(pipeline, spoken("cancel the timer"))
    await recorder.until_stages("recognised", "idle")


async def test_words_without_pronunciation_are_told(pipeline: VoicePipeline, recorder: Recorder) -> None:
    pipeline.set_grammar(Grammar({"lights": Voice((VoiceIntent("on", ("开灯",)),))}))
    await recorder.until_stages("warning", "warning")
    assert all("no English pronunciation" in event.text for event in recorder.events if isinstance(event, VoiceWarning))


async def test_a_pipeline_without_its_wake_model_does_not_start(recorder: Recorder) -> None:
    pipeline = VoicePipeline(ModelStore(), wake_model="hello_world", listener=recorder)
    with pytest.raises((VoiceError, ModelError), match="no model 'hello_world'"):
        await pipeline.start()


async def test_the_back_end_is_the_one_that_was_asked_for(recorder: Recorder) -> None:
    pipeline = VoicePipeline(ModelStore(), wake_model="okay_nabu", listener=recorder, backend="onnx")
    with pytest.raises(VoiceError, match="there is no back end 'onnx'"):
        await pipeline.start()


async def test_a_process_that_cannot_start_is_told(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    pipeline = VoicePipeline(ModelStore(), wake_model="okay_nabu", listener=recorder)
    with pytest.raises(VoiceError, match="the voice process cannot be started: the zygote ended unexpectedly"):
        await pipeline.start()


async def test_sound_before_the_start_and_after_the_stop_is_dropped(recorder: Recorder) -> None:
    pipeline = VoicePipeline(ModelStore(), wake_model="okay_nabu", listener=recorder)
    pipeline.feed(REQUEST)
    pipeline.listen()
    await pipeline.start()
    await pipeline.stop()
    pipeline.feed(REQUEST)
    assert recorder.stages == ["idle"]
