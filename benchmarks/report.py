"""What a run says, in the terminal and on the pages: the tables of README.md and docs/performance.md, and a chart."""

import re
from collections.abc import Callable

from benchmarks.aims import amount, judge, show
from benchmarks.boards.chart import draw_boards
from benchmarks.boards.figures import read_board_results
from benchmarks.boards.report import machine_text as boards_machine
from benchmarks.boards.report import table as boards_table
from benchmarks.chart import draw_growth
from benchmarks.content.report import aim_table as content_aims
from benchmarks.content.report import content_table, read_content_results
from benchmarks.courses import read_soak
from benchmarks.figures import Results
from benchmarks.inference.report import inference_table, read_inference_results, trips_table
from benchmarks.page import SCROLLED, SIZES
from benchmarks.systems import CROWD, CYGNET, PEERS, ROOT, System
from benchmarks.tables import markdown
from benchmarks.telemetry.report import read_telemetry_results, telemetry_table

_SYSTEMS = (CYGNET, *PEERS)
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "performance.md"
CHART = ROOT / "docs" / "images" / "growth.svg"
BOARDS_CHART = ROOT / "docs" / "images" / "boards.svg"

# title, measure of Cygnet, measure of the peers
_LAUNCHES = (
    ("process start → first page", "start", "start"),
    ("launch in a running host → whole first page", "launch", "launch"),
)
_STEPS = (
    ("one cell, `setData` → patch on the wire", "cell, inside", "cell"),
    ("one cell, tap → patch at the host", "cell", ""),
    ("replace the list, same keys", "refresh", "refresh"),
    ("replace the list, other keys", "replace", "replace"),
    ("append one row", "append", "append"),
    ("swap two rows", "swap", "swap"),
    ("keyed reverse", "reverse", "reverse"),
    ("clear", "clear", "clear"),
    ("fill again", "fill", "fill"),
)
_CHOSEN = tuple(step for step in _STEPS if step[2] and step[1] not in ("clear", "fill"))
_MEMORY = (
    ("private memory of the program", "private", "private"),
    ("peak memory", "peak", "peak"),
)
_SCROLLING = (
    ("frames a second in a gesture", "scroll, frames a second"),
    ("frames that came more than 1/30 s after the last", "scroll, late frames"),
    ("longest gap between two frames of a gesture", "scroll, worst gap"),
    ("the first patch → the first picture of its rows", "scroll, first paint"),
    ("the first patch → all rows are there", "scroll, all rows"),
)
_MARKED = re.compile(r"(<!-- figures: (\w+) -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def _cell(results: Results, system: System, measure: str, rows: int) -> str:
    figure = results.find(system.name, measure, rows)
    if figure is not None:
        return show(figure)
    places = (f"{system.name}/{measure}/{rows}", f"{system.name}/*/{rows}")
    return next((results.remarks[place] for place in places if place in results.remarks), "—")


def _measured(results: Results) -> list[System]:
    """The systems that the run could measure."""
    return [system for system in _SYSTEMS if results.has(system.name)]


def _line(results: Results, title: str, ours: str, theirs: str, rows: int) -> list[str]:
    cells = [_cell(results, system, ours if system is CYGNET else theirs, rows) for system in _measured(results)]
    return [title, *cells]


def aims_table(results: Results) -> str:
    """Each aim, and whether it is reached."""
    rows = [[one.title, one.aim, one.ours, one.best, one.verdict] for one in judge(results)]
    return markdown(["aim", "", "Cygnet", "best peer", ""], rows)


def compared_table(results: Results) -> str:
    """All systems: hello, and the page of 1,000 rows."""
    rows = [_line(results, f"hello: {title}", ours, theirs, 1) for title, ours, theirs in (*_LAUNCHES, *_MEMORY)]
    rows += [
        _line(results, f"1,000 rows: {title}", ours, theirs, 1000)
        for title, ours, theirs in (*_LAUNCHES, *_STEPS, *_MEMORY)
    ]
    crowd = show(results.find("cygnet", "crowd", CROWD))
    systems = _measured(results)
    rows.append([f"{CROWD} hello programs at once, PSS of all", crowd, *["—"] * (len(systems) - 1)])
    return markdown(["", *(system.title for system in systems)], rows)


def summary_table(results: Results) -> str:
    """The short table of the README."""
    chosen: list[tuple[str, str, str, int]] = [
        ("hello: launch in a running host", "launch", "launch", 1),
        ("hello: private memory", "private", "private", 1),
        *(
            (f"1,000 rows: {title}", ours, theirs, 1000)
            for title, ours, theirs in (*_LAUNCHES, *_STEPS[:1], *_STEPS[2:7])
        ),
        ("1,000 rows: private memory", "private", "private", 1000),
    ]
    head = ["", *(system.title for system in _measured(results))]
    return markdown(head, [_line(results, *line) for line in chosen])


def growth_table(results: Results) -> str:
    """Each system at each size."""
    rows = []
    for title, ours, theirs in (*_LAUNCHES, *_STEPS, *_MEMORY):
        for system in _measured(results):
            measure = ours if system is CYGNET else theirs
            if measure:
                rows.append([title, system.title, *(_cell(results, system, measure, size) for size in SIZES)])
    return markdown(["", "", *(f"{size:,} rows" for size in SIZES)], rows)


def wire_table(results: Results) -> str:
    """The bytes of each patch."""
    rows = []
    for title, ours, _ in _STEPS:
        measure = f"{ours.removesuffix(', inside')}, wire"
        if "tap" not in title:
            figures = [results.find("cygnet", measure, size) for size in SIZES]
            name = title.partition(",")[0] if ours.startswith("cell") else title
            rows.append([name, *(f"{figure.median:,.0f}" if figure else "—" for figure in figures)])
    return markdown(["bytes on the wire", *(f"{size:,} rows" for size in SIZES)], rows)


def scrolling_table(results: Results) -> str:
    """What scrolling looks like in a browser."""
    rows = []
    for title, measure in _SCROLLING:
        rows.append([title, *(show(results.find("cygnet", measure, size)) for size in SCROLLED)])
    return markdown(["", *(f"{size:,} rows" for size in SCROLLED)], rows)


def soak_table() -> str:
    """What the last whole soak saw, from ``soak.json``."""
    soak = read_soak()
    rows = []
    for course in soak.courses:
        begin, end = course.ends
        unit = "" if course.unit == "loops" else course.unit
        cells = [f"{amount(value, unit)}".strip() for value in (begin, end)]
        rows.append([course.name, *cells, f"{course.growth:+.1%}", "flat" if course.flat else "creeps"])
    table = markdown(["", "first third", "last third", "", ""], rows)
    load = " to ".join(f"{load:.1f}" for load in soak.load)
    return f"{soak.machine}; load {load}; {soak.date}.\n\n{table}"


def machine_text(results: Results) -> str:
    """Where the figures come from."""
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    missing = results.remarks.get("dimina/*/*")
    left_out = f" dimina was not measured: {missing}." if missing else ""
    load = " to ".join(f"{load:.1f}" for load in results.load)
    return (
        f"{results.machine}; load {load}; {results.date}; {results.rounds} rounds, interleaved; {versions}.\n"
        f"Medians, minima in brackets.{left_out}\n"
    )


BLOCKS: dict[str, Callable[[Results], str]] = {
    "summary": summary_table,
    "machine": machine_text,
    "aims": aims_table,
    "compared": compared_table,
    "growth": growth_table,
    "wire": wire_table,
    "scrolling": scrolling_table,
    "soak": lambda _: soak_table(),
    "inference_machine": lambda _: boards_machine(read_inference_results()),
    "inference_aims": lambda _: inference_table(read_inference_results()),
    "inference_trips": lambda _: trips_table(read_inference_results()),
    "content_machine": lambda _: boards_machine(read_content_results()),
    "content_aims": lambda _: content_aims(read_content_results()),
    "content_table": lambda _: content_table(read_content_results()),
    "telemetry_machine": lambda _: boards_machine(read_telemetry_results()),
    "telemetry_aims": lambda _: telemetry_table(read_telemetry_results()),
    "boards_machine": lambda _: boards_machine(read_board_results()),
    "boards_aims": lambda _: boards_table("aims", read_board_results()),
    "boards_heap": lambda _: boards_table("heap", read_board_results()),
    "boards_times": lambda _: boards_table("times", read_board_results()),
    "boards_cable": lambda _: boards_table("cable", read_board_results()),
    "boards_kernels": lambda _: boards_table("kernels", read_board_results()),
}


def filled(text: str, results: Results) -> str:
    """A page's text with each marked block written anew."""
    return _MARKED.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]](results)}\n{found[3]}", text)


