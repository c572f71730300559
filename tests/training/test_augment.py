"""Augmentation: other speakers and channels, what each keeps and what it changes."""

import numpy as np
import pytest

from firmware_tools.training.augment import (
    CODECS,
    Augmentation,
    another_speaker,
    equalise,
    resize,
    through_codec,
    warp_formants,
)
from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.synthesis import RATE, Sound


def vowel(pitch: float = 120.0, formant: float = 1000.0) -> Sound:
    """Pulses through one resonance."""
    samples = RATE // 2
    time = np.arange(samples) / RATE
    sound = sum(
        np.sin(2 * np.pi * number * pitch * time) / (1 + ((number * pitch - formant) / 120) ** 2)
        for number in range(1, int(7000 / pitch))
    )
    return np.asarray(0.4 * sound / np.abs(sound).max(), np.float32)


def loudest(sound: Sound) -> float:
    """Hz of the strongest band of 300 Hz."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    width = int(300 * len(sound) / RATE)
    return float((np.argmax(np.convolve(power, np.ones(width), "same"))) * RATE / len(sound))


def pitch_of(sound: Sound) -> float:
    size = 1 << (2 * len(sound) - 1).bit_length()
    correlation = np.fft.irfft(np.abs(np.fft.rfft(sound.astype(np.float64), size)) ** 2)
    return float(RATE / (40 + np.argmax(correlation[40:270])))


@pytest.mark.parametrize("factor", [0.8, 0.9, 1.15, 1.25])
def test_warped_formants_move_and_pitch_and_length_stay(factor: float) -> None:
    before = vowel()
    after = warp_formants(before, factor)
    assert len(after) == len(before)
    assert loudest(after) == pytest.approx(1000 * factor, rel=0.12)
    assert pitch_of(after) == pytest.approx(pitch_of(before), rel=0.02)


@pytest.mark.parametrize("factor", [0.85, 1.2])
def test_resizing_moves_pitch_formants_and_tempo_alike(factor: float) -> None:
    before = vowel()
    after = resize(before, factor)
    assert len(after) == pytest.approx(len(before) / factor, rel=0.01)
    assert loudest(after) == pytest.approx(1000 * factor, rel=0.1)
    assert pitch_of(after) == pytest.approx(120 * factor, rel=0.03)


def test_a_factor_of_one_changes_nothing() -> None:
    assert np.allclose(warp_formants(vowel(), 1.0), vowel(), atol=1e-5)
    assert np.array_equal(resize(vowel(), 1.0), vowel())


def test_equalising_stays_within_its_decibels() -> None:
    before = np.random.default_rng(3).standard_normal(RATE).astype(np.float32)
    after = equalise(before, 6.0, np.random.default_rng(4))
    change = 20 * np.log10(np.abs(np.fft.rfft(after)[50:-50]) / np.abs(np.fft.rfft(before)[50:-50]))
    assert np.abs(change).max() <= 6.05
    assert np.ptp(change) > 2


@pytest.mark.parametrize("codec", CODECS)
def test_a_codec_keeps_length_and_most_of_the_sound(codec: str) -> None:
    if codec == "opus":
        pytest.importorskip("soundfile")
    before = vowel()
    after = through_codec(before, codec)
    assert len(after) == len(before)
    assert not np.array_equal(after, before)
    size = 1 << (2 * len(before)).bit_length()
    spectra = (np.fft.rfft(sound.astype(np.float64), size) for sound in (before, after))
    one, other = spectra
    alike = np.fft.irfft(one * np.conj(other)).max() / np.sqrt(
        np.sum(before.astype(np.float64) ** 2) * np.sum(after.astype(np.float64) ** 2)
    )
    assert alike > 0.85


def test_the_narrow_band_has_nothing_above_4000_hertz() -> None:
    noise = np.random.default_rng(3).standard_normal(RATE).astype(np.float32) * np.float32(0.1)
    power = np.abs(np.fft.rfft(through_codec(noise, "narrow-band"))) ** 2
    assert power[4500:].sum() < 0.001 * power.sum()


def test_the_same_generator_gives_the_same_speaker() -> None:
    settings = Augmentation(resample=0.15, formants=0.2, equalise=6.0)
    results = [another_speaker(vowel(), settings, np.random.default_rng(seed)).tobytes() for seed in (5, 5, 6)]
    assert results[0] == results[1] != results[2]
    assert another_speaker(vowel(), Augmentation(), np.random.default_rng(5)).tobytes() == vowel().tobytes()


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (lambda: Augmentation(resample=0.9), "augment.resample is a number from 0 to 0.4, not 0.9"),
        (lambda: Augmentation(codec=True), "augment.codec is a number from 0 to 1.0, not True"),
        (lambda: through_codec(vowel(), "mp3"), "no codec 'mp3'; there are mu-law"),
    ],
)
def test_faults_are_sentences(what: object, sentence: str) -> None:
    assert callable(what)
    with pytest.raises(DatasetError, match=sentence):
        what()
