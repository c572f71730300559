"""Taking speech apart and putting it together otherwise: what each change moves, and what it leaves."""

import numpy as np
import pytest

from firmware_tools.training.synthesis import RATE, Sound
from firmware_tools.training.vocoder import HOP, Manners, put_together, take_apart
from tests.training.test_augment import loudest, pitch_of, vowel


def random() -> np.random.Generator:
    return np.random.default_rng(5)


def hiss() -> Sound:
    return np.asarray(random().standard_normal(RATE // 2) * 0.1, np.float32)


def middle(sound: Sound) -> Sound:
    return sound[len(sound) // 4 : -len(sound) // 4]


@pytest.mark.parametrize("pitch", [90.0, 120.0, 200.0, 260.0])
def test_the_pitch_of_a_vowel_is_found(pitch: float) -> None:
    spoken = take_apart(vowel(pitch))
    inside = spoken.pitch[10:-10]
    assert np.median(inside) == pytest.approx(pitch, rel=0.03)
    assert np.mean(spoken.voicing[10:-10]) > 0.95


def test_noise_has_no_voice() -> None:
    assert np.mean(take_apart(hiss()).voicing) < 0.1


def test_put_together_unchanged_it_keeps_pitch_resonance_length_and_about_its_level() -> None:
    before = vowel(150)
    after = put_together(take_apart(before), Manners(), random())
    assert len(after) == len(before)
    assert pitch_of(middle(after)) == pytest.approx(150, rel=0.03)
    assert loudest(after) == pytest.approx(1000, rel=0.12)
    assert np.sqrt(np.mean(after**2)) == pytest.approx(np.sqrt(np.mean(before**2)), rel=0.5)


def test_a_melody_replaces_the_pitch_and_the_resonance_stays() -> None:
    spoken = take_apart(vowel(120))
    after = put_together(spoken, Manners(melody=np.full(len(spoken.pitch), 190.0)), random())
    assert pitch_of(middle(after)) == pytest.approx(190, rel=0.03)
    assert loudest(after) == pytest.approx(1000, rel=0.15)


def test_bending_frequencies_moves_the_resonance_and_the_pitch_stays() -> None:
    after = put_together(take_apart(vowel(120)), Manners(bend=((1000.0, 1250.0), (7000.0, 7500.0))), random())
    assert loudest(after) == pytest.approx(1250, rel=0.12)
    assert pitch_of(middle(after)) == pytest.approx(120, rel=0.03)


def test_tempo_is_where_in_the_speech_each_frame_is() -> None:
    spoken = take_apart(np.concatenate([vowel(120, 800), vowel(120, 2400)]))
    slow_end = np.concatenate([np.arange(0, 100.0, 2), np.arange(100.0, 200, 0.5)])
    after = put_together(spoken, Manners(tempo=slow_end), random())
    assert len(after) == len(slow_end) * HOP
    assert loudest(after[: 40 * HOP]) == pytest.approx(800, rel=0.2)
    assert loudest(after[80 * HOP :]) == pytest.approx(2400, rel=0.15)


def test_a_whisper_is_noise_and_a_voice_is_pulses() -> None:
    spoken = take_apart(vowel(120))

    def alike(breath: float) -> float:
        one, other = (
            put_together(spoken, Manners(breath=breath, noise_above=9000), np.random.default_rng(seed))
            for seed in (1, 2)
        )
        return float(np.corrcoef(middle(one), middle(other))[0, 1])

    assert alike(1.0) < 0.5
    assert alike(0.0) > 0.9


def test_tilt_moves_power_to_the_top() -> None:
    def top(sound: Sound) -> float:
        power = np.abs(np.fft.rfft(sound)) ** 2
        half = len(power) // 2
        return float(power[half:].sum() / power.sum())

    spoken = take_apart(hiss())
    shares = [top(put_together(spoken, Manners(tilt=tilt), random())) for tilt in (-10, 0, 10)]
    assert shares[0] < 0.4 < shares[1] < 0.6 < shares[2]


@pytest.mark.parametrize("samples", [1, 80, 600])
def test_the_shortest_sounds_and_silence_come_through(samples: int) -> None:
    for sound in (np.zeros(samples, np.float32), np.full(samples, 0.1, np.float32)):
        after = put_together(take_apart(sound), Manners(slur=0.01), random())
        assert len(after) == samples
        assert np.isfinite(after).all()
