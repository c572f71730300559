"""What screens have in mixed lists, and the operations that bring them up to date.

Content of a component's host stands below the host in its own tree, but on screens wherever the slot is that takes it
now. So in lists where content, slots or components without a node of their own may be, nothing is counted. Screens
get new nodes there in the limbo at once, so that every live node is on every screen at any time; what belongs where is
compared at the end of an update, when all has settled, and then moved.

``shown`` are the children that screens have below such a node, ``home`` says below which one a child is. Both are what
the operations so far have made of a screen, not what the view's trees ask for.
"""

from typing import Any

from device_runtime.view.blocks import ROOT_PARENT, BlockInstance, Fragment, Place
from device_runtime.view.content import Content, Contents, NamedFragment
from device_runtime.view.patches import LIMBO_ID, ROOT_ID, Node, Operation
from device_runtime.view.reconcile import rearrange
from device_runtime.view.slots import SlotFragment


class Placement:
    """The mixed lists of one view."""

    __slots__ = ("contents", "entered", "fresh", "heard", "home", "recording", "shown", "sites", "slots")

    def __init__(self) -> None:
        self.shown: dict[int, dict[int, None]] = {LIMBO_ID: {}}
        self.home: dict[int, int] = {}
        self.heard: dict[int, tuple[str, ...]] = {}
        self.sites: list[Place] = []
        self.contents: dict[Contents, None] = {}
        self.slots: list[SlotFragment] = []
        self.fresh: list[Contents] = []
        self.recording = False
        self.entered = False

    # What changes

    def mark(self, fragment: Fragment) -> None:
        """The nodes of a fragment have come, gone or changed places."""
        self.sites.append((fragment.owner, fragment.site.parent))

    def enter(self, instance: BlockInstance, fragment: Fragment, operations: list[Operation]) -> None:
        """Bring a new instance to screens; where it belongs is seen when all has settled."""
        found: list[Place] = []
        instance.collect(found, None)
        self._to_limbo(found, operations)
        self.mark(fragment)
        self.land(operations)

    def land(self, operations: list[Operation]) -> None:
        """Bring the content of new components that has no slot to screens, too."""
        while self.fresh:
            fresh, self.fresh = self.fresh, []
            for contents in fresh:
                found: list[Place] = []
                contents.collect_unplaced(found)
                self._to_limbo(found, operations)

    def _to_limbo(self, found: list[Place], operations: list[Operation]) -> None:
        limbo = self.shown[LIMBO_ID]
        for instance, offset in found:
            node = instance.base + offset
            if node not in self.home:
                self.home[node] = LIMBO_ID
                limbo[node] = None
                operations.append(["insert", LIMBO_ID, 0, self.make(instance, offset)])
                self.entered = True

    def fill(self, parent: int, found: list[Place]) -> list[Node]:
        """The children of a node that is being made for screens.

        What screens have already is left out: it has to move.
        """
        if not self.recording:
            return [self.make(instance, offset) for instance, offset in found]
        shown = self.shown[parent] = {}
        nodes: list[Node] = []
        for instance, offset in found:
            node = instance.base + offset
            if node not in self.home:
                self.home[node] = parent
                shown[node] = None
                nodes.append(self.make(instance, offset))
        return nodes

    def make(self, instance: BlockInstance, offset: int) -> Node:
        """A node of a mixed list. Screens tell only what some node listens to, so that one in the place of a component
        without a node listens to what that component would."""
        node = instance.block.make_at[offset](instance)
        if instance.tree.registry.listening and len(node) > 2:
            around = _types_around(instance, offset)
            if around:
                self.heard[instance.base + offset] = around
                node[3] = [*dict.fromkeys((*node[3], *around))]  # type: ignore[misc]
        return node

    def remove(self, instance: BlockInstance, operations: list[Operation]) -> None:
        """Remove an instance from screens and forget it, but keep what stands in its slots."""
        registry = instance.tree.registry
        roots = [*instance.root_ids()]
        gone: list[BlockInstance] = []
        registry.gone = gone
        instance.discard()
        registry.gone = None
        home, shown = self.home, self.shown
        dead = {node for one in gone for node in range(one.base, one.base + one.block.size)}
        limbo = shown[LIMBO_ID]
        for node in dead:
            if node in shown:
                for child in shown.pop(node):
                    if child not in dead:
                        operations.append(["move", child, LIMBO_ID, 0])
                        home[child] = LIMBO_ID
                        limbo[child] = None
        operations += [["remove", node] for node in roots if node in dead and node not in home]
        for node in dead:
            parent = home.pop(node, None)
            self.heard.pop(node, None)
            if parent is not None and parent not in dead:
                operations.append(["remove", node])
                del shown[parent][node]

    # When all has settled

    def settle(self, operations: list[Operation]) -> None:
        """Append what is left to do in mixed lists."""
        self._fill_slots(operations)
        if not self.sites and not self.contents:
            return
        parents: dict[int, list[Place]] = {}
        waiting = list(self.contents)
        for instance, offset in self.sites:
            self._resolve(instance, offset, parents, waiting)
        self.sites = []
        self.contents = {}
        unplaced: list[Place] = []
        seen: set[Contents] = set()
        while waiting:
            contents = waiting.pop()
            if contents in seen or not contents.live:
                continue
            seen.add(contents)
            for slot in contents.slots():
                self._resolve(slot.owner, slot.site.parent, parents, waiting)
            contents.collect_unplaced(unplaced)
        self._apply(parents, unplaced, operations)

    def _fill_slots(self, operations: list[Operation]) -> None:
        while self.slots:
            slots, self.slots = self.slots, []
            for slot in slots:
                host = slot.owner.tree.host
                contents = None if host is None else host.contents
                instance = contents.fill(slot) if slot.live and contents is not None else None
                if contents is not None and instance is not None:
                    found: list[Place] = []
                    instance.collect(found, None)
                    self._to_limbo(found, operations)
                    self.contents[contents] = None
                    self.land(operations)

    def _resolve(
        self, instance: BlockInstance, offset: int, parents: dict[int, list[Place]], waiting: list[Contents]
    ) -> None:
        """Find on which node of a screen the children of a node, or the roots of an instance, are."""
        while offset == ROOT_PARENT:
            container: Any = instance.container
            if container is None:
                host = instance.tree.host
                if host is None or not host.virtual:
                    self._want(ROOT_ID if host is None else host.id, instance, ROOT_PARENT, parents)
                    return
                container = host
            elif isinstance(container, Content):
                if container.host.contents is not None:
                    waiting.append(container.host.contents)
                return
            instance, offset = container.owner, container.site.parent
        self._want(instance.base + offset, instance, offset, parents)

    def _want(self, parent: int, instance: BlockInstance, offset: int, parents: dict[int, list[Place]]) -> None:
        if parent in self.shown and parent not in parents:
            found: list[Place] = []
            for child in instance.block.lists[offset]:
                if child < 0:
                    instance.fragments[~child].collect(found, None)
                else:
                    found.append((instance, child))
            parents[parent] = found

    def _apply(self, parents: dict[int, list[Place]], unplaced: list[Place], operations: list[Operation]) -> None:
        home, shown = self.home, self.shown
        limbo = shown[LIMBO_ID]
        wanted = {parent: [instance.base + offset for instance, offset in found] for parent, found in parents.items()}
        leaving = [instance.base + offset for instance, offset in unplaced]
        for parent, nodes in wanted.items():
            staying = set(nodes)
            leaving += [node for node in shown[parent] if node not in staying]
        for node in leaving:
            if home[node] != LIMBO_ID:
                del shown[home[node]][node]
                home[node] = LIMBO_ID
                limbo[node] = None
                operations.append(["move", node, LIMBO_ID, 0])
        for parent, nodes in wanted.items():
            present = shown[parent]
            for node, index in rearrange(list(present), nodes):
                operations.append(["move", node, parent, index])
                if home[node] != parent:
                    del shown[home[node]][node]
                    home[node] = parent
            shown[parent] = dict.fromkeys(nodes)
        for parent, found in (*parents.items(), (LIMBO_ID, unplaced)):
            self._hear(parent, found, operations)

    def _hear(self, parent: int, found: list[Place], operations: list[Operation]) -> None:
        """Bring nodes anew to screens that have to listen to something else where they are now."""
        for index, (instance, offset) in enumerate(found):
            if not instance.tree.registry.listening:
                return
            node = instance.base + offset
            if offset in instance.block.elements and _types_around(instance, offset) != self.heard.get(node, ()):
                self.heard.pop(node, None)
                operations.append(["remove", node])
                self.recording = False  # what it holds is what screens have by now
                made = self.make(instance, offset)
                self.recording = True
                operations.append(["insert", parent, 0 if parent == LIMBO_ID else index, made])


def _types_around(instance: BlockInstance, offset: int) -> tuple[str, ...]:
    """The types that components without a node listen to around a node, as far as the next node of a screen."""
    types: dict[str, None] = {}
    name = ""
    offset = instance.block.parents[offset]
    while offset == ROOT_PARENT:
        container: Any = instance.container
        if isinstance(container, NamedFragment):
            name = container.name
        if container is None:
            container = instance.tree.host
            if container is None or not container.virtual:
                break
            types.update(dict.fromkeys(container.program.bubbling))
        elif isinstance(container, Content):
            host = container.host
            slot = host.contents.slot_for(container, name) if host.contents is not None else None
            if slot is None:
                break  # in the limbo
            container = slot
            name = ""
        instance, offset = container.owner, container.site.parent
    return tuple(types)
