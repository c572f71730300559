"""An installer of models for tests that keeps packages in memory; the device's is ``InstalledModels``."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.inference.card import Version
from device_runtime.sync.messages import ModelTarget


@dataclass
class ModelShelf:
    """``own``: the models that came with the device. ``refuse``: by a model's name the sentence with which it fails.
    ``why_not``: why no model can be used at all. ``installs``: what was installed from a package, in order."""

    own: dict[str, Version] = field(default_factory=dict)
    refuse: dict[str, str] = field(default_factory=dict)
    why_not: str = ""
    faults: dict[str, str] = field(default_factory=dict)
    models: dict[str, ModelTarget] = field(default_factory=dict)
    kept: dict[str, ModelTarget] = field(default_factory=dict)
    installs: list[tuple[str, int]] = field(default_factory=list)

    def installed(self) -> Mapping[str, ModelTarget]:
        return dict(self.models)

    def built_in(self) -> Mapping[str, Version]:
        return self.own

    def take_faults(self) -> Mapping[str, str]:
        faults, self.faults = self.faults, {}
        return faults

    def unusable(self) -> str:
        return self.why_not

    async def install(self, path: Path, name: str, target: ModelTarget) -> None:
        if name in self.refuse:
            raise CygnetError(self.refuse[name])
        data = await asyncio.to_thread(path.read_bytes)
        assert hashlib.sha256(data).hexdigest() == target.sha256, "only verified content reaches the installer"
        self.installs.append((name, target.version_code))
        self._switch(name, target)

    async def restore(self, name: str, target: ModelTarget) -> bool:
        if self.kept.get(name) != target:
            return False
        self._switch(name, target)
        return True

    def users(self, _name: str) -> list[str]:
        return []

    async def remove(self, name: str) -> None:
        del self.models[name]
        self.kept.pop(name, None)

    def _switch(self, name: str, target: ModelTarget) -> None:
        before = self.models.get(name)
        self.models[name] = target
        if before is not None:
            self.kept[name] = before
