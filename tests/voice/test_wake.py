"""The wake word, with the real model over synthesised speech."""

import pytest

from device_runtime.inference.card import ModelCard
from device_runtime.inference.store import ModelError, ModelStore
from device_runtime.voice.wake import WAKE_TASK, Wake, WakeWord
from tests.voice.sounds import pieces, silence, spoken

STORE = ModelStore()


def listen(wake: WakeWord, pcm: bytes, size: int = 1024) -> list[Wake]:
    return [heard for piece in pieces(pcm, size) for heard in wake.feed(piece)]


@pytest.fixture(scope="module")
def okay_nabu() -> WakeWord:
    return WakeWord(STORE, STORE.card("okay_nabu"))


@pytest.fixture(autouse=True)
def _fresh(okay_nabu: WakeWord) -> None:
    okay_nabu.reset()


def test_the_wake_word_is_heard_once_and_at_its_end(okay_nabu: WakeWord) -> None:
    pcm = spoken("okay nabu")
    (wake,) = listen(WakeWord(STORE, STORE.card("okay_nabu")), pcm)
    assert wake.phrase == "okay nabu"
    assert 0.85 < wake.probability <= 1
    assert 0.9 < wake.seconds < len(pcm) / 32000 - 0.7


@pytest.mark.parametrize("text", ["turn on the kitchen light", "what is the weather like today", "the navy is okay"])
def test_other_speech_does_not_wake(okay_nabu: WakeWord, text: str) -> None:
    assert listen(okay_nabu, spoken(text)) == []


def test_silence_does_not_wake(okay_nabu: WakeWord) -> None:
    assert listen(okay_nabu, silence(3)) == []


@pytest.mark.parametrize("size", [2, 322, 5000, 10**6])
def test_the_size_of_the_pieces_does_not_matter(okay_nabu: WakeWord, size: int) -> None:
    expected = listen(WakeWord(STORE, STORE.card("okay_nabu")), spoken("okay nabu"))
    heard = listen(WakeWord(STORE, STORE.card("okay_nabu")), spoken("okay nabu"), size)
    assert heard == expected


def test_after_a_reset_the_first_half_of_the_wake_word_is_forgotten(okay_nabu: WakeWord) -> None:
    pcm = spoken("okay nabu")
    middle = len(pcm) // 4 // 2 * 2 + 16000
    listen(okay_nabu, pcm[:middle])
    okay_nabu.reset()
    assert listen(okay_nabu, pcm[middle:]) == []
    okay_nabu.reset()
    assert len(listen(okay_nabu, pcm)) == 1


@pytest.mark.parametrize("card", STORE.cards(WAKE_TASK), ids=lambda card: card.name)
def test_every_wake_model_on_this_device_hears_its_phrase(card: ModelCard) -> None:
    text = {"hey_jarvis": "hey jarviss"}.get(card.name, card.text("phrase"))
    # hey_jarvis hears 3 of 14 espeak-ng voices (docs/voice.md): enough of them are here for every model.
    voices = ("en-us", "en-us+f2", "en-us+m3", "en-gb-x-rp", "en-us+f3", "en-us+f4", "en-us+steph")
    assert any(listen(WakeWord(STORE, card), spoken(text, voice)) for voice in voices)


def test_a_model_of_another_task_is_refused() -> None:
    with pytest.raises(ModelError, match="needs 'wake-word'"):
        WakeWord(STORE, STORE.card("silero_vad"))
