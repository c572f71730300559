"""Questions of programs that only a screen can answer: where nodes are, and what comes into view.

``wx.createSelectorQuery`` and its kin ask them in the worker (``engine/base/queries.js``); the screen's side is
:mod:`device_runtime.host.screen.layout`. A program can ask about its own pages only.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol, get_args

from device_runtime.capability.arguments import number, refuse
from device_runtime.capability.registry import Caller, Capability
from device_runtime.host.screen.layout import MAX_REQUESTS, LayoutField, LayoutRequest, Observation
from device_runtime.values import Value

_SIDES = ("left", "top", "right", "bottom")
_MOST = 2**53 - 1
_MARGIN = 100_000.0


class Screens(Protocol):
    """The screens of a board; :class:`~device_runtime.host.screen.server.ScreenServer` is one."""

    async def query(
        self, app_id: str, page: int, requests: Sequence[LayoutRequest]
    ) -> list[dict[str, Value] | None] | None:
        """What a screen says of nodes of a page; ``None`` where none answers."""

    def observe(self, app_id: str, page: int, observer: int, observation: Observation) -> None:
        """Watch nodes of a page."""

    def unobserve(self, app_id: str, observer: int) -> None:
        """Watch no more."""


def layout_capabilities(screens: Screens) -> list[Capability]:
    """``layout.query {page, requests: [{node, fields, properties?, computedStyle?, font?, text?}]}`` ->
    ``{results}`` (one a request, null for a node that is not there; null as a whole where no screen answers),
    ``layout.observe {page, observer, nodes, thresholds, initialRatio, reference, margins}`` and
    ``layout.unobserve {observer}``. The program hears events ``intersection``."""

    async def query(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        requests = arguments.get("requests")
        if not isinstance(requests, list) or not 1 <= len(requests) <= MAX_REQUESTS:
            raise refuse(f"requests must be a list of 1 to {MAX_REQUESTS} questions")
        asked = [_request(request) for request in requests]
        results = await screens.query(caller.app_id, _whole(arguments, "page"), asked)
        return {"results": None if results is None else list(results)}

    async def observe(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        observation = Observation(
            nodes=tuple(_wholes(arguments, "nodes")),
            thresholds=tuple(_numbers(arguments, "thresholds")),
            initial_ratio=number(arguments, "initialRatio", 0, 1, 0),
            reference=_whole(arguments, "reference"),
            margins={side: number(_object(arguments, "margins"), side, -_MARGIN, _MARGIN, 0) for side in _SIDES},  # type: ignore[misc] # the sides are these
        )
        screens.observe(caller.app_id, _whole(arguments, "page"), _whole(arguments, "observer"), observation)
        return None

    async def unobserve(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        screens.unobserve(caller.app_id, _whole(arguments, "observer"))
        return None

    return [
        Capability("layout.query", query),
        Capability("layout.observe", observe),
        Capability("layout.unobserve", unobserve),
    ]


def _request(request: Value) -> LayoutRequest:
    if not isinstance(request, dict):
        raise refuse("each question must be an object")
    fields = _texts(request, "fields")
    known = [field for field in get_args(LayoutField) if field in fields]
    if len(known) != len(fields):
        raise refuse(f"fields may hold each of {', '.join(get_args(LayoutField))} once")
    return LayoutRequest(
        node=_whole(request, "node"),
        fields=tuple(known),
        properties=tuple(_texts(request, "properties")),
        computed_style=tuple(_texts(request, "computedStyle")),
        font=_text(request, "font"),
        text=_text(request, "text"),
    )


def _whole(arguments: Mapping[str, Value], name: str) -> int:
    value = arguments.get(name, 0)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
        raise refuse(f"{name} must be a whole number")
    return value


def _list(arguments: Mapping[str, Value], name: str) -> list[Value]:
    value = arguments.get(name, [])
    if not isinstance(value, list):
        raise refuse(f"{name} must be a list")
    return value


def _wholes(arguments: Mapping[str, Value], name: str) -> list[int]:
    return [_whole({name: item}, name) for item in _list(arguments, name)]


def _numbers(arguments: Mapping[str, Value], name: str) -> list[float]:
    return [number({name: item}, name, 0, 1, 0) for item in _list(arguments, name)]


def _texts(arguments: Mapping[str, Value], name: str) -> list[str]:
    return [_text({name: item}, name) for item in _list(arguments, name)]


def _text(arguments: Mapping[str, Value], name: str) -> str:
    value = arguments.get(name, "")
    if not isinstance(value, str):
        raise refuse(f"{name} must hold text")
    return value


def _object(arguments: Mapping[str, Value], name: str) -> Mapping[str, Value]:
    value = arguments.get(name, {})
    if not isinstance(value, dict):
        raise refuse(f"{name} must be an object")
    return value
