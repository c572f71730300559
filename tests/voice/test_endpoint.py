"""Starts and ends of speech, with the probabilities written by hand: time is what is tested."""

from collections.abc import Iterable

import pytest

from device_runtime.voice.endpoint import (
    CHUNK_BYTES,
    Endpointer,
    EndpointEvent,
    EndpointSettings,
    NoSpeech,
    SpeechDropped,
    SpeechEnd,
    SpeechMore,
    SpeechStart,
)

SETTINGS = EndpointSettings(pre_roll=0.096, hangover=0.32, minimum=0.096, maximum=3.2, no_speech_timeout=1.6)


def run(script: Iterable[float], piece: int = CHUNK_BYTES) -> list[EndpointEvent]:
    """What an endpointer says when voice activity follows ``script``; chunk ``n`` is filled with byte ``n``."""
    probabilities = list(script)
    answers = iter(probabilities)
    endpointer = Endpointer(lambda _: next(answers), SETTINGS)
    sound = b"".join(bytes([index]) * CHUNK_BYTES for index in range(len(probabilities)))
    events: list[EndpointEvent] = []
    for start in range(0, len(sound), piece):
        events += endpointer.feed(sound[start : start + piece])
    return events


def names(events: list[EndpointEvent]) -> list[str]:
    return [type(event).__name__ for event in events if not isinstance(event, SpeechMore)]


def test_speech_starts_with_its_pre_roll_and_ends_after_the_hangover() -> None:
    events = run([0.0] * 10 + [0.9] * 10 + [0.0] * 20)
    assert names(events) == ["SpeechStart", "SpeechEnd"]
    start, end = events[0], events[-1]
    assert isinstance(start, SpeechStart)
    assert [start.pcm[position] for position in range(0, len(start.pcm), CHUNK_BYTES)] == [8, 9, 10]
    assert isinstance(end, SpeechEnd)
    assert end.reason == "silence"
    assert end.silence == pytest.approx(0.32)


def test_no_sample_is_lost_between_start_and_end() -> None:
    events = run([0.0] * 10 + [0.9] * 10 + [0.0] * 20)
    pcm = b"".join(event.pcm for event in events if isinstance(event, SpeechStart | SpeechMore))
    assert [pcm[position] for position in range(0, len(pcm), CHUNK_BYTES)] == list(range(8, 30))


@pytest.mark.parametrize("piece", [1, 2, 320, 1000, 5000, 100_000])
def test_the_size_of_the_pieces_does_not_matter(piece: int) -> None:
    script = [0.0] * 10 + [0.9] * 10 + [0.0] * 20
    assert run(script, piece) == run(script)


def test_a_pause_shorter_than_the_hangover_does_not_end_speech() -> None:
    assert names(run([0.9] * 6 + [0.0] * 9 + [0.9] * 6 + [0.0] * 12)) == ["SpeechStart", "SpeechEnd"]


def test_a_click_is_dropped_and_speech_after_it_is_heard() -> None:
    events = run([0.9] * 2 + [0.0] * 12 + [0.9] * 6 + [0.0] * 12)
    assert names(events) == ["SpeechStart", "SpeechDropped", "SpeechStart", "SpeechEnd"]
    assert SpeechDropped() in events


def test_speech_is_cut_at_the_maximum() -> None:
    events = run([0.9] * 120)
    assert names(events) == ["SpeechStart", "SpeechEnd"]
    assert events[-1] == SpeechEnd("maximum", 0.0)
    assert len(events) == 101  # 100 chunks of 32 ms are 3.2 s


def test_silence_times_out_once() -> None:
    assert run([0.0] * 100) == [NoSpeech()]


def test_a_probability_between_the_thresholds_prolongs_what_there_is() -> None:
    assert run([0.4] * 60) == run([0.0] * 60)
    assert names(run([0.9] * 4 + [0.4] * 30)) == ["SpeechStart"]


def test_a_reset_endpointer_waits_for_a_new_request() -> None:
    answers = iter([0.9] * 10 + [0.0] * 10 + [0.9] * 10 + [0.0] * 10)
    endpointer = Endpointer(lambda _: next(answers), SETTINGS)
    assert names(endpointer.feed(bytes(20 * CHUNK_BYTES))) == ["SpeechStart", "SpeechEnd"]
    assert endpointer.feed(bytes(CHUNK_BYTES)) == []
    endpointer.reset()
    assert names(endpointer.feed(bytes(20 * CHUNK_BYTES))) == ["SpeechStart", "SpeechEnd"]
