"""Random pages and changes: WeChat's own rig and a real worker show the same."""

import json
import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from tests.conformance.case import PAGE, Case
from tests.conformance.generated import cases
from tests.conformance.ours import render
from tests.conformance.rig import Simulate
from tests.conformance.trees import in_words
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


def at_last(case: Case) -> Case:
    """The same page with the data that its steps leave, and no steps."""
    data: dict[str, Any] = json.loads(re.sub(r"^\{data: (.*)\}$", r"\1", case.script))
    for _, _, _, changes in case.steps:
        data |= changes
    return replace(case, script=f"{{data: {json.dumps(data)}}}", steps=())


def shown_by_rig(rig: Simulate, case: Case) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        case.write(Path(folder))
        return [in_words(tree, case.tags) for tree in rig.render(Path(folder), PAGE, case.steps).trees]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(case=cases())
async def test_a_random_page_shows_what_wechats_rig_shows(board: Board, rig: Simulate, case: Case) -> None:
    theirs = shown_by_rig(rig, case)
    # Where the rig's own updates do not lead where a fresh rendering does, it is the rig that is wrong.
    assume(theirs[-1] == shown_by_rig(rig, at_last(case))[0])
    with tempfile.TemporaryDirectory() as folder:
        case.write(Path(folder))
        rendering = await render(board, Path(folder), case.steps)
    assert rendering.errors == []
    assert [in_words(tree, case.tags) for tree in rendering.trees] == theirs
