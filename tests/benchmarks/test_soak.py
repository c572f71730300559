"""A short soak: what runs for long leaves nothing behind. Time is for ``make soak``, which runs long enough to tell."""

import pytest

from benchmarks.courses import Course
from benchmarks.soak import soak


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_neither_events_nor_launches_leave_anything_behind() -> None:
    courses = await soak(events=3000, launches=40)
    kept = [course for course in courses if course.unit != "loops"]
    assert len(kept) == len(courses) - 2
    # So few events end before every buffer has found its size.
    creeping = [(c.name, c.values) for c in kept if c.growth > (0.15 if c.unit == "kB" else c.most)]
    assert creeping == []


@pytest.mark.parametrize(
    ("values", "flat"),
    [
        ([90, 80, 70, 60, 50] + [10] * 15, True),
        ([1] * 5 + [100, 101, 99, 100, 100, 100, 100, 101, 100, 104, 103, 104, 104, 104, 103], True),
        ([100 + number for number in range(20)], False),
    ],
)
def test_a_course_is_flat_when_its_end_is_where_its_beginning_was(values: list[float], flat: bool) -> None:
    assert Course("memory", "kB", 0.05, values).flat is flat


def test_one_handle_more_is_a_leak() -> None:
    assert not Course("descriptors", "", 0.0, [20.0] * 12 + [21.0] * 8).flat
    assert Course("descriptors", "", 0.0, [20.0] * 20).flat
