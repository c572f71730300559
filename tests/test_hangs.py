"""A test that hangs is ended and named, even if its timeout's exception does not end it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hangs import seconds_of

_HANGS = """
import time
import pytest
from hypothesis import given, strategies

@pytest.mark.timeout(1)
@given(strategies.just(1))
def test_that_hangs_however_often_it_is_tried(number):
    while True:
        time.sleep(0.01)
"""


def test_a_hang_that_hypothesis_tries_again_and_again_ends_with_the_stacks_of_the_test(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        'from tests.hangs import pytest_runtest_protocol\n__all__ = ["pytest_runtest_protocol"]\n'
    )
    (tmp_path / "test_it.py").write_text(_HANGS)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode != 0
    assert "in test_that_hangs_however_often_it_is_tried" in ran.stderr


@pytest.mark.parametrize(("option", "expected"), [(None, 120), (0, 0), (7.5, 7.5)])
def test_who_says_on_the_command_line_how_long_tests_may_take_is_heeded(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, option: float | None, expected: float
) -> None:
    monkeypatch.setattr(request.config.option, "timeout", option)
    assert seconds_of(request.node) == expected
