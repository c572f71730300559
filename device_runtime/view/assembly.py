"""The last step of loading a template: which lists of it are mixed, and the functions that make its nodes.

Templates may use each other, so that neither is known before all blocks are there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from device_runtime.values import Value
from device_runtime.view.attributes import translated
from device_runtime.view.blocks import ROOT_PARENT, Block, BlockInstance, FragmentProgram, Make, collect, make_nodes
from device_runtime.view.patches import Node


@dataclass(frozen=True, slots=True)
class TextPlan:
    """A text: what it says always, or the slot of its binding."""

    text: str
    slot: int | None


@dataclass(frozen=True, slots=True)
class ElementPlan:
    """An element: the attributes that are always the same, and the slots of the others. ``translated`` names those that
    hold classes of a component."""

    tag: str
    static: dict[str, Value]
    dynamic: list[tuple[str, int]]
    types: list[Value]
    translated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostPlan:
    """The host of a component: the number of its fragment."""

    fragment: int


Plan: TypeAlias = TextPlan | ElementPlan | HostPlan


def assemble(planned: list[tuple[Block, dict[int, Plan]]]) -> None:
    """Finish the blocks of one template, of whose nodes the plans are given."""
    mixed: dict[int, set[int]] = {}
    if any(program.kind for block, _ in planned for program in block.fragments):
        mixed = _analyse([block for block, _ in planned])
    for block, plans in planned:
        lists = mixed.get(id(block), ())
        for offset in reversed(range(len(block.parents))):
            plan = plans.get(offset)
            if plan is not None:
                block.make_at[offset] = _make(block, offset, plan, offset in lists)
        block.makes = _makes(block, block.roots)
        block.shape = _shape(block, plans)


def _analyse(blocks: list[Block]) -> dict[int, set[int]]:
    """Find what may hold slots and components. Returns, by the ids of blocks, the parents whose children are mixed."""
    shown = {id(block): [program.blocks for program in block.fragments] for block in blocks}
    groups = _Groups(blocks, shown)
    slotted = groups.spread((block for block in blocks if _has(block.fragments, "slot")), roots_only=False)
    hosting = groups.spread((block for block in blocks if _has(block.fragments, "component")), roots_only=False)
    mixing = groups.spread(
        (block for block in blocks if any(child < 0 and block.fragments[~child].kind for child in block.roots)),
        roots_only=True,
    )
    mixed: dict[int, set[int]] = {}
    for block in blocks:
        kinds = [program.kind for program in block.fragments]
        ids = [id(inner) for inner in shown[id(block)]]
        block.slotted = tuple(k for k, kind in enumerate(kinds) if kind == "slot" or ids[k] in slotted)
        block.hosting = tuple(k for k, kind in enumerate(kinds) if kind == "component" or ids[k] in hosting)
        parents = {
            program.site.parent for program, inner in zip(block.fragments, ids, strict=True)
            if program.kind or inner in mixing
        }  # fmt: skip
        mixed[id(block)] = parents
        block.mixed = ROOT_PARENT in parents
        for program in block.fragments:
            program.site.mixed = program.site.parent in parents
    return mixed


class _Groups:
    """The blocks that fragments may show. The templates in sight of a file are one group, however often they are
    used."""

    def __init__(self, blocks: list[Block], shown: Mapping[int, list[Sequence[Block]]]) -> None:
        self._users: dict[int, list[tuple[Block, bool]]] = {}
        self._of: dict[int, list[int]] = {}
        for block in blocks:
            for program, group in zip(block.fragments, shown[id(block)], strict=True):
                if id(group) not in self._users:
                    self._users[id(group)] = []
                    for one in group:
                        self._of.setdefault(id(one), []).append(id(group))
                self._users[id(group)].append((block, program.site.parent == ROOT_PARENT))

    def spread(self, first: Iterable[Block], *, roots_only: bool) -> set[int]:
        """The groups with a block that has what the ``first`` have, itself or in a fragment (of its roots only)."""
        groups: set[int] = set()
        waiting = list(first)
        while waiting:
            for group in self._of.get(id(waiting.pop()), ()):
                if group not in groups:
                    groups.add(group)
                    waiting += [user for user, is_root in self._users[group] if is_root or not roots_only]
        return groups


def _has(programs: list[FragmentProgram], kind: str) -> bool:
    return any(program.kind == kind for program in programs)


def _makes(block: Block, listed: list[int]) -> list[Make | int]:
    return [~child if child < 0 else block.make_at[child] for child in listed]


def _shape(block: Block, plans: dict[int, Plan]) -> list[Value] | None:
    """The shape of a block's stamp; ``None`` where its nodes do not follow from its values alone."""
    if block.fragments or any(isinstance(plan, ElementPlan) and plan.translated for plan in plans.values()):
        return None

    def node(offset: int) -> Value:
        match plans[offset]:
            case TextPlan(text, slot):
                return [offset, text if slot is None else slot]
            case ElementPlan(tag, static, dynamic, types):
                bound: list[Value] = [[name, slot] for name, slot in dynamic]
                return [offset, tag, static, bound, types, [node(child) for child in block.lists.get(offset, [])]]
            case plan:
                raise AssertionError(plan)

    return [node(root) for root in block.roots]


def _make(block: Block, offset: int, plan: Plan, mixed: bool) -> Make:
    match plan:
        case TextPlan(text, None):
            return lambda instance: [instance.base + offset, text]
        case TextPlan(_, int(slot)):
            return lambda instance: [instance.base + offset, instance.values[slot]]
        case HostPlan(number):
            return lambda instance: instance.fragments[number].make()  # type: ignore[attr-defined]
        case ElementPlan():
            listed = block.lists.get(offset, [])
            return _make_element(offset, plan, _makes(block, listed), listed if mixed else None)
    raise AssertionError(plan)


def _make_element(offset: int, plan: ElementPlan, makes: list[Make | int], listed: list[int] | None) -> Make:
    tag, static, dynamic, types = plan.tag, plan.static, plan.dynamic, plan.types

    def attributes(instance: BlockInstance) -> dict[str, Value]:
        if not dynamic:
            return static
        made = static.copy()
        values = instance.values
        for name, slot in dynamic:
            value = values[slot]
            if value is not None:
                made[name] = value
        return made

    def with_classes(instance: BlockInstance) -> dict[str, Value]:
        made = attributes(instance).copy()
        for name in plan.translated:
            if name in made:
                made[name] = translated(instance.tree, name, made[name])
        return made

    get = with_classes if plan.translated else attributes
    if listed is not None:
        return _make_mixed(offset, tag, get, types, listed)
    plain: list[Callable[[BlockInstance], Any]] = [make for make in makes if not isinstance(make, int)]
    if len(plain) < len(makes):
        return lambda instance: [
            instance.base + offset, tag, get(instance), types, [*make_nodes(makes, instance)]
        ]  # fmt: skip
    if dynamic or plan.translated:
        return lambda instance: [
            instance.base + offset, tag, get(instance), types, [make(instance) for make in plain]
        ]  # fmt: skip
    return lambda instance: [
        instance.base + offset, tag, static, types, [make(instance) for make in plain]
    ]  # fmt: skip


def _make_mixed(
    offset: int,
    tag: str,
    attributes: Callable[[BlockInstance], dict[str, Value]],
    types: list[Value],
    listed: list[int],
) -> Make:
    def make(instance: BlockInstance) -> Node:
        found: list[tuple[BlockInstance, int]] = []
        collect(instance, listed, found, None)
        node = instance.base + offset
        children: list[Value] = [*instance.tree.registry.placement.fill(node, found)]
        return [node, tag, attributes(instance), types, children]

    return make
