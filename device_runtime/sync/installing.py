"""Devices that keep one version of a thing only, as the update machine sees them: verified means installed."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from device_runtime.update.machine import Update, Version
from device_runtime.update.stages import Ended, Said, Target, Versioned


class PlainInstaller(Protocol):
    """What installs in one step, and cannot go back."""

    def installed(self) -> Mapping[str, Versioned]:
        """What there is, by name."""

    async def install(self, path: Path, name: str, target: Any) -> None:
        """Switch to this package, whose SHA-256 has been checked; the file is not the installer's."""


class AtOnce:
    """:class:`device_runtime.update.stages.Stages` of an installer that has none: it installs when it should stage, and
    there is nothing to wait for, to try or to go back to. ``restore`` is a model installer's."""

    def __init__(self, installer: PlainInstaller, restore: Callable[[str, Any], Any] | None = None) -> None:
        self._installer, self._restore = installer, restore

    def current(self) -> Mapping[str, Version]:
        """What is installed."""
        return {
            name: Version(each.sha256, each.version_code, each.version_name)
            for name, each in self._installer.installed().items()
        }

    def staged(self) -> Mapping[str, str]:
        """What is installed counts as staged, too: so much is done of its update."""
        return {name: each.sha256 for name, each in self._installer.installed().items()}

    def check_room(self, size: int) -> None:
        """The content puller looks."""

    async def recall(self, name: str, target: Target) -> bool:
        """Switch back, where a model was kept."""
        return bool(self._restore is not None and await self._restore(name, target))

    async def stage(self, path: Path, name: str, target: Target) -> None:
        """Install it."""
        await self._installer.install(path, name, target)

    async def unstage(self, name: str) -> None:
        """There is nothing beside what is installed."""

    async def switch(self, name: str, update: Update) -> None:
        """Done already."""

    async def begin_trial(self, name: str, update: Update) -> float:  # noqa: ARG002 the protocol's form
        """Nothing can be shown where there is no way back."""
        return 0.0

    async def end_trial(self, name: str) -> None:
        """None is going on."""

    def must_say(self, name: str) -> bool:  # noqa: ARG002 the protocol's form
        """It need not."""
        return False

    async def roll_back(self, name: str, update: Update) -> None:
        """There is nothing to go back to."""

    async def commit(self, name: str) -> None:
        """There is nothing to delete."""

    def watch(self, ended: Ended, said: Said) -> None:
        """Nobody is on trial."""
