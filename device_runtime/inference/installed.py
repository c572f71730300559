"""The models that came from the fleet: stage -> verify -> switch, so that a power cut at any moment leaves either the
old version of a model or the new one, whole.

On disk, under one directory: ``versions/<sha256>/<name>/``, an unpacked model package (named by the package's SHA-256,
never changed once named so), ``installed.json`` (which version each model has, and which it had before) and
``staged.json`` (which it is to have next), each replaced by rename. Archives have one form only, so that the files of a
folder give the very bytes that were signed: what lies there is verified whole at each start. A version that is damaged
by then gives way to the one before. What neither an index nor a session uses is swept.
"""

import asyncio
import json
import logging
import re
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from device_runtime.errors import CygnetError
from device_runtime.inference.card import ModelCard
from device_runtime.inference.model_folders import InstalledModel, InstalledModelsError, ModelFolders, described
from device_runtime.inference.package import MAX_PACKAGE_BYTES, ModelPackage, ModelPackageError, read_model_package
from device_runtime.keys import KeyRing
from device_runtime.sealed.durable import disk_sentence, size_of, write_whole

logger = logging.getLogger(__name__)

ModelCheck: TypeAlias = Callable[[ModelCard, bytes], Awaitable[None]]
"""Loads a model where it can harm nobody, and compares it with its card. Raises :class:`CygnetError`."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A model of the index: what it is, and what it was."""

    current: InstalledModel
    previous: InstalledModel | None = None


