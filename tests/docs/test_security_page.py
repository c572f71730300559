"""docs/security.md: what it names is there."""

import ast
import re

from device_runtime.engine.isolation.barriers import BARRIERS
from device_runtime.engine.isolation.system_calls import ALLOWED, ARCHITECTURES, REFUSED
from tests.docs.pages import ROOT, table

PAGE = ROOT / "docs" / "security.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_each_test_that_proves_something_exists() -> None:
    existing = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    named = set(re.findall(r"`(test_\w+)`", TEXT))
    assert named
    assert named - existing == set()


def test_each_barrier_stands_in_its_table_with_its_proof() -> None:
    rows = {row[0].strip("`"): row for row in table(PAGE, "The barriers around a worker")}
    assert set(rows) == {"(always)", *BARRIERS}
    assert [name for name, row in rows.items() if "`test_" not in row[4]] == []


def test_the_numbers_of_system_calls_are_those_of_the_filter() -> None:
    known = ARCHITECTURES["x86_64"].numbers
    allowed, refused = (len([name for name in names if name in known]) for names in (ALLOWED, REFUSED))
    assert f"{allowed} system calls (x86-64)" in TEXT
    assert f"{refused} more fail with EPERM" in TEXT
