"""A program's source folder, read in the dialect that it is written in, and its manifest.

WeChat: ``app.json``, ``project.config.json``, ``.wxml``, ``.wxss``
(https://developers.weixin.qq.com/miniprogram/en/dev/reference/configuration/app.html).
Baidu SWAN: ``app.json``, ``project.swan.json``, ``.swan``, ``.css``
(https://smartprogram.baidu.com/docs/develop/framework/process/).
What neither has a place for (permissions, declared domains, spoken requests) is in ``cygnet.json``, which a foreign
program need not have.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from device_runtime.program.manifest import PLATFORM_VERSION
from firmware_tools.build.project_json import SourceError, line_of, read_json_object
from firmware_tools.build.theme import read_theme, with_theme
from firmware_tools.build.w3c import check_folder, is_w3c_layout

__all__ = ["DIALECTS", "SWAN", "WECHAT", "Dialect", "SourceError", "SourceProject", "load_project", "read_json_object"]

OWN_FILE = "cygnet.json"
_OWN_MEMBERS = (
    "app_id", "name", "description", "version", "icon", "permissions",
    "network", "voice", "models", "data_plan", "hosts", "language", "trial", "private_pages",
)  # fmt: skip
COPIED_MEMBERS = ("network", "voice", "models", "data_plan", "hosts", "trial", "private_pages")
"""Members of ``cygnet.json`` that stand under ``cygnet`` of the manifest as they are."""
# "Project configuration file": what WeChat's tool writes as a description.
_BOILERPLATE = "\u9879\u76ee\u914d\u7f6e\u6587\u4ef6"
_PROGRAM_FILES = "app.json with .wxml templates (WeChat) or .swan templates (Baidu SWAN)"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one family of programs names its files; ``template`` and ``style`` are file name suffixes. ``code_tags`` are
    the elements of its templates that hold code."""

    name: str
    template: str
    style: str
    project_file: str
    root_member: str
    code_tags: tuple[str, ...]


WECHAT = Dialect("wechat", ".wxml", ".wxss", "project.config.json", "miniprogramRoot", ("wxs",))
SWAN = Dialect("swan", ".swan", ".css", "project.swan.json", "smartProgramRoot", ("import-sjs", "filter"))
DIALECTS = (WECHAT, SWAN)


@dataclass(frozen=True, slots=True)
class SourceProject:
    """A source folder. ``root`` holds ``app.json``, whose content is ``app``; ``settings`` is the content of the
    project file beside it or above; ``theme`` are the variables of its theme; ``manifest`` is the manifest document to
    be packaged."""

    directory: Path
    root: Path
    dialect: Dialect
    pages: tuple[str, ...]
    app: Mapping[str, Any]
    settings: Mapping[str, Any]
    theme: Mapping[str, str]
    manifest: dict[str, Any]

    @property
    def own_file(self) -> Path | None:
        """Its ``cygnet.json``, where it has one."""
        return next((path for path in _own_files(self.directory, self.root) if path.is_file()), None)

    @property
    def in_python(self) -> bool:
        """Whether its logic is in Python, and not in JavaScript."""
        return bool(self.manifest["cygnet"].get("language") == "python")

    @property
    def script(self) -> str:
        """What the names of its scripts end in."""
        return ".py" if self.in_python else ".js"

    @property
    def custom_tab_pages(self) -> tuple[str, ...]:
        """The pages that end with the program's own tab bar."""
        bar = self.manifest["cygnet"].get("tab_bar") or {}
        return tuple(tab["route"] for tab in bar["tabs"]) if bar.get("custom") else ()


def load_project(directory: Path) -> SourceProject:
    """Read the configuration of a program in either dialect.

    Raises:
        SourceError: no program is there, or one of its JSON files is faulty.
    """
    if not directory.is_dir():
        raise SourceError(f"{directory} is not a folder; give the folder that holds the program's app.json")
    dialect, project = _dialect_of(directory)
    root = _root(directory, dialect, project)
    app_file = root / "app.json"
    if not app_file.is_file():
        raise SourceError(f"{root} holds no app.json; a program is {_PROGRAM_FILES}")
    app = read_json_object(app_file)
    theme = read_theme(app, root)
    app = with_theme(app, theme)
    pages = _pages(app, app_file)
    if dialect.template != SWAN.template and (root / f"{pages[0]}{SWAN.template}").is_file():
        dialect = SWAN
    own_file = next((path for path in _own_files(directory, root) if path.is_file()), root / OWN_FILE)
    own = read_json_object(own_file) if own_file.is_file() else {}
    for member in own:
        if member not in _OWN_MEMBERS:
            nearest = difflib.get_close_matches(member, _OWN_MEMBERS, 1)
            hint = f"; did you mean {nearest[0]!r}?" if nearest else f"; known are {', '.join(_OWN_MEMBERS)}"
            raise SourceError(f"{own_file}:{line_of(own_file, member)}: unknown member {member!r}{hint}")
    if own.get("language", "javascript") not in ("javascript", "python"):
        line = line_of(own_file, "language")
        raise SourceError(f"{own_file}:{line}: the language is {own['language']!r}; it may be javascript or python")
    manifest = _manifest(directory, dialect, project, app, own, pages)
    return SourceProject(directory, root, dialect, pages, app, project, theme, manifest)


def _own_files(directory: Path, root: Path) -> tuple[Path, ...]:
    """Where ``cygnet.json`` may lie."""
    return directory / OWN_FILE, root / OWN_FILE


