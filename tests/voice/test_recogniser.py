"""Recognition and rejection, with the real decoder over synthesised speech. The figures are in docs/voice.md."""

import pytest

from device_runtime.voice.grammar import Grammar
from device_runtime.voice.recogniser import Hypothesis, Recogniser
from device_runtime.voice.rejection import Segment, judge, weigh
from tests.voice.programs import PROGRAMS
from tests.voice.sounds import pieces, silence, spoken

GRAMMAR = Grammar(PROGRAMS)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    recogniser = Recogniser()
    assert recogniser.set_grammar(GRAMMAR.transitions) == []
    return recogniser


def hear(recogniser: Recogniser, pcm: bytes, size: int = 1024) -> Hypothesis:
    recogniser.start()
    for piece in pieces(pcm, size):
        recogniser.feed(piece)
    return recogniser.finish()


@pytest.mark.parametrize(
    "text",
    [
        "turn on the kitchen light",
        "turn off the living room light",
        "please turn off all the lights",
        "set a timer for ten minutes",
        "dim the kitchen light to forty percent",
    ],
)
def test_a_request_is_recognised(recogniser: Recogniser, text: str) -> None:
    heard = hear(recogniser, spoken(text))
    assert (heard.text, heard.accepted, heard.reason) == (text, True, "")
    assert heard.confidence >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "the quick brown fox jumps over the lazy dog",
        "what did you have for breakfast",
        "my grandmother lives in a small village",
        "turn around and look at me",
        "hello",
    ],
)
def test_other_speech_is_rejected(recogniser: Recogniser, text: str) -> None:
    heard = hear(recogniser, spoken(text))
    assert not heard.accepted
    assert heard.reason


def test_silence_is_rejected(recogniser: Recogniser) -> None:
    assert not hear(recogniser, silence(1.5)).accepted


def test_no_sound_at_all_is_rejected(recogniser: Recogniser) -> None:
    assert not hear(recogniser, b"").accepted


@pytest.mark.parametrize("size", [320, 10**6])
def test_the_size_of_the_pieces_does_not_matter(recogniser: Recogniser, size: int) -> None:
    assert hear(recogniser, spoken("cancel the timer"), size).text == "cancel the timer"


def test_a_new_grammar_replaces_the_old(recogniser: Recogniser) -> None:
    changing = Recogniser()
    changing.set_grammar(Grammar({"timer": PROGRAMS["timer"]}).transitions)
    assert not hear(changing, spoken("turn on the kitchen light")).accepted
    changing.set_grammar(Grammar({"lights": PROGRAMS["lights"]}).transitions)
    assert hear(changing, spoken("turn on the kitchen light")).accepted
    assert not hear(changing, spoken("cancel the timer")).accepted


def test_a_grammar_that_comes_in_mid_request_hears_all_of_it() -> None:
    changing = Recogniser()
    changing.set_grammar(Grammar({"timer": PROGRAMS["timer"]}).transitions)
    changing.start()
    parts = pieces(spoken("turn on the kitchen light"))
    for part in parts[: len(parts) // 2]:
        changing.feed(part)
    changing.set_grammar(GRAMMAR.transitions)
    for part in parts[len(parts) // 2 :]:
        changing.feed(part)
    assert changing.finish().text == "turn on the kitchen light"


def test_without_programs_everything_is_rejected_with_the_reason() -> None:
    empty = Recogniser()
    empty.set_grammar(Grammar({}).transitions)
    assert hear(empty, spoken("cancel the timer")).reason == "no program takes spoken requests"


def test_the_evidence_of_two_decodings() -> None:
    sentence = [
        Segment("<sil>", 0, 9, -10.0),
        Segment("stop", 10, 49, -120.0),
        Segment("<sil>", 50, 59, -10.0),
        Segment("now", 60, 79, -100.0),
        Segment("<sil>", 80, 99, -20.0),
    ]
    loop = [Segment("<sil>", 0, 9, -10.0), Segment("+S+", 10, 89, -160.0), Segment("<sil>", 90, 99, -10.0)]
    evidence = weigh(sentence, loop)
    assert evidence is not None
    assert evidence.speech == pytest.approx((-120 - 10 - 100 - 10 + 160) / 80)
    assert evidence.word == pytest.approx(-100 / 20 + 2)
    assert evidence.window == pytest.approx((20 * -3 + 5 * 1) / 25)
    assert evidence.uncovered == pytest.approx(20 / 80)
    assert evidence.pauses == pytest.approx(10 / 70)


def test_a_sentence_without_words_is_rejected() -> None:
    silent = [Segment("<sil>", 0, 99, -100.0)]
    assert weigh(silent, silent) is None
    assert not judge(silent, silent).accepted
