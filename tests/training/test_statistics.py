"""Intervals against published tables."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_tools.training.evaluation.statistics import poisson, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), table I.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_a_proportions_interval_is_wilsons(successes: int, trials: int, low: float, high: float) -> None:
    found = wilson(successes, trials)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("events", "exposure", "low", "high"),
    [
        # E. S. Pearson and H. O. Hartley, Biometrika Tables for Statisticians, vol. 1, table 40.
        (0, 1, 0.0, 3.69),
        (1, 1, 0.0253, 5.57),
        (5, 1, 1.62, 11.67),
        (10, 1, 4.80, 18.39),
        (50, 1, 37.11, 65.92),
        (10, 2, 2.40, 9.20),
        (0, 0.5, 0.0, 7.38),
        (5000, 1, 4862.36, 5140.55),
    ],
)
def test_a_rates_interval_is_the_exact_one_of_poisson(events: int, exposure: float, low: float, high: float) -> None:
    found = poisson(events, exposure)
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-3)


def test_without_exposure_nothing_is_known() -> None:
    assert poisson(0, 0).high == math.inf


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_proportions_interval_holds_the_share_itself(one: int, other: int) -> None:
    successes, trials = min(one, other), max(one, other)
    found = wilson(successes, trials)
    assert 0 <= found.low <= (successes / trials if trials else 0.5) <= found.high <= 1


@pytest.mark.parametrize(("successes", "trials"), [(2, 1), (-1, 3)])
def test_more_successes_than_trials_are_refused(successes: int, trials: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson(successes, trials)
