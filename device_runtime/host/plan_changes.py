"""An update that would collect more waits for its owner's yes; until then, and after a no, the one before runs on.

A guest or a child is not asked, and neither lets it through: what they allowed is not what it is held against."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from device_runtime.errors import CygnetError
from device_runtime.privacy.consents import Consents, Standing
from device_runtime.privacy.gate import ASK_AGAIN_SECONDS, Asker
from device_runtime.program.data_plan import DataItem, DataPlan
from device_runtime.program.store import ProgramStore
from device_runtime.update.machine import Update
from device_runtime.update.records import Kind

log = logging.getLogger(__name__)

Objection = Callable[[Kind, str, Update], Awaitable[str]]


class PlanChanges:
    """Asks about what a staged version would collect beyond what was agreed to."""

    def __init__(
        self,
        store: ProgramStore,
        consents: Consents,
        asker: Callable[[], Asker],
        other: Objection,
        clock: Callable[[], float] = lambda: asyncio.get_running_loop().time(),
    ) -> None:
        """
        Args:
            store: the programs, and what is staged of them.
            consents: what people said.
            asker: who asks them.
            other: what else may stand in the way of an update.
            clock: seconds, for how long nobody is asked again.
        """
        self._store, self._consents, self._asker, self._other, self._clock = store, consents, asker, other, clock
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, float] = {}
        self._plans: dict[str, DataPlan] = {}

    async def objection(self, kind: Kind, name: str, update: Update) -> str:
        """Why now is no good moment, as a clause for people; empty where it is one."""
        if kind == "programs" and (why := await self._of_plan(name, update.target.sha256)):
            return why
        return await self._other(kind, name, update)

    async def _of_plan(self, app: str, sha256: str) -> str:
        wider = self._wider(app, await self._staged_plan(app, sha256))
        if not wider:
            return ""
        if self._consents.declined(app) == sha256:
            return "waits: the person at the device does not agree to what it would collect"
        is_owner = self._consents.profile == "owner"
        if is_owner and sha256 not in self._asking and self._clock() >= self._again.get(sha256, 0.0):
            task = asyncio.get_running_loop().create_task(self._ask(app, sha256, wider), name=f"plan of {app}")
            self._asking[sha256] = task
            task.add_done_callback(lambda _: self._asking.pop(sha256, None))
        return "waits until the person at the device agrees to what it would collect"

    async def _staged_plan(self, app: str, sha256: str) -> DataPlan | None:
        if sha256 not in self._plans:
            try:
                manifest = await asyncio.to_thread(self._store.staged_manifest, app)
            except CygnetError as error:
                log.warning("the data plan of an update of %s cannot be read: %s", app, error)
                return None
            if manifest is None:
                return None
            self._plans = {sha256: manifest.data_plan}
        return self._plans[sha256]

    def _wider(self, app: str, staged: DataPlan | None) -> list[DataItem]:
        """The items of the staged version that nobody agreed to, of a program to which somebody did agree."""
        try:
            current = self._store.package(app).manifest if app in self._store.installed() else None
        except CygnetError as error:
            log.warning("the data plan of %s cannot be read: %s", app, error)
            return []
        if staged is None or current is None or not self._agreed_to_something(app, current.data_plan):
            return []
        before = current.data_plan.by_name
        return [
            item
            for item in staged.items
            if (item.leaves or item.is_sensitive)
            and self._consents.standing_with("owner", app, item) is Standing.UNASKED
            and (item.name not in before or item.is_wider_than(before[item.name]))
        ]

    def _agreed_to_something(self, app: str, plan: DataPlan) -> bool:
        return any(self._consents.standing_with("owner", app, item) is Standing.GRANTED for item in plan.items)

    async def _ask(self, app: str, sha256: str, items: Sequence[DataItem]) -> None:
        try:
            answer = await self._asker().ask(app, items)
            if self._consents.profile != "owner":  # somebody else took over the device
                return
            if answer:
                self._consents.decide(app, items, granted=True, who="owner")
            elif answer is not None:
                self._consents.decline(app, sha256)
            else:
                self._again[sha256] = self._clock() + ASK_AGAIN_SECONDS
        except CygnetError as error:
            log.error("an answer about an update of %s cannot be kept: %s", app, error)
            self._again[sha256] = self._clock() + ASK_AGAIN_SECONDS
