# ruff: noqa: N802 the methods have the names that the base library calls them by
"""What the base library asks about components, and the views of a program about nodes."""

from collections.abc import Mapping
from typing import Any

from device_runtime.program.components import Components
from device_runtime.program.displayed import DisplayedPages
from device_runtime.program.node_events import parties
from device_runtime.program.template_modules import TemplateModules
from device_runtime.values import Value
from device_runtime.view.routing import HandlerCall
from device_runtime.view.wxs import WxsFunction


class ViewQuestions:
    """The questions; a method is called what the base library calls it. What is gone answers with nothing."""

    def __init__(self, components: Components, displayed: DisplayedPages, modules: TemplateModules | None) -> None:
        self._components = components
        self._displayed = displayed
        self._modules = modules

    def hasView(self, path: str) -> bool:
        """Whether there is a page or component of this path."""
        return self._components.has_view(path)

    def componentConfig(self, path: str) -> dict[str, Value]:
        """The ``.json`` beside a component."""
        return self._components.config(path)

    def defineComponent(self, path: str, facts: Mapping[str, Any]) -> None:
        """What a component is."""
        self._components.define(path, facts)

    def callNode(self, page: int, node: int, method: str, arguments: list[Value]) -> None:
        """Let a node on screens do something once."""
        self._displayed.call(page, node, method, arguments)

    def draw(self, page: int, node: int, commands: list[Value], opening: list[Value] | None) -> None:
        """Draw on a canvas of a screen."""
        self._displayed.draw(page, node, commands, opening)

    def styleNode(self, page: int, node: int, declarations: dict[str, Value]) -> None:
        """Lay a style over that of a node's template."""
        view = self._displayed.view(page)
        if view is not None:
            self._displayed.collect(page, view.set_node(node, "style", declarations))

    def flush(self) -> None:
        """Send what has changed now, since a question about it is to follow in the same turn."""
        self._displayed.flush()

    def select(self, page: int, owner: int, selector: str, first: bool) -> list[Value]:
        """The nodes of a page's or component's own tree that a selector chooses, in document order."""
        return list(self._displayed.select(page, owner, selector, first=first))

    def describe(self, page: int, node: int) -> dict[str, Value] | None:
        """Tag, id, dataset, classes, owner and component of a node."""
        view = self._displayed.view(page)
        found = view.describe(node) if view is not None else None
        if found is None:
            return None
        return {
            "tag": found.tag,
            "id": found.id,
            "dataset": found.dataset,
            "marks": found.marks,
            "classes": list(found.classes),
            "owner": found.owner,
            "component": found.component,
        }

    def ancestors(self, page: int, node: int) -> list[Value]:
        """The elements around a node in the same tree, the nearest first."""
        view = self._displayed.view(page)
        return list(view.ancestors(node)) if view is not None else []

    def documentOrder(self, page: int, ids: list[int]) -> list[Value]:
        """Components of one tree in the order of the document."""
        view = self._displayed.view(page)
        return list(view.in_document_order(ids)) if view is not None else []

    def removalOrder(self, page: int) -> list[Value]:
        """All components of a page in the order in which they go with it."""
        view = self._displayed.view(page)
        return list(view.leaving()) if view is not None else []

    def route(self, page: int, node: int, kind: str, options: Mapping[str, Any]) -> list[Value]:
        """Who hears an event that a component triggers: what is called, and the event's members about it."""
        view = self._displayed.view(page)
        if view is None:
            return []
        calls = view.route(
            node,
            kind,
            bubbles=options["bubbles"],
            composed=options["composed"],
            capture_phase=options["capturePhase"],
        )
        return [_heard(call) for call in calls]

    def moduleHandle(self, page: int, call: Mapping[str, Any], event: Mapping[str, Value]) -> bool:
        """Let a function of a template's module handle an event; False if the event goes no further."""
        function = WxsFunction(call["module"], tuple(call["handler"]))
        return self._modules is None or self._modules.handle(function, event, page, call["owner"], call["node"])


def _heard(call: HandlerCall) -> dict[str, Value]:
    if isinstance(call.handler, WxsFunction):
        named: dict[str, Value] = {"module": call.handler.path, "handler": list(call.handler.keys), "node": call.node}
    else:
        named = {"handler": call.handler}
    return {"owner": call.owner, **named, **parties(call)}
