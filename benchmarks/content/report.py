"""What a run says of updates, and whether it reached the aim."""

from benchmarks.aims import Judged, amount
from benchmarks.boards.figures import BoardResults, read_board_results
from benchmarks.systems import ROOT
from benchmarks.tables import markdown

RESULTS = ROOT / "benchmarks" / "results-content.json"
FULL, ZSTD, OURS, CLI, BSDIFF = "full", "zstd", "delta", "zstd --patch-from", "bsdiff4"
WHOLE, FEW = "every component", "a few components"
PROGRAMS = (WHOLE, FEW)
_TITLES = {
    FULL: "the package",
    ZSTD: "the package in zstd",
    OURS: "delta",
    CLI: "`zstd -19 --patch-from`, a process",
    BSDIFF: "`bsdiff4`",
}
_MOST_PERCENT = 2.0


def read_content_results() -> BoardResults:
    """What the last run wrote; nothing before the first."""
    return read_board_results(RESULTS)


def judge_content(results: BoardResults) -> list[Judged]:
    """The aim, for each program that was updated."""
    judged = []
    for program in PROGRAMS:
        full, ours = (results.find(program, way, "wire") for way in (FULL, OURS))
        if full is None or ours is None:
            continue
        percent = 100 * ours.median / full.median
        judged.append(
            Judged(
                f"patch release of a program with {program}, bytes a device",
                f"≤ {_MOST_PERCENT:g} % of full",
                f"{percent:.2f} % ({ours.median:,.0f} of {full.median:,.0f} bytes)",
                "",
                "reached" if percent <= _MOST_PERCENT else "not reached",
            )
        )
    return judged


def aim_table(results: BoardResults) -> str:
    """Each aim, and whether it is reached."""
    rows = [[one.title, one.aim, one.ours, one.verdict] for one in judge_content(results)]
    return markdown(["aim", "", "Cygnet", ""], rows)


def content_table(results: BoardResults) -> str:
    """Every way, of each program."""
    rows = []
    for program in PROGRAMS:
        full = results.find(program, FULL, "size")
        for way, title in _TITLES.items():
            size, wire = results.find(program, way, "size"), results.find(program, way, "wire")
            if size is None or full is None:
                continue
            times = [results.find(program, way, measure) for measure in ("make", "apply")]
            rows.append(
                [
                    program,
                    title,
                    f"{size.median:,.0f}",
                    f"{100 * size.median / full.median:.2f} %",
                    f"{wire.median:,.0f}" if wire else "—",
                    *(f"{amount(figure.median, 'ms')} ({figure.least:.3g})" if figure else "—" for figure in times),
                ]
            )
    return markdown(["program with", "", "bytes", "", "on the wire, both ways", "to make", "to apply"], rows)
