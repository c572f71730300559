"""The programs that are installed on a device: verify -> stage -> switch, so that a power cut at any moment
leaves either the old package or the new one, whole.

On disk, under one directory: ``packages/<sha256>.ma`` (content, never changed once named so), and
``installed.json`` (which package each program runs), replaced by rename. What the index does not name is swept
at the next start.
"""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyRing
from device_runtime.program.manifest import check_platform
from device_runtime.program.package import Package, PackageError, open_package, read_package, read_package_file
from device_runtime.sealed.durable import disk_sentence, size_of, write_whole

_SHA256 = re.compile(r"[0-9a-f]{64}")


class StoreError(CygnetError):
    """The store cannot do what was asked; what was installed is as before."""


@dataclass(frozen=True, slots=True)
class InstalledProgram:
    """One program as the index has it: ``sha256`` (hex) and ``size`` (bytes) of its package."""

    app_id: str
    version_code: int
    version_name: str
    sha256: str
    size: int


class ProgramStore:
    """Installed packages in ``directory``, accepted only when signed by a key of ``trusted``."""

    def __init__(self, directory: Path, trusted: KeyRing) -> None:
        self._packages = directory / "packages"
        self._index_path = directory / "installed.json"
        self._trusted = trusted
        try:
            self._packages.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the program store {directory} cannot be made: {error.strerror}") from error
        self._index = self._read_index()
        self._open: dict[str, Package] = {}
        self._sweep()

    def installed(self) -> Mapping[str, InstalledProgram]:
        """What is installed, by app id."""
        return dict(self._index)

    def package(self, app_id: str) -> Package:
        """The package of an installed program, verified again when first opened.

        Raises:
            StoreError: it is not installed.
            PackageError: its file was altered or lost since.
        """
        program = self._index.get(app_id)
        if program is None:
            raise StoreError(f"the program {app_id} is not installed on this device")
        if program.sha256 not in self._open:
            package = open_package(self._path(program.sha256), self._trusted)
            if package.sha256 != program.sha256:
                raise PackageError(f"package of {app_id} is refused: its file is not the one that was installed")
            self._open[program.sha256] = package
        return self._open[program.sha256]

    def package_file(self, app_id: str) -> Path | None:
        """The file of an installed program's package; None where it is not installed."""
        program = self._index.get(app_id)
        return self._path(program.sha256) if program is not None else None

    def install(self, path: Path, app_id: str | None = None, version_code: int | None = None) -> InstalledProgram:
        """Verify the package file ``path``, take its content over, and switch the program to it.

        ``app_id`` and ``version_code``, where given, must be the package's own. ``path`` is left where it is.

        Raises:
            PackageError: the package is refused.
            PlatformError: it needs a newer runtime.
            StoreError: it belongs to another program, or the disk cannot take it.
        """
        data = read_package_file(path)
        package = read_package(data, path.name, self._trusted)
        manifest = package.manifest
        check_platform(manifest)
        if app_id is not None and manifest.app_id != app_id:
            raise StoreError(f"package {path.name} is {manifest.app_id}, not {app_id} for which it was sent")
        if version_code is not None and manifest.version.code != version_code:
            raise StoreError(
                f"package {path.name} is version {manifest.version.code} of {manifest.app_id}, "
                f"not {version_code} for which it was sent"
            )
        program = InstalledProgram(
            manifest.app_id, manifest.version.code, manifest.version.name, package.sha256, package.size
        )
        try:
            # The bytes that were verified are the bytes that are kept: the file is not read a second time.
            write_whole(self._path(package.sha256), data)
            self._write_index({**self._index, program.app_id: program})
        except OSError as error:
            raise StoreError(
                f"{manifest.app_id} {manifest.version.name} cannot be installed: {disk_sentence(error)}; "
                "what was installed stays"
            ) from error
        self._open[package.sha256] = package
        self._sweep()
        return program

    def remove(self, app_id: str) -> None:
        """Forget a program and its package; one that is not installed is no error.

        Raises:
            StoreError: the disk refuses.
        """
        if app_id not in self._index:
            return
        try:
            self._write_index({key: value for key, value in self._index.items() if key != app_id})
        except OSError as error:
            raise StoreError(f"the program {app_id} cannot be removed: {error.strerror}") from error
        self._sweep()

    def _path(self, sha256: str) -> Path:
        return self._packages / f"{sha256}.ma"

    def _read_index(self) -> dict[str, InstalledProgram]:
        try:
            document = json.loads(self._index_path.read_bytes())
            index = {app_id: InstalledProgram(app_id=app_id, **entry) for app_id, entry in document.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self._index_path} cannot be read ({error}); "
                "delete it to start with no programs: the fleet sends them again"
            ) from error
        # A lost or cut file (a disk that lied about fsync) makes its program not installed: it is fetched again.
        return {
            app_id: program
            for app_id, program in index.items()
            if _SHA256.fullmatch(program.sha256) and size_of(self._path(program.sha256)) == program.size
        }

    def _write_index(self, index: dict[str, InstalledProgram]) -> None:
        document = {}
        for app_id, program in index.items():
            document[app_id] = asdict(program)
            del document[app_id]["app_id"]
        write_whole(self._index_path, json.dumps(document, indent=1, sort_keys=True).encode())
        self._index = index

    def _sweep(self) -> None:
        """Delete what no program uses, and what a power cut left half-written."""
        used = {program.sha256 for program in self._index.values()}
        self._open = {sha256: package for sha256, package in self._open.items() if sha256 in used}
        for path in self._packages.iterdir():
            if path.suffix != ".ma" or path.stem not in used:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
