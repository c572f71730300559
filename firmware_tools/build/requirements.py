"""What the scripts of a program require, followed from file to file."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from device_runtime.engine.resolution import SOURCE_SUFFIXES, Resolver
from firmware_tools.build.npm import BUILT
from firmware_tools.build.project_json import SourceError
from firmware_tools.build.scripts import check_script, requests, seems_commented
from firmware_tools.build.source import SourceText
from firmware_tools.build.source_files import DEVELOPERS_FOLDERS, SourceFiles

_SCRIPTS = tuple(suffix for suffix in SOURCE_SUFFIXES if suffix != ".json")
_RESOURCES = frozenset(
    (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".ico", ".ttf", ".otf", ".woff", ".woff2", ".eot", ".mp3",
     ".wav", ".aac", ".m4a", ".ogg", ".mp4", ".wasm")
)  # fmt: skip
# What is longer was not written by hand, and asks for what it has in itself.
_MAX_WRITTEN = 200_000
# The comment is the last thing in a file.
_SOURCE_MAP = re.compile(r"[#@]\s*sourceMappingURL=(\S+)\s*$")
_SOURCE_MAP_ROOM = 1000


class Requirements:
    """Follows ``require`` and ``import`` through the files of a program, as the device will."""

    def __init__(self, files: SourceFiles, aliases: Mapping[str, str], warnings: list[str]) -> None:
        self._files = files
        self._warnings = warnings
        self._own: frozenset[str] = frozenset()
        self._resolver = Resolver(files, aliases)

    def closure(self, needed: Iterable[str], others: Iterable[str]) -> Iterator[str]:
        """The files ``needed`` and ``others`` and all that they require, each once; scripts are checked on the way.

        What a needed script asks for and is not there is a warning. Others may be a developer's own tools. A syntax
        error of a file that is only required is a warning, too: nothing may come to it.

        Raises:
            SourceError: a script that is needed has a syntax error, or one is no text.
        """
        done: set[str] = set()
        self._own = frozenset(needed)
        yield from self._closure(sorted(needed), done, warns=True)
        yield from self._closure(sorted(others), done, warns=False)

    def _closure(self, waiting: list[str], done: set[str], *, warns: bool) -> Iterator[str]:
        for name in waiting:
            if name in done:
                continue
            done.add(name)
            yield name
            if name.endswith(_SCRIPTS):
                text = self._files.read(name) or ""
                self._check(name, text)
                waiting += self._required(name, text, warns=warns)
                waiting += self._descriptions(name)
                if source_map := self._source_map(name, text):
                    yield source_map

    def _check(self, name: str, text: str) -> None:
        try:
            check_script(SourceText(str(self._files.path(name)), text))
        except SourceError as error:
            if name in self._own:
                raise
            self._warnings.append(f"{error}; it fails when it is required")

    def _required(self, name: str, text: str, *, warns: bool) -> Iterator[str]:
        """The files that a script asks for. Of a script of the program's own, one that is missing is a warning."""
        warns = warns and BUILT not in name.split("/") and len(text) < _MAX_WRITTEN
        for request, offset in requests(text):
            found = self._resolver.resolve(name, request)
            if found is not None:
                yield found
            elif warns and not seems_commented(text, offset):
                where = SourceText(name, text).where(offset)
                self._warnings.append(f"{where}: there is no file {request[:80]}")

    def _source_map(self, name: str, text: str) -> str | None:
        """The source map of a script of the program itself, by which the device says where errors come from."""
        match = _SOURCE_MAP.search(text, max(0, len(text) - _SOURCE_MAP_ROOM))
        if match is None or BUILT in name.split("/"):
            return None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
        return path if path.endswith(".map") and path in self._files else None

    def _descriptions(self, name: str) -> list[str]:
        """The ``package.json`` files by which the device finds the main file of the package that ``name`` is in, and
        of its parts."""
        package = _package_folder(name)
        found: list[str] = []
        folder = posixpath.dirname(name) if package else ""
        while len(folder) >= len(package) > 0:
            found.append(f"{folder}/package.json")
            folder = posixpath.dirname(folder)
        return [description for description in found if description in self._files]

    def resources_of_packages(self, names: Iterable[str]) -> set[str]:
        """Pictures, fonts and sounds of the npm packages and developers' folders that any of the files ``names`` are
        in."""
        used = {folder for name in names if (folder := _package_folder(name))}
        return {
            name
            for name in self._files
            if posixpath.splitext(name)[1].lower() in _RESOURCES and _package_folder(name) in used
        }


def _package_folder(name: str) -> str:
    """The folder of the npm package that a file lies in, or one beside ``app.json`` that is not packaged whole."""
    parts = name.split("/")
    if BUILT not in parts[:-1]:
        return parts[0] if parts[0] in DEVELOPERS_FOLDERS and len(parts) > 1 else ""
    at = len(parts) - 2 - parts[-2::-1].index(BUILT)
    return "/".join(parts[: at + (3 if parts[at + 1].startswith("@") else 2)])