def write_pages(results: Results) -> None:
    """Write the pages and the charts."""
    for page in (README, PAGE):
        page.write_text(filled(page.read_text(encoding="utf-8"), results), encoding="utf-8")
    CHART.write_text(draw_growth(results), encoding="utf-8")
    BOARDS_CHART.write_text(draw_boards(read_board_results()), encoding="utf-8")


def print_report(results: Results) -> None:
    """The same for a terminal: every figure, then the aims."""
    print(machine_text(results))
    systems = _measured(results)
    width = max(len(system.title) for system in systems) + 2
    print(f"{'':<46}{'rows':>7}  " + "".join(f"{system.title:<{width}}" for system in systems))
    sizes = [rows for rows in (1, *SIZES) if results.find("cygnet", "start", rows)]
    for title, ours, theirs in (*_LAUNCHES, *_STEPS, *_MEMORY):
        for rows in sizes:
            cells = _line(results, title, ours, theirs, rows)[1:]
            if any(cell != "—" for cell in cells):
                print(f"{title.replace('`', ''):<46}{rows:>7,}  " + "".join(f"{cell:<{width}}" for cell in cells))
    for title, measure in _SCROLLING:
        for rows in SCROLLED:
            if (figure := results.find("cygnet", measure, rows)) is not None:
                print(f"{title:<46}{rows:>7,}  {show(figure)}")
    crowd, private = results.find("cygnet", "crowd", CROWD), results.find("cygnet", "crowd, private each", CROWD)
    if crowd is not None and private is not None:
        each = amount(private.median, private.unit)
        print(f"\n{CROWD} hello programs at once: {show(crowd)} of PSS with zygote and host, {each} private each")
    for one in judge(results):
        print(f"{one.verdict.upper():<40}{one.title}: {one.ours}; aim {one.aim}; best peer {one.best}")
