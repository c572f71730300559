"""Component libraries from npm, and a program with a page for each of their components.

Which components a library has is read from its files (``"component": true``). How one is used, and what a person does
to it, is in ``examples/<library>.toml``; a component that has nothing there gets a text as content, and a tap on the
first of its nodes that hears one.
"""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.npm import LISTING

EMPTY = "pages/empty-page/empty-page"
"""A page that shows nothing."""
EXAMPLES = Path(__file__).parent / "examples"

_PAGE = """
%s
Page(Object.assign({
  data: %s,
  heard(e) { console.log('heard ' + e.type + ' ' + JSON.stringify(e.detail)) },
  __set(e) { this.setData(e.detail) },
  __sync(e) { setTimeout(() => console.log('~' + e.detail), 0) },
}, {%s}))
"""
_DRIVER = '<view id="driver" bindset="__set" bindsync="__sync"/>'
_PHOTO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120"><rect width="120" height="120" fill="#bcd"/>
<circle cx="84" cy="36" r="14" fill="#fd6"/><path d="M0 120 40 56l28 40 20-24 32 48z" fill="#486"/></svg>"""


@dataclass(frozen=True)
class Library:
    """``prefix`` begins the tags in its examples; the npm package is ``package``, its components lie in ``root``."""

    package: str
    prefix: str
    root: Path

    @property
    def version(self) -> str:
        """The version that is installed."""
        package = self.root
        while not (package / "package.json").is_file():
            package = package.parent
        return str(json.loads((package / "package.json").read_text(encoding="utf-8"))["version"])

    @property
    def name(self) -> str:
        """The package's name as a file's."""
        return self.package.removeprefix("@").replace("/", "-")

    def components(self) -> dict[str, str]:
        """Every component: what its tag is after the prefix, and its path in the package."""
        found: dict[str, str] = {}
        for file in sorted(self.root.rglob("*.json")):
            try:
                is_component = json.loads(file.read_text(encoding="utf-8")).get("component") is True
            except (ValueError, AttributeError):
                continue
            if is_component:
                path = file.relative_to(self.root).with_suffix("").as_posix()
                found[_short_name(path)] = path
        return found


@dataclass(frozen=True)
class Example:
    """How a component is used. ``first`` is done before it is photographed, ``do`` is what a person does then; the page
    must hear the event ``hears``, or change."""

    markup: str
    data: Mapping[str, Any] = field(default_factory=dict)
    first: Sequence[str] = ()
    do: Sequence[str] = ()
    hears: str = ""
    before: str = ""
    methods: str = ""


def libraries(installation: Path) -> list[Library]:
    """Each package of ``simulate/package.json`` that brings components."""
    listed = json.loads((LISTING / "package.json").read_text(encoding="utf-8"))
    found = []
    for package in sorted(listed["dependencies"]):
        place = installation / "node_modules" / package
        folder = json.loads((place / "package.json").read_text(encoding="utf-8")).get("miniprogram")
        if folder:
            found.append(Library(package, _prefix(place / folder), place / folder))
    return found


def _short_name(path: str) -> str:
    """``calendar/components/header/index`` -> ``calendar-header``; ``fab/draggable/draggable`` -> ``fab-draggable``."""
    words: list[str] = []
    for part in path.split("/"):
        if part in ("components", "index"):
            continue
        if words and part.startswith(words[-1]):
            words.pop()
        words.append(part)
    return "-".join(words)


def _prefix(root: Path) -> str:
    """What the tags of the library's components begin with where they use each other."""
    counted: dict[str, int] = {}
    for file in root.rglob("*.json"):
        for tag in re.findall(r'"([a-z]+)-[\w-]+"\s*:\s*"\.', file.read_text(encoding="utf-8")):
            counted[tag] = counted.get(tag, 0) + 1
    return max(counted, key=lambda tag: counted[tag])


def examples(library: Library) -> tuple[dict[str, Example], str]:
    """The entry of each component, and the style sheet of the whole program.

    Raises:
        ValueError: there is an entry for what is no component.
    """
    file = EXAMPLES / f"{library.name}.toml"
    written = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    style = written.pop("style", "")
    names = library.components()
    if unknown := written.keys() - names.keys():
        raise ValueError(f"{file}: {library.package} has no component {', '.join(sorted(unknown))}")
    tags = {name: f"{library.prefix}-{name}" for name in names}
    return {
        name: Example(**written[name]) if name in written else Example(f"<{tag}>{name}</{tag}>", do=["tap first"])
        for name, tag in tags.items()
    }, style


def write_program(library: Library, folder: Path) -> dict[str, Example]:
    """Write the source of a program that has a page for each component; gives the pages' examples by name."""
    pages, style = examples(library)
    names = library.components()
    tags = {f"{library.prefix}-{name}": f"{library.package}/{path}" for name, path in names.items()}
    files = {
        "app.json": json.dumps({"pages": [EMPTY, *map(route, pages)], "window": {"navigationBarTitleText": " "}}),
        "app.js": "App({})",
        "app.wxss": style,
        "project.config.json": json.dumps({"appid": f"test.{library.name}", "projectname": library.name}),
        "package.json": json.dumps({"dependencies": {library.package: library.version}}),
        "images/photo.svg": _PHOTO,
    }
    for name, page in pages.items():
        used = {tag: tags[tag] for tag in re.findall(r"<([\w-]+)", page.markup) if tag in tags}
        files[f"{route(name)}.wxml"] = f"{page.markup}\n{_DRIVER}"
        files[f"{route(name)}.json"] = json.dumps({"usingComponents": used})
        files[f"{route(name)}.js"] = _PAGE % (page.before, json.dumps(page.data), page.methods)
    files |= {f"{EMPTY}.wxml": _DRIVER, f"{EMPTY}.js": _PAGE % ("", "{}", "")}
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    place = library.root
    while place.name != "node_modules":
        place = place.parent
    (folder / "node_modules").symlink_to(place)
    return pages


def route(name: str) -> str:
    """The page of a component."""
    return f"pages/{name}/{name}"
