"""The files of a program, as its pages name them, and where they lie on the disk."""

import os
import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path

from firmware_tools.build.source_files import SourceFiles

_NOT_LOOKED_INTO = frozenset(("node_modules", "miniprogram_npm"))
_MAX_BYTES = 8 * 1024 * 1024
# Not packaged, but a report speaks of them: what was not compiled, and what tells where something was compiled from.
_BESIDE = (".ts", ".map", ".json")


class ProgramFiles(Mapping[str, bytes]):
    """The files that the build knows, with those beside them that help a report. Names are paths below the folder that
    holds ``app.json``; ``directory`` is what the person gave, and what places are told relative to."""

    def __init__(self, directory: Path, source: SourceFiles) -> None:
        self._directory = directory
        self.source = source
        self._beside = dict(_beside(source.root))
        self._texts: dict[str, str] = {}

    def __getitem__(self, name: str) -> bytes:
        try:
            return self.source[name] if name in self.source else self._beside[name].read_bytes()
        except OSError:
            return b""  # it went, or may not be read: the build says so

    def __iter__(self) -> Iterator[str]:
        yield from self.source
        yield from (name for name in self._beside if name not in self.source)

    def __len__(self) -> int:
        return len(self.source) + sum(name not in self.source for name in self._beside)

    def __contains__(self, name: object) -> bool:
        return name in self.source or name in self._beside

    def shown(self, name: str) -> str:
        """How a file is called in a report: its path below the folder that was given, or its name in the package."""
        path = self._beside.get(name) or self.source.path(name)
        try:
            return path.relative_to(self._directory).as_posix()
        except ValueError:
            return name

    def read(self, name: str) -> str | None:
        """The text of a file; ``None`` where there is none. What is too large is not looked at."""
        if name not in self:
            return None
        if name not in self._texts:
            data = self[name]
            text = data.decode("utf-8-sig", errors="replace") if len(data) <= _MAX_BYTES else ""
            self._texts[name] = text.replace("\r\n", "\n")
        return self._texts[name]

    def first(self, *candidates: str) -> str | None:
        """The first of some names that is a file here."""
        return next((name for name in candidates if name in self), None)


def _beside(root: Path) -> Iterator[tuple[str, Path]]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_LOOKED_INTO)
        for name in names:
            if name.endswith(_BESIDE):
                path = Path(folder, name)
                yield path.relative_to(root).as_posix(), path


def inside(base: str, target: str) -> str:
    """The path that ``target`` names in the file ``base``: relative to it, or from the root with ``/``. One that leads
    out of the program stays at its root."""
    folder = "" if target.startswith("/") else posixpath.dirname(base)
    return posixpath.normpath(f"/{folder}/{target}").lstrip("/")
