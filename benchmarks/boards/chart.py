"""A chart of memory on boards, from the figures: what each state uses on the unix port, and leaves on a Pico W."""

from html import escape

from benchmarks.boards.figures import BoardResults
from benchmarks.boards.names import OURS, PICO, UNIX
from benchmarks.boards.report import KB, LEAST_FREE_KB, MOST_IDLE_KB, STATES

_WIDTH, _LEFT, _BAR, _GAP, _TOP = 450, 140, 22, 16, 44
_INNER = _WIDTH - _LEFT - 70
_NAMES = ("nothing runs", "idle, joined", "small program", "lamp_timer")


def draw_boards(results: BoardResults) -> str:
    """Bars of medians, with the aim as a line, in an SVG document."""
    height = _TOP + len(STATES) * (_BAR + _GAP) + 16
    used = [results.find(UNIX, OURS, f"heap, {there}") for _, there, _ in STATES]
    free = [results.find(PICO, OURS, f"free, {here}") for _, _, here in STATES]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {height}" role="img">',
        "<title>Memory of boards: used on the unix port, free on an emulated Pico W</title>",
        "<style>text{font:12px sans-serif;fill:#333}.title{font-weight:bold;font-size:13px}",
        ".aim{stroke:#e8590c;stroke-dasharray:4 3;fill:none}</style>",
        f'<rect width="{2 * _WIDTH}" height="{height}" fill="#fff"/>',
    ]
    for left, title, figures, aim, sign in (
        (0, f"Heap used, {UNIX} (64-bit words)", used, MOST_IDLE_KB, "≤"),
        (_WIDTH, f"Heap free, {PICO}", free, LEAST_FREE_KB, "≥"),
    ):
        values = [None if figure is None else figure.median / KB for figure in figures]
        parts += _panel(left, title, values, aim, f"aim, idle: {sign} {aim} KB")
    return "\n".join([*parts, "</svg>", ""])


def _panel(left: int, title: str, values: list[float | None], aim: int, said: str) -> list[str]:
    most = max(aim, *(value or 0 for value in values))
    start, bottom = left + _LEFT, _TOP + len(values) * (_BAR + _GAP)
    parts = [f'<text x="{start}" y="18" class="title">{escape(title)}</text>']
    for number, (name, value) in enumerate(zip(_NAMES, values, strict=True)):
        y = _TOP + number * (_BAR + _GAP)
        parts.append(f'<text x="{start - 8}" y="{y + 15}" text-anchor="end">{name}</text>')
        if value is not None:
            wide = _INNER * value / most
            parts.append(f'<rect x="{start}" y="{y}" width="{wide:.1f}" height="{_BAR}" fill="#0b7285"/>')
            parts.append(f'<text x="{start + wide + 6:.1f}" y="{y + 15}">{value:.0f} KB</text>')
    x = start + _INNER * aim / most
    parts.append(f'<path d="M{x:.1f} {_TOP - 8}V{bottom}" class="aim"/>')
    parts.append(f'<text x="{x:.1f}" y="{bottom + 12}" text-anchor="middle">{escape(said)}</text>')
    return parts
