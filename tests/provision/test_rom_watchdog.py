"""The watchdog of a board while its ROM is written."""

from types import SimpleNamespace
from typing import Any

import pytest

from firmware_tools.provision.rom import _hold


@pytest.mark.parametrize(
    ("answers", "fed"), [([], False), ([[0]], False), ([[1]], True), ([[0], "blinking"], True), (["blinking"], True)]
)
def test_a_watchdog_is_fed_where_a_board_does_not_deny_that_it_has_one(answers: list[object], fed: bool) -> None:
    did: list[str] = []
    board: Any = SimpleNamespace(
        answers=lambda *_: answers, begin_anew=did.append, run=lambda _code, doing: did.append(doing)
    )
    _hold(board)
    assert did == ["stopping what runs", *(["holding its watchdog"] if fed else [])]
