"""What goes into a package: the compiled pages, the components that they reach, the code that these require, the rest.

Whatever is not reached stays out: of a component library of megabytes a program often uses three components.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from firmware_tools.build.components import Components
from firmware_tools.build.dialects import SourceError, SourceProject
from firmware_tools.build.scripts import check_script, requests
from firmware_tools.build.source import SourceText
from firmware_tools.build.source_files import SourceFiles
from firmware_tools.build.styles import StyleScope, compile_style
from firmware_tools.build.templates import Owner, TemplateCompiler, UsedComponent

_TAB_BAR = "custom-tab-bar/index"
_SCRIPTS = (".js", ".cjs", ".mjs")
_REQUEST_SUFFIXES = ("", ".js", ".json", "/index.js", "/index.json")
_LANGUAGES = {".ts": "TypeScript", ".less": "Less", ".scss": "Sass", ".sass": "Sass"}
_SHARED = re.compile(r"\bstyleIsolation\s*:\s*[\"'`](?:page-)?shared[\"'`]")


@dataclass(slots=True)
class _Unit:
    """A page or a component that is in the package. ``number`` is the order in which it was found."""

    path: str
    number: int
    is_component: bool
    document: dict[str, Any] = field(default_factory=dict)
    uses: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        return f"c{self.number}-" if self.is_component else ""


class Assembly:
    """Makes the entries of one program's package. What is likely a slip is appended to ``warnings``."""

    def __init__(self, project: SourceProject, files: SourceFiles, warnings: list[str]) -> None:
        self._project = project
        self._files = files
        self._warnings = warnings
        self._components = Components(files, project.dialect, project.app, warnings)
        self._compiler = TemplateCompiler(project.dialect, files.read, warnings)
        self._units: dict[str, _Unit] = {}
        self._entries: dict[str, bytes] = {}

    def entries(self) -> dict[str, bytes]:
        """Everything but the manifest.

        Raises:
            SourceError: the source is faulty.
        """
        for route in self._project.pages:
            self._check_page(route)
            self._add_unit(route, is_component=False)
        for unit in self._compiled_units():
            self._add_style(unit.path, unit)
        self._add_style("app", None)
        for unit in self._units.values():
            if not unit.is_component:
                unit.document["styles"] = self._styles_of(unit)
            view = json.dumps(unit.document, ensure_ascii=False, separators=(",", ":"))
            self._entries[f"{unit.path}.view"] = view.encode()
        for path, text in self._compiler.files.code.files.items():
            self._entries[path] = text.encode()
        self._add_files()
        return self._entries

    # Pages and components

    def _check_page(self, route: str) -> None:
        app_file = self._project.root / "app.json"
        template, script = f"{route}{self._project.dialect.template}", f"{route}.js"
        if template not in self._files:
            raise SourceError(f"{app_file}: the page {route!r} has no template {template}")
        if script not in self._files:
            self._refuse_source(route, ".ts")
            raise SourceError(f"{app_file}: the page {route!r} has no script {script}")

    def _refuse_source(self, path: str, *suffixes: str) -> None:
        """Name a file that would have to be compiled first by someone else."""
        for suffix in suffixes:
            source = self._project.root / f"{path}{suffix}"
            if source.is_file():
                raise SourceError(f"{source} is {_LANGUAGES[suffix]}: compile it first, and build what comes out")

    def _add_unit(self, path: str, *, is_component: bool) -> _Unit:
        unit = self._units.get(path)
        if unit is None:
            unit = self._units[path] = _Unit(path, len(self._units), is_component)
        return unit

    def _compiled_units(self) -> Iterator[_Unit]:
        """Compile every unit; compiling one finds the components that it uses."""
        waiting = list(self._units.values())
        for unit in waiting:
            self._compile(unit)
            yield unit
            waiting += [self._add_unit(path, is_component=True) for path in unit.uses if path not in self._units]

    def _compile(self, unit: _Unit) -> None:
        name = f"{unit.path}{self._project.dialect.template}"
        file = self._compiler.files.get(name)
        if file is None:
            raise SourceError(f"there is no file {name}")
        table = self._components.table(unit.path)
        if unit.is_component:
            self._check_component(unit)
        for tag, sentence in table.missing.items():
            used = any(
                element.tag == tag
                or any(a.value == tag for n, a in element.attributes.items() if n.startswith("generic:"))
                for element in file.elements
            )
            if used:
                raise SourceError(sentence)
            self._warnings.append(f"{sentence}; it is not used")
        components = dict(table.tags)
        appended = [self._tab_bar(components)] if unit.path in self._project.custom_tab_pages else []
        unit.document = self._compiler.compile(file, Owner(components, unit.is_component, unit.prefix), appended)
        used_paths = [entry["path"] for entry in unit.document["components"].values() if entry["path"]]
        unit.uses = list(dict.fromkeys(used_paths))

    def _check_component(self, unit: _Unit) -> None:
        if f"{unit.path}.js" not in self._files:
            self._refuse_source(unit.path, ".ts")
            raise SourceError(f"the component {unit.path!r} has no script {unit.path}.js")
        if self._components.options(unit.path).get("component") is not True:
            self._warnings.append(f'{unit.path}.json:1:1: "component": true is missing')

    def _tab_bar(self, components: dict[str, UsedComponent]) -> str:
        """The tag of the program's own tab bar, which ends each tab page."""
        if not self._components.exists(_TAB_BAR):
            app_file = self._project.root / "app.json"
            raise SourceError(f"{app_file}: tabBar.custom is true, but there is no component {_TAB_BAR}")
        tag = "custom-tab-bar"
        while tag in components and components[tag].path != _TAB_BAR:
            tag += "-"
        components[tag] = UsedComponent(_TAB_BAR)
        return tag

    # Styles

    def _add_style(self, path: str, unit: _Unit | None) -> None:
        name = f"{path}{self._project.dialect.style}"
        text = self._files.read(name)
        if text is None:
            self._refuse_source(path, ".less", ".scss", ".sass")
            return
        scope = StyleScope(unit.prefix) if unit is not None and unit.is_component else None
        compiled = {f"{path}.css": scope}
        if unit is not None and scope is not None and self._shares_styles(path):
            compiled[f"{path}.shared.css"] = StyleScope(unit.prefix, shared=True)
        for entry, style_scope in compiled.items():
            css = compile_style(text, name, self._files.read, self._warnings, style_scope)
            self._entries[entry] = css.encode()
            if unit is not None:
                unit.styles.append(entry)

    def _shares_styles(self, path: str) -> bool:
        """Whether a component says that its styles are for others too, in its ``.json`` or its script."""
        options = self._components.options(path)
        if options.get("styleIsolation") in ("shared", "page-shared"):
            return True
        return _SHARED.search(self._files.read(f"{path}.js") or "") is not None

    def _styles_of(self, page: _Unit) -> list[str]:
        """The style files of all components that a page can use, however deep, in the order of their numbers."""
        reached: dict[str, _Unit] = {}
        waiting = list(page.uses)
        while waiting:
            unit = self._units[waiting.pop()]
            if unit.path not in reached and unit.is_component:
                reached[unit.path] = unit
                waiting += unit.uses
        ordered = sorted(reached.values(), key=lambda unit: unit.number)
        return [style for unit in ordered for style in unit.styles]

    # Everything else

    def _add_files(self) -> None:
        """Scripts, JSON and resources. Of npm packages only what is required or used."""
        dialect = self._project.dialect
        roots = ["app", *self._units]
        needed = {name for path in roots for suffix in (".js", ".json") if (name := f"{path}{suffix}") in self._files}
        needed |= {name for name in self._files if self._travels(name)}
        done: set[str] = set()
        waiting = sorted(needed)
        for name in waiting:
            if name in done:
                continue
            done.add(name)
            if name.endswith((dialect.template, ".wxs", ".sjs")) or (
                name.endswith(dialect.style) and dialect.style != ".js"
            ):
                continue
            data = self._files[name]
            self._entries.setdefault(name, data)
            if name.endswith(_SCRIPTS):
                text = self._files.read(name) or ""
                check_script(SourceText(str(self._files.path(name)), text))
                waiting += [found for request in requests(text) if (found := self._resolve(name, request))]

    def _travels(self, name: str) -> bool:
        """Whether a file is in the package although nothing is known to ask for it."""
        folders = name.split("/")[:-1]
        if "miniprogram_npm" in folders:
            return False
        base, suffix = posixpath.splitext(name)
        if suffix in (".js", ".json") and base not in self._units and self._components.exists(base):
            # Another component's files, unless it is a page's or is required.
            return self._components.options(base).get("component") is not True
        return name != "app.json"

    def _resolve(self, importer: str, request: str) -> str | None:
        folder = posixpath.dirname(importer)
        if request.startswith("/"):
            bases = [request]
        elif request.startswith("."):
            bases = [posixpath.join(folder, request)]
        else:
            bases = [posixpath.join(folder, request), request]
            at = folder
            while at:
                bases.append(posixpath.join(at, "miniprogram_npm", request))
                at = posixpath.dirname(at)
            bases.append(posixpath.join("miniprogram_npm", request))
        for base in bases:
            path = posixpath.normpath("/" + base).lstrip("/")
            for suffix in _REQUEST_SUFFIXES:
                if path + suffix in self._files and (path + suffix).endswith((*_SCRIPTS, ".json")):
                    return path + suffix
        return None
