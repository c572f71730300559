"""The pages that every system shows (``pages/``), the steps that they are put through, and what they must show then."""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

SOURCE = Path(__file__).with_name("pages")
LIST = "list"
HELLO = "hello"
HELLO_TEXT = "Hello, world: 0"
SIZES = (100, 1000, 10000)
SCROLLED = (1000, 10000)

Row = tuple[str, str, str]
"""What a row shows: its class, its name and its value."""


# The handlers that are measured, and how often each is taken in one round, by the number of rows. Before each the page
# is cleared and filled again, which is measured, too.
STEPS: dict[str, dict[int, int]] = {
    "cell": {100: 60, 1000: 60, 10000: 30},
    "append": {100: 10, 1000: 10, 10000: 3},
    "swap": {100: 5, 1000: 5, 10000: 1},
    "reverse": {100: 5, 1000: 5, 10000: 1},
    "refresh": {100: 5, 1000: 5, 10000: 1},
    "replace": {100: 5, 1000: 5, 10000: 1},
}


def _row(number: int, value: int = 0) -> Row:
    return f"row {'odd' if number % 2 else 'even'}", f"Row {number}", str(value)


def expected_rows(count: int, step: str, times: int) -> Sequence[Row]:
    """What a page of ``count`` rows shows after a step was taken so often."""
    rows = [_row(number) for number in range(count)]
    match step:
        case "cell":
            rows[count // 2] = _row(count // 2, times)
        case "append":
            rows += [_row(1_000_000 + count + number) for number in range(times)]
        case "swap" if times % 2:
            rows[1], rows[-2] = rows[-2], rows[1]
        case "reverse" if times % 2:
            rows.reverse()
        case "refresh":
            rows = [_row(number, times) for number in range(count)]
        case "replace":
            rows = [_row(2 * count * times + number) for number in range(count)]
        case "clear":
            rows = []
    return rows


def digest(rows: Iterable[Row]) -> str:
    """Rows as one short text, as ``peers/driver.cjs`` makes it, too."""
    shown = hashlib.sha256()
    for row in rows:
        shown.update(f"{'|'.join(row)}\n".encode())
    return shown.hexdigest()


def write_page(folder: Path, name: str, rows: int) -> Path:
    """The source of a page's program with so many rows, in a folder of its own; returns the folder."""
    place = folder / f"{name}-{rows}"
    shutil.copytree(SOURCE / name, place, dirs_exist_ok=True)
    if name == LIST:
        (place / "count.js").write_text(f"module.exports = {rows};\n", encoding="utf-8")
    return place
