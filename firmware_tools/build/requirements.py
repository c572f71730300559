"""What the scripts of a program require, followed from file to file."""

import json
import posixpath
from collections.abc import Iterable, Iterator

from firmware_tools.build.npm import BUILT
from firmware_tools.build.scripts import check_script, requests
from firmware_tools.build.source import SourceText
from firmware_tools.build.source_files import SourceFiles

SCRIPTS = (".js", ".cjs", ".mjs")
_SUFFIXES = ("", ".js", ".json", "/index.js", "/index.json")
_RESOURCES = frozenset(
    (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".ico", ".ttf", ".otf", ".woff", ".woff2", ".eot", ".mp3",
     ".wav", ".aac", ".m4a", ".ogg", ".mp4", ".wasm")
)  # fmt: skip


class Requirements:
    """Follows ``require`` and ``import`` through the files of a program, as the device will
    (``device_runtime/engine``)."""

    def __init__(self, files: SourceFiles) -> None:
        self._files = files

    def closure(self, names: Iterable[str]) -> Iterator[str]:
        """The files ``names`` and all that they require, each once; scripts are checked on the way.

        Raises:
            SourceError: a script has a syntax error, or is no text.
        """
        waiting = sorted(names)
        done: set[str] = set()
        for name in waiting:
            if name in done:
                continue
            done.add(name)
            yield name
            if name.endswith(SCRIPTS):
                text = self._files.read(name) or ""
                check_script(SourceText(str(self._files.path(name)), text))
                waiting += [found for request in requests(text) if (found := self.resolve(name, request))]

    def resolve(self, importer: str, request: str) -> str | None:
        """The file that ``request`` means inside ``importer``, or ``None``."""
        for base in self._bases(posixpath.dirname(importer), request):
            path = posixpath.normpath("/" + base).lstrip("/")
            found = self._file(path) or self._main(path)
            if found is not None:
                return found
        return None

    def resources_of_packages(self, names: Iterable[str]) -> set[str]:
        """Pictures, fonts and sounds of the npm packages that any of the files ``names`` belong to."""
        used = {folder for name in names if (folder := _package_folder(name))}
        return {
            name
            for name in self._files
            if posixpath.splitext(name)[1].lower() in _RESOURCES and _package_folder(name) in used
        }

    def _bases(self, folder: str, request: str) -> Iterator[str]:
        if request.startswith("/"):
            yield request
        elif request.startswith("."):
            yield posixpath.join(folder, request)
        else:
            at = folder
            while at:
                yield posixpath.join(at, BUILT, request)
                at = posixpath.dirname(at)
            yield posixpath.join(BUILT, request)
            yield posixpath.join(folder, request)
            yield request

    def _file(self, path: str) -> str | None:
        for suffix in _SUFFIXES:
            name = path + suffix
            if name in self._files and name.endswith((*SCRIPTS, ".json")):
                return self._main(path) or name if suffix.startswith("/") else name
        return None

    def _main(self, path: str) -> str | None:
        """The main file of the package in the folder ``path``."""
        text = self._files.read(f"{path}/package.json")
        if text is None:
            return None
        main = json.loads(text).get("main")
        if not isinstance(main, str):
            return None
        target = posixpath.normpath(posixpath.join(path, main))
        return next((target + suffix for suffix in _SUFFIXES if target + suffix in self._files), None)


def _package_folder(name: str) -> str:
    """The folder of the npm package that a file lies in, or nothing."""
    parts = name.split("/")
    if BUILT not in parts[:-1]:
        return ""
    at = len(parts) - 2 - parts[-2::-1].index(BUILT)
    return "/".join(parts[: at + (3 if parts[at + 1].startswith("@") else 2)])
