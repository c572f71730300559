"""Groups and rollouts of a running fleet: the operator's verbs, and the task that lets rollouts go on."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from device_runtime.errors import CygnetError
from firmware_tools.fleet.errors import ConflictError
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.rollouts.documents import RolloutDocument, RolloutSummary, rollout_document, rollout_summary
from firmware_tools.fleet.rollouts.engine import Step, advance
from firmware_tools.fleet.rollouts.groups import Group, GroupRegistry
from firmware_tools.fleet.rollouts.query import parse_query
from firmware_tools.fleet.rollouts.query_sql import condition
from firmware_tools.fleet.rollouts.records import Brake, Kind, Rollout, RolloutDevice, Which
from firmware_tools.fleet.rollouts.store import MOST_ROLLOUTS, RolloutStore
from firmware_tools.fleet.rollouts.verbs import RolloutVerbs
from firmware_tools.fleet.service import FleetService

log = logging.getLogger(__name__)
T = TypeVar("T")

PERIOD = 2.0
"""Seconds between two looks at the rollouts that go on."""
_LONGEST_PERIOD = 30.0
_PAUSE_TO_LOOK = 10.0
"""So many times as long as a look keeps the processor busy the next is waited for: looking at 100,000 devices must not
hold up the store."""


class _NothingToDoError(Exception):
    """Ends a transaction in which nothing was changed, so that nothing is written either."""


class RolloutOperations:
    """What an operator can do with groups and rollouts. Each verb either happens whole or raises a
    :class:`CygnetError` and changes nothing."""

    def __init__(
        self,
        service: FleetService,
        *,
        period: float = PERIOD,
        clock: Callable[[], float] = time.time,
        require_signed: Callable[[str, str, int], Awaitable[None]] | None = None,
    ) -> None:
        """``period``: seconds between two looks; ``clock``: Unix time in seconds; ``require_signed`` refuses a kind,
        subject and version that devices would refuse."""
        self._service, self._period, self._clock = service, period, clock
        self._require_signed = require_signed
        self._woken = asyncio.Event()
        self._busy = 0.0
        self.trouble = ""
        """Why a rollout cannot go on, in a sentence; empty when all can."""

    # Groups and tags

    async def create_group(self, name: str, query: str | None, members: Sequence[str], description: str) -> Group:
        """Make a group; see :meth:`GroupRegistry.create`."""
        return await self._change_groups(lambda groups: groups.create(name, query, members, description, self._clock()))

    async def change_group(
        self, name: str, *, query: str | None, add: Sequence[str], remove: Sequence[str], description: str | None
    ) -> Group:
        """Change a group; see :meth:`GroupRegistry.change`."""
        return await self._change_groups(
            lambda groups: groups.change(name, query=query, add=add, remove=remove, description=description)
        )

    async def delete_group(self, name: str) -> None:
        """Delete a group.

        Raises:
            ConflictError: a rollout needs it.
        """

        def work(registry: Registry) -> None:
            if using := RolloutStore(registry.connection).using_group(name):
                first = using[0]
                raise ConflictError(f"group {name} is what rollout {first.id} ({first.name}) is for; abort it first")
            GroupRegistry(registry.connection).delete(name)

        await self._service.change(work)

    async def groups(self) -> list[Group]:
        """Every group."""
        return await self._read(lambda registry: GroupRegistry(registry.connection).all())

    async def group(self, name: str) -> tuple[Group, list[str]]:
        """A group, with the devices that are in it now."""

        def work(registry: Registry) -> tuple[Group, list[str]]:
            groups = GroupRegistry(registry.connection)
            return groups.group(name), groups.members(name)

        return await self._read(work)

    async def query(self, text: str) -> list[str]:
        """The devices that a query takes now. Raises :class:`QueryError`."""
        wanted = condition(parse_query(text))
        return await self._read(lambda registry: GroupRegistry(registry.connection).devices_of(wanted))

    async def tag(self, device: str, add: Sequence[str], remove: Sequence[str]) -> list[str]:
        """Change the tags of a device; the tags that it has then."""
        return await self._change_groups(lambda groups: groups.tag(device, add, remove))

    async def tags(self) -> dict[str, list[str]]:
        """The tags of each device that has any."""
        return await self._read(lambda registry: GroupRegistry(registry.connection).all_tags())

    # Rollouts

    async def create(
        self,
        kind: Kind,
        subject: str,
        version: str | int | None,
        plan: Mapping[str, Any],
        name: str,
        actor: str,
    ) -> Rollout:
        """Make a rollout; see :meth:`RolloutStore.create`."""
        return await self._act(
            lambda registry: RolloutStore(registry.connection).create(
                kind, subject, version, plan, name, actor, self._clock()
            )
        )

    async def start(self, number: int, actor: str) -> Rollout:
        """Begin; see :class:`RolloutVerbs` for this and the others."""
        if self._require_signed is not None:
            rollout = await self._read(lambda registry: RolloutStore(registry.connection).rollout(number))
            await self._require_signed(rollout.kind, rollout.subject, rollout.version_code)
        return await self._act(lambda registry: self._verbs(registry, actor).start(number))

    async def pause(self, number: int, actor: str, reason: str = "") -> Rollout:
        """Hand nothing out any more."""
        return await self._act(lambda registry: self._verbs(registry, actor).pause(number, reason))

    async def resume(self, number: int, actor: str) -> Rollout:
        """Go on."""
        return await self._act(lambda registry: self._verbs(registry, actor).resume(number))

    async def approve(self, number: int, actor: str, *, at_once: bool = False) -> Rollout:
        """Say yes to the next stage."""
        return await self._act(lambda registry: self._verbs(registry, actor).approve(number, at_once=at_once))

    async def abort(self, number: int, actor: str, *, back: bool, reason: str = "") -> Rollout:
        """End it, with or without roll back."""
        return await self._act(lambda registry: self._verbs(registry, actor).abort(number, back=back, reason=reason))

    async def stop_all(self, actor: str, reason: str = "") -> list[Rollout]:
        """The emergency stop."""
        return await self._act(lambda registry: self._verbs(registry, actor).stop_all(reason))

    async def lift_stop(self, actor: str) -> bool:
        """End the emergency stop; whether it was on."""
        log.warning("%s lifts the emergency stop", actor)
        return await self._act(lambda registry: self._verbs(registry, actor).lift_stop())

    async def overview(
        self, which: Which | None = None, after: int | None = None, limit: int = MOST_ROLLOUTS
    ) -> tuple[list[RolloutSummary], Brake | None, int | None]:
        """A page of rollouts in brief, see :meth:`RolloutStore.page`; the emergency stop, if it is on; and the number
        after which the next page begins, if there is one."""

        def work(registry: Registry) -> tuple[list[RolloutSummary], Brake | None, int | None]:
            store = RolloutStore(registry.connection)
            found = store.page(which, after, limit + 1)
            shown = found[:limit]
            counts = store.counts_of([rollout.id for rollout in shown])
            following = shown[-1].id if len(found) > limit else None
            return [rollout_summary(rollout, counts[rollout.id]) for rollout in shown], store.brake(), following

        return await self._read(work)

    async def document(self, number: int) -> RolloutDocument:
        """All about one rollout, but its devices one by one."""

        def work(registry: Registry) -> RolloutDocument:
            store = RolloutStore(registry.connection)
            return rollout_document(store, store.rollout(number), self._clock())

        return await self._read(work)

    async def devices(self, number: int, **chosen: Any) -> list[RolloutDevice]:
        """Devices of a rollout; see :meth:`RolloutStore.devices`."""

        def work(registry: Registry) -> list[RolloutDevice]:
            store = RolloutStore(registry.connection)
            return store.devices(store.rollout(number), **chosen)

        return await self._read(work)

    async def pruned_at(self, number: int) -> float | None:
        """See :meth:`RolloutStore.pruned_at`."""

        def work(registry: Registry) -> float | None:
            store = RolloutStore(registry.connection)
            return store.pruned_at(store.rollout(number))

        return await self._read(work)

    # Going on

    async def run(self) -> None:
        """Let rollouts go on, until cancelled."""
        while True:
            self._woken.clear()
            self._busy = 0.0
            await self.advance_all()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(self._period, min(_PAUSE_TO_LOOK * self._busy, _LONGEST_PERIOD))):
                    await self._woken.wait()

    async def advance_all(self) -> None:
        """Let each rollout go as far as it can now. What fails is told, and tried again the next time."""
        trouble = ""
        try:
            numbers = await self._read(lambda registry: RolloutStore(registry.connection).to_advance(self._clock()))
        except CygnetError as error:
            numbers, trouble = [], str(error)
        for number in numbers:
            try:
                step: Step | None = Step(more=True)
                while step is not None and step.more:
                    step = await self._advance(number, portion=step.portion)
            except CygnetError as error:
                trouble = f"rollout {number} cannot go on: {error}"
        if trouble and trouble != self.trouble:
            log.error("%s", trouble)
        self.trouble = trouble

    async def _advance(self, number: int, *, portion: bool) -> Step | None:
        """Take one step; None when there was nothing to do."""
        told: list[str] = []

        def work(registry: Registry) -> Step:
            begun = time.thread_time()
            step = advance(registry.connection, number, self._clock(), portion=portion)
            if not portion:  # a portion is handed out without looking
                self._busy += time.thread_time() - begun
            if not step.changed:
                raise _NothingToDoError
            told.extend(step.told)
            return step

        try:
            step = await self._service.change(work, told)
        except _NothingToDoError:
            return None
        for line in step.said:
            log.info("%s", line)
        self._service.feed.announce({"type": "rollouts", "rollout": number})
        return step

    def _verbs(self, registry: Registry, actor: str) -> RolloutVerbs:
        return RolloutVerbs(registry.connection, actor, self._clock())

    async def _act(self, work: Callable[[Registry], T]) -> T:
        result = await self._service.change(work)
        self._service.feed.announce({"type": "rollouts"})
        self._woken.set()
        return result

    async def _change_groups(self, work: Callable[[GroupRegistry], T]) -> T:
        return await self._service.change(partial(_with_groups, work))

    async def _read(self, work: Callable[[Registry], T]) -> T:
        return await self._service.read(lambda registry, _: work(registry))


def _with_groups(work: Callable[[GroupRegistry], T], registry: Registry) -> T:
    return work(GroupRegistry(registry.connection))
