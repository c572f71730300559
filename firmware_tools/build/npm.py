"""``miniprogram_npm``, made from ``node_modules`` as WeChat's developer tool makes it.

Beside each ``package.json`` of the program, the packages that it depends on are taken over, and those that these depend
on. A package for mini-programs gives the folder that its ``miniprogram`` member names, else ``miniprogram_dist``; any
other gives its scripts, so that ``require('name')`` finds its ``main``. Nothing is read here but each ``package.json``;
what is not asked for is not in the package either.
Source: https://developers.weixin.qq.com/miniprogram/en/dev/devtools/npm.html
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from firmware_tools.build.dialects import SourceError, SourceProject, read_json_object
from firmware_tools.build.source_files import SourceFiles

BUILT = "miniprogram_npm"
_INSTALLED = "node_modules"
_SCRIPTS = (".js", ".cjs", ".mjs", ".json")
_NOT_TAKEN = (".ts", ".md", ".map", ".less", ".scss", ".sass")


@dataclass(slots=True)
class NpmPackages:
    """What was found. ``not_installed`` are names that a ``package.json`` asks for and ``node_modules`` lacks."""

    names: set[str] = field(default_factory=set)
    not_installed: set[str] = field(default_factory=set)

    def hint(self, path: str) -> str:
        """What to do about a path that leads into a package that is not installed."""
        parts = path.lstrip("/").split("/")
        name = "/".join(parts[:2]) if parts[0].startswith("@") else parts[0]
        return f"; package.json asks for {name}: run npm install first" if name in self.not_installed else ""


def add_npm_packages(project: SourceProject, files: SourceFiles, warnings: list[str]) -> NpmPackages:
    """Add the files of all installed packages to ``files``, under their names in ``miniprogram_npm`` folders.

    A folder ``miniprogram_npm`` that is there already counts as built, and its packages stay as they are.

    Raises:
        SourceError: a ``package.json`` of the program is faulty.
    """
    found = NpmPackages()
    for folder, prefix in _places(project, warnings):
        package_file = folder / "package.json"
        document = read_json_object(package_file) if package_file.is_file() else {}
        _Installation(folder, prefix, files, found).take(document)
    return found


def _places(project: SourceProject, warnings: list[str]) -> Iterator[tuple[Path, str]]:
    """Folders with a ``package.json``, each with the folder in the package that gets its ``miniprogram_npm``."""
    settings = project.settings.get("setting")
    settings = settings if isinstance(settings, Mapping) else {}
    if settings.get("packNpmManually") is True:
        for entry in settings.get("packNpmRelationList") or []:
            match entry:
                case {"packageJsonPath": str(package_path), "miniprogramNpmDistDir": str(target)}:
                    folder = (project.directory / package_path).parent
                    prefix = _below(project.root, project.directory / target)
                    if prefix is None:
                        raise SourceError(
                            f"{project.directory / project.dialect.project_file}: miniprogramNpmDistDir {target!r} "
                            f"is not inside {project.root}"
                        )
                    yield folder, prefix
                case _:
                    warnings.append(
                        f"{project.dialect.project_file}: an entry of packNpmRelationList has no packageJsonPath and "
                        "miniprogramNpmDistDir, ignored"
                    )
    for at, folders, names in os.walk(project.root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in (_INSTALLED, BUILT))
        if "package.json" in names and (prefix := _below(project.root, Path(at))) is not None:
            yield Path(at), prefix
    if _below(project.root, project.directory) is None:
        # Beside the folder of the program: the tool asks for packNpmManually then; who has no other gets these.
        yield project.directory, ""


def _below(root: Path, path: Path) -> str | None:
    """The path of a folder below ``root``, empty for ``root`` itself, or ``None``."""
    try:
        relative = Path(os.path.normpath(path)).relative_to(Path(os.path.normpath(root))).as_posix()
    except ValueError:
        return None
    return "" if relative == "." else relative


class _Installation:
    """The ``node_modules`` below one folder."""

    def __init__(self, folder: Path, prefix: str, files: SourceFiles, found: NpmPackages) -> None:
        self._folder = folder
        self._prefix = prefix
        self._files = files
        self._found = found
        self._taken: set[str] = set()
        self._built = {folder for name in files for folder in _package_folders(name)}

    def take(self, document: Mapping[str, Any]) -> None:
        """Take the packages that ``document``, a ``package.json``, depends on, and those that these depend on."""
        waiting = [(name, self._folder, self._prefix) for name in _dependencies(document)]
        while waiting:
            name, asking, asking_target = waiting.pop()
            place = self._find(name, asking)
            if place is None:
                self._found.not_installed.add(name)
                continue
            self._found.names.add(name)
            target = self._target(name, place, asking_target)
            if target in self._taken:
                continue
            self._taken.add(target)
            package = _read_package(place)
            if target not in self._built:
                self._add(place, target, package)
            waiting += [(other, place, target) for other in _dependencies(package)]

    def _find(self, name: str, asking: Path) -> Path | None:
        """The folder of a package as node finds it from the folder that asks, links followed."""
        for start in (asking, asking.resolve()):
            at = start
            while True:
                candidate = at / _INSTALLED / name
                if candidate.is_dir():
                    return candidate
                if at == self._folder or at == at.parent:
                    break
                at = at.parent
        return None

    def _target(self, name: str, place: Path, asking_target: str) -> str:
        """The package's folder in the program: the same as on the disk, ``miniprogram_npm`` for ``node_modules``."""
        relative = _below(self._folder, place)
        parts = relative.split("/") if relative is not None else []
        if not parts or any(part.startswith(".") for part in parts):  # a store of links, such as pnpm's
            return "/".join([*filter(None, [asking_target]), BUILT, name])
        inside = [BUILT if part == _INSTALLED else part for part in parts]
        return "/".join([*filter(None, [self._prefix]), *inside])

    def _add(self, place: Path, target: str, package: Mapping[str, Any]) -> None:
        folder = _component_folder(place, package)
        for path in _files_below(folder or place):
            if folder is not None or path.suffix in _SCRIPTS:
                name = path.relative_to(folder or place).as_posix()
                if folder is not None or name != "package.json":
                    self._files.add(f"{target}/{name}", path)
        if folder is None:
            main = package.get("main")
            described = {"main": main} if isinstance(main, str) and main.strip("./") else {}
            self._files.add(f"{target}/package.json", json.dumps(described).encode())


def _dependencies(document: Mapping[str, Any]) -> list[str]:
    entries = document.get("dependencies")
    return [name for name in entries if isinstance(name, str) and name] if isinstance(entries, Mapping) else []


def _read_package(place: Path) -> dict[str, Any]:
    try:
        return read_json_object(place / "package.json")
    except SourceError:
        return {}  # a folder that is no package, or a damaged one, still has its index.js


def _component_folder(place: Path, package: Mapping[str, Any]) -> Path | None:
    """The folder of a package that holds mini-program components, if it is such a package."""
    named = package.get("miniprogram")
    folder = place / (named if isinstance(named, str) and named else "miniprogram_dist")
    return folder if folder.is_dir() and folder.resolve().is_relative_to(place.resolve()) else None


def _package_folders(name: str) -> Iterator[str]:
    """The folders of built packages that a file lies in."""
    parts = name.split("/")
    for number, part in enumerate(parts[:-1]):
        if part == BUILT:
            last = number + (2 if parts[number + 1].startswith("@") else 1)
            yield "/".join(parts[: last + 1])


def _files_below(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != _INSTALLED and not name.startswith("."))
        for name in sorted(names):
            path = Path(at, name)
            if not name.startswith(".") and path.suffix not in _NOT_TAKEN:
                yield path
