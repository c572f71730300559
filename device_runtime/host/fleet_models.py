"""What the fleet may do to the models of this device: install, go back, remove."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from importlib import metadata
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.inference.card import ModelCard, Version
from device_runtime.inference.installed import InstalledModels, ModelCheck
from device_runtime.inference.model_folders import InstalledModel
from device_runtime.inference.store import ModelStore
from device_runtime.keys import KeyRing
from device_runtime.sync.messages import ModelTarget
from device_runtime.update import machine as update
from device_runtime.update.rules import RulesInForce, UpdateRules
from device_runtime.update.stages import Ended, Said, Target, check_room

_NO_RUNTIME = (
    "this device runs no models, only programs: no runtime for models is installed; "
    "install one with: pip install 'cygnet[inference]'"
)


class FleetModels:
    """The store of models, as :class:`device_runtime.sync.models.ModelInstaller` wants it.

    ``store`` has these models beside those that came with the device. Until :meth:`use`, none can be installed.

    Raises:
        CygnetError: the directory cannot be used, or the card of a model that came with the device breaks its schema.
    """

    def __init__(
        self,
        directory: Path,
        trusted: KeyRing,
        rules: RulesInForce | None = None,
        users: Callable[[str], Collection[str]] = lambda _name: (),
    ) -> None:
        """``rules`` say how long a trial takes; ``users`` gives the running programs that ask for a model."""
        self._check: ModelCheck | None = None
        self._directory, self._rules, self._users = directory, rules or RulesInForce(UpdateRules()), users
        self._installed = InstalledModels(directory, trusted, self._try)
        self.store = ModelStore(installed=self._installed)
        self._built_in = {card.name: card.version for card in self.store.own_cards() if _is_here(card)}

    def use(self, check: ModelCheck) -> None:
        """``check`` tries models that come; a device that can run none has nothing to use."""
        self._check = check

    def installed(self) -> Mapping[str, InstalledModel]:
        """The models from the fleet, by name."""
        return self._installed.installed()

    def built_in(self) -> Mapping[str, Version]:
        """The versions of those that came with the device, and whose files are here."""
        return self._built_in

    def take_faults(self) -> Mapping[str, str]:
        """What was found wrong with models of the fleet at the start, once."""
        faults, self._installed.faults = self._installed.faults, {}
        return faults

    def unusable(self) -> str:
        """Why this device can run no models; empty when it can."""
        return "" if self._check is not None else _NO_RUNTIME

    async def install(self, path: Path, name: str, target: ModelTarget) -> None:
        """Verify, try, stage and switch; sessions of the old version go on with it.

        Raises:
            CygnetError: the package is refused, the model cannot be run here, or the disk refuses.
        """
        await self._installed.install(path, name, target.version_code)

    async def restore(self, name: str, target: ModelTarget) -> bool:
        """Switch back to this version if it was kept; else false.

        Raises:
            CygnetError: the model cannot be run here any more, or the disk refuses.
        """
        return await self._installed.restore(name, target.sha256)

    async def remove(self, name: str) -> None:
        """Delete the model.

        Raises:
            CygnetError: the disk refuses.
        """
        await asyncio.to_thread(self._installed.remove, name)

    def users(self, name: str) -> Collection[str]:
        """The programs that ask for the model, by app id."""
        return self._users(name)

    # What the update machine needs (device_runtime.update.stages.Stages)

    def current(self) -> Mapping[str, update.Version]:
        """The models from the fleet, by name."""
        return {
            name: update.Version(model.sha256, model.version_code, model.version_name, model.size)
            for name, model in self._installed.installed().items()
        }

    def staged(self) -> Mapping[str, str]:
        """What was verified and tried, and lies beside: SHA-256 by name."""
        return {name: model.sha256 for name, model in self._installed.staged().items()}

    def check_room(self, size: int) -> None:
        """Refuse where the disk has no room: the package is there twice for a moment."""
        check_room(self._directory, 2 * size)

    async def recall(self, name: str, target: Target) -> bool:
        """Stage this version if it is kept here; see :meth:`InstalledModels.recall`."""
        return await self._installed.recall(name, target.sha256)

    async def stage(self, path: Path, name: str, target: Target) -> None:
        """Verify, try and keep beside; see :meth:`InstalledModels.stage`."""
        await self._installed.stage(path, name, target.version_code)

    async def unstage(self, name: str) -> None:
        """Delete what is staged."""
        await asyncio.to_thread(self._installed.unstage, name)

    async def switch(self, name: str, update: update.Update) -> None:
        """New sessions have the new version; sessions of the old one go on with it."""
        if self.current().get(name) != update.target:
            await asyncio.to_thread(self._installed.switch, name)

    async def begin_trial(self, name: str, update: update.Update) -> float:  # noqa: ARG002 the protocol's form
        """It was tried before it was staged; what can be seen from here on are the programs that ask for it."""
        return self._rules.now.trial_seconds if self._users(name) else 0.0

    async def end_trial(self, name: str) -> None:
        """Nothing ran for its sake."""

    def must_say(self, name: str) -> bool:  # noqa: ARG002 the protocol's form
        """A model says nothing."""
        return False

    async def roll_back(self, name: str, update: update.Update) -> None:
        """Back to the version before."""
        await asyncio.to_thread(self._installed.roll_back, name, update.target.sha256)

    async def commit(self, name: str) -> None:
        """One version before is kept, to go back to without a download."""

    def watch(self, ended: Ended, said: Said) -> None:
        """The programs are watched."""

    async def _try(self, card: ModelCard, content: bytes) -> None:
        if self._check is None:
            raise CygnetError(_NO_RUNTIME)
        await self._check(card, content)


def _is_here(card: ModelCard) -> bool:
    """Whether the package that carries the model is installed, where one does."""
    try:
        return not card.source.package or bool(metadata.distribution(card.source.package))
    except metadata.PackageNotFoundError:
        return False
