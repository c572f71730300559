"""A spoken yes and a spoken no, with the real decoder over synthesised speech of several voices."""

import pytest

from device_runtime.host.own_voice import ANSWERS, COMMANDS, OWN
from device_runtime.voice.grammar import Grammar
from device_runtime.voice.recogniser import Recogniser
from tests.voice.programs import PROGRAMS
from tests.voice.sounds import pieces, spoken

VOICES = ("en-us", "en-us+f3", "en-us+m3", "en-gb-scotland")


def understood(grammar: Grammar, text: str, voice: str) -> str:
    """The intent that is understood, empty for none."""
    recogniser = Recogniser()
    recogniser.set_grammar(grammar.transitions)
    recogniser.start()
    for piece in pieces(spoken(text, voice)):
        recogniser.feed(piece)
    heard = recogniser.finish()
    match = grammar.match_text(heard.text, "") if heard.accepted else None
    return match.intent if match is not None else ""


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize(
    ("text", "intent"),
    [("allow it", "yes"), ("yes allow it", "yes"), ("do not allow it", "no"), ("no do not allow it", "no")],
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


@pytest.mark.parametrize("text", ["stop sending my data", "show my privacy"])
def test_a_command_to_the_device_is_understood_beside_those_to_programs(text: str) -> None:
    intent = {"stop sending my data": "refuse_all", "show my privacy": "privacy"}[text]
    assert understood(Grammar({OWN: COMMANDS, **PROGRAMS}), text, "en-us") == intent
