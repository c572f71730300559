"""The table of cases as such."""

import re
from pathlib import Path

from tests.conformance.cases import CASES

DIFFERENCES = Path(__file__).parents[2] / "docs" / "differences.md"


def test_every_difference_is_explained() -> None:
    headings = set(re.findall(r"^### (.*)$", DIFFERENCES.read_text(encoding="utf-8"), re.MULTILINE))
    named = {case.differs for case in CASES if case.differs}
    assert named <= headings
    assert all(case.shows or case.notes for case in CASES if case.differs)


def test_there_are_at_least_fifty_cases_that_are_compared() -> None:
    assert sum(not case.differs for case in CASES) >= 50
    assert len({case.name for case in CASES}) == len(CASES)
