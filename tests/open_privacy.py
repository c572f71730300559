"""A gate that lets everything through, for tests of what lies behind it."""

from collections.abc import Callable, Iterable, Sequence

from device_runtime.privacy.outflow import Outflow
from device_runtime.program.data_plan import DEVICE, Category, DataItem, DataPlan
from device_runtime.values import Value


class OpenPrivacy:
    """As :class:`device_runtime.capability.privacy.Privacy`; ``left`` are the outflows that passed."""

    def __init__(self) -> None:
        self.left: list[Outflow] = []

    async def permit(self, app: str, plan: DataPlan, outflow: Outflow) -> Sequence[DataItem]:  # noqa: ARG002 - passes
        self.left.append(outflow)
        return ()

    def permit_now(self, app: str, plan: DataPlan, outflow: Outflow) -> None:  # noqa: ARG002 - as above
        self.left.append(outflow)

    async def count(self, app: str, plan: DataPlan, name: str, value: object) -> dict[str, Value]:  # noqa: ARG002
        return {name: str(value)}

    async def collect(self, app: str, plan: DataPlan, category: Category) -> DataItem:  # noqa: ARG002 - as above
        return DataItem(category, category, {}, "service", "", "consent", 0, DEVICE)

    def may_hint(self, app: str, ways: int) -> bool:  # noqa: ARG002 - as above
        return True

    def seen(self, app: str) -> frozenset[Category]:  # noqa: ARG002 - as above
        return frozenset()

    def hand(self, app: str, categories: Iterable[Category]) -> None: ...

    def receive(self, app: str, plan: DataPlan, outflow: Outflow) -> None: ...

    def collecting(self, app: str, item: DataItem, stop: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002
        return lambda: None
