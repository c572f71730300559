"""What a worker says of its page stack, checked: a worker may be a hostile program's."""

from collections.abc import Mapping
from typing import Any

from device_runtime.engine.frames import FrameError
from device_runtime.values import Value

_TRANSITIONS = ("push", "pop", "replace", "tab", "none")
_MAX_STYLES = 1000
# Far more than programs may open; the worker counts those.
_MAX_PAGES = 100
_OPTIONAL = {"styles"}


def read_stack(payload: Mapping[str, Value]) -> tuple[list[dict[str, Any]], str, str]:
    """The pages from bottom to top, how they came to be there, and the one screen concerned (empty: all).

    Raises:
        FrameError: it is no such event.
    """
    pages, transition, target = payload.get("pages"), payload.get("transition"), payload.get("target")
    if not isinstance(pages, list) or transition not in _TRANSITIONS or not isinstance(target, str):
        raise FrameError("a stack event has the wrong members")
    if len(pages) > _MAX_PAGES:
        raise FrameError(f"a stack event holds {len(pages)} pages; at most {_MAX_PAGES} are allowed")
    checked: list[dict[str, Any]] = []
    for page in pages:
        match page:
            case {"id": number, "route": str(route), "window": dict(window), **others} if (
                type(number) is int and set(others) <= _OPTIONAL
            ):
                styles = _read_styles(others.get("styles", []))
                checked.append({"id": number, "route": route, "window": window, "styles": styles})
            case _:
                raise FrameError("a stack event holds what is no page")
    return checked, str(transition), target


def _read_styles(styles: object) -> list[str]:
    if not isinstance(styles, list) or len(styles) > _MAX_STYLES:
        raise FrameError(f"a page of a stack event may have a list of at most {_MAX_STYLES} styles")
    paths = [path for path in styles if isinstance(path, str)]
    if len(paths) != len(styles):
        raise FrameError("the styles of a page are paths")
    return paths
