"""Variables of ``theme.json`` in configuration: ``"@navBackground"`` in ``app.json`` and in a page's ``.json``.

A screen here has one theme, which is the light one.
Source: https://developers.weixin.qq.com/miniprogram/en/dev/framework/ability/darkmode.html
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware_tools.build.project_json import read_json_object


def read_theme(app: Mapping[str, Any], root: Path) -> dict[str, str]:
    """The light values of the theme's variables, by name; empty where the program has no theme.

    Raises:
        SourceError: the file is faulty.
    """
    location = app.get("themeLocation")
    path = root / (location if isinstance(location, str) and location else "theme.json")
    if not path.is_file():
        return {}
    light = read_json_object(path).get("light")
    return {name: value for name, value in light.items() if isinstance(value, str)} if isinstance(light, dict) else {}


def with_theme(value: Any, theme: Mapping[str, str]) -> Any:
    """A JSON value with the variables in it replaced; one that the theme does not know stays."""
    if isinstance(value, str):
        return theme.get(value[1:], value) if value.startswith("@") else value
    if isinstance(value, dict):
        return {name: with_theme(inner, theme) for name, inner in value.items()}
    return [with_theme(inner, theme) for inner in value] if isinstance(value, list) else value
