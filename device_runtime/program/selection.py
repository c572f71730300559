"""Which nodes a simple selector means, until views find them themselves."""

import re
from collections.abc import Callable, Iterator

from device_runtime.program.displayed import DisplayedPages
from device_runtime.values import Value


def _elements(node: Value) -> Iterator[list[Value]]:
    if isinstance(node, list) and len(node) == 5:
        yield node
        for child in node[4] if isinstance(node[4], list) else []:
            yield from _elements(child)


def _fits(node: list[Value], selector: str) -> bool:
    attributes = node[2] if isinstance(node[2], dict) else {}
    for part in re.findall(r"[.#]?[\w-]+|\[[^\]]*\]", selector):
        name, _, value = part.strip("[].#").partition("=")
        if part[0] == "." and name not in str(attributes.get("class") or "").split():
            return False
        if part[0] == "#" and attributes.get("id") != name:
            return False
        if part[0] == "[" and str(attributes.get(name)) != value.strip('"'):
            return False
        if part[0] not in ".#[" and node[1] != part:
            return False
    return True


def selection(displayed: DisplayedPages) -> dict[str, Callable[..., Value]]:
    """What the base library calls as ``select`` and ``describe``."""

    def every(page: int) -> Iterator[list[Value]]:
        view = displayed.view(page)
        for operation in view.snapshot() if view is not None else []:
            yield from _elements(operation[3])

    def select(page: int, owner: int, selector: str, first: bool) -> Value:  # noqa: ARG001 pages are the only owners
        parts = selector.split(",")
        found: list[Value] = [node[0] for node in every(page) if any(_fits(node, part) for part in parts)]
        return found[:1] if first else found

    def describe(page: int, number: int) -> Value:
        for node in every(page):
            if node[0] == number:
                attributes = node[2] if isinstance(node[2], dict) else {}
                return {"tag": node[1], "id": attributes.get("id") or "", "dataset": {}, "marks": {}}
        return None

    return {"select": select, "describe": describe}
