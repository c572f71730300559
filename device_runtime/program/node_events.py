"""What happens on a node of a screen, brought to the program: two-way bindings first, then the handlers."""

from collections.abc import Callable
from typing import Any

from device_runtime.program.displayed import DisplayedPages
from device_runtime.program.template_modules import TemplateModules
from device_runtime.values import Value
from device_runtime.view.routing import HandlerCall

_PAGE_EVENTS = {"pulldownrefresh": "onPullDownRefresh", "reachbottom": "onReachBottom", "scroll": "onPageScroll"}


class NodeEvents:
    """The way of an event from a screen. ``call(what, function, *arguments)`` calls the base library."""

    def __init__(self, displayed: DisplayedPages, modules: TemplateModules | None, call: Callable[..., Value]) -> None:
        self._displayed = displayed
        self._modules = modules
        self._call = call

    def happened(
        self, page: int, node: int, kind: str, detail: Value, touches: Value, changed: Value, time_stamp: float
    ) -> None:
        """An event ``kind`` on a node, or (node 0) on the page itself; a node that is gone is no error."""
        view = self._displayed.view(page)
        if view is None:
            return
        if node == 0 and kind in _PAGE_EVENTS:
            self._call(_PAGE_EVENTS[kind], "pageLifecycle", page, _PAGE_EVENTS[kind], detail)
        if kind == "share":
            info = view.describe(node)
            target: Value = None if info is None else _party(info.id, info.dataset)
            self._call("onShareAppMessage", "shareMessage", page, target)
            return
        if kind in ("input", "change") and isinstance(detail, dict) and "value" in detail:
            bound = view.two_way_path(node, "value") or view.two_way_path(node, "checked")
            if bound is not None:
                self._call("a two-way binding", "bindBack", page, *bound, detail["value"])
        if kind == "submit" and isinstance(detail, dict):
            self._add_form_fields(page, node, detail)
        event: dict[str, Value] = {
            "type": kind,
            "timeStamp": time_stamp,
            "detail": {} if detail is None else detail,
            "touches": touches if isinstance(touches, list) else [],
            "changedTouches": changed if isinstance(changed, list) else [],
        }
        for heard in view.route(node, kind):
            given = {**event, **parties(heard)}
            handler = heard.handler
            if isinstance(handler, str):
                answer = self._call(f"the handler {handler}", "fireHandler", page, heard.owner, handler, given)
                if kind == "input" and isinstance(answer, str):
                    self._displayed.collect(page, [["set", node, "value", answer]])
            elif self._modules is not None and not self._modules.handle(handler, given, page, heard.owner, heard.node):
                break

    def _add_form_fields(self, page: int, form: int, detail: dict[str, Value]) -> None:
        """Components that are form fields take part in a form that the screen has gathered."""
        values = detail.get("value")
        found = self._call("the fields of a form", "formValues", page, form)
        if isinstance(values, dict) and isinstance(found, dict):
            values.update(found)


def parties(heard: HandlerCall) -> dict[str, Any]:
    """The members of an event that say where it happened and who hears it."""
    return {
        "target": _party(heard.target_id, heard.target_dataset),
        "currentTarget": _party(heard.current_id, heard.current_dataset),
        "mark": heard.marks,
    }


def _party(identity: str, dataset: dict[str, Value]) -> dict[str, Value]:
    return {"id": identity, "dataset": dataset, "offsetLeft": 0, "offsetTop": 0}
