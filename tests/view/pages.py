"""Pages made from template source, for tests."""

import copy
import json
from collections.abc import Mapping
from typing import Any

from device_runtime.view.blocks import Block
from device_runtime.view.mirror import MirrorTree
from device_runtime.view.page import PageView
from device_runtime.view.patches import Operation
from device_runtime.view.template import Template, load_template
from firmware_tools.build.dialects import WECHAT, Dialect
from firmware_tools.build.templates import compile_template


def template(source: str, dialect: Dialect = WECHAT, files: Mapping[str, str] | None = None) -> Template:
    """A template, compiled and carried through JSON."""
    document = compile_template(source, f"pages/a{dialect.template}", dialect, (files or {}).get)
    return load_template(json.loads(json.dumps(document)))


class Screen:
    """A page and a screen that follows it by patches alone. Data are copied, as an engine does."""

    def __init__(
        self,
        source: str | Template,
        data: Mapping[str, Any],
        dialect: Dialect = WECHAT,
        files: Mapping[str, str] | None = None,
        *,
        stamps: bool = False,
    ) -> None:
        self.warnings: list[str] = []
        self.template = template(source, dialect, files) if isinstance(source, str) else source
        self.view = PageView(self.template, copy.deepcopy(dict(data)), self.warnings.append, stamps=stamps)
        self.tree = MirrorTree()
        self.tree.apply(self.view.render())

    def update(self, changes: Mapping[str, Any]) -> list[Operation]:
        operations = self.view.update(copy.deepcopy(dict(changes)))
        self.tree.apply(copy.deepcopy(operations))
        return operations

    def outline(self) -> Any:
        return self.tree.root.outline()[3]  # type: ignore[index]

    def text(self) -> str:
        return self.tree.root.text_content()

    def node(self, **attributes: Any) -> int:
        return self.tree.find(**attributes).id


def fresh_outline(page: Template, data: Mapping[str, Any]) -> Any:
    """What a screen shows of a page rendered from nothing."""
    return Screen(page, data).outline()


class Counter:
    """Counts how often each block's bindings are evaluated from now on."""

    def __init__(self, page: Template) -> None:
        self.evaluated = 0
        for block in page.blocks:
            self._watch(block)

    def _watch(self, block: Block) -> None:
        def watched(get: Any) -> Any:
            def evaluate(environment: Any) -> Any:
                self.evaluated += 1
                return get(environment)

            return evaluate

        block.bindings[:] = [watched(get) for get in block.bindings]

    def take(self) -> int:
        count, self.evaluated = self.evaluated, 0
        return count
