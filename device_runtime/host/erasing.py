"""Erases what programs told and kept, on the device and at its fleet, when its owner wants it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.storage import ProgramStorage
from device_runtime.errors import CygnetError
from device_runtime.privacy.erasures import Erasures, WantedErasure
from device_runtime.privacy.labels import Labels
from device_runtime.sync.erase_messages import EraseRequest
from device_runtime.sync.erasing import Erasing
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.sync.transport import Backoff

logger = logging.getLogger(__name__)

_AGAIN = Backoff(2.0, 600.0)
_TRIES = 3


class Programs(Protocol):
    """The desk, as far as it is needed here."""

    def running(self, app_id: str) -> object | None:
        """What runs of a program."""

    async def stop_program(self, app_id: str) -> None:
        """End it."""


class ProgramErasing:
    """One device's.

    Args:
        erasures: what is wanted.
        programs: ends what runs.
        installed: the ids of the programs that are there.
        storage: what they stored.
        files: their files.
        labels: what they have seen.
        telemetry: what they told, and the fleet has not yet.
    """

    def __init__(
        self,
        erasures: Erasures,
        programs: Programs,
        installed: Callable[[], Collection[str]],
        storage: ProgramStorage,
        files: ProgramFiles,
        labels: Labels,
        telemetry: TelemetryQueue,
    ) -> None:
        self._erasures, self._programs, self._installed = erasures, programs, installed
        self._storage, self._files, self._labels, self._telemetry = storage, files, labels, telemetry
        self.fleet: Erasing | None = None
        """The way to the fleet; None where there is none."""
        self.again = _AGAIN
        self._deleting: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Begin what is wanted, if anything is. Raises :class:`PrivacyFileError`."""
        waiting = self._erasures.waiting()
        begin = asyncio.get_running_loop().create_task
        if any(not each.milliseconds for each in waiting) and _is_idle(self._deleting):
            self._deleting = begin(self._until_done(self._open, self._delete), name="erasing here")
        if any(each.milliseconds for each in waiting) and _is_idle(self._asking):
            self._asking = begin(self._until_done(self._deleted, self._ask), name="erasing at the fleet")

    async def stop(self) -> None:
        """What is not done goes on at the next start."""
        tasks = [task for task in (self._deleting, self._asking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _open(self) -> list[WantedErasure]:
        return [each for each in self._erasures.waiting() if not each.milliseconds]

    def _deleted(self) -> list[WantedErasure]:
        return [each for each in self._erasures.waiting() if each.milliseconds]

    async def _until_done(
        self, left: Callable[[], Sequence[WantedErasure]], do: Callable[[WantedErasure], Awaitable[None]]
    ) -> None:
        """What fails is tried again, and does not hold up what else is wanted."""
        attempt = 0
        while wishes := left():
            failed = False
            for wish in wishes:
                try:
                    await do(wish)
                except CygnetError as error:
                    failed = True
                    logger.warning("erasing goes on later: %s", error)
            attempt = attempt + 1 if failed else 0
            if failed:
                await asyncio.sleep(self.again.draw(attempt))

    async def _delete(self, wish: WantedErasure) -> None:
        here = {*self._installed(), *await self._storage.programs(), *await self._files.programs()}
        for app_id in [wish.app] if wish.app else sorted(here):
            await self._delete_program(app_id)
        self._telemetry.erase(wish.app)
        self._erasures.deleted(wish)

    async def _delete_program(self, app_id: str) -> None:
        for _ in range(_TRIES):
            await self._programs.stop_program(app_id)
            await self._storage.erase(app_id)
            await self._files.erase(app_id)
            if self._programs.running(app_id) is None:  # else somebody opened it meanwhile, with what it had
                self._labels.clear(app_id)
                return
        raise CygnetError(f"{app_id} is opened again and again while what it kept is deleted")

    async def _ask(self, wish: WantedErasure) -> None:
        if self.fleet is None:
            self._erasures.end(wish)
            return
        self._erasures.answered(wish, await self.fleet.ask(EraseRequest(wish.id, wish.app, wish.milliseconds)))


def _is_idle(task: asyncio.Task[None] | None) -> bool:
    return task is None or task.done()
