"""Documents of format 2 written by hand, and programs of components, for tests.

``el("view", {"class": "a {{b}}", "bind:tap": "t"}, "text {{c}}")`` is an element; a tag with a ``-`` is a component's.
"""

import copy
import json
from collections.abc import Mapping
from typing import Any

from device_runtime.view.mirror import MirrorTree
from device_runtime.view.page import PageView
from device_runtime.view.patches import Operation
from device_runtime.view.paths import parse_path, write
from device_runtime.view.properties import ComponentDefinition, PropertyDefinition
from device_runtime.view.template import Template, load_template
from device_runtime.view.wxs import WxsModules
from firmware_tools.build.expressions import parse_expression
from firmware_tools.build.source import SourceText

Instruction = list[Any]
PHASES = ("bind", "catch", "mut-bind", "capture-bind", "capture-catch", "change")


def expression(text: str) -> Instruction:
    return parse_expression(SourceText("test", text), text, 0)


def value(text: Any) -> Instruction:
    """``a {{b}}`` as an instruction; what is no text is a constant, a list an instruction already."""
    if isinstance(text, list):
        return text
    if not isinstance(text, str) or "{{" not in text:
        return ["constant", text]
    parts: list[Instruction] = []
    while text:
        before, _, text = text.partition("{{")
        inner, _, text = text.partition("}}")
        parts += [["constant", before]] if before else []
        parts += [expression(inner)] if inner else []
    return parts[0] if len(parts) == 1 else ["join", parts]


def wxs(module: int, keys: str, *arguments: str | None) -> Instruction:
    """A member of a module, or with arguments a call of it."""
    given = None if arguments == (None,) else [value(argument) for argument in arguments]
    return ["wxs", module, keys.split("."), given]


def child(node: Any) -> Instruction:
    return node if isinstance(node, list) else ["text", value(node)]


def el(tag: str, attributes: Mapping[str, Any] | None = None, *children: Any) -> Instruction:
    plain: dict[str, Any] = {}
    dataset: dict[str, Any] = {}
    events: list[Any] = []
    two_way: dict[str, Any] = {}
    marks: dict[str, Any] = {}
    generics: dict[str, str] = {}
    slot_values: list[list[str]] = []
    for name, given in (attributes or {}).items():
        word, _, rest = name.partition(":")
        if word in PHASES and rest:
            events.append([rest, word, value(given)])
        elif name.startswith("data-"):
            dataset[rest or name[5:]] = value(given)
        elif word == "model":
            plain[rest] = two_way[rest] = value(given)
        elif word == "mark":
            marks[rest] = value(given)
        elif word == "generic":
            generics[rest] = given
        elif word == "slot" and rest:
            slot_values.append([rest, given])
        else:
            plain[name] = value(given)
    extras = {"marks": marks, "generics": generics, "slot_values": slot_values}
    kind = "component" if "-" in tag else "element"
    made = [kind, tag, plain, dataset, events, two_way, [child(node) for node in children]]
    return [*made, extras] if any(extras.values()) else made


def slot(name: str = "", values: Mapping[str, Any] | None = None) -> Instruction:
    return ["slot", value(name), {key: value(given) for key, given in (values or {}).items()}]


def when(test: str, *children: Any, otherwise: tuple[Any, ...] | None = None) -> Instruction:
    branches: list[Any] = [[value(test), [child(node) for node in children]]]
    if otherwise is not None:
        branches.append([None, [child(node) for node in otherwise]])
    return ["if", branches]


def each(items: str, *children: Any, key: str | None = None, item: str = "item", index: str = "index") -> Instruction:
    path = None if key is None else [step for step in key.split(".") if step != "*this"]
    return ["for", value(items), item, index, path, "test:1", [child(node) for node in children]]


def use(name: str, data: str | None = None, scope: int = 0) -> Instruction:
    return ["template", value(name), scope, None if data is None else expression(data)]


