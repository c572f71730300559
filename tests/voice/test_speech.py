"""Speech synthesis, pronunciations and resampling."""

import io
import threading
import wave

import numpy as np
import pytest

from device_runtime.voice.errors import VoiceError
from device_runtime.voice.pronunciation import PHONES, phones_from_ipa, pronunciations
from device_runtime.voice.speech import MAX_CHARACTERS, Speech, phonemes, resample


def test_speech_is_a_wav_file_of_plausible_length() -> None:
    with wave.open(io.BytesIO(Speech().synthesize("the kitchen light is on")), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 22050)
        seconds = file.getnframes() / file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    assert 0.8 < seconds < 3
    assert np.abs(samples.astype(int)).max() > 3000


def test_an_empty_text_is_a_wav_file_with_next_to_nothing_in_it() -> None:
    with wave.open(io.BytesIO(Speech().synthesize("")), "rb") as file:
        assert file.getnframes() < 0.05 * file.getframerate()


# espeak-ng's noise differs from call to call, so lengths are compared, not samples.


def test_voices_do_not_disturb_each_other() -> None:
    one, other = Speech("en-us"), Speech("en-us+f3", rate=120)
    alone = len(one.samples("hello"))
    assert len(other.samples("hello")) > 1.1 * alone
    assert len(one.samples("hello")) == pytest.approx(alone, rel=0.02)


def test_threads_do_not_mix_their_speech() -> None:
    speech = Speech()
    texts = ["again " * (2 * index + 1) for index in range(6)]
    expected = [len(speech.samples(text)) for text in texts]
    lengths = [0] * len(texts)

    def speak(index: int) -> None:
        lengths[index] = len(speech.samples(texts[index]))

    threads = [threading.Thread(target=speak, args=(index,)) for index in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lengths == pytest.approx(expected, rel=0.02)


def test_an_unknown_voice_is_refused() -> None:
    with pytest.raises(VoiceError, match="no voice 'no-such-voice'"):
        Speech("no-such-voice")


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(VoiceError, match="too long to speak"):
        Speech().samples("a" * (MAX_CHARACTERS + 1))


def test_resampling_keeps_pitch_and_removes_what_would_alias() -> None:
    time = np.arange(22050) / 22050
    low, high = np.sin(2 * np.pi * 440 * time), np.sin(2 * np.pi * 10_000 * time)
    result = np.frombuffer(resample(((low + high) * 8000).astype("<i2").tobytes(), 22050, 16000), "<i2")
    assert len(result) == 16000
    spectrum = np.abs(np.fft.rfft(result)) / 8000  # one bin a hertz
    assert int(spectrum.argmax()) == 440
    assert spectrum[1000:].max() < spectrum[440] / 1000


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_resampling_gives_the_expected_length(rate: int) -> None:
    assert len(resample(bytes(2 * rate), rate, 16000)) == 32000
    assert resample(b"", rate, 16000) == b""


@pytest.mark.parametrize(
    ("word", "phones"), [("nabu", "N AA B UW"), ("cygnet", "S IH G N IH T"), ("zigbee", "Z IH G B IY")]
)
def test_a_new_word_gets_phones_from_espeak(word: str, phones: str) -> None:
    assert phones_from_ipa(phonemes(word)) == phones


def test_every_phone_that_is_made_exists() -> None:
    text = "the beige judge chose thin toys, how about yours? measure nothing, fewer cures; hurry, singer"
    phones = phones_from_ipa(phonemes(text)).split()
    assert len(phones) > 50
    assert set(phones) <= set(PHONES)


def test_words_are_looked_up_then_guessed_then_given_up() -> None:
    dictionary = ["the DH AH\n", "the(2) DH IY\n", "light L AY T\n"]
    found, warnings = pronunciations({"the", "light", "nabu", "灯"}, dictionary)
    assert found == {"the": ["DH AH", "DH IY"], "light": ["L AY T"], "nabu": ["N AA B UW"]}
    assert warnings == [
        "the word 'nabu' is not in the dictionary; it is listened for as N AA B UW",
        "the word '灯' has no English pronunciation; phrases with it cannot be spoken",
    ]
