"""The update machine: in which state one program or model is on its way to another version, and what follows what.

Pure: no files, no clocks, no tasks. ``docs/updates.md`` draws it. A program or model that is as it should be has no
update at all (None); :func:`advance` says what an event makes of one, and leaves it as it is where the event means
nothing in its state.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, TypeAlias

Cause = Literal["", "unreachable", "space", "refused", "health", "fault"]
"""What kind of failure an error is: the content does not come for now; the disk is full; the package is not what it
should be, or does not fit this device; its trial failed; the device has a fault of its own."""


class State(StrEnum):
    """Where an update is. What runs is the version before up to ``switching``, and the target in ``trial``."""

    DOWNLOADING = "downloading"
    VERIFYING = "verifying"
    STAGED = "staged"
    WAITING = "waiting"
    SWITCHING = "switching"
    TRIAL = "trial"
    ROLLING_BACK = "rolling-back"
    COMMITTED = "committed"
    ROLLED_BACK = "rolled-back"
    FAILED = "failed"


BEFORE_SWITCH = frozenset({State.DOWNLOADING, State.VERIFYING, State.STAGED, State.WAITING, State.FAILED})
"""Nothing of what runs has changed yet: these may be given up at any moment."""
RESTING = frozenset({State.ROLLED_BACK, State.FAILED})
"""Nothing more is done until something else is desired, or (failed) it is tried again."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version: ``sha256`` (hex) and ``size`` (bytes) are those of its package."""

    sha256: str
    version_code: int
    version_name: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Update:
    """One program or model on its way to ``target``.

    ``before`` ran until the switch and comes back if the trial fails; None: there was nothing. ``waited`` are seconds
    of waiting for a good moment while the device ran, ``tries`` how often the trial was begun. ``launch`` is what the
    target said of a program; ``fleet``: there was a connection to the fleet when it was switched. ``reason`` is a
    sentence for a person and ``cause`` its kind, once something went wrong.
    """

    target: Version
    state: State = State.DOWNLOADING
    before: Version | None = None
    urgent: bool = False
    launch: bool = False
    fleet: bool = False
    waited: float = 0.0
    tries: int = 0
    reason: str = ""
    cause: Cause = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The target is desired, as for the first time or again; ``installed`` is what there is now. ``retry``: what failed
    before may be tried again."""

    target: Version
    installed: Version | None
    urgent: bool = False
    launch: bool = False
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Unwanted:
    """It is to go from this device altogether."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """The package is here, whole, with the SHA-256 that was promised."""


@dataclass(frozen=True, slots=True)
class Passed:
    """The package was verified and lies beside the version that runs."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What was downloaded is cleared away; only the moment is missing."""


@dataclass(frozen=True, slots=True)
class Waited:
    """So many seconds more, and the moment is not good."""

    seconds: float


@dataclass(frozen=True, slots=True)
class MomentCame:
    """It may be switched now; ``fleet``: the device is connected to its fleet."""

    fleet: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Something went wrong before the switch; what runs is as it was."""

    cause: Cause
    sentence: str


@dataclass(frozen=True, slots=True)
class Switched:
    """The target is what runs now; the version before is kept."""

    before: Version | None


@dataclass(frozen=True, slots=True)
class TryBegan:
    """The trial begins (again); told before anything is started, so that a start that takes the device down counts."""

    most: int


@dataclass(frozen=True, slots=True)
class TryFailed:
    """It ended by itself, or did not start; of ``most`` tries."""

    sentence: str
    most: int


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """It runs, but says or shows that it is not well: no further try would help."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Proved:
    """It ran well for as long as the trial takes."""


