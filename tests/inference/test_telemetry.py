"""Windows of telemetry and their score, by answers worked out by hand."""

import math

import pytest

from device_runtime.inference.telemetry import INPUTS, LIMIT, ROWS, SIGNALS, Usual, roughness, score, window

USUAL = {signal: Usual(10.0, 2.0, 0.0, 1.0) for signal in SIGNALS}


def steady(value: float = 10.0) -> dict[str, list[float]]:
    return {signal: [value] * ROWS for signal in SIGNALS}


def test_a_window_counts_in_the_devices_own_spread_reading_by_reading() -> None:
    readings = steady()
    readings["load"][0] = 14.0
    numbers = window(readings, USUAL)
    assert len(numbers) == INPUTS
    assert numbers[:7] == [0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]


def test_a_stuck_sensor_is_far_less_rough_than_usual() -> None:
    numbers = window(steady(), USUAL)
    assert numbers[-len(SIGNALS) :] == [-LIMIT] * len(SIGNALS)
    assert roughness([1, 2, 3]) == pytest.approx(math.log(1.000001))


def test_what_is_far_from_usual_or_no_number_is_cut_to_the_limit() -> None:
    readings = steady()
    readings["temperature"][0], readings["temperature"][1], readings["load"][0] = 1e9, math.nan, -1e9
    numbers = window(readings, USUAL)
    assert numbers[0] == LIMIT
    assert numbers[6] == LIMIT
    assert numbers[1] == -LIMIT
    assert all(-LIMIT <= number <= LIMIT for number in numbers)


def test_a_window_of_another_length_is_refused() -> None:
    readings = steady()
    readings["voltage"].pop()
    with pytest.raises(ValueError, match="36 readings of voltage"):
        window(readings, USUAL)


def test_the_score_is_that_of_the_worst_signal() -> None:
    given, answered = [0.0] * INPUTS, [0.0] * INPUTS
    assert score(given, answered) == 0
    for row in range(ROWS):
        answered[row * len(SIGNALS) + 4] = 2.0  # voltage is off by two in every reading
    assert score(given, answered) == pytest.approx(4.0)
    answered[ROWS * len(SIGNALS) + 4] = 2.0
    assert score(given, answered) == pytest.approx(5.0)


def test_a_score_needs_whole_windows() -> None:
    with pytest.raises(ValueError, match="222 numbers"):
        score([0.0], [0.0])


def test_what_is_usual_is_learned_from_readings() -> None:
    usual = Usual.of([float(number % 2) for number in range(100)])
    assert (usual.mean, usual.spread) == (0.5, 0.5)
    assert usual.roughness == pytest.approx(0.0, abs=1e-5)
    with pytest.raises(ValueError, match="at least 72 finite readings"):
        Usual.of([1.0] * 10)
