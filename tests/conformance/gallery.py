"""The pictures of all components: a page of HTML, and a contact sheet for each library."""

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.async_api import Browser

from tests.conformance.libraries import Library
from tests.conformance.mounting import Result

_STYLE = """
body { font: 13px system-ui, sans-serif; margin: 16px; background: #f2f2f2; }
section { display: grid; grid-template-columns: repeat(auto-fill, 188px); gap: 12px; }
figure { margin: 0; background: #fff; border: 2px solid #ccc; }
figure.failed { border-color: #c33; }
img { display: block; width: 184px; height: 327px; object-fit: cover; object-position: top; }
figcaption { padding: 4px 6px; overflow-wrap: anywhere; }
figcaption small { color: #c33; display: block; }
"""


def write_gallery(results: Mapping[Library, Sequence[Result]], out: Path) -> None:
    """``index.html`` in ``out``, with the pictures beside it."""
    sections = [
        f"<h2>{html.escape(library.package)} {library.version}</h2><section>"
        + "".join(_figure(result, f"{library.name}/{result.name}.png") for result in done)
        + "</section>"
        for library, done in results.items()
    ]
    out.mkdir(parents=True, exist_ok=True)
    (out / "index.html").write_text(_document("".join(sections)), encoding="utf-8")


async def write_contact_sheet(browser: Browser, library: Library, done: Sequence[Result], out: Path) -> None:
    """One picture of all, twelve a row."""
    figures = [
        _figure(result, "data:image/png;base64," + base64.b64encode(result.picture.read_bytes()).decode())
        for result in done
        if result.picture is not None
    ]
    page = await browser.new_page(viewport={"width": 12 * 200 + 32, "height": 400})
    await page.set_content(_document(f"<section>{''.join(figures)}</section>"))
    await page.screenshot(path=out / f"{library.name}.png", full_page=True)
    await page.close()


def _figure(result: Result, source: str) -> str:
    kind = "" if result.answered else ' class="failed"'
    faults = "".join(f"<small>{html.escape(fault[:120])}</small>" for fault in (*result.mounting, *result.answering))
    picture = f'<img src="{source}" alt="">' if result.picture is not None else ""
    return f"<figure{kind}>{picture}<figcaption>{html.escape(result.name)}{faults}</figcaption></figure>"


def _document(body: str) -> str:
    return f'<!doctype html><meta charset="utf-8"><title>Conformance</title><style>{_STYLE}</style>{body}'
