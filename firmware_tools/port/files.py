"""The files of a program, as its pages name them, and where they lie on the disk."""

import os
import posixpath
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

_NOT_LOOKED_INTO = frozenset(("node_modules", ".git"))
_MAX_BYTES = 8 * 1024 * 1024


class ProgramFiles:
    """Names are paths below the folder that holds ``app.json``, with slashes. ``directory`` is what the person gave,
    and what places are told relative to; ``elsewhere`` are files that lie outside of the root, such as those of npm
    packages that the build brings in."""

    def __init__(self, directory: Path, root: Path, elsewhere: Mapping[str, Path] | None = None) -> None:
        self._directory = directory
        self._root = root
        self._elsewhere = dict(elsewhere or {})
        self._texts: dict[str, str | None] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        """Every file that a program could mean."""
        return frozenset([*self._walk(), *self._elsewhere])

    def _walk(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self._root):
            folders[:] = [name for name in folders if not name.startswith(".") and name not in _NOT_LOOKED_INTO]
            base = Path(folder).relative_to(self._root).as_posix()
            yield from (file if base == "." else f"{base}/{file}" for file in files)

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self._elsewhere.get(name) or self._root / name

    def shown(self, name: str) -> str:
        """How a file is called in a report: its path below the folder that was given."""
        path = self.path(name)
        try:
            return path.relative_to(self._directory).as_posix()
        except ValueError:
            return name

    def read(self, name: str) -> str | None:
        """The text of a file; ``None`` where there is none, or where it cannot be text."""
        if name not in self._texts:
            self._texts[name] = self._read(name)
        return self._texts[name]

    def _read(self, name: str) -> str | None:
        if name not in self.names:
            return None
        try:
            data = self.path(name).read_bytes()
        except OSError:
            return None
        if len(data) > _MAX_BYTES:
            return None
        return data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")

    def first(self, *candidates: str) -> str | None:
        """The first of some names that is a file here."""
        return next((name for name in candidates if name in self.names), None)


def inside(base: str, target: str) -> str:
    """The path that ``target`` names in the file ``base``: relative to it, or from the root with ``/``. One that leads
    out of the program stays at its root."""
    folder = "" if target.startswith("/") else posixpath.dirname(base)
    return posixpath.normpath(f"/{folder}/{target}").lstrip("/")
