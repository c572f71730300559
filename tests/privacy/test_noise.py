"""The dice: as likely as they say, and no more telling than they promise."""

import importlib
import math
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.privacy.counting import EPSILON_ANSWER, EPSILON_KEPT, daily
from device_runtime.privacy.noise import NoiseError, OpenDp, probability, second_probability, told

EPSILONS = st.floats(0.05, 6.0)
CHOICES = st.integers(2, 64)


@given(EPSILONS, CHOICES)
def test_a_throw_tells_what_its_probability_was_chosen_for(epsilon: float, choices: int) -> None:
    assert told(probability(epsilon, choices), choices) == pytest.approx(epsilon)


@given(st.floats(0.05, 4.0), st.floats(0.05, 4.0), CHOICES)
def test_two_throws_together_tell_the_truth_as_one_throw_of_the_wanted_epsilon_does(
    wanted: float, more: float, choices: int
) -> None:
    first, target = probability(wanted + more, choices), probability(wanted, choices)
    second = second_probability(first, target, choices)
    lie = (1 - first) / (choices - 1)
    true = first * second + (choices - 1) * lie * (1 - second) / (choices - 1)
    one_other = lie * second + (first + (choices - 2) * lie) * (1 - second) / (choices - 1)
    assert true == pytest.approx(target)
    assert one_other == pytest.approx((1 - target) / (choices - 1))


@pytest.mark.parametrize("choices", range(2, 65))
def test_the_throws_of_counts_are_ones_that_can_be_made(choices: int) -> None:
    second, epsilon = daily(choices)
    assert 1 / choices < second < 1
    assert EPSILON_ANSWER < epsilon < math.inf
    assert 1 / choices < probability(EPSILON_KEPT, choices) < 1


@pytest.mark.parametrize(("truth", "choices"), [(0, 2), (3, 4), (20, 64)])
async def test_opendp_throws_the_truth_and_each_lie_as_often_as_it_should(truth: int, choices: int) -> None:
    dice, times = OpenDp(), 4_000
    await dice.ready()
    true = probability(EPSILON_ANSWER, choices)
    seen = Counter(dice.throw(truth, choices, true) for _ in range(times))
    for value in range(choices):
        chance = true if value == truth else (1 - true) / (choices - 1)
        # Six standard deviations: a right throw fails this once in some hundred million runs.
        assert abs(seen[value] - times * chance) <= 6 * math.sqrt(times * chance * (1 - chance)) + 1, value


async def test_opendp_promises_the_epsilon_of_each_throw_that_counts_make() -> None:
    dice = OpenDp()
    await dice.ready()
    for choices in range(2, 65):
        for chance in (probability(EPSILON_KEPT, choices), daily(choices)[0]):
            assert 0 <= dice.throw(choices - 1, choices, chance) < choices


async def test_what_opendp_cannot_throw_is_said_in_a_sentence() -> None:
    dice = OpenDp()
    await dice.ready()
    with pytest.raises(NoiseError, match=r"throws no dice for 4 values: .*probability must be within"):
        dice.throw(0, 4, 0.1)


async def test_a_device_without_opendp_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(NoiseError, match=r"counts need OpenDP: .*pip install 'cygnet\[counts\]'"):
        await OpenDp().ready()


def test_opendp_is_not_loaded_before_something_is_counted() -> None:
    code = "import device_runtime.host.privacy, sys; sys.exit('opendp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
