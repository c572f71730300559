"""Unpacked versions of models on the disk, each in a folder that is named by its package's SHA-256, or not there."""

import contextlib
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from device_runtime.errors import CygnetError
from device_runtime.inference.card import CARD_FILE
from device_runtime.inference.package import MAX_PACKAGE_BYTES, ModelPackage, read_model_package
from device_runtime.keys import KeyRing
from device_runtime.sealed.archive import ArchiveError, write_archive
from device_runtime.sealed.durable import disk_sentence, sync_directory, write_synced

_STAGED, _SWEPT = ".new", ".old"


class InstalledModelsError(CygnetError):
    """The store cannot do what was asked; the models are as before."""


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """One version of a model: ``sha256`` (hex) and ``size`` (bytes) of its package."""

    name: str
    version_code: int
    version_name: str
    sha256: str
    size: int


class ModelFolders:
    """``<sha256>/<name>/`` in ``folder``; packages are signed by a key of ``trusted``."""

    def __init__(self, folder: Path, trusted: KeyRing) -> None:
        self._folder, self._trusted = folder, trusted

    def make(self) -> None:
        """Make the folder. Raises :class:`OSError`."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def card_path(self, model: InstalledModel) -> Path:
        """Where the card of a version lies, beside the model's file."""
        return self._folder / model.sha256 / model.name / CARD_FILE

    def unpack(self, model: InstalledModel, package: ModelPackage) -> None:
        """Write beside, then rename: under the final name there is never half a model.

        Raises:
            OSError: the disk refuses.
        """
        final, staged = self._folder / model.sha256, self._folder / f"{model.sha256}{_STAGED}"
        shutil.rmtree(staged, ignore_errors=True)
        shutil.rmtree(final, ignore_errors=True)  # damaged, else it would have been used
        try:
            made = {staged}
            for entry, data in package.entries.items():
                file = staged / model.name / entry
                file.parent.mkdir(parents=True, exist_ok=True)
                write_synced(file, data)
                made.update(parent for parent in file.parents if parent.is_relative_to(staged))
            for folder in made:
                sync_directory(folder)
            staged.rename(final)
            sync_directory(self._folder)
        except OSError:
            shutil.rmtree(staged, ignore_errors=True)
            raise

    def is_whole(self, model: InstalledModel) -> bool:
        """Whether a version is here, as it came."""
        try:
            self.verify(model)
        except CygnetError:
            return False
        return True

    def verify(self, model: InstalledModel) -> ModelPackage:
        """Read a version from the disk and check everything that was checked when it came.

        Raises:
            CygnetError: it is damaged, or signed by a key that is no longer trusted.
        """
        folder = self._folder / model.sha256 / model.name
        what = f"model {model.name} {model.version_name}"
        entries: dict[str, bytes] = {}
        try:
            for file in sorted(folder.rglob("*")):
                if file.is_file() and len(entries) < 16:
                    if file.stat().st_size > MAX_PACKAGE_BYTES:
                        raise InstalledModelsError(f"{what} is damaged on this device's disk")
                    entries[file.relative_to(folder).as_posix()] = file.read_bytes()
            data = write_archive(entries)
        except OSError as error:
            raise InstalledModelsError(f"{what} cannot be read: {disk_sentence(error)}") from error
        except ArchiveError as error:
            raise InstalledModelsError(f"{what} is damaged on this device's disk: {error}") from error
        package = read_model_package(data, f"{model.name} {model.version_name}", self._trusted)
        if package.sha256 != model.sha256 or package.card.name != model.name:
            raise InstalledModelsError(f"{what} is damaged on this device's disk: it is not what was installed")
        return package

    def sweep(self, used: Collection[str]) -> None:
        """Delete all but these SHA-256s, and what a power cut left half-written. What cannot be deleted is left for
        later."""
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if path.name not in used:
                    _delete(path)


def described(package: ModelPackage) -> InstalledModel:
    """What a package holds, as a version."""
    version = package.card.version
    return InstalledModel(package.card.name, version.code, version.name, package.sha256, package.size)


def _delete(path: Path) -> None:
    """Renamed first: under its final name, a version is whole or not there."""
    swept = path if path.suffix else path.with_name(path.name + _SWEPT)
    if swept != path:
        shutil.rmtree(swept, ignore_errors=True)
        path.rename(swept)
    if swept.is_dir():
        shutil.rmtree(swept, ignore_errors=True)
    else:
        swept.unlink()
