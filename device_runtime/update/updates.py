"""Does what the update machine says for the programs, or the models, of a device: waits, switches, tries, goes back.

Downloading and staging are the reconciler's, one after the other; what is here goes on beside it, so that a trial ends
in time whatever else is on its way. Each transition is on the disk before what follows from it is done.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from device_runtime.errors import CygnetError
from device_runtime.update.machine import (
    BEFORE_SWITCH,
    RESTING,
    Arrived,
    Cause,
    Cleared,
    Event,
    Failed,
    MomentCame,
    Passed,
    Proved,
    Ready,
    Restarted,
    State,
    Switched,
    TryBegan,
    TryFailed,
    Unhealthy,
    Unwanted,
    Update,
    Version,
    Waited,
    Wanted,
    WentBack,
    advance,
)
from device_runtime.update.records import Kind, UpdateRecords
from device_runtime.update.rules import RulesInForce
from device_runtime.update.stages import Stages, Target, cause_of

log = logging.getLogger(__name__)

_WRITE_WAITED_SECONDS = 600.0
_AGAIN_SECONDS = 1.0


class Surroundings(Protocol):
    """What updates hear from the device, and tell it."""

    async def objection(self, kind: Kind, name: str, update: Update) -> str:
        """Why now is no good moment to switch, or empty."""

    async def consent(self, kind: Kind, name: str, update: Update) -> None:
        """Agree to the switch, which is about to be. Raises :class:`CygnetError`."""

    def connected(self) -> bool:
        """Whether there is a connection to the fleet now."""

    def told(self, kind: Kind, name: str, update: Update | None, before: Update | None) -> None:
        """An update changed its state; None: it is over, or had not begun. The report may have changed."""


@dataclass(slots=True)
class _Trial:
    """A trial that is going on in this process: when it began, and seconds that it takes."""

    began: float
    seconds: float
    well: bool = False


class Updates:
    """The updates of one kind. :meth:`recover` once, then :meth:`run` until cancelled."""

    def __init__(
        self,
        kind: Kind,
        records: UpdateRecords,
        stages: Stages,
        rules: RulesInForce,
        around: Surroundings,
    ) -> None:
        self.kind, self._records, self.stages, self._rules, self._around = kind, records, stages, rules, around
        self._lock = asyncio.Lock()
        self._delivering = asyncio.Lock()
        self._woken = asyncio.Event()
        self._trials: dict[str, _Trial] = {}
        self._heard: dict[str, Event] = {}
        self._again: dict[str, float] = {}
        self._looked: dict[str, float] = {}
        self.notes: dict[str, str] = {}
        """What those that wait are waiting for, by name."""

    def get(self, name: str) -> Update | None:
        """The update of one name."""
        return self._records.of(self.kind).get(name)

    def all(self) -> Mapping[str, Update]:
        """Every update, by name."""
        return self._records.of(self.kind)

    # ------------------------------------------------------------------ the reconciler's part

    async def recover(self) -> None:
        """After a start: find out what a crash or a power cut left.

        Raises:
            UpdateRecordError: the disk does not take it.
        """
        current, staged = self.stages.current(), self.stages.staged()
        for name in list(self.all()):
            here = current.get(name)
            await self._deliver(name, Restarted(here.sha256 if here else "", staged.get(name, "")))
            await self._deliver(name, Ready())
        for name in staged:
            update = self.get(name)
            if update is None or update.target.sha256 != staged[name] or update.state in RESTING:
                await self.stages.unstage(name)

    async def want(
        self, name: str, target: Target, *, urgent: bool, launch: bool, retry: bool = False
    ) -> Update | None:
        """The target is desired: what there is to do for it now.

        Raises:
            CygnetError, OSError: the disk does not take it.
        """
        version = Version(target.sha256, target.version_code, target.version_name, target.size)
        async with self._lock:
            before = self.get(name)
            event = Wanted(version, self.stages.current().get(name), urgent, launch, retry)
            update = await self._deliver(name, event)
            if before is not None and before.state in BEFORE_SWITCH and (
                update is None or update.target.sha256 != before.target.sha256
            ):  # fmt: skip
                await self.stages.unstage(name)
        if update != before:
            self._woken.set()
        return update

    async def drop(self, name: str) -> None:
        """It goes from this device: nothing of its update is kept.

        Raises:
            CygnetError, OSError: the disk does not take it.
        """
        async with self._lock:
            if self.get(name) is None:
                return
            await self._deliver(name, Unwanted())
            await self.stages.unstage(name)
            await self.stages.commit(name)
            self._trials.pop(name, None)

    async def arrived(self, name: str) -> None:
        """Its package is here, whole."""
        await self._deliver(name, Arrived())

    async def passed(self, name: str) -> None:
        """It was verified and staged."""
        await self._deliver(name, Passed())

    async def ready(self, name: str) -> None:
        """It needs nothing but its moment."""
        await self._deliver(name, Ready())
        self._woken.set()

    async def failed(self, name: str, cause: Cause, sentence: str) -> None:
        """It could not be downloaded or staged."""
        await self._deliver(name, Failed(cause, sentence))

    # ------------------------------------------------------------------ what is heard of versions on trial

    def ended(self, name: str, reason: str) -> bool:
        """It ended by itself; whether it is on trial, so that its end is seen to here."""
        return self._hear(name, TryFailed(reason or "it ended by itself", self._rules.now.trial_tries))

    def said(self, name: str, wrong: str) -> None:
        """It said that it is well (empty), or what is wrong with it."""
        trial = self._trials.get(name)
        if wrong:
            self._hear(name, Unhealthy(f"it said that it is not well: {wrong}"))
        elif trial is not None:
            trial.well = True

    def _hear(self, name: str, event: Event) -> bool:
        update = self.get(name)
        if update is None or update.state is not State.TRIAL or name not in self._trials:
            return False
        if isinstance(event, Unhealthy):
            self._heard[name] = event
        else:
            self._heard.setdefault(name, event)
        self._woken.set()
        return True

    # ------------------------------------------------------------------ what goes on by itself

    async def run(self) -> None:
        """See to what waits and what is on trial, until cancelled."""
        while True:
            self._woken.clear()
            delay = await self._pass()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._woken.wait()

    async def _pass(self) -> float | None:
        """Once through all; the seconds until there is something to do again, None for never."""
        delays: list[float] = []
        for name in list(self.all()):
            try:
                async with self._lock:
                    delay = await self._see_to(name)
            except (CygnetError, OSError) as error:
                log.warning("the update of %s cannot go on now: %s", name, error)
                delay = self._rules.now.check_seconds
            except Exception:  # a fault in one must not stop the others
                log.exception("the update of %s cannot go on now", name)
                delay = self._rules.now.check_seconds
            if delay is not None:
                delays.append(delay)
        return min(delays, default=None)

    async def _see_to(self, name: str) -> float | None:
        while (update := self.get(name)) is not None:
            match update.state:
                case State.WAITING:
                    delay = await self._wait(name, update)
                case State.SWITCHING:
                    await self._switch(name, update)
                    continue
                case State.TRIAL:
                    delay = await self._try(name, update)
                case State.ROLLING_BACK:
                    await self.stages.roll_back(name, update)
                    await self._deliver(name, WentBack())
                    return None
                case State.COMMITTED:
                    await self.stages.commit(name)
                    await self._deliver(name, Cleared())
                    return None
                case _:
                    return None
            if delay is not None:
                return delay
        return None

    async def _wait(self, name: str, update: Update) -> float | None:
        """None: it was the moment. What was waited is written now and then, not at each look: flash wears."""
        now = _now()
        since = self._looked.setdefault(name, now)
        waited = advance(update, Waited(now - since)) or update
        objection = await self._around.objection(self.kind, name, waited)
        if not objection:
            self._looked.pop(name, None)
            self.notes.pop(name, None)
            await self._deliver(name, MomentCame(self._around.connected()))
            return None
        if self.notes.get(name) != objection:
            self.notes[name] = objection
            log.info("the update of %s to %s %s", name, update.target.version_name, objection)
            self._around.told(self.kind, name, update, update)
        if now - since >= _WRITE_WAITED_SECONDS:
            await self._deliver(name, Waited(now - since))
            self._looked[name] = now
        return self._rules.now.check_seconds

    async def _switch(self, name: str, update: Update) -> None:
        before = self.stages.current().get(name)
        try:
            self.stages.check_room(0)
            await self._around.consent(self.kind, name, update)
            await self.stages.switch(name, update)
        except (CygnetError, OSError) as error:
            await self._deliver(name, Failed(cause_of(error, "fault"), str(error)))
            await self.stages.unstage(name)
            return
        self._trials.pop(name, None)
        self._heard.pop(name, None)
        if before is not None and before.sha256 == update.target.sha256:
            before = update.before  # it was switched before the device went down
        await self._deliver(name, Switched(before))

    async def _try(self, name: str, update: Update) -> float | None:
        trial = self._trials.get(name)
        if trial is None:
            return await self._begin(name)
        if (event := self._heard.get(name)) is not None:
            await self._lose(name, event)
            return None
        over = trial.began + trial.seconds
        if _now() < over:
            return over - _now()
        if self.stages.must_say(name) and not trial.well:
            await self._lose(name, Unhealthy(f"it did not say within {trial.seconds:g} s that it is well"))
            return None
        if self._rules.now.trial_fleet and update.fleet and not self._around.connected():
            if _now() < over + trial.seconds:
                return min(self._rules.now.check_seconds, over + trial.seconds - _now() + 0.01)
            await self._lose(name, Unhealthy("the device lost its fleet when it was switched"))
            return None
        await self.stages.end_trial(name)
        await self._deliver(name, Proved())
        self._trials.pop(name, None)
        return None

    async def _begin(self, name: str) -> float | None:
        """Begin the trial, or a further try of it."""
        pause = self._again.get(name, 0.0) - _now()
        if pause > 0:
            return pause
        began = await self._deliver(name, TryBegan(self._rules.now.trial_tries))
        if began is None or began.state is not State.TRIAL:
            return None
        # From here on its end is heard: it may come before the start is through.
        trial = self._trials[name] = _Trial(_now(), 0.0)
        try:
            trial.seconds = await self.stages.begin_trial(name, began)
        except (CygnetError, OSError) as error:
            # It stays heard until it is written: a disk that does not take it now must not make it proven.
            self._heard[name] = TryFailed(str(error), self._rules.now.trial_tries)
            await self._lose(name, self._heard[name])
            return None
        except BaseException:
            self._trials.pop(name, None)
            raise
        trial.began = _now()
        return None if not trial.seconds or name in self._heard else trial.seconds

    async def _lose(self, name: str, event: Event) -> None:
        await self._deliver(name, event)
        self._trials.pop(name, None)
        self._heard.pop(name, None)
        self._again[name] = _now() + min(_AGAIN_SECONDS, self._rules.now.check_seconds)

    async def _deliver(self, name: str, event: Event) -> Update | None:
        """Let the machine advance, and write where it is now before anything else is done."""
        async with self._delivering:
            before = self.get(name)
            update = advance(before, event)
            if update == before:
                return update
            await self._records.put(self.kind, name, update)
        if (update and update.state) != (before and before.state):
            if update is None or update.state is not State.WAITING:
                self.notes.pop(name, None)
                self._looked.pop(name, None)
            if update is None or update.state is not State.TRIAL:
                self._trials.pop(name, None)
                self._again.pop(name, None)
            self._around.told(self.kind, name, update, before)
        return update


def _now() -> float:
    return asyncio.get_running_loop().time()
