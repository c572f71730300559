"""Starting the program under test: built from its source, in a real worker forked from one zygote for all tests."""

import tempfile
from pathlib import Path
from types import TracebackType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.registry import CapabilityGate
from device_runtime.capability.storage import ProgramStorage
from device_runtime.engine.workers import WorkerFactory
from device_runtime.program.limits import Limits
from device_runtime.program.manifest import Manifest
from device_runtime.program.session import ProgramSession
from device_runtime.program.sessions import WORKER_ENTRY, python_workers
from device_runtime.program.surroundings import SessionListener
from device_runtime.program.surroundings import Surroundings as Board
from device_runtime.values import Value
from firmware_tools.build.program import BuiltProgram, build_program
from firmware_tools.testing.surroundings import Surroundings

# What a program under test is told of its board: a speaker's screen of middle size.
_SYSTEM: dict[str, Value] = {
    "brand": "cygnet", "model": "test", "system": "Linux", "platform": "linux", "language": "en", "theme": "dark",
    "pixelRatio": 1, "screenWidth": 1024, "screenHeight": 600, "windowWidth": 1024, "windowHeight": 600,
    "statusBarHeight": 0, "SDKVersion": "3.0.0", "version": "8.0.0", "fontSizeSetting": 16,
}  # fmt: skip


class Launcher:
    """Use it as ``async with``: the zygote and the storage files live as long as it.

    ``wait_seconds`` is how long an expectation waits for the program to fulfil it.
    """

    def __init__(self, directory: Path, wait_seconds: float) -> None:
        """Build the program in ``directory``.

        Raises:
            CygnetError: its source is faulty, or it is in Python and there is no engine for that.
        """
        self.built: BuiltProgram = build_program(directory, Ed25519PrivateKey.generate(), source_maps=True)
        self.wait_seconds = wait_seconds
        python = self.built.package.manifest.language == "python"
        self._workers = python_workers(Limits()) if python else WorkerFactory(WORKER_ENTRY)
        self._folder = tempfile.TemporaryDirectory(prefix="cygnet-test-")
        self._count = 0

    @property
    def manifest(self) -> Manifest:
        """The program's manifest."""
        return self.built.package.manifest

    async def __aenter__(self) -> "Launcher":
        await self._workers.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._workers.close()
        self._folder.cleanup()

    def new_storage(self) -> ProgramStorage:
        """An empty storage."""
        self._count += 1
        return ProgramStorage(Path(self._folder.name) / f"{self._count}.sqlite")

    def new_files(self) -> ProgramFiles:
        """An empty folder for files."""
        return ProgramFiles(Path(self._folder.name) / f"{self._count}.files")

    async def start(self, surroundings: Surroundings, listener: SessionListener, path: str) -> ProgramSession:
        """Start the program; returns when its first page is rendered.

        Raises:
            SessionError: it cannot be started.
        """
        board = Board(
            gate=CapabilityGate(surroundings.capabilities()),
            listener=listener,
            system=lambda: _SYSTEM,
            storage=surroundings.storage.load,
        )
        session = ProgramSession(self.built.package, self._workers, board)
        try:
            await session.start(path)
        except BaseException:
            await session.stop()
            raise
        return session
