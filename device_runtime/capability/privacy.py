"""What capabilities ask before something of a program leaves, or something sensitive comes in."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol, Self

from device_runtime.privacy.outflow import Outflow
from device_runtime.program.data_plan import Category, DataItem, DataPlan
from device_runtime.values import Value

NO_LONGER = "privacy: the person at the device no longer agrees"
"""Why something ends that was allowed when it began."""


class Privacy(Protocol):
    """:class:`device_runtime.privacy.gate.PrivacyGate`, as far as capabilities need it. What it refuses it raises as
    :class:`device_runtime.errors.CygnetError`."""

    async def permit(self, app: str, plan: DataPlan, outflow: Outflow) -> Sequence[DataItem]:
        """Let something leave under these items; waits while a person is asked."""

    def permit_now(self, app: str, plan: DataPlan, outflow: Outflow) -> None:
        """The same without waiting: what nobody was asked about is refused, and the question follows."""

    async def collect(self, app: str, plan: DataPlan, category: Category) -> DataItem:
        """Let a program have sensitive data; waits while a person is asked."""

    def may_hint(self, app: str, ways: int) -> bool:
        """Whether the device may tell its fleet, in its own words, which of so many things a program did."""

    def seen(self, app: str) -> frozenset[Category]:
        """The sensitive categories of which whatever a program gives to others may tell."""

    def hand(self, app: str, categories: Iterable[Category]) -> None:
        """A program is about to get something of another, which had seen these."""

    def receive(self, app: str, plan: DataPlan, outflow: Outflow) -> None:
        """A program is about to get what the same program sent it from another device."""

    def collecting(self, app: str, item: DataItem, stop: Callable[[], None]) -> Callable[[], None]:
        """``stop`` is called when a person no longer agrees; the result ends that."""


class Counting(Protocol):
    """:class:`device_runtime.privacy.counting.Counts`, as far as capabilities need it."""

    async def count(self, app: str, plan: DataPlan, name: str, value: object) -> Mapping[str, Value] | None:
        """What is to be sent in place of a value that is counted, or nothing; waits while a person is asked. What it
        refuses it raises as :class:`device_runtime.errors.CygnetError`."""


class Revocable:
    """What takes a while, and ends with a timeout as soon as a person no longer agrees to it."""

    def __init__(self, privacy: Privacy, app: str, limit: asyncio.Timeout) -> None:
        self._privacy, self._app, self._limit = privacy, app, limit
        self._items: Sequence[DataItem] = ()
        self._ends: list[Callable[[], None]] = []
        self.is_revoked = False
        """Whether that is why it ended."""

    def under(self, items: Sequence[DataItem]) -> Self:
        """``with`` this, it goes on under these items."""
        self._items = items
        return self

    def __enter__(self) -> None:
        self._ends = [self._privacy.collecting(self._app, item, self._revoke) for item in self._items]

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            end()

    def _revoke(self) -> None:
        if not self.is_revoked and not self._limit.expired():
            self.is_revoked = True
            self._limit.reschedule(asyncio.get_running_loop().time())
