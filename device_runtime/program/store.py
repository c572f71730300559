"""The programs that are installed on a device: verify -> stage -> switch, so that a power cut at any moment
leaves either the old package or the new one, whole.

On disk, under one directory: ``packages/<sha256>.ma`` (content, never changed once named so), ``installed.json`` (which
package each program runs) and ``beside.json`` (which it is to run next, and which it ran before and may go back to),
each replaced by rename. What neither of them names is swept at the next start.
"""

import contextlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyRing
from device_runtime.program.manifest import Manifest, check_platform
from device_runtime.program.package import Package, PackageError, open_package, read_package, read_package_file
from device_runtime.sealed.durable import disk_sentence, size_of, write_whole

logger = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is kept of a program beside the version that it runs."""

    staged: InstalledProgram | None = None
    before: InstalledProgram | None = None


class ProgramStore:
    """Installed packages in ``directory``, accepted only when signed by a key of ``trusted``."""

    def __init__(self, directory: Path, trusted: KeyRing) -> None:
        self.directory = directory
        self._packages = directory / "packages"
        self._index_path = directory / "installed.json"
        self._beside_path = directory / "beside.json"
        self._trusted = trusted
        try:
            self._packages.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"the program store {directory} cannot be made: {error.strerror}") from error
        self._index = self._read_index()
        self._beside = self._read_beside()
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
        package, data = self._verified(path, app_id, version_code)
        program = _program(package)
        try:
            # The bytes that were verified are the bytes that are kept: the file is not read a second time.
            write_whole(self._path(package.sha256), data)
            self._write_index({**self._index, program.app_id: program})
        except OSError as error:
            raise _refused(program, "installed", error) from error
        self._open[package.sha256] = package
        self._sweep()
        return program

    def stage(self, path: Path, app_id: str, version_code: int) -> InstalledProgram:
        """As :meth:`install`, but the program goes on with the version that it has until :meth:`switch`."""
        package, data = self._verified(path, app_id, version_code)
        program = _program(package)
        try:
            write_whole(self._path(package.sha256), data)
            self._keep_beside(app_id, replace(self._beside.get(app_id, _Beside()), staged=program))
        except OSError as error:
            raise _refused(program, "staged", error) from error
        return program

    def staged(self) -> Mapping[str, InstalledProgram]:
        """What was staged and not yet switched to, by app id."""
        return {app_id: beside.staged for app_id, beside in self._beside.items() if beside.staged is not None}

    def staged_manifest(self, app_id: str) -> Manifest | None:
        """The manifest of the version that is staged beside what runs; None where none is.

        Raises:
            StoreError: its package is damaged.
        """
        staged = self.staged().get(app_id)
        if staged is None:
            return None
        package, _ = self._verified(self._path(staged.sha256), app_id, staged.version_code)
        return package.manifest

    def unstage(self, app_id: str) -> None:
        """Forget what is staged; nothing is no error.

        Raises:
            StoreError: the disk refuses.
        """
        beside = self._beside.get(app_id)
        if beside is not None and beside.staged is not None:
            self._told(app_id, lambda: self._keep_beside(app_id, replace(beside, staged=None)))
            self._sweep()

    def switch(self, app_id: str) -> None:
        """Run what is staged from now on, and keep the version before; without anything staged, nothing.

        Raises:
            PackageError: its file was altered or lost since.
            StoreError: the disk refuses; what was installed is as before.
        """
        beside = self._beside.get(app_id, _Beside())
        staged = beside.staged
        if staged is None:
            return
        package = open_package(self._path(staged.sha256), self._trusted)
        if package.sha256 != staged.sha256:
            raise PackageError(f"package of {app_id} is refused: its file is not the one that was staged")

        def change() -> None:
            # In this order: whatever the power cuts off, the version that runs and the one to go back to are kept.
            now = self._index.get(app_id)
            before = beside.before if now is None or now.sha256 == staged.sha256 else now
            self._keep_beside(app_id, _Beside(staged, before))
            self._write_index({**self._index, app_id: staged})
            self._keep_beside(app_id, _Beside(None, before))

        self._told(app_id, change)
        self._open[staged.sha256] = package

    def roll_back(self, app_id: str, sha256: str) -> None:
        """Leave the version with this SHA-256 for the one that was kept, or for none; where another runs, nothing.

        Raises:
            StoreError: the disk refuses.
        """
        now, before = self._index.get(app_id), self._beside.get(app_id, _Beside()).before

        def change() -> None:
            if now is not None and now.sha256 == sha256:
                index = {key: value for key, value in self._index.items() if key != app_id}
                self._write_index(index if before is None else {**index, app_id: before})
            self._keep_beside(app_id, _Beside())

        self._told(app_id, change)
        self._sweep()

    def commit(self, app_id: str) -> None:
        """Forget the version before; none is no error.

        Raises:
            StoreError: the disk refuses.
        """
        beside = self._beside.get(app_id)
        if beside is not None and beside.before is not None:
            self._told(app_id, lambda: self._keep_beside(app_id, replace(beside, before=None)))
            self._sweep()

    def _told(self, app_id: str, change: Callable[[], None]) -> None:
        try:
            change()
        except OSError as error:
            raise StoreError(f"the versions of {app_id} cannot be changed: {disk_sentence(error)}") from error

    def _verified(self, path: Path, app_id: str | None, version_code: int | None) -> tuple[Package, bytes]:
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
        return package, data

    def remove(self, app_id: str) -> None:
        """Forget a program and its package; one that is not installed is no error.

        Raises:
            StoreError: the disk refuses.
        """
        if app_id not in self._index and app_id not in self._beside:
            return
        try:
            self._keep_beside(app_id, _Beside())
            self._write_index({key: value for key, value in self._index.items() if key != app_id})
        except OSError as error:
            raise StoreError(f"the program {app_id} cannot be removed: {error.strerror}") from error
        self._sweep()

    def _path(self, sha256: str) -> Path:
        return self._packages / f"{sha256}.ma"

    def _read_index(self) -> dict[str, InstalledProgram]:
        try:
            document = json.loads(self._index_path.read_bytes())
            index = {app_id: _entry(app_id, entry) for app_id, entry in document.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{self._index_path} cannot be read ({error}); "
                "delete it to start with no programs: the fleet sends them again"
            ) from error
        # A lost or cut file (a disk that lied about fsync) makes its program not installed: it is fetched again.
        return {app_id: program for app_id, program in index.items() if self._is_here(program)}

    def _read_beside(self) -> dict[str, _Beside]:
        """What cannot be read of it is fetched again: a program without it runs what it has."""
        try:
            document = json.loads(self._beside_path.read_bytes())
            return {
                app_id: _Beside(*(self._usable(app_id, entry.get(name)) for name in ("staged", "before")))
                for app_id, entry in document.items()
            }
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            logger.warning("%s cannot be read (%s); what was staged is fetched again", self._beside_path, error)
            return {}

    def _usable(self, app_id: str, entry: Any) -> InstalledProgram | None:
        program = None if entry is None else _entry(app_id, entry)
        return program if program is not None and self._is_here(program) else None

    def _is_here(self, program: InstalledProgram) -> bool:
        return bool(_SHA256.fullmatch(program.sha256)) and size_of(self._path(program.sha256)) == program.size

    def _write_index(self, index: dict[str, InstalledProgram]) -> None:
        document = {app_id: _document(program) for app_id, program in index.items()}
        write_whole(self._index_path, json.dumps(document, sort_keys=True).encode())
        self._index = index

    def _keep_beside(self, app_id: str, beside: _Beside) -> None:
        changed = {key: value for key, value in self._beside.items() if key != app_id}
        if beside != _Beside():
            changed[app_id] = beside
        if changed == self._beside:
            return
        document = {
            key: {"staged": _document(value.staged), "before": _document(value.before)}
            for key, value in changed.items()
        }
        write_whole(self._beside_path, json.dumps(document, sort_keys=True).encode())
        self._beside = changed

    def _sweep(self) -> None:
        """Delete what no program uses, and what a power cut left half-written."""
        used = {program.sha256 for program in self._index.values()}
        for beside in self._beside.values():
            used |= {program.sha256 for program in (beside.staged, beside.before) if program is not None}
        self._open = {sha256: package for sha256, package in self._open.items() if sha256 in used}
        for path in self._packages.iterdir():
            if path.suffix != ".ma" or path.stem not in used:
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()


def _program(package: Package) -> InstalledProgram:
    version = package.manifest.version
    return InstalledProgram(package.manifest.app_id, version.code, version.name, package.sha256, package.size)


def _refused(program: InstalledProgram, what: str, error: OSError) -> StoreError:
    return StoreError(
        f"{program.app_id} {program.version_name} cannot be {what}: {disk_sentence(error)}; what was installed stays"
    )


def _document(program: InstalledProgram | None) -> dict[str, Any] | None:
    if program is None:
        return None
    document = asdict(program)
    del document["app_id"]
    return document


def _entry(app_id: str, entry: Any) -> InstalledProgram:
    return InstalledProgram(app_id=app_id, **entry)