def _dialect_of(directory: Path) -> tuple[Dialect, Mapping[str, Any]]:
    found = [dialect for dialect in DIALECTS if (directory / dialect.project_file).is_file()]
    projects = {dialect: read_json_object(directory / dialect.project_file) for dialect in found}
    if len(projects) > 1:
        # A program that was taken from one platform to the other may keep the file of the first.
        used = [dialect for dialect in found if _has_templates(_root(directory, dialect, projects[dialect]), dialect)]
        found = used or found
    if found:
        return found[0], projects[found[0]]
    for dialect in DIALECTS:
        if any(directory.glob(f"pages/**/*{dialect.template}")):
            return dialect, {}
    if (directory / "app.json").is_file():
        return WECHAT, {}
    if is_w3c_layout(directory):
        for fault in check_folder(directory):
            raise SourceError(f"{directory}/{fault} (W3C MiniApp Packaging)")
        raise SourceError(
            f"{directory} is a W3C MiniApp without a fault, but no specification says what its .html pages may hold; "
            f"a program that can be shown is {_PROGRAM_FILES}"
        )
    raise SourceError(f"{directory} holds no mini-program; a program is {_PROGRAM_FILES}")


def _root(directory: Path, dialect: Dialect, project: Mapping[str, Any]) -> Path:
    """The folder of ``app.json``: the one that the project file names, unless only the project's own folder has it."""
    root = directory / str(project.get(dialect.root_member) or "")
    return directory if (directory / "app.json").is_file() and not (root / "app.json").is_file() else root


def _has_templates(root: Path, dialect: Dialect) -> bool:
    """Whether one of a program's pages has a template of this dialect."""
    app_file = root / "app.json"
    pages = _pages(read_json_object(app_file), app_file) if app_file.is_file() else ()
    return any((root / f"{page}{dialect.template}").is_file() for page in pages)


def _pages(app: Mapping[str, Any], app_file: Path) -> tuple[str, ...]:
    listed = app.get("pages")
    if not isinstance(listed, list) or not listed or not all(isinstance(page, str) for page in listed):
        raise SourceError(f"{app_file}:{line_of(app_file, 'pages')}: pages must be a list of at least one route")
    pages = [page.strip("/") for page in listed]
    for name in ("subPackages", "subpackages"):
        listed = app.get(name) or []
        for package in listed if isinstance(listed, list) else [listed]:
            match package:
                case {"root": str(root), "pages": list(routes)} if root.strip("/"):
                    pages += [f"{root.strip('/')}/{str(route).strip('/')}" for route in routes]
                case _:
                    line = line_of(app_file, name)
                    raise SourceError(f"{app_file}:{line}: each of {name} must have a root and a list of pages")
    entry = app.get("entryPagePath")
    if isinstance(entry, str) and entry.strip("/") in pages:
        pages.insert(0, entry.strip("/"))
    return tuple(dict.fromkeys(pages))


def _subpackages(app: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The subpackages of ``app.json``, once more for the device, which may load their code later."""
    return [
        {
            "root": package["root"].strip("/"),
            "name": package["name"] if isinstance(package.get("name"), str) else "",
            "independent": package.get("independent") is True,
        }
        for name in ("subPackages", "subpackages")
        for package in app.get(name) or []
    ]


def _manifest(
    directory: Path,
    dialect: Dialect,
    project: Mapping[str, Any],
    app: Mapping[str, Any],
    own: Mapping[str, Any],
    pages: tuple[str, ...],
) -> dict[str, Any]:
    folder = re.sub(r"[^a-zA-Z0-9._-]+", "-", directory.resolve().name).strip("-._") or "program"
    ours: dict[str, Any] = {"format": 1, "dialect": dialect.name}
    if tab_bar := _tab_bar(app):
        ours["tab_bar"] = tab_bar
    if subpackages := _subpackages(app):
        ours["subpackages"] = subpackages
    if isinstance(aliases := app.get("resolveAlias"), Mapping) and aliases:
        ours["resolve_alias"] = dict(aliases)
    ours |= {member: own[member] for member in COPIED_MEMBERS if member in own}
    if own.get("language") == "python":
        ours["language"] = "python"
    manifest: dict[str, Any] = {
        "app_id": own.get("app_id") or _text(project, "appid") or f"local.{folder}",
        "name": own.get("name") or unquote(_text(project, "projectname")) or folder,
        "version": own.get("version") or {"code": 1, "name": "1.0.0"},
        "platform_version": {"min_code": PLATFORM_VERSION},
        "pages": list(pages),
        "window": app.get("window") or {},
        "cygnet": ours,
    }
    described = _text(project, "description")
    if description := own.get("description") or ("" if described.startswith(_BOILERPLATE) else described):
        manifest["description"] = description
    if icon := own.get("icon"):
        manifest["icons"] = [{"src": icon}]
    if permissions := own.get("permissions"):
        manifest["req_permissions"] = permissions
    return manifest


def _text(project: Mapping[str, Any], member: str) -> str:
    """A member of a project file as a text; Baidu's tool writes numbers as app ids, and names percent-encoded."""
    value = project.get(member)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _tab_bar(app: Mapping[str, Any]) -> dict[str, Any] | None:
    tab_bar = app.get("tabBar")
    if not isinstance(tab_bar, Mapping) or not isinstance(tab_bar.get("list"), list):
        return None
    return {
        "color": tab_bar.get("color", ""),
        "selected_color": tab_bar.get("selectedColor", ""),
        "background_color": tab_bar.get("backgroundColor", ""),
        **({"custom": True} if tab_bar.get("custom") is True else {}),
        "tabs": [
            {
                "route": str(tab.get("pagePath", "")).strip("/"),
                "text": tab.get("text", ""),
                "icon": str(tab.get("iconPath", "")).lstrip("./"),
                "selected_icon": str(tab.get("selectedIconPath", "")).lstrip("./"),
            }
            for tab in tab_bar["list"]
            if isinstance(tab, Mapping)
        ],
    }