@dataclass(frozen=True, slots=True)
class WentBack:
    """The version before is what runs, with its data; the target is deleted."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """The version before is deleted."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """The device started: the package of this SHA-256 is installed (empty: none), and this one staged."""

    installed: str
    staged: str


Event: TypeAlias = (
    Wanted | Unwanted | Arrived | Passed | Ready | Waited | MomentCame | Failed | Switched | TryBegan | TryFailed
    | Unhealthy | Proved | WentBack | Cleared | Restarted
)  # fmt: skip


def advance(update: Update | None, event: Event) -> Update | None:
    """The update after an event; None: there is none (any more)."""
    if isinstance(event, Wanted):
        return _wanted(update, event)
    if update is None:
        return None
    state = update.state
    match event:
        case Unwanted() if state is not State.SWITCHING:
            return None
        case Restarted():
            return _restarted(update, event)
        case Failed(cause, sentence) if state in BEFORE_SWITCH or state is State.SWITCHING:
            return replace(update, state=State.FAILED, reason=sentence, cause=cause)
        case Arrived() if state is State.DOWNLOADING:
            return replace(update, state=State.VERIFYING)
        case Passed() if state is State.VERIFYING:
            return replace(update, state=State.STAGED)
        case Ready() if state is State.STAGED:
            return replace(update, state=State.WAITING)
        case Waited(seconds) if state is State.WAITING:
            return replace(update, waited=update.waited + max(0.0, seconds))
        case MomentCame(fleet) if state is State.WAITING:
            return replace(update, state=State.SWITCHING, fleet=fleet)
        case Switched(before) if state is State.SWITCHING:
            return replace(update, state=State.TRIAL, before=before, tries=0, reason="", cause="")
        case WentBack() if state is State.ROLLING_BACK:
            return replace(update, state=State.ROLLED_BACK) if update.reason else None
        case Cleared() if state is State.COMMITTED:
            return None
    return _tried(update, event) if state is State.TRIAL else update


def _wanted(update: Update | None, event: Wanted) -> Update | None:
    here = event.installed is not None and event.installed.sha256 == event.target.sha256
    new = None if here else Update(event.target, before=event.installed, urgent=event.urgent, launch=event.launch)
    if update is None:
        return new
    if update.target.sha256 == event.target.sha256:
        if update.state is State.FAILED and (event.retry or here):
            return new
        return replace(update, urgent=event.urgent, launch=event.launch)
    if update.state in BEFORE_SWITCH or update.state is State.ROLLED_BACK:
        return new
    if update.state is State.TRIAL and update.before is not None and update.before.sha256 == event.target.sha256:
        # The fleet takes it back: that is no failure of the version on trial, which may come again.
        return replace(update, state=State.ROLLING_BACK, reason="", cause="")
    return update  # it ends soon by itself, and then there is a proven version to go on from


def _tried(update: Update, event: Event) -> Update:
    match event:
        case Proved():
            return replace(update, state=State.COMMITTED, reason="", cause="")
        case Unhealthy(sentence):
            return _back(update, sentence)
        case TryFailed(sentence, most):
            if update.tries >= most:
                return _back(update, sentence)
            return replace(update, reason=sentence)
        case TryBegan(most):
            if update.tries >= most:
                return _back(update, update.reason or f"the device went down each of {most} times that it was tried")
            return replace(update, tries=update.tries + 1)
    return update


def _back(update: Update, sentence: str) -> Update:
    return replace(update, state=State.ROLLING_BACK, reason=sentence or "its trial failed", cause="health")


def _restarted(update: Update, event: Restarted) -> Update:
    """What a crash or a power cut left: the disk says what had happened, the record what was to happen."""
    target = update.target.sha256
    staged = event.staged == target
    match update.state:
        case State.STAGED | State.WAITING:
            return update if staged else replace(update, state=State.DOWNLOADING)
        case State.SWITCHING if event.installed == target:
            return replace(update, state=State.TRIAL, tries=0)
        case State.SWITCHING:
            return replace(update, state=State.WAITING if staged else State.DOWNLOADING)
        case State.TRIAL if event.installed != target:  # a disk that lied lost it: it is fetched again
            return replace(update, state=State.DOWNLOADING, tries=0)
        case State.VERIFYING:
            return replace(update, state=State.DOWNLOADING)
    return update
