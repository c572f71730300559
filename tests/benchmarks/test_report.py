"""What pages say of speed is what was measured."""

import re
from pathlib import Path

import pytest

from benchmarks.aims import judge
from benchmarks.boards.chart import draw_boards
from benchmarks.boards.figures import read_board_results
from benchmarks.chart import draw_growth
from benchmarks.figures import Results, read_results
from benchmarks.report import BLOCKS, BOARDS_CHART, CHART, PAGE, README, filled


def results(**values: float) -> Results:
    """Figures of Cygnet, and of glass-easel where the name begins with ``peer_``, on 1,000 rows."""
    found = Results("a machine", "today", 7, [0.1, 0.2], {})
    for name, value in values.items():
        system = "glass-easel" if name.startswith("peer_") else "cygnet"
        found.add(system, name.removeprefix("peer_").replace("_inside", ", inside"), 1000, "ms", [value, value * 3])
    return found


@pytest.mark.parametrize("page", [README, PAGE], ids=lambda page: page.name)
def test_the_tables_of_a_page_are_those_of_the_results(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(r"<!-- figures: \w+ -->", text)
    assert filled(text, read_results()) == text


def test_the_charts_are_drawn_from_the_results() -> None:
    assert CHART.read_text(encoding="utf-8") == draw_growth(read_results())
    assert BOARDS_CHART.read_text(encoding="utf-8") == draw_boards(read_board_results())


def test_the_page_holds_every_table() -> None:
    named = re.findall(
        r"<!-- figures: (\w+) -->", PAGE.read_text(encoding="utf-8") + README.read_text(encoding="utf-8")
    )
    assert sorted(named) == sorted(BLOCKS)


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [(0.04, "reached"), (0.08, "reached at its best, not in the median"), (0.2, "not reached")],
)
def test_an_aim_is_judged_by_the_median_and_by_the_minimum(ours: float, verdict: str) -> None:
    (cell,) = [one for one in judge(results(cell_inside=ours, peer_cell=5)) if "one cell of" in one.title]
    assert cell.verdict == verdict
    assert cell.best.endswith("glass-easel")


def test_a_launch_is_held_against_a_tenth_of_the_best_process_start() -> None:
    (launch,) = [one for one in judge(results(launch=10, peer_start=120)) if one.title.startswith("launch")]
    assert launch.verdict == "reached"
    (launch,) = [one for one in judge(results(launch=10, peer_start=90)) if one.title.startswith("launch")]
    assert launch.verdict == "not reached"


def test_what_was_not_measured_is_not_judged() -> None:
    assert judge(results()) == []
