"""Programs for the tests of the build: files to write, and what came out."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from firmware_tools.build.program import BuiltProgram, build_program

KEY = Ed25519PrivateKey.generate()
COMPONENT = '{"component": true}'


def write(directory: Path, files: dict[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


def component(
    path: str, template: str = "<slot/>", json_text: str = COMPONENT, script: str = "Component({})"
) -> dict[str, str]:
    """The files of a component."""
    return {f"{path}.wxml": template, f"{path}.json": json_text, f"{path}.js": script}


def page(template: str, used: dict[str, str] | None = None, path: str = "pages/a/a", **members: Any) -> dict[str, str]:
    """The files of a page that uses components."""
    options = {**({"usingComponents": used} if used else {}), **members}
    return {f"{path}.wxml": template, f"{path}.json": json.dumps(options), f"{path}.js": "Page({})"}


def build(
    directory: Path, *parts: dict[str, str], app: dict[str, Any] | None = None, source_maps: bool = False
) -> BuiltProgram:
    """Build a WeChat program of these files, with the page ``pages/a/a`` unless ``app`` says other ones."""
    files: dict[str, str] = {"app.json": json.dumps({"pages": ["pages/a/a"], **(app or {})}), "app.js": "App({})"}
    for part in parts:
        files |= part
    return build_program(write(directory, files), KEY, source_maps=source_maps)


def view_of(built: BuiltProgram, path: str = "pages/a/a") -> Any:
    """The compiled template of a page or component."""
    return json.loads(built.package.entries[f"{path}.view"])
