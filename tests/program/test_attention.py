"""The host's own time for one worker's frames."""

from device_runtime.program.attention import Attention


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_great_moment_costs_nothing_and_more_than_that_has_to_be_waited_for() -> None:
    clock = Clock()
    attention = Attention(clock)
    attention.begin()
    clock.now += 0.09
    assert attention.spend() == 0
    clock.now += 0.5
    # Half a second too much, at a quarter of each second that comes.
    assert 1.5 < attention.spend() < 2.0


def test_others_have_their_turn_after_five_milliseconds() -> None:
    clock = Clock()
    attention = Attention(clock)
    attention.begin()
    clock.now += 0.004
    attention.spend()
    assert not attention.turn_is_over
    clock.now += 0.002
    attention.spend()
    assert attention.turn_is_over
    attention.begin()
    assert not attention.turn_is_over


def test_who_sends_single_bytes_pays_for_each_waking() -> None:
    attention = Attention(Clock())
    owed = 0.0
    for _ in range(10_000):
        attention.begin()
        owed = attention.wake()
    assert owed > 0
