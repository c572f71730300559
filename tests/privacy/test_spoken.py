"""A spoken yes and a spoken no, with the real decoder over synthesised speech of several voices."""

import pytest

from device_runtime.host.own_voice import ANSWERS, COMMANDS, HOW_TO_ANSWER, OWN
from device_runtime.voice.grammar import Grammar
from device_runtime.voice.recogniser import Recogniser
from tests.voice.programs import PROGRAMS
from tests.voice.sounds import RATE, pieces, silence, spoken

VOICES = ("en-us", "en-us+f3", "en-us+m3", "en-gb-scotland")


def understood(grammar: Grammar, text: str, voice: str) -> str:
    """The intent that is understood, empty for none."""
    return understood_of(grammar, spoken(text, voice))


def understood_of(grammar: Grammar, sound: bytes) -> str:
    """The same of sound."""
    recogniser = Recogniser()
    recogniser.set_grammar(grammar.transitions)
    recogniser.start()
    for piece in pieces(sound):
        recogniser.feed(piece)
    heard = recogniser.finish()
    match = grammar.match_text(heard.text, "") if heard.accepted else None
    return match.intent if match is not None else ""


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize(
    ("text", "intent"),
    [("yes i allow it", "yes"), ("yes allow it", "yes"), ("do not allow it", "no"), ("no do not allow it", "no")],
)
def test_an_answer_is_understood(text: str, intent: str, voice: str) -> None:
    assert understood(Grammar({OWN: ANSWERS}), text, voice) == intent


@pytest.mark.parametrize("voice", VOICES[:2])
@pytest.mark.parametrize(
    "text",
    ["what is the weather like today", "turn on the kitchen light", "i do not know", "wait a moment please", "hello"],
)
def test_anything_else_is_no_yes(text: str, voice: str) -> None:
    assert understood(Grammar({OWN: ANSWERS}), text, voice) != "yes"


@pytest.mark.parametrize("voice", VOICES[:2])
@pytest.mark.parametrize("text", ["do not allow it", HOW_TO_ANSWER])
def test_a_no_whose_beginning_was_not_heard_is_no_yes(text: str, voice: str) -> None:
    sound = spoken(text, voice, before=0.0)
    for lost in (0.1, 0.2, 0.3, 0.5):
        cut = silence(0.3) + sound[2 * round(lost * RATE) :]
        assert understood_of(Grammar({OWN: ANSWERS}), cut) != "yes", lost


@pytest.mark.parametrize("text", ["stop sending my data", "show my privacy"])
def test_a_command_to_the_device_is_understood_beside_those_to_programs(text: str) -> None:
    intent = {"stop sending my data": "refuse_all", "show my privacy": "privacy"}[text]
    assert understood(Grammar({OWN: COMMANDS, **PROGRAMS}), text, "en-us") == intent
