"""The gate of a developer's tools: what the plan says may leave, as if a person had agreed to all of it."""

from collections.abc import Callable, Iterable, Sequence

from device_runtime.errors import CygnetError
from device_runtime.privacy.matching import match
from device_runtime.privacy.outflow import Outflow, count_outflow
from device_runtime.program.data_plan import DEVICE, Category, DataItem, DataPlan


class PlannedOnly:
    """As :class:`device_runtime.privacy.gate.PrivacyGate`, without people, labels and a ledger."""

    async def permit(self, app: str, plan: DataPlan, outflow: Outflow) -> Sequence[DataItem]:
        """Raises :class:`UnplannedError`: the plan does not cover it."""
        self.permit_now(app, plan, outflow)
        return ()

    def permit_now(self, app: str, plan: DataPlan, outflow: Outflow) -> None:  # noqa: ARG002 - every program the same
        """Raises :class:`UnplannedError`: the plan does not cover it."""
        match(plan, outflow)

    async def count(self, app: str, plan: DataPlan, name: str, value: object) -> None:  # noqa: ARG002 - as above
        """Nothing is thrown and nothing is sent. Raises :class:`UnplannedError`: the plan does not cover it."""
        match(plan, count_outflow(name, value))

    async def collect(self, app: str, plan: DataPlan, category: Category) -> DataItem:  # noqa: ARG002 - as above
        """Raises :class:`CygnetError`: the plan has no item of the category."""
        if not plan.spoken:
            return DataItem(category, category, {}, "service", "", "consent", 0, DEVICE)
        for item in plan.items:
            if category in item.covers:
                return item
        raise CygnetError(f"privacy: the data plan has no item of the category {category}; add one to cygnet.data_plan")

    def may_hint(self, app: str, ways: int) -> bool:  # noqa: ARG002 - as above
        """Nobody is told anything here."""
        return True

    def seen(self, app: str) -> frozenset[Category]:  # noqa: ARG002 - as above
        """Nothing is labelled here."""
        return frozenset()

    def hand(self, app: str, categories: Iterable[Category]) -> None:
        """Nothing is labelled here."""

    def receive(self, app: str, plan: DataPlan, outflow: Outflow) -> None:
        """Nothing comes from other devices here."""

    def collecting(self, app: str, item: DataItem, stop: Callable[[], None]) -> Callable[[], None]:  # noqa: ARG002
        """Nobody changes their mind here."""
        return lambda: None
