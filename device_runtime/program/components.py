"""The templates of a program's pages and components, and what the base library says of each component."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from device_runtime.values import Value
from device_runtime.view.errors import TemplateError
from device_runtime.view.properties import STYLE_ISOLATIONS, ComponentDefinition, PropertyDefinition
from device_runtime.view.template import Template, load_template

Warn = Callable[[str, str, str], None]
"""``(level, text, source)`` of a log line."""


class Components:
    """What is known of one program's pages and components, by path."""

    def __init__(self, files: Mapping[str, bytes], warn: Warn) -> None:
        self._files = files
        self._warn = warn
        self._styles: dict[str, list[str]] = {}
        self._templates: dict[str, Template | None] = {}
        self._used: dict[str, Sequence[str]] = {}
        self._definitions: dict[str, ComponentDefinition] = {}

    def has_view(self, path: str) -> bool:
        """Whether there is a page or component of this path."""
        return f"{path}.view" in self._files

    def describe_page(self, route: str) -> dict[str, Value] | None:
        """What the base library needs to define a page: the components to define before it, and its ``.json``; None
        where there is neither."""
        used, config = self.used(route), self.config(route)
        return {"paths": list(used), "config": config} if used or config else None

    def used(self, path: str) -> Sequence[str]:
        """The components that a page or component uses, and those that they use in turn: the innermost first."""
        found = self._used.get(path)
        if found is None:
            template = self.template(path)
            found = self._used[path] = list(self._collect(path)) if template is not None and template.uses else ()
        return found

    def styles(self, route: str) -> list[str]:
        """The style sheets of the components of a page, in the order of their loading."""
        self.template(route)
        return self._styles.get(route, [])

    def config(self, path: str) -> dict[str, Value]:
        """The ``.json`` beside a page or component; empty where there is none or it is bad."""
        data = self._files.get(f"{path}.json")
        if data is None:
            return {}
        try:
            config = json.loads(data)
        except (ValueError, RecursionError) as error:
            self._warn("error", f"{path}.json is not JSON: {error}", f"{path}.json")
            return {}
        return config if isinstance(config, dict) else {}

    def define(self, path: str, facts: Mapping[str, Any]) -> None:
        """Take what the base library says of a component."""
        template = self.template(path)
        if template is None:
            return
        isolation = facts["styleIsolation"].removeprefix("page-")
        if isolation not in STYLE_ISOLATIONS:
            self._warn("warn", f"{path}: styleIsolation {isolation!r} is not known; it is 'isolated'", f"{path}.js")
            isolation = "isolated"
        self._definitions[path] = ComponentDefinition(
            path=path,
            template=template,
            data=facts["data"],
            properties={
                name: PropertyDefinition(tuple(given["types"]), given["default"])
                for name, given in facts["properties"].items()
            },
            external_classes=tuple(facts["externalClasses"]),
            style_isolation=isolation,
            multiple_slots=facts["multipleSlots"],
            dynamic_slots=facts["dynamicSlots"],
            virtual_host=facts["virtualHost"],
        )

    def definition(self, path: str) -> ComponentDefinition | None:
        """A component as a view needs it; None if its script or its template is missing or bad."""
        return self._definitions.get(path)

    def template(self, path: str) -> Template | None:
        """The compiled template of a page or component; None, with a line in the log, where it is missing or bad."""
        if path not in self._templates:
            self._templates[path] = self._load_template(path)
        return self._templates[path]

    def _collect(self, path: str) -> dict[str, None]:
        found: dict[str, None] = {}
        seen = {path}
        open_paths = [(path, iter(self._uses(path)))]
        while open_paths:
            current, rest = open_paths[-1]
            used = next(rest, None)
            if used is None:
                open_paths.pop()
                if open_paths:
                    found[current] = None
            elif used not in seen:
                seen.add(used)
                open_paths.append((used, iter(self._uses(used))))
        return found

    def _uses(self, path: str) -> list[str]:
        template = self.template(path)
        if template is None:
            return []
        return [used.path for used in template.uses.values() if used.path is not None]

    def _load_template(self, path: str) -> Template | None:
        name = f"{path}.view"
        data = self._files.get(name)
        if data is None:
            self._warn("error", f"the package has no {name}; build the program again", name)
            return None
        try:
            document = json.loads(data)
            template = load_template(document)
        except (ValueError, RecursionError) as error:
            self._warn("error", f"{name} is not JSON: {error}", name)
        except TemplateError as error:
            self._warn("error", f"{name}: {error}", name)
        else:
            self._styles[path] = [text for text in document.get("styles") or () if isinstance(text, str)]
            return template
        return None
