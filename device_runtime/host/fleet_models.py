"""What the fleet may do to the models of this device: install, go back, remove."""

import asyncio
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.inference.card import ModelCard, Version
from device_runtime.inference.installed import InstalledModel, InstalledModels, ModelCheck
from device_runtime.inference.store import ModelStore
from device_runtime.keys import KeyRing
from device_runtime.sync.messages import ModelTarget

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

    def __init__(self, directory: Path, trusted: KeyRing) -> None:
        self._check: ModelCheck | None = None
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
