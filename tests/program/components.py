"""Programs with components, made from their sources."""

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from device_runtime.program.manifest import parse_manifest
from device_runtime.program.session import ProgramSession
from device_runtime.view.mirror import MirrorTree
from tests.build.programs import build
from tests.program.running import Board, Program

PAGE = "pages/a/a"


def unit(path: str, template: str, script: str, config: Mapping[str, Any] | None = None, **uses: str) -> dict[str, str]:
    """The files of a page or component. ``uses`` are its components: ``x_y="/c/c"`` is the tag ``x-y``."""
    tags = {tag.replace("_", "-"): target for tag, target in uses.items()}
    options = {**({"usingComponents": tags} if tags else {}), **(config or {})}
    return {f"{path}.wxml": template, f"{path}.js": script, f"{path}.json": json.dumps(options)}


def page(template: str, script: str = "Page({})", path: str = PAGE, **uses: str) -> dict[str, str]:
    return unit(path, template, script, None, **uses)


def component(
    path: str, template: str = "<slot/>", script: str = "Component({})", config: Any = None, **uses: str
) -> dict[str, str]:
    return unit(path, template, script, {"component": True, **(config or {})}, **uses)


def made(*parts: Mapping[str, str], app: Mapping[str, Any] | None = None, script: str = "App({})") -> Program:
    """Build a program of these files."""
    files: dict[str, str] = {}
    for part in parts:
        files |= part
    with tempfile.TemporaryDirectory() as folder:
        built = build(Path(folder), {"app.js": script}, files, app=dict(app or {}))
    return Program(parse_manifest(json.dumps(dict(built.package.manifest.document))), built.package.entries)


async def lines_of(
    board: Board, *parts: Mapping[str, str], count: int, path: str = "", **others: Any
) -> tuple[ProgramSession, list[str]]:
    """Run a program until it has written ``count`` lines; there must be no error."""
    session = await board.run(made(*parts, **others), path)
    try:
        await board.heard.until(lambda: len(board.heard.lines(session)) >= count or board.heard.errors(session))
    except TimeoutError:
        pytest.fail(f"fewer than {count} lines: {board.heard.lines(session)}")
    assert board.heard.errors(session) == []
    return session, board.heard.lines(session)


def shown(board: Board, session: ProgramSession, page: int = 1) -> MirrorTree:
    """A page as screens have it by now."""
    tree = MirrorTree()
    for number, operations, target in board.heard.patches.get(session.app_id, []):
        if number == page and not target:
            tree.apply(operations)
    return tree


def tap(board: Board, session: ProgramSession, identity: str, kind: str = "tap", detail: Any = None) -> None:
    """Something happens on the node with this id."""
    node = shown(board, session).find(id=identity)
    session.node_event(1, node.id, kind, {} if detail is None else detail, [], 1.0)
