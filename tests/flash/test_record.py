"""The record of a bench, as a spreadsheet reads it."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_tools.flash.bench import Record, Result
from firmware_tools.spreadsheets import write_row

RESULT = Result("2026-11-26T10:00:00+00:00", "/dev/ttyACM0", "pico-w", "e661", "f.uf2", "ab", 12, 3.5, "ok", "1.27.0")


def cells(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[-1]


@pytest.mark.parametrize(
    "said",
    [
        "=1+1",
        '=HYPERLINK("http://x")',
        "+1+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\uff1d1",
    ],
)
def test_what_a_board_says_is_no_formula_in_the_record(tmp_path: Path, said: str) -> None:
    record = Record(tmp_path / "bench.csv")
    record.add(replace(RESULT, identity=said, detail=said))
    written = cells(tmp_path / "bench.csv")
    assert (written[3], written[9]) == ("'" + said, "'" + said)
    assert (tmp_path / "bench.csv").read_text().startswith("started,place,board,identity,")


@pytest.mark.parametrize("value", [-5, -0.5, 3, 2.25, "-5", "+4.5", "-1e-3", "a=1", "1.27.0", "", "'x", "e661-2"])
def test_numbers_and_other_texts_stay_as_they_are(tmp_path: Path, value: object) -> None:
    path = tmp_path / "one.csv"
    with path.open("w", newline="") as file:
        write_row(file, [value, value])
    assert cells(path) == [str(value), str(value)]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=1))
def test_no_cell_begins_like_a_formula_and_nothing_is_lost(row: list[str]) -> None:
    file = io.StringIO(newline="")
    write_row(file, row)
    (read,) = csv.reader(io.StringIO(file.getvalue(), newline=""))
    for cell, given_ in zip(read, row, strict=True):
        assert cell in {given_, "'" + given_}
        assert cell.lstrip()[:1] not in {*"=+-@"} or cell.lstrip("+-")[:1].isdigit()
