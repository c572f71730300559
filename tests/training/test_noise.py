"""Noise, places and scenarios: their shapes, and that ratios are what they say."""

import numpy as np
import pytest

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.noise import NOISES, babble, band_power, make_noise
from firmware_tools.training.scenarios import SCENARIOS, find_scenario, mix
from firmware_tools.training.synthesis import RATE, Sound

SECONDS = 2


def voice(seed: int) -> Sound:
    """Something like speech: noise in syllables."""
    generator = np.random.default_rng(seed)
    time = np.arange(RATE) / RATE
    return np.asarray(0.2 * generator.standard_normal(RATE) * (1 + np.sin(2 * np.pi * 4 * time)), np.float32)


def noise_of(kind: str, seed: int = 1) -> Sound:
    generator = np.random.default_rng(seed)
    if kind == "babble":
        return babble(SECONDS * RATE, [voice(number) for number in range(3)], 5, generator)
    return make_noise(kind, SECONDS * RATE, generator)


KINDS = (*NOISES, "babble")


def share_below(sound: Sound, hertz: float) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float(power[np.fft.rfftfreq(len(sound), 1 / RATE) < hertz].sum() / power.sum())


@pytest.mark.parametrize("kind", KINDS)
def test_a_recipe_gives_the_same_noise_for_the_same_seed_and_other_noise_for_another(kind: str) -> None:
    assert noise_of(kind).tobytes() == noise_of(kind).tobytes() != noise_of(kind, 2).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_noise_has_power_one_in_the_front_ends_band(kind: str) -> None:
    assert band_power(noise_of(kind)) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("kind", ["car-idle", "car-60", "car-120"])
def test_most_of_a_cars_noise_is_below_500_hertz(kind: str) -> None:
    assert share_below(noise_of(kind), 500) > 0.8


def test_wind_makes_a_fast_car_brighter_than_a_slow_one() -> None:
    fast, slow = (
        np.mean([share_below(noise_of(kind, seed), 1000) for seed in range(8)]) for kind in ("car-120", "car-60")
    )
    assert fast < slow


def test_band_power_counts_what_the_front_end_hears_and_no_more() -> None:
    time = np.arange(RATE) / RATE
    assert band_power(np.sin(2 * np.pi * 1000 * time)) == pytest.approx(0.5)
    assert band_power(np.sin(2 * np.pi * 50 * time)) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda scenario: scenario.name)
def test_ratios_are_what_they_say(scenario: object) -> None:
    found = find_scenario(scenario.name)  # type: ignore[attr-defined]
    speech = voice(7)
    for kind in found.noises:
        noise = noise_of(kind)
        begin = RATE // 2
        for ratio in found.test:
            mixed = mix(speech, noise, begin, ratio)
            during = slice(begin, begin + len(speech))
            measured = 10 * np.log10(band_power(mixed[during] - noise[during]) / band_power(noise[during]))
            assert measured == pytest.approx(ratio, abs=0.1)
            assert np.array_equal(mixed[:begin], noise[:begin])


def test_training_reaches_beyond_the_ratios_of_tests() -> None:
    for scenario in SCENARIOS.values():
        assert scenario.train[0] < min(scenario.test)
        assert max(scenario.test) < scenario.train[1]


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (lambda: make_noise("rain", 100, np.random.default_rng(1)), "no noise 'rain'; there are room, fan"),
        (lambda: find_scenario("opera"), "no scenario 'opera'; there are quiet, far-field"),
        (lambda: babble(100, [], 3, np.random.default_rng(1)), "babble needs utterances"),
        (lambda: mix(voice(1), noise_of("room")[:100], 0, 3.0), "does not fit into noise of 100 samples"),
        (lambda: mix(voice(1) * 0, noise_of("room"), 0, 3.0), "one is silent"),
    ],
)
def test_faults_are_sentences(what: object, sentence: str) -> None:
    assert callable(what)
    with pytest.raises(DatasetError, match=sentence):
        what()
