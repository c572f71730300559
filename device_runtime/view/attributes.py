"""Attributes of elements: what their bindings give, and what happens when one changes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from device_runtime.values import Value
from device_runtime.view.blocks import BlockInstance
from device_runtime.view.classes import class_text
from device_runtime.view.expressions import ITEM, Evaluate, Expression
from device_runtime.view.javascript import UNDEFINED, exported, member, to_text
from device_runtime.view.patches import Operation
from device_runtime.view.wxs import WxsFunction

if TYPE_CHECKING:
    from device_runtime.view.tree import Tree


CLASS_ATTRIBUTES: Final = frozenset(
    name for kind in ("hover", "placeholder", "indicator", "mask") for name in (f"{kind}-class", f"{kind}Class")
) | {"class"}
"""What holds class names, which are translated in a component; ``none`` is no class but in ``class`` itself."""


def translated(tree: "Tree", name: str, value: Value) -> Value:
    """An attribute of ``CLASS_ATTRIBUTES`` as screens have it."""
    if not isinstance(value, str) or (value == "none" and name != "class"):
        return value
    return tree.translate(value)


def text_of(expression: Expression) -> Evaluate:
    """What a binding of a text, a style or an id gives."""
    get = expression.evaluate
    if expression.item_member is not None:
        name = expression.item_member

        def of_item(environment: list[Any]) -> str:
            item = environment[ITEM]
            value = item.get(name, UNDEFINED) if type(item) is dict else member(item, name)
            return value if type(value) is str else to_text(value)

        return of_item

    def evaluate(environment: list[Any]) -> str:
        value = get(environment)
        return value if type(value) is str else to_text(value)

    return evaluate


def classes_of(expression: Expression) -> Evaluate:
    """What a binding of a class gives."""
    get = expression.evaluate

    def evaluate(environment: list[Any]) -> str:
        return class_text(get(environment))

    return evaluate


def value_of(expression: Expression) -> Evaluate:
    """What a binding of another attribute gives."""
    get = expression.evaluate

    def evaluate(environment: list[Any]) -> Value:
        value = get(environment)
        return value if type(value) is str else exported(value)

    return evaluate


@dataclass(frozen=True, slots=True)
class AttributeTarget:
    """An attribute that is more than a value on screens: classes to translate, or one that a wxs function watches."""

    offset: int
    name: str
    translated: bool
    observer: Expression | None

    def show(self, instance: BlockInstance, value: Any, old: Any, operations: list[Operation]) -> None:
        """Append what a screen must do, and tell the observer."""
        shown = translated(instance.tree, self.name, value) if self.translated else value
        operations.append(["set", instance.base + self.offset, self.name, shown])
        self.tell(instance, value, old)

    def tell(self, instance: BlockInstance, value: Any, old: Any) -> None:
        """Tell the observer."""
        if self.observer is not None:
            tell_observer(self.observer, instance, self.offset, value, old)


def tell_observer(observer: Expression, instance: BlockInstance, offset: int, value: Value, old: Value) -> None:
    """Keep a call of a ``change:`` observer for when the update is done."""
    function = observer.evaluate(instance.environment)
    if isinstance(function, WxsFunction):
        tree = instance.tree
        tree.registry.wxs_changes.append(["wxs-change", tree.id, instance.base + offset, function, value, old])