class InstalledModels:
    """Models in ``directory``, accepted only when signed by a key of ``trusted`` and passed by ``check``.

    Methods that are not coroutines may be called from any thread.
    """

    def __init__(self, directory: Path, trusted: KeyRing, check: ModelCheck) -> None:
        """Verify what is there; versions that are damaged are left out, and told in :attr:`faults`.

        Raises:
            InstalledModelsError: the directory cannot be made, or its index is damaged.
        """
        self._folders, self._index_path = ModelFolders(directory / "versions", trusted), directory / "installed.json"
        self._staged_path = directory / "staged.json"
        self._trusted, self._check = trusted, check
        # Whoever writes has the first for as long as the disk takes. The second is held for moments only, so that who
        # asks for a card, or holds or releases one, never waits for the disk: that is the event loop.
        self._writing = threading.RLock()
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._cards: dict[str, ModelCard] = {}
        self.faults: dict[str, str] = {}
        """By model: what was found wrong with it at the start."""
        try:
            self._folders.make()
            self._index = self._read_index()
            self._staged = self._read_staged()
        except OSError as error:
            raise InstalledModelsError(f"the models in {directory} cannot be used: {disk_sentence(error)}") from error
        self._sweep()

    def installed(self) -> Mapping[str, InstalledModel]:
        """The models by name, each in its current version."""
        return {name: entry.current for name, entry in self._index.items()}

    def cards(self) -> list[ModelCard]:
        """The cards of the current versions; a card's ``path`` lies beside the model's file."""
        with self._lock:
            return [self._cards[entry.current.sha256] for entry in self._index.values()]

    def hold(self, card: ModelCard) -> Callable[[], None]:
        """Keep the files of a card's version, whatever is installed or removed, until what is returned is called."""
        sha256 = card.path.parent.parent.name
        with self._lock:
            self._held[sha256] += 1
        released = threading.Event()

        def release() -> None:
            with self._lock:
                if released.is_set():
                    return
                released.set()
                self._held[sha256] -= 1
                unheld = not self._held[sha256]
                if unheld:
                    del self._held[sha256]
            if unheld and self._writing.acquire(blocking=False):  # else whoever writes sweeps at the end
                try:
                    self._sweep()
                finally:
                    self._writing.release()

        return release

    async def install(self, path: Path, name: str | None = None, version_code: int | None = None) -> InstalledModel:
        """Verify the package file ``path``, let the model be tried, take it over, and switch to it.

        ``name`` and ``version_code``, where given, must be the card's own. ``path`` is left where it is.

        Raises:
            ModelPackageError: the package is refused.
            InstalledModelsError: it is another model or version than was asked for, or the disk cannot take it.
            CygnetError: the model does not pass its check.
        """
        package = await self._passed(path, name, version_code)
        card = package.card
        try:
            return await asyncio.to_thread(self._take, package)
        except OSError as error:
            raise InstalledModelsError(
                f"model {card.name} {card.version.name} cannot be installed: {disk_sentence(error)}; "
                "what was installed stays"
            ) from error

    async def stage(self, path: Path, name: str, version_code: int) -> None:
        """As :meth:`install`, but the model stays in the version that it has until :meth:`switch`."""
        package = await self._passed(path, name, version_code)
        try:
            await asyncio.to_thread(self._put_beside, package)
        except OSError as error:
            raise InstalledModelsError(
                f"model {name} {package.card.version.name} cannot be staged: {disk_sentence(error)}; "
                "what was installed stays"
            ) from error

    async def recall(self, name: str, sha256: str) -> bool:
        """Stage the version with this SHA-256 where it is kept here, and whole; else false.

        Raises:
            CygnetError: the model does not pass its check any more, or the disk refuses.
        """
        entry, staged = self._index.get(name), self._staged.get(name)
        kept = [model for model in (staged, entry.previous if entry else None) if model and model.sha256 == sha256]
        if not kept:
            return False
        try:
            package = await asyncio.to_thread(self._folders.verify, kept[0])
        except CygnetError as error:
            logger.warning("%s", error)
            return False
        await self._check(package.card, package.content)
        await asyncio.to_thread(self._change_staged, name, kept[0])
        return True

    def staged(self) -> Mapping[str, InstalledModel]:
        """What was staged and not yet switched to, by name."""
        return dict(self._staged)

    def unstage(self, name: str) -> None:
        """Forget what is staged; nothing is no error.

        Raises:
            InstalledModelsError: the disk refuses.
        """
        self._change_staged(name, None)

    def switch(self, name: str) -> None:
        """Have what is staged be the model's version from now on; without anything staged, nothing.

        Raises:
            CygnetError: what is staged is damaged, or the disk refuses.
        """
        with self._writing:
            model = self._staged.get(name)
            if model is None:
                return
            card = self._folders.verify(model).card
            try:
                self._switch(model, card)
            except OSError as error:
                raise InstalledModelsError(f"model {name} cannot be switched: {disk_sentence(error)}") from error
            self._change_staged(name, None)

    def roll_back(self, name: str, sha256: str) -> None:
        """Leave the version with this SHA-256 for the one before, or for none; where another is current, nothing.

        Raises:
            InstalledModelsError: the disk refuses.
        """
        with self._writing:
            entry = self._index.get(name)
            if entry is None or entry.current.sha256 != sha256:
                return
            index = {key: value for key, value in self._index.items() if key != name}
            if entry.previous is not None:
                index[name] = _Entry(entry.previous)
            try:
                self._write_index(index)
            except OSError as error:
                raise InstalledModelsError(f"model {name} cannot be taken back: {disk_sentence(error)}") from error
            self._sweep()

    async def _passed(self, path: Path, name: str | None, version_code: int | None) -> ModelPackage:
        """A package that was verified and tried."""
        package = await asyncio.to_thread(self._read_package, path)
        card = package.card
        if name is not None and card.name != name:
            raise InstalledModelsError(f"the model package is {card.name}, not {name} for which it was sent")
        if version_code is not None and card.version.code != version_code:
            raise InstalledModelsError(
                f"the model package is version {card.version.code} of {card.name}, not {version_code} for which it "
                "was sent"
            )
        await self._check(card, package.content)
        return package

    async def restore(self, name: str, sha256: str) -> bool:
        """Switch back to the version before, if that is the package with this SHA-256, and whole; else false.

        Raises:
            CygnetError: the model does not pass its check any more, or the disk refuses.
        """
        entry = self._index.get(name)
        if entry is None or entry.previous is None or entry.previous.sha256 != sha256:
            return False
        try:
            package = await asyncio.to_thread(self._folders.verify, entry.previous)
        except CygnetError as error:
            logger.warning("%s", error)
            return False
        await self._check(package.card, package.content)
        try:
            await asyncio.to_thread(self._switch, entry.previous, package.card)
        except OSError as error:
            raise InstalledModelsError(
                f"model {name} cannot be switched to the version before: {disk_sentence(error)}"
            ) from error
        return True

    def remove(self, name: str) -> None:
        """Forget a model; one that is not installed is no error. Its files stay for as long as they are held.

        Raises:
            InstalledModelsError: the disk refuses.
        """
        with self._writing:
            self._change_staged(name, None)
            if name not in self._index:
                return
            try:
                self._write_index({key: entry for key, entry in self._index.items() if key != name})
            except OSError as error:
                raise InstalledModelsError(f"model {name} cannot be removed: {disk_sentence(error)}") from error
            self._sweep()

    def _read_package(self, path: Path) -> ModelPackage:
        try:
            if size_of(path) > MAX_PACKAGE_BYTES:
                raise ModelPackageError(f"model package {path.name} is refused: it is larger than any model's")
            data = path.read_bytes()
        except OSError as error:
            raise ModelPackageError(f"model package {path.name} cannot be read: {disk_sentence(error)}") from error
        return read_model_package(data, path.name, self._trusted)

    def _put_beside(self, package: ModelPackage) -> None:
        model = described(package)
        with self._writing:
            if not self._folders.is_whole(model):
                self._folders.unpack(model, package)
            self._change_staged(model.name, model)

    def _change_staged(self, name: str, model: InstalledModel | None) -> None:
        with self._writing:
            changed = {key: value for key, value in self._staged.items() if key != name}
            if model is not None:
                changed[name] = model
            if changed == self._staged:
                return
            document = {key: asdict(value) for key, value in changed.items()}
            try:
                write_whole(self._staged_path, json.dumps(document, sort_keys=True).encode())
            except OSError as error:
                raise InstalledModelsError(
                    f"what is staged of model {name} cannot be changed: {disk_sentence(error)}"
                ) from error
            with self._lock:
                self._staged = changed
            self._sweep()

    def _read_staged(self) -> dict[str, InstalledModel]:
        """What cannot be read, or is damaged, is fetched again."""
        try:
            document = json.loads(self._staged_path.read_bytes())
            staged = {name: _model(name, entry) for name, entry in document.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            logger.warning("%s cannot be read (%s); what was staged is fetched again", self._staged_path, error)
            return {}
        return {name: model for name, model in staged.items() if self._folders.is_whole(model)}

    def _take(self, package: ModelPackage) -> InstalledModel:
        model = described(package)
        with self._writing:
            if not self._folders.is_whole(model):
                self._folders.unpack(model, package)
            self._switch(model, package.card)
        return model

    def _switch(self, model: InstalledModel, card: ModelCard) -> None:
        with self._writing:
            before = self._index.get(model.name)
            if before is None or before.current == model:
                entry = _Entry(model, before.previous if before else None)
            else:
                entry = _Entry(model, before.current)
            with self._lock:
                self._cards[model.sha256] = replace(card, path=self._folders.card_path(model))
            self._write_index({**self._index, model.name: entry})
            self.faults.pop(model.name, None)
            self._sweep()

    def _read_index(self) -> dict[str, _Entry]:
        try:
            document = json.loads(self._index_path.read_bytes())
            index = {name: _entry(name, entry) for name, entry in document.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InstalledModelsError(
                f"{self._index_path} cannot be read ({error}); "
                "delete it to start with no models of the fleet: it sends them again"
            ) from error
        return {name: found for name, entry in index.items() if (found := self._usable(entry)) is not None}

    def _usable(self, entry: _Entry) -> _Entry | None:
        """What of an entry is whole: a damaged version gives way to the one before."""
        whole: list[InstalledModel] = []
        for model in (entry.current, entry.previous):
            if model is None:
                continue
            try:
                card = self._folders.verify(model).card
            except CygnetError as error:
                logger.error("%s", error)
                if model is entry.current:
                    self.faults[model.name] = str(error)
            else:
                self._cards[model.sha256] = replace(card, path=self._folders.card_path(model))
                whole.append(model)
        return _Entry(*whole[:2]) if whole else None

    def _write_index(self, index: dict[str, _Entry]) -> None:
        document = {name: asdict(entry) for name, entry in index.items()}
        write_whole(self._index_path, json.dumps(document, sort_keys=True).encode())
        with self._lock:
            self._index = index

    def _sweep(self) -> None:
        """Delete what nobody uses, and what a power cut left half-written. What cannot be deleted is left for later."""
        with self._lock:
            used = {
                model.sha256 for entry in self._index.values() for model in (entry.current, entry.previous) if model
            }
            used |= {model.sha256 for model in self._staged.values()}
            used |= self._held.keys()
            self._cards = {sha256: card for sha256, card in self._cards.items() if sha256 in used}
        self._folders.sweep(used)


def _entry(name: str, entry: Any) -> _Entry:
    previous = entry["previous"]
    return _Entry(_model(name, entry["current"]), None if previous is None else _model(name, previous))


def _model(name: str, entry: Any) -> InstalledModel:
    model = InstalledModel(**entry)
    if model.name != name or not _SHA256.fullmatch(model.sha256):
        raise ValueError(f"what it says of {name!a} is no version of a model")
    return model
