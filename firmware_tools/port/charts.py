"""The charts of the report, as SVG in the page. What they show is also said in words beside them."""

import html
from collections.abc import Sequence

_WIDTH = 480
_CELL, _GAP, _COLUMNS = 22, 5, 38


def bar(title: str, parts: Sequence[tuple[str, str, int]]) -> str:
    """One bar whose pieces are (colour, label, count)."""
    total = sum(count for _, _, count in parts) or 1
    said = ", ".join(f"{count} {label}" for _, label, count in parts) or "none"
    pieces = []
    at = 0.0
    for colour, label, count in parts:
        width = count / total * _WIDTH
        pieces.append(
            f'<rect class="{colour}-fill" x="{at:.1f}" y="0" width="{max(width - 2, 1):.1f}" height="26" rx="4">'
            f"<title>{count} {html.escape(label)}</title></rect>"
        )
        at += width
    return (
        f'<svg viewBox="0 0 {_WIDTH} 26" role="img" aria-label="{html.escape(title)}: {html.escape(said)}">'
        f"{''.join(pieces)}</svg>"
    )


def page_map(pages: Sequence[tuple[str, str, str, str]]) -> str:
    """A square for each page: (route, colour, state, anchor of its row)."""
    columns = min(_COLUMNS, max(len(pages), 1))
    rows = -(-len(pages) // columns)
    step = _CELL + _GAP
    cells = []
    for number, (route, colour, state, anchor) in enumerate(pages):
        x, y = number % columns * step, number // columns * step
        said = html.escape(f"{route}: {state}")
        cells.append(
            f'<a href="#{anchor}" aria-label="{said}"><rect class="{colour}-fill" x="{x}" y="{y}" width="{_CELL}"'
            f' height="{_CELL}" rx="5"><title>{said}</title></rect></a>'
        )
    width, height = _COLUMNS * step - _GAP, max(rows * step - _GAP, 1)
    label = "The pages, each a link to its row"
    return f'<svg viewBox="-1 -1 {width + 2} {height + 2}" role="group" aria-label="{label}">{"".join(cells)}</svg>'
