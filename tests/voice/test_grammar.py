"""Phrases of manifests, and what is said to match them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.program.manifest import Voice, VoiceIntent
from device_runtime.voice.grammar import END, START, Grammar, GrammarError
from device_runtime.voice.numbers import MAXIMUM, spoken_forms
from device_runtime.voice.phrases import PhraseError, parse_phrase, words_of
from tests.voice.programs import PROGRAMS

GRAMMAR = Grammar(PROGRAMS)


@pytest.mark.parametrize(
    ("text", "intent", "slots"),
    [
        ("turn on the kitchen light", "switch", {"state": "on", "room": "kitchen"}),
        ("Turn OFF the living room light!", "switch", {"state": "off", "room": "living room"}),
        ("turn on all the lights", "switch", {"state": "on"}),
        ("please turn on all of the lights", "switch", {"state": "on"}),
        ("set a timer for ten minutes", "start", {"minutes": "10"}),
        ("set a timer for 10 minutes", "start", {"minutes": "10"}),
        ("set a timer for twenty five", "start", {"minutes": "25"}),
        ("set a timer for one hundred and twenty minutes", "start", {"minutes": "120"}),
        ("set a timer for a hundred minutes", "start", {"minutes": "100"}),
        ("dim the kitchen light to 40 percent", "dim", {"room": "kitchen", "level": "40"}),
    ],
)
def test_a_request_gives_its_intent_and_slots(text: str, intent: str, slots: dict[str, str]) -> None:
    match = GRAMMAR.match_text(text)
    assert match is not None
    assert (match.intent, dict(match.slots), match.text) == (intent, slots, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "turn on the",
        "turn on the kitchen light now",
        "turn on the garage light",
        "set a timer for minutes",
        "set a timer for 121 minutes",
        "set a timer for 0 minutes",
        "set a timer for " + "9" * 5000,
        "please",
        "打开厨房的灯",
    ],
)
def test_anything_else_does_not_match(text: str) -> None:
    assert GRAMMAR.match_text(text) is None


@pytest.mark.parametrize("value", range(1, MAXIMUM + 1))
def test_every_number_is_understood_in_every_form(value: int) -> None:
    for form in [*spoken_forms(value), (str(value),)]:
        match = GRAMMAR.match_text(f"set a timer for {' '.join(form)} minutes")
        assert match is not None
        assert match.slots == {"minutes": str(value)}


def test_the_first_program_gets_a_shared_phrase_unless_another_is_preferred() -> None:
    stop = Voice((VoiceIntent("stop", ("stop",)),))
    grammar = Grammar({"radio": stop, "timer": stop})
    first, preferred = grammar.match_text("stop"), grammar.match_text("stop", preferred="timer")
    assert first is not None
    assert preferred is not None
    assert (first.app_id, preferred.app_id) == ("radio", "timer")
    elsewhere = grammar.match_text("stop", preferred="lights")
    assert elsewhere is not None
    assert elsewhere.app_id == "radio"


def test_chinese_phrases_match_without_spaces() -> None:
    grammar = Grammar({"lights": Voice((VoiceIntent("on", ("打开{room}的灯",)),), {"room": ("厨房", "卧室")})})
    match = grammar.match_text("打开厨房的灯。")
    assert match is not None
    assert match.slots == {"room": "厨房"}


def test_digits_in_a_phrase_can_be_said_or_typed() -> None:
    grammar = Grammar({"radio": Voice((VoiceIntent("play", ("play radio 4", "play channel {channel:1|2}")),))})
    assert grammar.match_text("play radio four") is not None
    assert grammar.match_text("play radio 4") is not None
    match = grammar.match_text("play channel two")
    assert match is not None
    assert match.slots == {"channel": "2"}


def test_a_slots_value_keeps_the_spelling_of_the_manifest() -> None:
    grammar = Grammar({"tv": Voice((VoiceIntent("watch", ("watch {channel}",)),), {"channel": ("BBC-One",)})})
    match = grammar.match_text("watch bbc one")
    assert match is not None
    assert match.slots == {"channel": "BBC-One"}


@pytest.mark.parametrize(
    ("phrase", "position", "fault"),
    [
        ("turn {state", 6, "never closed"),
        ("turn {State!} on", 7, "slot name"),
        ("turn {colour} on", 6, "not declared"),
        ("turn {state:} on", 12, "holds no words"),
        ("turn {state:on||off} on", 12, "holds no words"),
        ("turn [on", 6, "never closed"),
        ("turn [] on", 6, "nothing"),
        ("turn on]", 8, "no place"),
        ("turn * on", 6, "no place"),
        ("", 1, "no words"),
        (" , ", 1, "no words"),
        ("[please]", 1, "optional"),
        ("a" * 501, 501, "at most"),
        ("[" * 9 + "a" + "]" * 9, 9, "nested"),
    ],
)
def test_a_faulty_phrase_is_refused_with_its_position(phrase: str, position: int, fault: str) -> None:
    with pytest.raises(PhraseError, match=fault) as caught:
        parse_phrase(phrase, {"room": ("kitchen",)})
    assert caught.value.position == position


def test_a_phrase_error_names_program_intent_and_phrase() -> None:
    with pytest.raises(
        GrammarError, match=r"program org\.example\.tv, intent watch, phrase 'watch \{x\}', at character 7"
    ):
        Grammar({"org.example.tv": Voice((VoiceIntent("watch", ("watch {x}",)),))})


def test_phrases_that_explode_are_refused() -> None:
    numbers = "say " + " ".join(f"{{n{index}:number}}" for index in range(38))
    with pytest.raises(GrammarError, match="more than"):
        Grammar({"greedy": Voice((VoiceIntent("say", (numbers,) * 20),))})


def test_many_optional_words_do_not_take_exponential_time() -> None:
    grammar = Grammar({"slow": Voice((VoiceIntent("say", ("[a] " * 100 + "b",)),))})
    assert grammar.match_text("a " * 90 + "c") is None
    assert grammar.match_text("a " * 90 + "b") is not None


def test_a_grammar_without_programs_matches_nothing() -> None:
    assert Grammar({}).empty
    assert Grammar({}).match_text("stop") is None


def test_the_graph_holds_exactly_the_sentences_that_match() -> None:
    grammar = Grammar({"lights": PROGRAMS["lights"]})
    steps: dict[int, list[tuple[int, str]]] = {}
    for state, target, word in grammar.transitions:
        steps.setdefault(state, []).append((target, word))
    sentences: set[str] = set()
    waiting: list[tuple[int, tuple[str, ...]]] = [(START, ())]
    while waiting:
        state, words = waiting.pop()
        if state == END:
            sentences.add(" ".join(words))
        waiting += [(target, (*words, word) if word else words) for target, word in steps.get(state, [])]
    # 2 states x 2 rooms; 2 states x [please] x [of]; 2 rooms x 141 ways to say 1 to 120 (21 of them in four ways)
    forms = sum(len(spoken_forms(value)) for value in range(1, MAXIMUM + 1))
    assert len(sentences) == 4 + 8 + 2 * forms
    assert all(grammar.match_text(sentence) for sentence in sentences)


@given(st.text(max_size=60))
def test_any_text_is_a_phrase_or_is_refused_with_a_position_in_it(text: str) -> None:
    position = 1
    try:
        parse_phrase(text, {"a": ("b",)})
    except PhraseError as error:
        position = error.position
    assert 1 <= position <= max(1, len(text))


@given(st.text(max_size=60))
def test_a_plain_phrase_matches_itself(text: str) -> None:
    words = words_of(text)
    grammar = Grammar({"p": Voice((VoiceIntent("say", (" ".join(["say", *words]),)),))})
    assert grammar.match_text(f"Say, {text}") is not None
