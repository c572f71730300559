"""The charts of the report, in the page itself. What they show is also said in words beside them."""

import html
from collections.abc import Sequence

_WIDTH = 480


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
    """A square for each page, which leads to its row: (route, colour, state, anchor of the row)."""
    cells = []
    for route, colour, state, anchor in pages:
        said = html.escape(f"{route}: {state}")
        cells.append(f'<li><a class="{colour}-fill" href="#{anchor}" aria-label="{said}" title="{said}"></a></li>')
    return f"<ul class=map>{''.join(cells)}</ul>"
