"""CSV that is also safe in a spreadsheet: no cell of it is taken for a formula.

Every CSV file that Cygnet writes comes through here. What boards, files and errors say stands in such files, and Excel,
LibreOffice and Google Sheets run a cell that begins like a formula (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import re
from collections.abc import Iterable
from typing import TextIO

_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def write_row(file: TextIO, row: Iterable[object]) -> None:
    """Append one row to a CSV file that was opened with ``newline=""``.

    Text that begins with ``=``, ``+``, ``-``, ``@`` (also wide ones, also behind white space), a tab or the end of a
    line gets an apostrophe in front; numbers stay as they are, also negative ones, also as text.

    Raises:
        OSError: the disk refuses.
    """
    csv.writer(file).writerow([_plain(cell) for cell in row])


def _plain(cell: object) -> object:
    if isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell):
        return "'" + cell
    return cell
