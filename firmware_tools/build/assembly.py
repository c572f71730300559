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
from firmware_tools.build.dialects import WECHAT, Dialect, SourceError, SourceProject
from firmware_tools.build.npm import BUILT, NpmPackages
from firmware_tools.build.portable.sources import PythonSources
from firmware_tools.build.requirements import Requirements
from firmware_tools.build.source_files import DEVELOPERS_FOLDERS, SourceFiles
from firmware_tools.build.styles import StyleCompiler, StyleScope
from firmware_tools.build.templates import Owner, TemplateCompiler, UsedComponent
from firmware_tools.build.theme import with_theme

_TAB_BAR = "custom-tab-bar/index"
# Scripts of a developer's tools, beside app.json.
_TOOLS = re.compile(r"(?:gulpfile|Gruntfile|[^/]+\.config)\.[cm]?js")
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

    def __init__(
        self,
        project: SourceProject,
        files: SourceFiles,
        npm: NpmPackages,
        warnings: list[str],
        python: PythonSources | None = None,
    ) -> None:
        self._python = python
        self._project = project
        self._files = files
        self._warnings = warnings
        self._components = Components(files, project.dialect, project.app, npm, warnings)
        self._compilers = {
            dialect: TemplateCompiler(dialect, files.read, warnings) for dialect in (project.dialect, WECHAT)
        }
        self._styles = StyleCompiler(files.read, warnings, files.hint)
        self._units: dict[str, _Unit] = {}
        self._missing: dict[str, None] = {}
        self._entries: dict[str, bytes] = {}

    def entries(self) -> dict[str, bytes]:
        """Everything but the manifest.

        Raises:
            SourceError: the source is faulty.
        """
        for route in self._project.pages:
            self._add_unit(route, is_component=False)
        for unit in self._compiled_units():
            self._add_style(unit.path, unit)
        stand_ins = {told: shown for one in self._compilers.values() for told, shown in one.stand_ins.items()}
        self._warnings += [f"{told}; {stand_ins.get(told, 'it is not used')}" for told in self._missing]
        self._add_style("app", None)
        for unit in self._units.values():
            if not unit.is_component:
                unit.document["styles"] = self._styles_of(unit)
            view = json.dumps(unit.document, ensure_ascii=False, separators=(",", ":"))
            self._entries[f"{unit.path}.view"] = view.encode()
        for compiler in self._compilers.values():
            self._entries |= {path: text.encode() for path, text in compiler.files.code.files.items()}
        self._add_files()
        return self._entries

    # Pages and components

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
        compiler = self._compilers[self._dialect(unit)]
        name = f"{unit.path}{compiler.files.dialect.template}"
        file = compiler.files.get(name)
        if file is None:
            raise SourceError(f"there is no file {name}")
        table = self._components.table(unit.path)
        if unit.is_component:
            self._check_component(unit)
        components = dict(table.tags)
        appended = self._tab_bar(components) if unit.path in self._project.custom_tab_pages else []
        owner = Owner(components, table.missing, unit.is_component, unit.prefix)
        unit.document = compiler.compile(file, owner, appended)
        if self._python is not None:
            self._check_python_page(unit, name)
        self._missing |= dict.fromkeys(table.missing.values())
        used_paths = [entry["path"] for entry in unit.document["components"].values() if entry["path"]]
        unit.uses = list(dict.fromkeys(used_paths))

    def _check_python_page(self, unit: _Unit, template: str) -> None:
        """A page in Python has neither components nor modules of templates: both are JavaScript."""
        for tag in unit.document["components"]:
            raise SourceError(
                f"{template}:1: <{tag}> is a custom component, whose logic is JavaScript; a program in Python has "
                "none: say <template> for what comes again"
            )
        for module in unit.document["modules"]:
            raise SourceError(
                f"{template}:1: {module} is JavaScript; a program in Python computes such values in its page"
            )
        if self._python is not None:
            self._warnings += self._python.check_handlers(unit.path, unit.document)

    def _dialect(self, unit: _Unit) -> Dialect:
        found = self._components.dialect(unit.path) if unit.is_component else None
        return found or self._project.dialect

    def _check_component(self, unit: _Unit) -> None:
        if f"{unit.path}.js" not in self._files:
            raise SourceError(f"the component {unit.path!r} has no script {unit.path}.js")
        if self._components.options(unit.path).get("component") is not True:
            self._warnings.append(f'{unit.path}.json:1:1: "component": true is missing')

    def _tab_bar(self, components: dict[str, UsedComponent]) -> list[str]:
        """The tag of the program's own tab bar, which ends each tab page; empty where there is none."""
        if not self._components.exists(_TAB_BAR):
            self._warnings.append(
                f"app.json: tabBar.custom is true, but there is no component {_TAB_BAR}, no bar is shown"
            )
            return []
        tag = "custom-tab-bar"
        while tag in components and components[tag].path != _TAB_BAR:
            tag += "-"
        components[tag] = UsedComponent(_TAB_BAR)
        return [tag]

    # Styles

    def _add_style(self, path: str, unit: _Unit | None) -> None:
        name = f"{path}{(self._dialect(unit) if unit is not None else self._project.dialect).style}"
        if name not in self._files:
            return
        scope = StyleScope(unit.prefix) if unit is not None and unit.is_component else None
        compiled = {f"{path}.css": scope}
        if unit is not None and scope is not None and self._shares_styles(path):
            compiled[f"{path}.shared.css"] = StyleScope(unit.prefix, shared=True)
        for entry, style_scope in compiled.items():
            self._entries[entry] = self._styles.compile(name, style_scope).encode()
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
            if unit.path not in reached and unit is not page:
                reached[unit.path] = unit
                waiting += unit.uses
        ordered = sorted(reached.values(), key=lambda unit: unit.number)
        return [style for unit in ordered for style in unit.styles]

    # Everything else

    def _add_files(self) -> None:
        """Scripts, JSON and resources; of npm packages only what is required or used."""
        aliases = self._project.manifest["cygnet"].get("resolve_alias") or {}
        requirements = Requirements(self._files, aliases, self._warnings)
        roots = ["app", *self._units]
        suffixes = (".json",) if self._python is not None else (".js", ".json")
        needed = {name for path in roots for suffix in suffixes if (name := f"{path}{suffix}") in self._files}
        reached = list(requirements.closure(needed, filter(self._travels, self._files)))
        reached += requirements.resources_of_packages([*reached, *self._entries])
        compiled = (*(end for one in self._compilers for end in (one.template, one.style)), ".wxs", ".sjs")
        for name in reached:
            if not name.endswith(compiled):
                self._entries.setdefault(name, self._files[name])
        if self._python is not None:
            self._entries |= self._python.entries()
        self._apply_theme()

    def _apply_theme(self) -> None:
        """Put the theme's values in the configuration of pages."""
        for path in self._units if self._project.theme else ():
            if b'"@' in self._entries.get(f"{path}.json", b""):
                options = with_theme(self._components.options(path), self._project.theme)
                self._entries[f"{path}.json"] = json.dumps(options, ensure_ascii=False).encode()

    def _travels(self, name: str) -> bool:
        """Whether a file is in the package although nothing is known to ask for it."""
        folders = name.split("/")[:-1]
        if BUILT in folders or (folders and folders[0] in DEVELOPERS_FOLDERS):
            return False
        if _TOOLS.fullmatch(name):
            return False
        if self._python is not None and name.endswith((".py", ".mpy", ".js")):
            return False  # what is imported travels, and JavaScript is of no use
        base, suffix = posixpath.splitext(name)
        if suffix in (".js", ".json") and base not in self._units and self._components.exists(base):
            # Another component's files, unless it is a page's or is required.
            return self._components.options(base).get("component") is not True
        return suffix != ".map"  # a source map comes with the script that names it
