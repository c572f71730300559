"""What the update machine needs of the device: to keep a version beside the one that runs, to switch, and to go back.

Every method may be called again after a power cut in the middle of it. What goes wrong is raised as
:class:`CygnetError` or :class:`OSError`; the sentence reaches the operator.
"""

import errno
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, get_args

from device_runtime.errors import CygnetError
from device_runtime.update.machine import Cause, Update, Version

RESERVE_BYTES = 16 * 1024 * 1024
"""What an update leaves free on the disk for everything else."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class UpdateError(CygnetError):
    """An update cannot go on; ``cause`` is the kind of failure."""

    def __init__(self, sentence: str, cause: Cause = "fault") -> None:
        super().__init__(sentence)
        self.cause: Cause = cause


class Versioned(Protocol):
    """A version of something."""

    @property
    def version_code(self) -> int:
        """Of the manifest or card."""

    @property
    def version_name(self) -> str:
        """Of the manifest or card."""

    @property
    def sha256(self) -> str:
        """Of the package file, hex."""


class Target(Versioned, Protocol):
    """A version that is desired."""

    @property
    def size(self) -> int:
        """Of the package file, in bytes."""


class Stages(Protocol):
    """The versions of programs, or of models, on the device's disk."""

    def current(self) -> Mapping[str, Version]:
        """What runs or would run, by name."""

    def staged(self) -> Mapping[str, str]:
        """What was verified and lies beside it: SHA-256 by name."""

    def check_room(self, size: int) -> None:
        """Refuse where the disk has no room for a package of ``size`` bytes and what its switch takes.

        Raises:
            UpdateError: with the cause ``space``.
        """

    async def recall(self, name: str, target: Target) -> bool:
        """Whether this version is on the device, whole, and now staged: it need not be fetched."""

    async def stage(self, path: Path, name: str, target: Target) -> None:
        """Verify the package, whose SHA-256 has been checked, and keep it beside what runs; the file is not theirs."""

    async def unstage(self, name: str) -> None:
        """Delete what is staged; nothing is no error."""

    async def switch(self, name: str, update: Update) -> None:
        """End what runs, keep its data as they are now, and make what is staged current; the version before stays. When
        it was switched already, nothing."""

    async def begin_trial(self, name: str, update: Update) -> float:
        """Run the current version; the seconds that its trial takes, 0 where nothing can show how it does.

        Raises:
            CygnetError: it does not start.
        """

    async def end_trial(self, name: str) -> None:
        """It is over, and the version stays: end what runs for the trial's sake only."""

    def must_say(self, name: str) -> bool:
        """Whether the version on trial has to say itself that it is well."""

    async def roll_back(self, name: str, update: Update) -> None:
        """Make the version before current again (none: nothing), with the data that were kept, and run it if it ran."""

    async def commit(self, name: str) -> None:
        """Delete the version before and the data that were kept; nothing is no error."""

    def watch(self, ended: "Ended", said: "Said") -> None:
        """From now on tell who ended by itself, and who said how it is."""


Ended = Callable[[str, str], bool]
"""A program ended by itself: its id, why. True: it is on trial, and the trial decides what follows."""
Said = Callable[[str, str], None]
"""A program said how it is: its id, and what is wrong, or empty when it is well."""


def check_room(folder: Path, needed: int) -> None:
    """Refuse where the disk of ``folder`` has no room for ``needed`` bytes more.

    Raises:
        UpdateError: with the cause ``space``.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE_BYTES:
        raise UpdateError(
            f"the disk has {free // 1024} KiB free, but the update needs {(needed + RESERVE_BYTES) // 1024} KiB "
            f"(with {RESERVE_BYTES // 1024} KiB that stay free): free some space",
            "space",
        )


def cause_of(error: BaseException, otherwise: Cause) -> Cause:
    """The kind of a failure: what the error says of itself, the disk's where the disk is behind it, else the one that
    is usual where it came up."""
    at: BaseException | None = error
    while at is not None:
        said: Cause = getattr(at, "cause", "")
        if said and said in get_args(Cause):
            return said
        if isinstance(at, OSError):
            return "space" if at.errno in _FULL else "fault"
        at = at.__cause__
    return otherwise
