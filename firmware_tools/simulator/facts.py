"""What the tools are told of the program and of what it runs on, in members that JSON can hold."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from device_runtime.host.board import Board, board_names, find_board
from device_runtime.voice.phrases import PhraseError
from device_runtime.voice.suggestions import suggestions
from firmware_tools.simulator.boards import SCREEN_SIZES
from firmware_tools.simulator.building import Build


def program_facts(build: Build) -> dict[str, Any]:
    """What the manifest says that a panel shows."""
    manifest = build.manifest
    try:
        phrases = suggestions(manifest.voice)
    except PhraseError:
        phrases = ()
    return {
        "app_id": manifest.app_id,
        "name": manifest.name,
        "version": manifest.version.name,
        "pages": list(manifest.pages),
        "permissions": [{"name": item.name, "reason": item.reason} for item in manifest.permissions.values()],
        "origins": {"request": list(manifest.request_domains), "socket": list(manifest.socket_domains)},
        "phrases": list(phrases),
    }


def board_facts(board: Board) -> dict[str, Any]:
    """The board that runs."""
    return {
        "name": board.name,
        "description": board.description,
        "width": board.screen.width,
        "height": board.screen.height,
    }


def known_boards() -> list[dict[str, str]]:
    """The boards that can be chosen."""
    return [{"name": name, "description": find_board(name).description} for name in board_names()]


def screen_sizes() -> list[dict[str, Any]]:
    """The sizes of screens that can be chosen."""
    return [{"name": name, "width": width, "height": height} for name, width, height in SCREEN_SIZES]


def path_of(page: Mapping[str, Any]) -> str:
    """The path that opens a page of the stack again: ``/route?name=value``."""
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in page["query"].items())
    return f"/{page['route']}{'?' + query if query else ''}"


def busy_sentence(board: Board) -> str:
    """What to say where the address of screen and tools cannot be had."""
    return (
        f"port {board.screen.port} of {board.screen.listen} cannot be used, perhaps because another "
        "`cygnet program dev` runs; choose another with --port, or --port 0 for a free one"
    )
