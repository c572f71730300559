"""Voices drawn by chance: others each time, the same for the same draw, and Mandarin with its tones."""

import numpy as np
import pytest

from firmware_tools.training.augment import Augmentation, another_speaker
from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.revoice import revoice
from firmware_tools.training.synthesis import RATE, Sound, mandarin
from firmware_tools.training.synthesis.synthesiser import PEAK
from firmware_tools.training.vocoder import take_apart
from tests.training.test_augment import vowel


def syllables(*levels: float) -> Sound:
    """Vowels one after another, with a fall of loudness between them."""
    fade = np.minimum(1, np.minimum(np.arange(RATE // 4), np.arange(RATE // 4)[::-1]) / 1200)
    return np.concatenate([vowel(140)[: RATE // 4] * fade.astype(np.float32) * level for level in levels])


def heard(sound: Sound) -> tuple[float, int]:
    spoken = take_apart(sound)
    return float(np.median(spoken.pitch[spoken.voicing > 0.5])), len(sound)


def test_each_draw_is_another_voice_of_another_length_and_the_same_draw_the_same_bytes() -> None:
    sound = vowel(140)
    drawn = [heard(revoice(sound, np.random.default_rng(seed))) for seed in range(12)]
    pitches, lengths = [pitch for pitch, _ in drawn], [length for _, length in drawn]
    assert max(pitches) / min(pitches) > 1.5
    assert max(lengths) / min(lengths) > 1.2
    again = [revoice(sound, np.random.default_rng(3)).tobytes() for _ in range(2)]
    assert again[0] == again[1]


def test_a_drawn_voice_is_at_the_labs_level_and_silence_stays_silence() -> None:
    for seed in range(5):
        assert np.abs(revoice(vowel(), np.random.default_rng(seed))).max() == pytest.approx(PEAK, rel=1e-4)
    assert np.isfinite(revoice(np.zeros(4000, np.float32), np.random.default_rng(1))).all()


@pytest.mark.parametrize(
    ("tones", "rises"), [((4, 4), (-1, -1)), ((2, 2), (1, 1)), ((4, 2), (-1, 1)), ((2, 4), (1, -1))]
)
def test_tones_rise_and_fall_syllable_by_syllable(tones: tuple[int, ...], rises: tuple[int, ...]) -> None:
    sound = syllables(1.0, 0.8)
    right = 0
    for seed in range(10):
        spoken = take_apart(revoice(sound, np.random.default_rng(seed), tones))
        halves = np.array_split(np.log(np.maximum(spoken.pitch, 1)), 2)
        slopes = [float(half[-12:-6].mean() - half[8:14].mean()) for half in halves]
        right += all(slope * rise > 0 for slope, rise in zip(slopes, rises, strict=True))
    assert right >= 7


@pytest.mark.parametrize(
    ("text", "tones"), [("打开", (3, 1)), ("下一首", (4, 4, 3)), ("想法", (2, 3)), ("大声", (4, 1)), ("妈妈", (1, 5))]
)
def test_tones_are_those_that_are_said(text: str, tones: tuple[int, ...]) -> None:
    pytest.importorskip("pypinyin", reason="Mandarin needs pypinyin; run: make test-training")
    found = mandarin.tones(text)
    assert len(found) == len(tones)
    assert found[0] == tones[0]
    assert found[-1] in (tones[-1], 1)


def test_the_share_that_is_revoiced_is_what_is_asked_for() -> None:
    sound = vowel()
    settings = Augmentation(revoice=0.5)
    changed = [another_speaker(sound, settings, np.random.default_rng(seed)) for seed in range(40)]
    share = np.mean([after.tobytes() != sound.tobytes() for after in changed])
    assert 0.25 < share < 0.75
    with pytest.raises(DatasetError, match=r"augment.revoice is a number from 0 to 1"):
        Augmentation(revoice=1.5)
