"""Small programs for the tests of porting."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.host.board import Board
from firmware_tools.port.findings import Finding, Report
from firmware_tools.port.porting import port_program

KEY = Ed25519PrivateKey.generate()
Files = Mapping[str, str | dict[str, Any]]

WECHAT: Files = {
    "app.json": {"pages": ["pages/index/index"], "window": {"navigationBarTitleText": "Hi"}},
    "app.js": "App({})",
    "project.config.json": {"appid": "wx1234567890abcdef", "projectname": "hello"},
    "pages/index/index.wxml": "<view>hi</view>",
    "pages/index/index.js": "Page({})",
}
SWAN: Files = {
    "app.json": {"pages": ["pages/index/index"]},
    "app.js": "App({})",
    "project.swan.json": {"appid": "12345678", "projectname": "%E4%BD%A0%E5%A5%BD"},
    "pages/index/index.swan": "<view>hi</view>",
    "pages/index/index.js": "Page({})",
}


def write(directory: Path, files: Files) -> Path:
    """Write a program; values that are objects become JSON."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    return directory


def report_of(directory: Path, files: Files, board: Board | None = None, write_manifest: bool = False) -> Report:
    """The report of a WeChat program that is the small one with these files."""
    write(directory, {**WECHAT, **files})
    return port_program(directory, KEY, board, write_manifest).report


def finding(report: Report, name: str) -> Finding:
    """The one finding of that name."""
    found = [one for one in report.findings if one.name == name]
    assert len(found) == 1, f"{name} is not one of {[one.name for one in report.findings]}"
    return found[0]


def names(report: Report) -> set[str]:
    return {one.name for one in report.findings}