def document(*body: Any, uses: Mapping[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    templates: Mapping[str, list[Any]] = members.pop("templates", {})
    made: dict[str, Any] = {
        "format": 2,
        "body": [child(node) for node in body],
        "templates": [[child(node) for node in nodes] for nodes in templates.values()],
        "scopes": [{name: number for number, name in enumerate(templates)}],
        "prefix": "",
        "components": {
            tag: {
                "path": None,
                "generic": None,
                "placeholder": None,
                **(one if isinstance(one, dict) else {"path": one}),
            }
            for tag, one in (uses or {}).items()
        },
        "modules": [],
    }
    return json.loads(json.dumps(made | members))  # type: ignore[no-any-return]


class Program:
    """Components by tag; every template may use all of them."""

    def __init__(self) -> None:
        self.definitions: dict[str, ComponentDefinition] = {}
        self._uses: dict[str, Any] = {}
        self._told: list[str] = []

    def __repr__(self) -> str:
        return "\n".join(self._told)

    def add(self, tag: str, *body: Any, **members: Any) -> None:
        """A component. ``properties`` maps names to ``(type, default)``."""
        self._told.append(f"add({tag!r}, *{body!r}, **{members!r})")
        self._uses[tag] = f"components/{tag}"
        path = f"components/{tag}"
        properties = {
            name: PropertyDefinition(tuple(types.split("|")), default)
            for name, (types, default) in members.pop("properties", {}).items()
        }
        uses = {**self._uses, **members.pop("uses", {})}
        template = load_template(
            document(
                *body,
                uses=uses,
                prefix=members.pop("prefix", f"{tag}-"),
                templates=members.pop("templates", {}),
                modules=members.pop("modules", []),
            )
        )
        data = {**{name: one.default for name, one in properties.items()}, **members.pop("data", {})}
        self.definitions[path] = ComponentDefinition(path, template, data, properties, **members)

    def page(self, *body: Any, **members: Any) -> Template:
        """A page that may use all components."""
        self._told.append(f"page(*{body!r}, **{members!r})")
        self.template = load_template(document(*body, uses={**self._uses, **members.pop("uses", {})}, **members))
        return self.template


class Instances:
    """The data that the base library has, which follows a view by effects alone: the page's, and the components'."""

    def __init__(self, program: Program, data: Mapping[str, Any]) -> None:
        self._definitions = program.definitions
        self.data: dict[int, dict[str, Any]] = {0: copy.deepcopy(dict(data))}

    def set_data(self, owner: int, changes: Mapping[str, Any]) -> None:
        for key, given in changes.items():
            write(self.data[owner], parse_path(key), copy.deepcopy(given))

    def carry_out(self, effects: list[Any]) -> None:
        for effect in copy.deepcopy(effects):
            match effect:
                case ["create", node, owner, path, passed, dict()]:
                    assert owner in self.data
                    assert node not in self.data
                    self.data[node] = {**copy.deepcopy(dict(self._definitions[path].data)), **passed}
                case ["properties", node, passed]:
                    self.data[node].update(passed)
                case ["model", owner, path, given]:
                    self.set_data(owner, {path: given})
                case ["remove", node]:
                    del self.data[node]
                case ["move", node]:
                    assert node in self.data
                case _:
                    raise AssertionError(effect)


class ComponentScreen:
    """A page with components and a screen that follows it by patches alone."""

    def __init__(
        self,
        program: Program,
        page: Template,
        data: Mapping[str, Any] | None = None,
        modules: WxsModules | None = None,
    ) -> None:
        self.program = program
        self.page = page
        self.warnings: list[str] = []
        self.view = PageView(
            page,
            copy.deepcopy(dict(data or {})),
            self.warnings.append,
            components=program.definitions.get,
            wxs=modules,
        )
        self.tree = MirrorTree()
        self.tree.apply(json.loads(json.dumps(self.view.render())))

    def update(self, changes: Mapping[str, Any], owner: int = 0) -> list[Operation]:
        operations = self.view.update(copy.deepcopy(dict(changes)), owner)
        self.tree.apply(json.loads(json.dumps(operations)))
        return operations

    def outline(self) -> Any:
        return self.tree.root.outline()[3]  # type: ignore[index]

    def text(self) -> str:
        return self.tree.root.text_content()

    def node(self, tag: str = "", **attributes: Any) -> int:
        return self.tree.find(tag, **attributes).id

    def effects(self) -> list[Any]:
        return self.view.take_effects()
