"""The files of a program's source by their names in the package: those in its folder, and those that npm brings."""

import fnmatch
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_tools.build.dialects import DIALECTS, SourceError, SourceProject

DEVELOPERS_FOLDERS = frozenset({"tests", "test", "__tests__", "dist", "training"})
"""Folders beside ``app.json`` of which only what is asked for is in the package."""

_NOT_PACKAGED_FOLDERS = frozenset({"node_modules", "META-INF"})
_NOT_PACKAGED_FILES = frozenset(
    {"app.json", "cygnet.json", "sitemap.json", "tsconfig.json", "jsconfig.json", "manifest.json",
     "project.private.config.json", *(dialect.project_file for dialect in DIALECTS)}
)  # fmt: skip
_NPM_FILES = frozenset({"package.json", "package-lock.json", "npm-shrinkwrap.json"})
# Members of the project file that name folders with other things than the program.
_ELSEWHERE = ("cloudfunctionRoot", "cloudfunctionTemplateRoot", "pluginRoot", "qcloudRoot")
_COMPILED_SUFFIXES = frozenset({".ts", ".less", ".scss", ".sass"})
_NOT_PACKAGED_SUFFIXES = frozenset({".md", ".ma", *_COMPILED_SUFFIXES})


class SourceFiles(Mapping[str, bytes]):
    """Maps names in the package to what is on the disk. Nothing is read before it is asked for.

    ``sources`` are files in languages that are compiled first; they do not travel.
    """

    def __init__(self, root: Path, paths: Mapping[str, Path], sources: Iterable[Path] = ()) -> None:
        self.root = root
        self.sources = tuple(sources)
        self._paths = dict(paths)
        self._written: dict[str, bytes] = {}
        self._by_case: dict[str, str] | None = None

    def __getitem__(self, name: str) -> bytes:
        written = self._written.get(name)
        return self._paths[name].read_bytes() if written is None else written

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths.keys() | self._written.keys())

    def __len__(self) -> int:
        return len(self._paths.keys() | self._written.keys())

    def __contains__(self, name: object) -> bool:
        return name in self._paths or name in self._written

    def path(self, name: str) -> Path:
        """Where the file is on the disk, for messages too."""
        return self._paths.get(name, self.root / name)

    def add(self, name: str, content: Path | bytes) -> None:
        """Add a file that is elsewhere on the disk, or is made by the build; one that is there already stays."""
        if name in self:
            return
        if isinstance(content, bytes):
            self._written[name] = content
        else:
            self._paths[name] = content

    def hint(self, name: str) -> str:
        """What to do about a file that is missing: a package tells upper case from lower case, some disks do not."""
        if self._by_case is None or len(self._by_case) != len(self):
            self._by_case = {known.casefold(): known for known in self}
        known = self._by_case.get(name.casefold())
        return f"; {known} is there: write upper and lower case as in its name" if known else ""

    def read(self, name: str) -> str | None:
        """The text of a file, or ``None`` where there is none.

        Raises:
            SourceError: it is not UTF-8.
        """
        if name not in self:
            return None
        try:
            return self[name].decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SourceError(f"{self.path(name)} is not UTF-8 text") from error
        except OSError as error:
            raise SourceError(f"{self.path(name)} cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """One entry of ``packOptions.ignore`` or ``include`` in ``project.config.json``; paths are lower-cased."""

    kind: str
    value: str

    def matches(self, name: str) -> bool:
        """Whether the rule is about a file, named by its path below the program's folder."""
        lowered = name.lower()
        match self.kind:
            case "folder":
                return lowered.startswith(f"{self.value}/")
            case "file":
                return lowered == self.value
            case "suffix":
                return lowered.endswith(self.value)
            case "prefix":
                return posixpath.basename(lowered).startswith(self.value)
            case "glob":
                return fnmatch.fnmatchcase(lowered, self.value)
            case _:
                return re.search(self.value, name) is not None


def ignored_files(project: SourceProject, warnings: list[str]) -> Callable[[str], bool]:
    """Whether ``packOptions`` of the project file keeps a file out of the package: ``include`` wins over ``ignore``.

    Source: https://developers.weixin.qq.com/miniprogram/en/dev/devtools/projectconfig.html#packOptions
    """

    def warn(message: str) -> None:
        warnings.append(f"{project.dialect.project_file}: {message}")

    ignored = _rules(project.settings, "ignore", warn)
    included = _rules(project.settings, "include", warn)

    for member in _ELSEWHERE:
        place = project.settings.get(member)
        folder = os.path.relpath(project.directory / place, project.root) if isinstance(place, str) and place else "."
        if not folder.startswith("."):
            ignored.append(IgnoreRule("folder", folder.lower().strip("/")))

    def is_ignored(name: str) -> bool:
        return any(rule.matches(name) for rule in ignored) and not any(rule.matches(name) for rule in included)

    return is_ignored


def _rules(settings: Mapping[str, Any], member: str, warn: Callable[[str], None]) -> list[IgnoreRule]:
    """The rules of one member of ``packOptions``; entries that are none are reported."""
    options = settings.get("packOptions")
    entries = options.get(member) if isinstance(options, Mapping) else None
    rules: list[IgnoreRule] = []
    for entry in entries if isinstance(entries, list) else []:
        match entry:
            case {"type": "folder" | "file" | "suffix" | "prefix" | "glob" as kind, "value": str(value)} if value:
                path = value.lower()
                rules.append(
                    IgnoreRule(kind, path.removeprefix("./").strip("/") if kind in ("folder", "file") else path)
                )
            case {"type": "regexp", "value": str(value)} if _is_pattern(value):
                rules.append(IgnoreRule("regexp", value))
            case _:
                warn(f"packOptions.{member} holds {str(entry)[:80]}, which is no rule, ignored")
    return rules


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def find_source_files(root: Path, ignored: Callable[[str], bool] = lambda _: False) -> SourceFiles:
    """The files that can travel: all but configuration, and what is a developer's own.

    Raises:
        SourceError: a link leads out of the program.
    """
    paths: dict[str, Path] = {}
    sources: list[Path] = []
    inside = root.resolve()
    for folder, folders, files in os.walk(root):
        below = Path(folder).relative_to(root).as_posix()
        within_npm = "miniprogram_npm" in below.split("/")
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_PACKAGED_FOLDERS)
        for file in sorted(files):
            path = Path(folder, file)
            name = path.relative_to(root).as_posix()
            if path.suffix in _COMPILED_SUFFIXES and not ignored(name):
                sources.append(path)
            if file.startswith(".") or name in _NOT_PACKAGED_FILES or path.suffix in _NOT_PACKAGED_SUFFIXES:
                continue
            if ignored(name) or (file in _NPM_FILES and not within_npm):
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(inside):
                raise SourceError(f"{path} is a link to a file outside the program")
            paths[name] = path
    return SourceFiles(root, paths, sources)
