"""What a run says of boards, in the terminal and in docs/performance.md; and whether it reached the aims."""

from collections.abc import Sequence

from benchmarks.aims import Judged, amount
from benchmarks.boards.figures import BoardResults, Figure
from benchmarks.boards.names import (
    AGAIN,
    BARE_LOOP,
    BY_HAND,
    CHANGED,
    CONVOLUTION,
    COPY,
    COUNTS,
    EVERYTHING,
    FORCED,
    FULLY_CONNECTED,
    KERNELS,
    LAMP_TIMER,
    OURS,
    PICO,
    UNIX,
    UNIX_32,
)  # fmt: skip
from benchmarks.tables import markdown

KB = 1024
MOST_IDLE_KB = 64
LEAST_FREE_KB = 100
LEAST_OF_BARE = 0.5

STATES = (
    ("nothing of Cygnet's runs", "bare", "nothing runs"),
    ("joined with TLS, idle", "idle", "idle"),
    ("the same with a small program without a display", "small program", "small program"),
    ("the same with `lamp_timer` on its display", "lamp_timer", "lamp_timer"),
)
_TIMES = (
    ("start → first page drawn", "start"),
    ("event → drawn", "event"),
    ("contact closes → drawn", "edge"),
    ("bytes to the display an event", "bus"),
)
_PROGRAMS = (("counter", COUNTS), ("`lamp_timer`", LAMP_TIMER))


def show(figure: Figure | None) -> str:
    """A figure as a median, and as a minimum where that is another."""
    if figure is None:
        return "—"
    if figure.unit == "bytes":
        return f"{figure.median:,.0f}"
    if figure.unit == "k":
        return f"{figure.median:.0f}k"
    if len(figure.values) == 1:
        return amount(figure.median, figure.unit)
    return f"{amount(figure.median, figure.unit)} ({amount(figure.least, figure.unit, bare=True)})"


def kilobytes(figure: Figure | None) -> str:
    """Bytes as KB of 1,024."""
    return "—" if figure is None else f"{figure.median / KB:.1f} KB"


def judge_boards(results: BoardResults) -> list[Judged]:
    """Each aim that the figures say something about."""
    judged = []
    idle, free = results.find(UNIX, OURS, "heap, idle"), results.find(PICO, OURS, "free, idle")
    if idle is not None:
        verdict = "reached" if idle.median <= MOST_IDLE_KB * KB else "not reached"
        title = f"heap of the idle runtime, joined with TLS, {UNIX}"
        judged.append(Judged(title, f"≤ {MOST_IDLE_KB} KB", kilobytes(idle), "—", verdict))
    if free is not None:
        verdict = "reached" if free.median >= LEAST_FREE_KB * KB else "not reached"
        of = results.find(PICO, OURS, "free, nothing runs")
        ours = kilobytes(free) + (f" of {kilobytes(of)}" if of else "")
        title = f"free heap of the idle runtime, joined with TLS, {PICO}"
        judged.append(Judged(title, f"≥ {LEAST_FREE_KB} KB", ours, "—", verdict))
    bare = results.find(UNIX, OURS, BARE_LOOP)
    for name in (FULLY_CONNECTED, CONVOLUTION):
        speed = results.find(UNIX, OURS, name)
        if bare is not None and speed is not None:
            ratio = max(speed.values) / max(bare.values)
            verdict = "reached" if ratio >= LEAST_OF_BARE else "not reached"
            title = f"{name} against a {BARE_LOOP}, {UNIX}"
            judged.append(Judged(title, f"≥ {LEAST_OF_BARE}", f"{ratio:.2f}", "—", verdict))
    return judged


def machine_text(results: BoardResults) -> str:
    """Machine, versions, and when each part had its turn."""
    machines: dict[str, list[str]] = {}
    versions: dict[str, str] = {}
    for name, part in results.parts.items():
        load = " to ".join(f"{load:.1f}" for load in part.load)
        machines.setdefault(part.machine, []).append(f"{name} {part.date}, load {load}")
        versions |= part.versions
    lines = [f"{machine}: {'; '.join(parts)}." for machine, parts in machines.items()]
    lines.append(", ".join(f"{name} {version}" for name, version in versions.items()) + ".")
    lines += [f"{remark}." for part in results.parts.values() for remark in part.remarks]
    return "\n".join(lines) + "\n"


