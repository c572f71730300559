"""The timers' order, without waiting for any of them."""

import pytest

from device_runtime.engine.timers import TimerHeap


def test_timers_that_are_due_come_in_the_order_of_their_making() -> None:
    timers = TimerHeap()
    for timer in (3, 1, 2):
        timers.set(timer, 0, False)
    assert [timers.pop_due() for _ in range(4)] == [3, 1, 2, None]
    assert timers.wait_seconds() is None


def test_a_cancelled_timer_does_not_fire_and_is_not_waited_for() -> None:
    timers = TimerHeap()
    timers.set(1, 60_000, False)
    timers.cancel(1)
    timers.cancel(2)
    assert timers.wait_seconds() is None


def test_a_repeating_timer_fires_once_a_period_however_late_it_is() -> None:
    now = 100.0
    timers = TimerHeap(lambda: now)
    timers.set(1, 10, True)
    assert timers.pop_due() is None
    now += 1.0
    assert [timers.pop_due(), timers.pop_due()] == [1, None]
    assert timers.wait_seconds() == pytest.approx(0.01)


def test_an_interval_is_four_milliseconds_at_least() -> None:
    timers = TimerHeap(lambda: 0.0)
    timers.set(1, 0, True)
    assert timers.wait_seconds() == 0.004


def test_timers_that_are_set_and_cancelled_without_end_take_no_memory() -> None:
    timers = TimerHeap(lambda: 0.0)
    timers.set(1, 50_000, False)
    for timer in range(2, 10_000):
        timers.set(timer, 60_000, False)
        timers.cancel(timer)
    assert len(timers._heap) < 1000
    assert timers.wait_seconds() == 50.0
