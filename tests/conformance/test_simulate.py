"""The same pages, rendered by WeChat's own component test rig and by a real worker: two trees, one picture."""

from pathlib import Path

import pytest

from tests.conformance.case import PAGE, Case
from tests.conformance.cases import CASES
from tests.conformance.ours import render
from tests.conformance.rig import Rendering, Simulate, SimulateError
from tests.conformance.trees import in_words
from tests.program.running import Board

pytestmark = pytest.mark.asyncio(loop_scope="module")


def story(rendering: Rendering, case: Case) -> str:
    """All that one side did: the tree and the notes, step by step."""
    parts = [
        "\n".join([f"-- {number}", *notes, in_words(tree, case.tags)])
        for number, (tree, notes) in enumerate(zip(rendering.trees, rendering.notes, strict=True))
    ]
    return "\n".join(parts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_case_renders_as_in_wechats_own_rig(board: Board, rig: Simulate, tmp_path: Path, case: Case) -> None:
    case.write(tmp_path)
    ours = await render(board, tmp_path, case.steps)
    assert [line for line in ours.errors if not case.warns or case.warns not in line] == []
    if not case.differs:
        assert story(ours, case) == story(rig.render(tmp_path, PAGE, case.steps), case)
        return

    for step, shown in case.shows.items():
        assert in_words(ours.trees[step], case.tags) == shown
    for step, notes in case.notes.items():
        assert tuple(ours.notes[step]) == notes
    try:
        theirs = story(rig.render(tmp_path, PAGE, case.steps), case)
    except SimulateError as error:
        theirs = str(error)
    assert theirs != story(ours, case), "both are alike now: the case needs no exception any more"
