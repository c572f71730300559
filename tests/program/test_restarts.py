"""A program that ends by itself comes back, later each time, and in the end stays away."""

import pytest

from device_runtime.program.restarts import DELAYS, STABLE_SECONDS, Restarts

APP = "com.example.lamp"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        # how long each run lasted -> what follows its end: seconds until the next start, or None
        ([1], [1.0]),
        ([1, 1, 1, 1], [1.0, 2.0, 4.0, None]),
        ([0, 0, 0, 0], [1.0, 2.0, 4.0, None]),
        ([1, 1, STABLE_SECONDS, 1], [1.0, 2.0, 1.0, 2.0]),
        ([STABLE_SECONDS - 1] * 4, [1.0, 2.0, 4.0, None]),
        ([STABLE_SECONDS] * 9, [1.0] * 9),
        ([1, None, None, None], [1.0, 2.0, 4.0, None]),  # None: it did not start again
        ([1, None, 1, None], [1.0, 2.0, 4.0, None]),
    ],
)
def test_each_end_has_its_delay_until_there_were_too_many(
    runs: list[float | None], expected: list[float | None]
) -> None:
    clock = Clock()
    restarts = Restarts(clock)
    followed = []
    for lasted in runs:
        if lasted is not None:
            restarts.started(APP)
            clock.now += lasted
        followed.append(restarts.ended(APP))
        clock.now += 10
    assert followed == expected
    assert restarts.is_stopped(APP) == (expected[-1] is None)


def test_who_is_started_by_hand_begins_anew() -> None:
    restarts = Restarts(Clock())
    for _ in range(len(DELAYS) + 1):
        restarts.ended(APP)
    assert restarts.is_stopped(APP)
    assert restarts.ends(APP) == len(DELAYS) + 1
    restarts.forgive(APP)
    assert not restarts.is_stopped(APP)
    assert restarts.ended(APP) == DELAYS[0]


def test_programs_are_judged_one_by_one() -> None:
    restarts = Restarts(Clock())
    for _ in range(len(DELAYS) + 1):
        restarts.ended(APP)
    assert not restarts.is_stopped("com.example.radio")
    assert restarts.ends("com.example.radio") == 0
    assert restarts.ended("com.example.radio") == DELAYS[0]
