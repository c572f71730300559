"""An installer for tests that keeps packages as plain files; the device's is the program store and its sessions."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.sync.messages import ProgramTarget


@dataclass(frozen=True, slots=True)
class Shelved:
    """One installed program."""

    version_code: int
    version_name: str
    sha256: str


class Shelf:
    """``refuse`` maps an app id to the sentence with which its installation fails."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._programs: dict[str, Shelved] = {}
        self.refuse: dict[str, str] = {}
        self.up: list[str] = []
        self.launches: list[str] = []
        self.installs: list[str] = []

    def installed(self) -> Mapping[str, Shelved]:
        return dict(self._programs)

    def running(self) -> list[str]:
        return self.up

    def package_file(self, app_id: str) -> Path | None:
        return self._folder / app_id if app_id in self._programs else None

    async def install(self, path: Path, app_id: str, target: ProgramTarget) -> None:
        if app_id in self.refuse:
            raise CygnetError(self.refuse[app_id])
        data = await asyncio.to_thread(path.read_bytes)
        assert hashlib.sha256(data).hexdigest() == target.sha256, "only verified content reaches the installer"
        (self._folder / app_id).write_bytes(data)
        self._programs[app_id] = Shelved(target.version_code, target.version_name, target.sha256)
        self.installs.append(app_id)

    async def remove(self, app_id: str) -> None:
        (self._folder / app_id).unlink()
        del self._programs[app_id]
        if app_id in self.up:
            self.up.remove(app_id)

    async def launch(self, app_id: str) -> None:
        self.launches.append(app_id)
        self.up = [app_id]

    async def start(self, app_id: str) -> None:
        if app_id not in self.up:
            self.up.append(app_id)

    def bytes_of(self, app_id: str) -> bytes:
        return (self._folder / app_id).read_bytes()
