"""The way of a package up to where it waits for a good moment, and what is told of updates on their way."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from device_runtime.errors import CygnetError
from device_runtime.sync.content import ContentPuller
from device_runtime.sync.efforts import Efforts
from device_runtime.sync.fields import one_line
from device_runtime.sync.gate import Gate
from device_runtime.sync.messages import MAX_ERROR, MAX_TEXT, ModelReport, ProgramReport, UpdatePhase
from device_runtime.sync.telemetry import TelemetryQueue
from device_runtime.update.machine import RESTING, State, Update
from device_runtime.update.records import Kind
from device_runtime.update.rules import RulesInForce, UpdateRules
from device_runtime.update.stages import Stages, Target, UpdateError, cause_of
from device_runtime.update.updates import Updates
from device_runtime.values import Value

log = logging.getLogger(__name__)

R = TypeVar("R", ProgramReport, ModelReport)

_BEFORE_MOMENT = frozenset({State.DOWNLOADING, State.VERIFYING, State.STAGED})
_NEEDS_CONTENT = frozenset({State.DOWNLOADING, State.VERIFYING, State.FAILED})
_TOLD = frozenset({State.WAITING, State.TRIAL, State.COMMITTED, State.ROLLING_BACK})


async def _now_is_good(_kind: Kind, _name: str, _update: Update) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Updating:
    """What a device can do about updates besides installing at once.

    ``programs`` and ``models`` keep versions beside each other; None: they are installed when they are verified.
    ``objection`` says why now is no good moment to switch, or nothing.
    """

    programs: Stages | None = None
    models: Stages | None = None
    rules: RulesInForce = field(default_factory=lambda: RulesInForce(UpdateRules()))
    objection: Callable[[Kind, str, Update], Awaitable[str]] = _now_is_good


def to_be_staged(update: Update) -> bool:
    """Whether its package has still to be fetched, verified or put beside what runs."""
    return update.state in _BEFORE_MOMENT


def needs_content(update: Update | None) -> bool:
    """Whether what was downloaded for it is of use; ``None``: nothing was begun."""
    return update is None or update.state in _NEEDS_CONTENT


async def stage(
    updates: Updates,
    efforts: Efforts[R],
    puller: ContentPuller,
    gate: Gate | None,
    name: str,
    target: Target,
    wanted: Callable[[], bool],
    base: Path | None = None,
) -> None:
    """Fetch a package, verify it and put it beside what runs, and let it wait; nothing when it is ``wanted`` no more.
    The ``gate`` must agree to it, also where it was here before. ``base`` is the package of the version that is there.

    Raises:
        CygnetError, OSError: it cannot be; so the update is ``failed``.
    """
    try:
        if gate is not None:
            await gate.approve(updates.kind, name, target)
        if await updates.stages.recall(name, target):
            await updates.arrived(name)
        else:
            updates.stages.check_room(target.size)
            path = await efforts.fetch(name, target, wanted, base)
            if path is None:
                return
            await updates.arrived(name)
            try:
                if gate is not None:
                    await gate.inspect(path, updates.kind, name, target)
                await updates.stages.stage(path, name, target)
            except (CygnetError, OSError) as error:
                raise UpdateError(str(error), cause_of(error, "refused")) from error
        await updates.passed(name)
        await asyncio.to_thread(puller.discard, target.sha256)
        await updates.ready(name)
    except (CygnetError, OSError) as error:
        with contextlib.suppress(CygnetError):  # where that is not written either, the next try finds it as it was
            await updates.failed(name, cause_of(error, "fault"), one_line(error, MAX_ERROR))
        raise


def reports(updates: Updates, report: type[R], underway: Mapping[str, R]) -> dict[str, R]:
    """What is to be reported of updates, besides what is ``underway`` by efforts."""
    made: dict[str, R] = {}
    for name, update in updates.all().items():
        target, state = update.target, update.state
        head = (target.version_code, one_line(target.version_name, MAX_TEXT))
        reason = one_line(update.reason, MAX_ERROR)
        if state in (State.STAGED, State.WAITING, State.SWITCHING):
            note = one_line(updates.notes.get(name, ""), MAX_ERROR)
            made[name] = report(*head, "waiting", target.size, target.size, note=note)
        elif state in (State.TRIAL, State.ROLLING_BACK):
            made[name] = report(*head, "trial")
        elif state in RESTING and name not in underway:
            phase: UpdatePhase = "rolled-back" if state is State.ROLLED_BACK else "failed"
            made[name] = report(*head, phase, error=reason, cause=update.cause)
    return made


def record_transition(
    telemetry: TelemetryQueue, kind: Kind, name: str, update: Update | None, before: Update | None
) -> None:
    """Tell the fleet of a state that an update has come to."""
    if update is None:
        return
    state, programs = update.state, kind == "programs"
    values: dict[str, Value] = {"app_id" if programs else "model": name, "version_code": update.target.version_code}
    if before is not None and before.state is State.SWITCHING and state is State.TRIAL:
        log.info("%s %s is installed", name, update.target.version_name)
        if programs:
            telemetry.record("sync", "installed", values)
        else:
            telemetry.record("sync", "model_installed", values)
    if state in _TOLD:
        telemetry.record("sync", "update", {**values, "state": state.value})
    elif state is State.ROLLED_BACK:
        log.warning("%s %s is rolled back: %s", name, update.target.version_name, update.reason)
        values["error"] = one_line(update.reason, MAX_ERROR)
        if programs:
            telemetry.record("sync", "rolled_back", values)
        else:
            telemetry.record("sync", "model_rolled_back", values)