def aims_rows(results: BoardResults) -> list[list[str]]:
    """Each aim, and whether it is reached."""
    return [[one.title, one.aim, one.ours, one.verdict] for one in judge_boards(results)]


def heap_rows(results: BoardResults) -> list[list[str]]:
    """Memory in each state."""
    return [
        [
            title,
            kilobytes(results.find(UNIX, OURS, f"heap, {there}")),
            show(results.find(UNIX, OURS, f"smallest heap, {there}")),
            kilobytes(results.find(UNIX_32, OURS, f"heap, {there}")),
            show(results.find(UNIX_32, OURS, f"smallest heap, {there}")),
            kilobytes(results.find(PICO, OURS, f"free, {here}")),
        ]
        for title, there, here in STATES
    ]


def times_rows(results: BoardResults) -> list[list[str]]:
    """Starts and events."""
    return [
        [
            f"{name}: {title}",
            *(show(results.find(board, way, f"{measure} {app}")) for board in (UNIX, PICO) for way in (OURS, BY_HAND)),
        ]
        for name, app in _PROGRAMS
        for title, measure in _TIMES
    ]


def cable_rows(results: BoardResults) -> list[list[str]]:
    """What goes over the cable."""
    rows = []
    for what in (EVERYTHING, AGAIN, CHANGED):
        row = [what]
        for way in (OURS, COPY, FORCED):
            sent, took = results.find(PICO, way, f"{what}, sent"), results.find(PICO, way, f"{what}, seconds")
            row.append("—" if sent is None or took is None else f"{show(sent)} bytes, {show(took)}")
        rows.append(row)
    return rows


def kernels_rows(results: BoardResults) -> list[list[str]]:
    """Speeds of kernels, each with what it is of the bare loop's on the same port."""
    rows = []
    for name in (BARE_LOOP, *KERNELS):
        row = [name]
        for board in (UNIX, UNIX_32, PICO):
            speed, bare = results.find(board, OURS, name), results.find(board, OURS, BARE_LOOP)
            if speed is None or bare is None:
                row.append("—")
            else:
                best, of = max(speed.values), max(bare.values)
                row.append(f"{best:,.0f} M/s ({best / of:.2f})" if best >= 100 else f"{best:.2f} M/s ({best / of:.2f})")
        rows.append(row)
    return rows


HEADS = {
    "aims": ("aim", "", "Cygnet", ""),
    "heap": ("", f"used, {UNIX}", "works from", f"used, {UNIX_32}", "works from", f"free, {PICO}"),
    "times": ("", f"{UNIX}", "by hand", f"{PICO}", "by hand"),
    "cable": (f"over the cable, {PICO}", "`cygnet board install`", f"`{COPY}`", f"`{FORCED}`"),
    "kernels": ("multiply-accumulate", UNIX, UNIX_32, PICO),
}
_ROWS = {"aims": aims_rows, "heap": heap_rows, "times": times_rows, "cable": cable_rows, "kernels": kernels_rows}


def table(name: str, results: BoardResults) -> str:
    """One of the tables of :data:`HEADS`, for a page."""
    text = markdown(HEADS[name], _ROWS[name](results))
    sizes = [results.find(PICO, OURS, f"cable, {what}") for what in ("number of files", "files", "changed file")]
    if name == "cable" and None not in sizes:
        count, files, changed = (f"{size.median:,.0f}" for size in sizes if size is not None)
        text += f"\nAll {count} files of the runtime that were brought have {files} bytes, the changed one {changed}.\n"
    return text


def print_boards(results: BoardResults) -> None:
    """The same for a terminal."""
    print(machine_text(results))
    for name in ("heap", "times", "cable", "kernels"):
        _print_table(HEADS[name], _ROWS[name](results))
    for one in judge_boards(results):
        print(f"{one.verdict.upper():<14}{one.title}: {one.ours}; aim {one.aim}")


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    filled = [row for row in rows if any(cell != "—" for cell in row[1:])]
    if filled:
        widths = [max(len(row[at]) for row in (head, *filled)) + 2 for at in range(len(head))]
        for row in (head, *filled):
            print("".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
        print()
