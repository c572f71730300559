"""Mandarin by voices that have none: pinyin taken apart, and every syllable of it has sounds."""

import pytest

from firmware_tools.training.synthesis import RATE, SynthesisError, find_synthesiser, mandarin
from firmware_tools.training.synthesis.mandarin import ARPABET, ENGLISH, XSAMPA_ENGLISH, XSAMPA_GERMAN, XSAMPA_ITALIAN

TABLES = (ARPABET, ENGLISH, XSAMPA_ENGLISH, XSAMPA_GERMAN, XSAMPA_ITALIAN)
SYLLABLES = [
    ("da", ("d", "a")), ("zhi", ("zh", "-r")), ("si", ("s", "-i")), ("shang", ("sh", "ang")), ("xia", ("x", "ia")),
    ("qu", ("q", "v")), ("que", ("q", "ve")), ("lv", ("l", "v")), ("yi", ("", "i")), ("you", ("", "iu")),
    ("yue", ("", "ve")), ("ying", ("", "ing")), ("yang", ("", "iang")), ("wu", ("", "u")), ("wo", ("", "uo")),
    ("wei", ("", "ui")), ("wen", ("", "un")), ("er", ("", "er")), ("an", ("", "an")),
]  # fmt: skip


@pytest.mark.parametrize(("syllable", "parts"), SYLLABLES)
def test_a_syllable_is_an_initial_and_a_final_as_pinyin_means_them(syllable: str, parts: tuple[str, str]) -> None:
    assert mandarin._parts(syllable) == parts
    for table in TABLES:
        assert all(table[part] for part in parts if part)


def test_a_text_is_sounds_syllable_by_syllable() -> None:
    pytest.importorskip("pypinyin", reason="Mandarin needs pypinyin; run: make test-training")
    assert mandarin.sounds("打开", ARPABET) == [["d", "aa"], ["k", "ay"]]
    with pytest.raises(SynthesisError, match="no Chinese character"):
        mandarin.sounds("on", ARPABET)


@pytest.mark.parametrize("make", ["flite", "hibari", "pico", "piper"])
def test_a_voice_without_mandarin_says_it_in_about_the_time_of_two_syllables(make: str) -> None:
    pytest.importorskip("pypinyin", reason="Mandarin needs pypinyin; run: make test-training")
    synthesiser = find_synthesiser(make)
    try:
        synthesiser.version()
    except SynthesisError as error:
        pytest.skip(str(error))
    for voice in synthesiser.voices("cmn"):
        assert 0.25 * RATE < len(synthesiser.say("打开", voice)) < 1.2 * RATE
        assert len(synthesiser.say("停止播放", voice)) > 1.3 * len(synthesiser.say("停止", voice))
