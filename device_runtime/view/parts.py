"""What the loader of a template keeps while it fills blocks, and the small checks that it makes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from device_runtime.values import Value
from device_runtime.view.assembly import Plan
from device_runtime.view.blocks import ROOT_PARENT, Block, Handler, Site
from device_runtime.view.errors import TemplateError, shown
from device_runtime.view.expressions import MAX_NAME_LENGTH, Evaluate, Expression
from device_runtime.view.hosts import Use

MAX_NODE_DEPTH: Final = 100


@dataclass(frozen=True, slots=True)
class Tables:
    """What the instructions of a document refer to."""

    templates: list[Any]
    scopes: list[dict[str, int]]
    prefix: str
    uses: Mapping[str, Use]
    modules: list[str]


@dataclass(slots=True)
class SlotValues:
    """The slot values that some content takes, with their symbols and slots, and the level of the variables."""

    level: int
    symbols: dict[str, int] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Roots:
    """What holds for siblings that may be content: whether one of them names its slot, and the slot values."""

    named: bool
    values: SlotValues | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A block that is being filled."""

    block: Block
    plans: dict[int, Plan]

    def take_offset(self, parent: int) -> int:
        """The offset of a new node below the one at ``parent``."""
        self.block.parents.append(parent)
        return len(self.block.parents) - 1

    def bind(self, expression: Expression, target: tuple[int, Any], read: Callable[[Expression], Evaluate]) -> int:
        """The slot of a new binding; ``read`` is what it gives."""
        block = self.block
        block.bindings.append(read(expression))
        block.binding_reads.append(expression.reads)
        block.targets.append(target)
        return len(block.bindings) - 1


@dataclass(frozen=True, slots=True)
class Events:
    """What listens on an element: handlers, observers of its attributes, and the types that screens must tell."""

    handlers: tuple[Handler, ...]
    observers: dict[str, Expression]
    types: list[Value]


UNHEARD: Final = Events((), {}, [])


def inner_roots(roots: Roots | None, site: Site) -> Roots | None:
    """What holds for the siblings in a fragment: the same as beside it, if it stands among roots."""
    return roots if site.parent == ROOT_PARENT else None


def names_slots(instructions: Sequence[Any], depth: int = 0) -> bool:
    """Whether a root of content says which slot it is for."""
    for instruction in instructions if depth <= MAX_NODE_DEPTH else ():
        match instruction:
            case ["element" | "component", _, dict(attributes), *_] if "slot" in attributes:
                return True
            case ["slot", _, dict(attributes)] if "slot" in attributes:
                return True
            case ["if", list(branches)]:
                children = [branch[1] for branch in branches if isinstance(branch, list) and len(branch) == 2]
                if any(names_slots(inner, depth + 1) for inner in children if isinstance(inner, list)):
                    return True
            case ["for", _, _, _, _, _, list(children)] if names_slots(children, depth + 1):
                return True
    return False


def check_name(name: Any, where: str) -> None:
    """Refuse what cannot be a name.

    Raises:
        TemplateError: it is no text, empty, or too long.
    """
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH:
        raise TemplateError(f"{where}: a name must be 1 to {MAX_NAME_LENGTH} characters, not {shown(name)}")
