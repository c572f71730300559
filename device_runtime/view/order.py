"""The components of a page, in the order of the document and in that of their going."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from device_runtime.view.blocks import BlockInstance
from device_runtime.view.hosts import ComponentFragment

if TYPE_CHECKING:
    from device_runtime.view.tree import Registry


def in_document_order(registry: "Registry", ids: Iterable[int]) -> list[int]:
    """Components of one tree, in the order of the document; what is gone is left out."""
    wanted = {identity for identity in ids if identity in registry.hosts}
    if len(wanted) < 2:
        return list(wanted)
    root = registry.hosts[next(iter(wanted))].owner.tree.root
    return [] if root is None else [identity for identity in _components(root) if identity in wanted]


def leaving(root: BlockInstance) -> Iterator[int]:
    """The components below an instance as they go with it: those in the slots of one, those in its own tree, itself."""
    for child in root.block.order:
        if child >= 0:
            continue
        fragment = root.fragments[~child]
        for inner in fragment.instances():
            yield from leaving(inner)
        if isinstance(fragment, ComponentFragment):
            if fragment.tree.root is not None:
                yield from leaving(fragment.tree.root)
            yield fragment.id


def _components(root: BlockInstance) -> Iterator[int]:
    for child in root.block.order:
        if child >= 0:
            continue
        fragment = root.fragments[~child]
        if isinstance(fragment, ComponentFragment):
            yield fragment.id
        for inner in fragment.instances():
            yield from _components(inner)
