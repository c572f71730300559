"""The aims of the comparison, and whether a run reached them."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.figures import Figure, Results
from benchmarks.systems import CROWD, PEERS

_PEERS = tuple(peer.name for peer in PEERS)
_WITH_TREE = tuple(peer.name for peer in PEERS if peer.has_tree)


@dataclass(frozen=True)
class Judged:
    """One aim in one run: what was wanted, ours, what it is held against, and whether it is reached."""

    title: str
    aim: str
    ours: str
    best: str
    verdict: str


def _verdict(*, by_median: bool, by_minimum: bool) -> str:
    if by_median:
        return "reached"
    return "reached at its best, not in the median" if by_minimum else "not reached"


def show(figure: Figure | None) -> str:
    """A figure as a median and a minimum, in the unit that fits."""
    if figure is None:
        return "—"
    return f"{amount(figure.median, figure.unit)} ({amount(figure.least, figure.unit, bare=True)})"


def amount(value: float, unit: str, *, bare: bool = False) -> str:
    """A number with three digits and its unit; ``bare`` leaves the unit out."""
    if unit == "kB":
        value, unit = value / 1024, "MB"
    digits = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return digits if bare else f"{digits} {unit}"


def judge(results: Results) -> list[Judged]:
    """Every aim that the run says something about."""
    judged = []

    def against_peers(title: str, ours: tuple[str, int], peers: tuple[str, int], factor: float, aim: str) -> None:
        own, best = results.find("cygnet", *ours), results.best(_WITH_TREE, *peers)
        if own is not None and best is not None:
            verdict = _verdict(
                by_median=own.median <= best.median * factor, by_minimum=own.least <= best.least * factor
            )
            judged.append(Judged(title, aim, show(own), f"{show(best)}, {best.system}", verdict))

    def at_most(title: str, measure: str, rows: int, most: float, aim: str) -> None:
        own = results.find("cygnet", measure, rows)
        if own is not None:
            best = results.best(_PEERS, measure.removesuffix(", inside"), rows)
            told = f"{show(best)}, {best.system}" if best is not None else "—"
            verdict = _verdict(by_median=own.median <= most, by_minimum=own.least <= most)
            judged.append(Judged(title, aim, show(own), told, verdict))

    against_peers(
        "launch in a running host → whole first page, 1,000 rows, against a process start",
        ("launch", 1000), ("start", 1000), 0.1, "≤ 1/10",
    )  # fmt: skip
    at_most("one cell of 1,000 rows, `setData` → patch on the wire", "cell, inside", 1000, 0.1, "≤ 0.1 ms")
    judged += _flat(results)
    against_peers("replace the list, the same keys", ("refresh, inside", 1000), ("refresh", 1000), 1.0, "≤ 1.0 times")
    against_peers("replace the list, other keys", ("replace, inside", 1000), ("replace", 1000), 1.0, "≤ 1.0 times")
    at_most("private memory of a program, hello", "private", 1, 3 * 1024, "≤ 3 MB")
    at_most(f"{CROWD} hello programs at once, PSS of all with zygote and host", "crowd", CROWD, 200 * 1024, "≤ 200 MB")
    at_most("hello, launch → first page", "launch", 1, 5.0, "≤ 5 ms")
    judged += _scrolling(results)
    return judged


def _flat(results: Results) -> list[Judged]:
    sizes = (100, 1000, 10000)
    figures = [figure for rows in sizes if (figure := results.find("cygnet", "cell, inside", rows)) is not None]
    if len(figures) < len(sizes):
        return []

    def spread(read: Callable[[Figure], float]) -> float:
        return max(read(figure) for figure in figures) / min(read(figure) for figure in figures)

    medians, minima = spread(lambda figure: figure.median), spread(lambda figure: figure.least)
    ours = f"{medians:.2f} times ({minima:.2f})"
    title = "one cell, the slowest of 100, 1,000 and 10,000 rows against the fastest"
    return [Judged(title, "≤ 1.3 times", ours, "—", _verdict(by_median=medians <= 1.3, by_minimum=minima <= 1.3))]


def _scrolling(results: Results) -> list[Judged]:
    """Here the least is the worst: every swipe and every turn of the wheel should be smooth."""
    rate = results.find("cygnet", "scroll, frames a second", 10000)
    if rate is None:
        return []
    ours = f"{rate.median:.0f}, {rate.least:.0f} in the worst of {len(rate.values)} gestures"
    verdict = "reached" if rate.least >= 30 else "not reached in each gesture" if rate.median >= 30 else "not reached"
    return [Judged("10,000 rows scrolled in Chromium, frames a second", "≥ 30", ours, "—", verdict)]
