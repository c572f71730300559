"""The bench of boards runs, refuses what it did not see, and says whether aims were reached."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.boards.__main__ import PARTS, measure_part, sentence
from benchmarks.boards.figures import BoardResults, Part, read_board_results
from benchmarks.boards.heap import read_heap, smallest
from benchmarks.boards.names import (
    BARE_LOOP,
    CHANGED,
    COPY,
    COUNTS,
    FORCED,
    FULLY_CONNECTED,
    KERNELS,
    LAMP_TIMER,
    OURS,
    PICO,
    UNIX,
)  # fmt: skip
from benchmarks.boards.report import judge_boards
from benchmarks.boards.times import check_pictures, take
from benchmarks.errors import BenchmarkError


def part() -> Part:
    return Part("a machine", "today", [0.1, 0.2])


def results(idle: float | None = None, free: float | None = None) -> BoardResults:
    """Results with the figures that have aims, in KB."""
    found = part()
    if idle is not None:
        found.add(UNIX, OURS, "heap, idle", "bytes", [idle * 1024] * 3)
    if free is not None:
        found.add(PICO, OURS, "free, idle", "bytes", [free * 1024] * 3)
    return BoardResults({"some": found})


@pytest.mark.slow
@pytest.mark.broker
@pytest.mark.timeout(200)
def test_the_heap_of_an_idle_board_that_has_joined_is_read() -> None:
    found = BoardResults({"heap": measure_part("heap", quick=True)})
    bare, idle = found.find(UNIX, OURS, "heap, bare"), found.find(UNIX, OURS, "heap, idle")
    assert bare is not None
    assert idle is not None
    assert 0 < bare.median < idle.least < 512 * 1024
    assert len(judge_boards(found)) == 1


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_starts_and_events_are_timed_and_the_page_is_drawn_by_hand_too() -> None:
    found = BoardResults({"times": measure_part("times", quick=True)})
    for measure in ("start", "event", "edge", "bus"):
        for app_id in (COUNTS, LAMP_TIMER):
            figure = found.find(UNIX, OURS, f"{measure} {app_id}")
            assert figure is not None
            assert figure.least > 0
    whole, work = found.find(UNIX, OURS, f"edge {COUNTS}"), found.find(UNIX, OURS, f"event {COUNTS}")
    assert whole is not None
    assert work is not None
    assert whole.least >= 30, "a contact must be steady for 30 ms"
    page, hand = found.find(UNIX, OURS, f"bus {COUNTS}"), found.find(UNIX, "by hand", f"bus {COUNTS}")
    assert page is not None
    assert hand is not None
    assert page.median < hand.median, "of a page only what changed is sent"


def test_kernels_are_measured_in_turns_with_the_bare_loop() -> None:
    found = BoardResults({"kernels": measure_part("kernels", quick=True)})
    for measure in (BARE_LOOP, *KERNELS):
        figure = found.find(UNIX, OURS, measure)
        assert figure is not None
        assert len(figure.values) == 5
        assert figure.least > 0
    assert [one.aim for one in judge_boards(found)] == ["≥ 0.5", "≥ 0.5"]


@pytest.mark.boards
@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("boards")
def test_files_are_brought_over_the_cable_in_each_way() -> None:
    found = BoardResults({"cable": measure_part("cable", quick=True)})
    ours, copied, forced = (found.find(PICO, way, f"{CHANGED}, sent") for way in (OURS, COPY, FORCED))
    assert ours is not None
    assert copied is not None
    assert forced is not None
    assert 0 < copied.median < forced.median


@pytest.mark.boards
@pytest.mark.timeout(1800)
@pytest.mark.xdist_group("boards")
@pytest.mark.parametrize(
    ("name", "measures"),
    [
        ("pico-heap", ["free, nothing runs"]),
        ("pico-times", [f"start {COUNTS}", f"event {COUNTS}", f"edge {COUNTS}"]),
        ("pico-kernels", [BARE_LOOP, FULLY_CONNECTED]),
    ],
)
def test_an_emulated_pico_w_says_its_figures(name: str, measures: list[str]) -> None:
    found = BoardResults({name: measure_part(name, quick=True)})
    assert all(found.find(PICO, OURS, measure) is not None for measure in measures)


def test_the_results_have_every_part_and_what_has_an_aim() -> None:
    written = read_board_results()
    assert list(written.parts) == list(PARTS)
    assert [one.aim for one in judge_boards(written)] == ["≤ 64 KB", "≥ 100 KB", "≥ 0.5", "≥ 0.5"]


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = results(80, 110)
    found.parts["other"] = Part("another", "then", [1.0, 2.0], {"MicroPython": "1.29.0"}, [], ["a remark"])
    found.write(tmp_path / "results.json")
    assert read_board_results(tmp_path / "results.json") == found
    assert read_board_results(tmp_path / "none.json") == BoardResults()


@pytest.mark.parametrize(
    ("idle", "free", "verdicts"),
    [
        (64, 100, ["reached", "reached"]),
        (64.1, 99.9, ["not reached", "not reached"]),
        (50, None, ["reached"]),
        (None, 120, ["reached"]),
        (None, None, []),
    ],
)
def test_aims_of_boards_are_judged_where_they_were_measured(
    idle: float | None, free: float | None, verdicts: list[str]
) -> None:
    assert [one.verdict for one in judge_boards(results(idle, free))] == verdicts


def _from(size: int, unsteady: dict[int, int] | None = None) -> Callable[[int], bool]:
    """Works from this size on; at an unsteady size, not after so many times."""
    left = dict(unsteady or {})

    def works(tried: int) -> bool:
        left[tried] = left.get(tried, 1000) - 1
        return tried >= size and left[tried] >= 0

    return works


@pytest.mark.parametrize(
    ("works", "found"),
    [
        (_from(100), 100),
        (_from(98), 100),
        (_from(40), 64),
        (_from(128), 128),
        (_from(129), None),
        (_from(100, {100: 2}), 104),
        (_from(128, {128: 1}), None),
    ],
)
def test_the_smallest_heap_is_one_that_works_each_time(works: Callable[[int], bool], found: int | None) -> None:
    assert smallest(works, 64, 128, 4, 3) == found


def test_what_went_wrong_beside_a_fleet_is_told_in_its_own_sentence() -> None:
    wrong = BenchmarkError("the board does not come to idle")
    assert sentence(ExceptionGroup("unhandled", [ExceptionGroup("inner", [wrong])])) == str(wrong) == sentence(wrong)


def test_readings_are_told_from_what_else_a_board_says() -> None:
    log = "bench heap 5000 9000 bare\ninfo: x\nbench heap 70 30\nsaid bench heap 1 2\nbench heap 71 29\nbench heap 7"
    assert read_heap(log) == [70, 71]
    assert read_heap(log, free=True) == [30, 29]
    assert read_heap(log, bare=True) == [5000]


def test_microseconds_of_a_board_become_milliseconds_and_bytes_stay_bytes() -> None:
    found = part()
    take(
        'bench times ["event x", "cygnet", [1500, 2500]]\nelse\nbench times ["bus x", "by hand", [120]]\n', PICO, found
    )
    assert [(one.way, one.unit, one.values) for one in found.figures] == [
        ("cygnet", "ms", [1.5, 2.5]),
        ("by hand", "bytes", [120]),
    ]


def test_another_picture_by_hand_has_no_figures() -> None:
    page = [0] * 256 + [255] * 128 + [0] * 640
    check_pictures(page, [*page[:255], 3, *page[256:]])
    with pytest.raises(BenchmarkError, match=r"drawn by hand .* is not what its page shows"):
        check_pictures(page, [0] * 1024)
