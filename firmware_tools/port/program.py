"""A program as its files reach one another: pages, the components that they use, and the scripts that these require."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from device_runtime.engine.resolution import Resolver
from device_runtime.program.apis import ApiTable
from firmware_tools.build.components import Components
from firmware_tools.build.dialects import SourceProject
from firmware_tools.port.facts import ScriptFacts
from firmware_tools.port.files import ProgramFiles, inside
from firmware_tools.port.scripts import read_script
from firmware_tools.port.styles import StyleFacts, read_style
from firmware_tools.port.templates import STRUCTURE, TemplateFacts, read_template

FOREIGN_SCHEMES = ("plugin://", "plugin-private://", "dynamicLib://", "ext://")


@dataclass(frozen=True, slots=True)
class UsedComponent:
    """An entry of ``usingComponents``: ``path`` is the component's, or ``None`` where no file is there."""

    tag: str
    target: str
    path: str | None
    file: str


@dataclass(slots=True)
class Unit:
    """A page, a component, or the app itself, with the files of its own and those that they reach."""

    kind: str
    path: str
    files: list[str] = field(default_factory=list)
    components: list[UsedComponent] = field(default_factory=list)
    tags: frozenset[str] = frozenset()


class Program:
    """All that is known of a program's files. ``tick`` is called for each unit that has been read."""

    def __init__(
        self,
        project: SourceProject,
        files: ProgramFiles,
        components: Components,
        table: ApiTable,
        tick: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.files = files
        self.dialect = project.dialect
        self.pages = project.pages
        self.in_python = project.in_python
        self.scripts: dict[str, ScriptFacts] = {}
        self.templates: dict[str, TemplateFacts] = {}
        self.styles: dict[str, StyleFacts] = {}
        self.configurations: dict[str, Any] = {}
        self.units: dict[str, Unit] = {}
        self._custom_tab_bar = bool(project.custom_tab_pages)
        self._components_of = components
        self._table = table
        self._tick = tick
        aliases = project.app.get("resolveAlias")
        known = aliases.items() if isinstance(aliases, dict) else ()
        self._resolver = Resolver(files.source, {name: path for name, path in known if isinstance(path, str)})

    def read(self) -> None:
        """Read everything that is reached from the app and its pages."""
        self._unit("app", "app")
        waiting = [("page", page) for page in self.pages]
        if self._custom_tab_bar:
            waiting.append(("component", "custom-tab-bar/index"))
        while waiting:
            kind, path = waiting.pop(0)
            if path in self.units:
                continue
            unit = self._unit(kind, path)
            waiting += [("component", used.path) for used in unit.components if used.path is not None]
            self._tick(path)
        for used in self.units["app"].components:
            if used.path is not None and used.path not in self.units and self._uses_tag(used.tag):
                self._global(used.path)

    def _uses_tag(self, tag: str) -> bool:
        return any(tag in unit.tags for unit in self.units.values())

    def _global(self, path: str) -> None:
        waiting = [path]
        while waiting:
            path = waiting.pop()
            if path not in self.units:
                unit = self._unit("component", path)
                waiting += [used.path for used in unit.components if used.path is not None]

    def configuration(self, name: str) -> Mapping[str, Any]:
        """The JSON object in a file; empty where there is none or it is none."""
        if name not in self.configurations:
            text = self.files.read(name)
            try:
                document = json.loads(text) if text is not None else {}
            except (ValueError, RecursionError):
                document = {}
            self.configurations[name] = document if isinstance(document, dict) else {}
        return self.configurations[name]  # type: ignore[no-any-return]

    def reached(self, path: str) -> dict[str, str]:
        """Every file that a unit reaches, each with the unit that brings it in: itself, or a component. The app's own
        components are those of the pages that use them."""
        if path == "app":
            return dict.fromkeys(self.units["app"].files, "app")
        found: dict[str, str] = {}
        seen: set[str] = set()
        waiting = [path]
        while waiting:
            current = waiting.pop(0)
            if current in seen or current not in self.units:
                continue
            seen.add(current)
            unit = self.units[current]
            for file in unit.files:
                found.setdefault(file, current)
            waiting += [used.path for used in unit.components if used.path is not None]
            waiting += [
                used.path
                for used in self.units["app"].components
                if used.path is not None and used.tag in unit.tags and used.path != current
            ]
        return found

    @cached_property
    def unreached(self) -> list[str]:
        """Scripts of the program's own that nothing requires."""
        reached = {file for unit in self.units.values() for file in unit.files}
        return sorted(
            name
            for name in self.files.source
            if name.endswith(".js") and name not in reached and not name.startswith("miniprogram_npm/")
        )

    # Units

    def _unit(self, kind: str, path: str) -> Unit:
        unit = self.units[path] = Unit(kind, path)
        configuration = self.files.first(f"{path}.json")
        if configuration:
            unit.files.append(configuration)
            unit.components += self._components(configuration)
        template = self.files.first(f"{path}{self.dialect.template}", f"{path}.wxml", f"{path}.swan")
        if template and kind != "app":
            tags: set[str] = set()
            for name in self._template_files(template):
                unit.files.append(name)
                tags |= {use.tag for use in self.templates[name].uses}
            unit.tags = frozenset(tags - STRUCTURE - {*self.dialect.code_tags})
        style = self.files.first(f"{path}{self.dialect.style}")
        if style:
            unit.files += self._style_files(style)
        script = self.files.first(f"{path}.js", f"{path}.ts")
        if script:
            unit.files += self._script_files(script)
        return unit

    def _components(self, configuration: str) -> Iterator[UsedComponent]:
        document = self.configuration(configuration)
        generics = document.get("componentGenerics")
        entries: dict[str, Any] = {}
        for member in ("usingSwanComponents", "usingComponents"):
            if isinstance(declared := document.get(member), dict):
                entries |= declared
        if isinstance(generics, dict):
            for name, generic in generics.items():
                if isinstance(generic, dict) and isinstance(generic.get("default"), str):
                    entries.setdefault(f"{name} (generic)", generic["default"])
        for tag, target in entries.items():
            if isinstance(target, str):
                yield UsedComponent(tag, target, self.component(configuration, target), configuration)

    def component(self, base: str, target: str) -> str | None:
        """The path of the component that ``target`` names in the configuration ``base``."""
        return None if target.startswith(FOREIGN_SCHEMES) else self._components_of.resolve(base, target)

    def _template_files(self, template: str) -> list[str]:
        """A template and what it imports and includes, each read."""
        found: list[str] = []
        waiting = [template]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.append(name)
            if name not in self.templates:
                self.templates[name] = read_template(
                    self.files.shown(name), self.files.read(name) or "", self.dialect.code_tags
                )
            for target, _ in self.templates[name].files:
                path = inside(name, target)
                if (file := self.files.first(path, f"{path}{self.dialect.template}")) is not None:
                    waiting.append(file)
        return found

    def _style_files(self, style: str) -> list[str]:
        """A style sheet and what it imports, each read."""
        found: list[str] = []
        waiting = [style]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.append(name)
            if name not in self.styles:
                self.styles[name] = read_style(self.files.read(name) or "")
            for target in self.styles[name].files:
                path = inside(name, target)
                if (file := self.files.first(path, f"{path}{self.dialect.style}")) is not None:
                    waiting.append(file)
        return found

    def shown_addresses(self) -> Iterator[tuple[str, list[tuple[str, int]]]]:
        """Of each template and style sheet, the addresses of servers whose files it shows."""
        yield from ((name, template.pictures) for name, template in self.templates.items())
        yield from ((name, style.shown) for name, style in self.styles.items())

    def _script_files(self, script: str) -> list[str]:
        """A script and what it requires, each read."""
        found: dict[str, None] = {}
        waiting = [script]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found[name] = None
            if not name.endswith((".js", ".ts")):
                continue
            if name not in self.scripts:
                self.scripts[name] = read_script(self.files.read(name) or "", self._table.apis)
            for request, _ in self.scripts[name].requests:
                if (file := self.resolve(name, request)) is not None:
                    waiting.append(file)
        return list(found)

    def resolve(self, importer: str, request: str) -> str | None:
        """The file that a request means, as on the device; the source of a script that is not compiled yet, if there is
        only that."""
        if (name := self._resolver.resolve(importer, request)) is not None:
            return name
        path = inside(importer, request)
        return self.files.first(f"{path}.ts", f"{path}/index.ts")
