"""Component libraries from npm build as they are, every component of them."""

import json
from pathlib import Path

import pytest

from firmware_tools.build.program import build_program
from tests.build.programs import KEY, write
from tests.npm import npm_package

LIBRARIES = [
    ("@vant/weapp", "1.11.7", "lib"),
    ("tdesign-miniprogram", "1.16.0", "miniprogram_dist"),
    ("weui-miniprogram", "1.5.6", "miniprogram_dist"),
]


def components(folder: Path) -> list[str]:
    """The paths of all components below a folder."""
    found: list[str] = []
    for path in sorted(folder.rglob("*.json")):
        below = path.relative_to(folder)
        if not path.with_suffix(".wxml").is_file() or "miniprogram_npm" in below.parts:
            continue
        if json.loads(path.read_text(encoding="utf-8")).get("component") is True:
            found.append(below.with_suffix("").as_posix())
    return found


@pytest.mark.parametrize(("name", "version", "folder"), LIBRARIES)
def test_every_component_of_a_library_builds(tmp_path: Path, name: str, version: str, folder: str) -> None:
    package = npm_package(name, version)
    tags = {f"x-{number}": f"{name}/{path}" for number, path in enumerate(components(package / folder))}
    assert len(tags) > 20
    files = {
        "app.json": json.dumps({"pages": ["pages/a/a"], "usingComponents": tags}),
        "app.js": "App({})",
        "package.json": json.dumps({"dependencies": {name: version}}),
        "pages/a/a.js": "Page({})",
        "pages/a/a.wxml": "".join(f'<{tag} class="a" bind:tap="go">x</{tag}>' for tag in tags),
    }
    installed = write(tmp_path, files) / "node_modules" / name
    installed.parent.mkdir(parents=True)
    installed.symlink_to(package)
    built = build_program(tmp_path, KEY)
    views = [path for path in tags.values() if f"miniprogram_npm/{path}.view" in built.package.entries]
    assert views == list(tags.values())
    page = json.loads(built.package.entries["pages/a/a.view"])
    assert len(page["styles"]) == len(set(page["styles"]))
    assert set(page["styles"]) <= built.package.entries.keys()
    # Slips of theirs, and nothing that this compiler does not know.
    known = ("of <", "is left out", "is never shown", "unknown directive wx:item")
    assert [warning for warning in built.warnings if not any(words in warning for words in known)] == []
