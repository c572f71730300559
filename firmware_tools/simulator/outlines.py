"""What tools show of a page: its data, its nodes, and the components in it, as JSON can hold them.

A node is ``[id, text]`` or ``[id, tag, attributes, events, children]`` (:mod:`device_runtime.view.patches`). The host
of a component has a sixth member, ``{"path": path, "virtual": flag}``; a virtual one, which screens do not have,
stands around what is shown of it. A component is ``[id, tag, path, virtual, components in its own template]``.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby, takewhile
from typing import Any

from device_runtime.values import Value
from device_runtime.view.page import PageView
from device_runtime.view.patches import ROOT_ID
from device_runtime.view.properties import ComponentDefinition
from device_runtime.view.stamps import expanded

Hosts = dict[int, dict[str, Any]]


def outline_data(view: PageView, owner: int, definition: ComponentDefinition | None) -> dict[str, Value] | None:
    """The data of the page (0) or of a component, with the properties apart; None if it is gone."""
    data = view.data_of(owner)
    if data is None:
        return None
    names = definition.properties.keys() if definition is not None else ()
    return {
        "properties": {name: data[name] for name in names if name in data},
        "data": {name: value for name, value in data.items() if name not in names},
    }


def outline_components(view: PageView) -> list[Any]:
    """The components of a page, each with those that its own template uses, in document order."""
    owned: dict[int, dict[int, list[Any]]] = {}
    for node in view.leaving():
        info = view.describe(node)
        if info is not None and info.component:
            owned.setdefault(info.owner, {})[node] = [node, info.tag, info.component, info.virtual]

    def within(owner: int) -> list[Any]:
        found = owned.get(owner, {})
        return [[*found[node], within(node)] for node in view.in_document_order(found)]

    return within(ROOT_ID)


def outline_nodes(view: PageView) -> list[Any]:
    """The nodes of a page as screens have them, but for their classes, which are those of the templates; with the
    hosts of components marked."""
    hosts: Hosts = {}
    for node in view.leaving():
        info = view.describe(node)
        if info is not None and info.component:
            hosts[node] = {"tag": info.tag, "path": info.component, "virtual": info.virtual}
    shown = [operation[3] for operation in expanded(view.snapshot()) if operation[:2] == ["insert", ROOT_ID]]
    if not hosts:
        return shown
    return _marked(view, hosts, ROOT_ID, shown, any(host["virtual"] for host in hosts.values()))


def _marked(view: PageView, hosts: Hosts, parent: int, nodes: Iterable[Any], wrapped: bool) -> list[Any]:
    if not wrapped:
        return [_mark(view, hosts, node, wrapped) for node in nodes]
    placed = [(_wrappers(view, hosts, parent, node[0]), node) for node in nodes]
    return list(_wrap(view, hosts, placed, 0))


def _wrappers(view: PageView, hosts: Hosts, parent: int, node: int) -> list[int]:
    """The virtual hosts between a node and its parent on screens, the outermost first."""
    between = takewhile(lambda around: around != parent, view.around(node))
    return [around for around in between if around in hosts][::-1]


def _wrap(view: PageView, hosts: Hosts, placed: list[tuple[list[int], Any]], depth: int) -> Iterator[Any]:
    for host, group in groupby(placed, lambda one: one[0][depth] if len(one[0]) > depth else None):
        if host is None:
            yield from (_mark(view, hosts, node, True) for _, node in group)
        else:
            found = hosts[host]
            inner = list(_wrap(view, hosts, list(group), depth + 1))
            yield [host, found["tag"], {}, [], inner, {"path": found["path"], "virtual": True}]


def _mark(view: PageView, hosts: Hosts, node: Any, wrapped: bool) -> Any:
    if len(node) == 2:
        return node
    number, tag, attributes, events, children = node
    if "class" in attributes:
        info = view.describe(number)
        attributes = {**attributes, "class": " ".join(info.classes) if info is not None else ""}
    made = [number, tag, attributes, events, _marked(view, hosts, number, children, wrapped)]
    host = hosts.get(number)
    return made if host is None else [*made, {"path": host["path"], "virtual": False}]
