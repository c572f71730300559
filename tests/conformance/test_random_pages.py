"""Random pages and changes: a real worker's updates lead to what WeChat's own rig renders from the same data."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.conformance.case import PAGE, Case
from tests.conformance.generated import at_each_step, cases
from tests.conformance.ours import render
from tests.conformance.rig import Simulate
from tests.conformance.trees import in_words
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


def shown_by_rig(rig: Simulate, case: Case) -> str:
    """Rendered from nothing: the rig's own updates are not always right (docs/differences.md)."""
    with tempfile.TemporaryDirectory() as folder:
        case.write(Path(folder))
        (tree,) = rig.render(Path(folder), PAGE, []).trees
    return in_words(tree, case.tags)


@pytest.mark.timeout(400)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(case=cases())
async def test_a_random_page_shows_what_wechats_rig_shows(board: Board, rig: Simulate, case: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        case.write(Path(folder))
        rendering = await render(board, Path(folder), case.steps)
    assert rendering.errors == []
    shown = [in_words(tree, case.tags) for tree in rendering.trees]
    assert shown == [shown_by_rig(rig, fresh) for fresh in at_each_step(case)]
