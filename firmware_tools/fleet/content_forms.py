"""Shorter forms of the fleet's content, kept in ``content/forms``: a cache that can be deleted at any time.

``<sha256>`` is a form, by its own SHA-256. A link ``<content>.zstd`` or ``<content>.<base>`` names the form that
becomes this content; one to ``-`` says that no form of that kind is worth its making. Links are made by rename, so that
any number of processes may use the directory. Forms that were asked for longest ago go when they are more than the
budget, and all go whose content or base is no longer there.
"""

import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from device_runtime.sync.messages import ContentForm
from device_runtime.sync.zstd import DELTA, ZSTD
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.errors import StorageError

FORMS_BUDGET = 1024 * 1024 * 1024
"""What forms may take on the disk, in bytes, where ``fleet.toml`` says nothing."""
_NOT_WORTH = "-"
_LINK = re.compile(r"([0-9a-f]{64})\.(zstd|[0-9a-f]{64})")
_TEMPORARY = ".making-"


@dataclass(frozen=True, slots=True)
class FormKey:
    """Which form: of the content, on this base, or on nothing (empty)."""

    content: str
    base: str = ""

    @property
    def link(self) -> str:
        """The name of its link."""
        return f"{self.content}.{self.base or ZSTD}"


class FormStore:
    """The forms of what is in ``content``, in ``content/forms``; ``budget`` is in bytes."""

    def __init__(self, content: Path, budget: int = FORMS_BUDGET) -> None:
        self.content, self._directory, self._budget = content, content / "forms", budget
        self.objects = ContentStore(self._directory)
        """What devices pull blocks of."""

    def find(self, key: FormKey) -> ContentForm | None:
        """The form, if it was made. It counts as used now.

        Raises:
            KeyError: it has not been made, or was deleted since.
        """
        try:
            name = (self._directory / key.link).readlink().name
            if name == _NOT_WORTH:
                return None
            path = self._directory / name
            os.utime(path)
            size = path.stat().st_size
        except OSError:
            raise KeyError(key.link) from None
        return ContentForm(DELTA if key.base else ZSTD, name, size, key.base)

    def temporary(self) -> Path:
        """Where to write a form that is being made.

        Raises:
            StorageError: the directory cannot be made.
        """
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"the forms of content cannot be kept: {error.strerror}") from error
        return self._directory / f"{_TEMPORARY}{secrets.token_hex(8)}"

    def put(self, key: FormKey, made: Path, sha256: str) -> None:
        """Take a form over that was written to :meth:`temporary`.

        Raises:
            StorageError: the disk refuses.
        """
        try:
            made.replace(self._directory / sha256)
            self._link(key, sha256)
        except OSError as error:
            raise StorageError(f"a form of content cannot be kept: {error.strerror}") from error

    def put_not_worth(self, key: FormKey) -> None:
        """Remember that this form would save nothing. Raises :class:`StorageError`."""
        try:
            self._link(key, _NOT_WORTH)
        except OSError as error:
            raise StorageError(f"a form of content cannot be kept: {error.strerror}") from error

    def tidy(self) -> None:
        """Delete what is over the budget, whose content is gone, or what a crash left. What cannot be, stays."""
        try:
            entries = list(os.scandir(self._directory))
        except OSError:
            return
        objects: dict[str, os.stat_result] = {}
        links: dict[str, str] = {}
        for entry in entries:
            path = self._directory / entry.name
            try:
                if entry.is_symlink():
                    self._keep_link(path, entry.name, links)
                elif entry.name.startswith(_TEMPORARY):
                    if path.stat().st_mtime < _an_hour_ago():
                        path.unlink()
                else:
                    objects[entry.name] = path.stat()
            except OSError:
                continue
        kept = 0
        used = set(links.values())
        for name, stat in sorted(objects.items(), key=lambda item: item[1].st_mtime, reverse=True):
            # One without a link is new: its link comes in the next moment, or it is left over.
            fresh = name in used or stat.st_mtime > _an_hour_ago()
            if fresh and kept + stat.st_size <= self._budget:
                kept += stat.st_size
            else:
                _unlink(self._directory / name)
                for link in (link for link, target in links.items() if target == name):
                    _unlink(self._directory / link)

    def _keep_link(self, path: Path, name: str, links: dict[str, str]) -> None:
        found = _LINK.fullmatch(name)
        target = path.readlink().name
        there = found is not None and (self.content / found[1]).exists()
        there = there and found is not None and (found[2] == ZSTD or (self.content / found[2]).exists())
        if there and (target == _NOT_WORTH or (self._directory / target).exists()):
            links[name] = target
        else:
            path.unlink()

    def _link(self, key: FormKey, target: str) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        aside = self._directory / f"{_TEMPORARY}{secrets.token_hex(8)}"
        aside.symlink_to(target)
        aside.replace(self._directory / key.link)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return


def _an_hour_ago() -> float:
    return time.time() - 3600.0
