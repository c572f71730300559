"""A source folder, built and run in a real worker, told in the words of the rig."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.program.manifest import parse_manifest
from device_runtime.program.session import ProgramSession
from device_runtime.view.mirror import MirrorTree
from firmware_tools.build.program import build_program
from tests.conformance.rig import Rendering, Step
from tests.conformance.trees import tree_of_screen
from tests.program.running import Board, Program

_KEY = Ed25519PrivateKey.generate()
_runs = itertools.count(1)


class Run:
    """One program in one worker, and a screen that follows its pages by patches alone."""

    def __init__(self, board: Board, session: ProgramSession) -> None:
        self.board = board
        self.session = session
        self.tree = MirrorTree()
        self.page = 0
        self._applied = 0
        self._told = 0
        self._syncs = itertools.count(1)

    async def settle(self) -> None:
        """Until everything that was caused so far has been carried out, timers that are due included."""
        number = next(self._syncs)
        self._take()
        self.fire("driver", "sync", number)
        await self.board.heard.line(self.session, f"~{number}")
        self._take()

    def fire(self, target: str, kind: str, detail: Any) -> None:
        """An event on the element with an id."""
        self.session.node_event(self.page, self.tree.find(id=target).id, kind, detail, [], 0.0)

    def notes(self) -> list[str]:
        """What the program has said since the last time."""
        lines = [line for line in self.board.heard.lines(self.session) if not line.startswith("~")]
        fresh, self._told = lines[self._told :], len(lines)
        return fresh

    def complaints(self) -> list[str]:
        """Every warning and error so far."""
        logs = self.board.heard.logs.get(self.session.app_id, [])
        return [f"{level}: {text} ({source})" for level, text, source in logs if level in ("warn", "error")]

    def _take(self) -> None:
        patches = self.board.heard.patches.get(self.session.app_id, [])
        for page, operations, target in patches[self._applied :]:
            if target == "":
                self.page = page
                self.tree.apply(operations)
        self._applied = len(patches)


async def launch(board: Board, folder: Path) -> Run:
    """Build the program in a folder and run it.

    Raises:
        CygnetError: it cannot be built, or does not start.
    """
    package = build_program(folder, _KEY).package
    document = {**package.manifest.document, "app_id": f"test.conformance.{next(_runs)}"}
    session = await board.run(Program(parse_manifest(json.dumps(document)), package.entries))
    return Run(board, session)


async def render(board: Board, folder: Path, steps: Sequence[Step]) -> Rendering:
    """The page of a case, rendered and taken through its steps. What warned or failed is among the errors."""
    run = await launch(board, folder)
    try:
        await run.settle()
        trees, notes = [tree_of_screen(run.tree.root)], [run.notes()]
        for _, target, kind, detail in steps:
            run.fire(target, kind, detail)
            await run.settle()
            trees.append(tree_of_screen(run.tree.root))
            notes.append(run.notes())
        return Rendering(trees, notes, run.complaints())
    finally:
        await board.sessions.stop(run.session.app_id)
