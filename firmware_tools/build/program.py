"""Source folder -> signed package: the same source and key make the same bytes."""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsbox
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from device_runtime.program.manifest import parse_manifest
from device_runtime.program.package import Package, read_package, seal_package
from device_runtime.voice.grammar import Grammar
from firmware_tools.build.dialects import DIALECTS, SourceError, SourceProject, load_project, read_json_object
from firmware_tools.build.source import Read
from firmware_tools.build.styles import compile_style
from firmware_tools.build.templates import compile_template

_NOT_PACKAGED_FOLDERS = frozenset({"node_modules", "tests", "test", "__tests__", "dist", "META-INF"})
_NOT_PACKAGED_FILES = frozenset(
    {"app.json", "cygnet.json", "sitemap.json", "package.json", "package-lock.json", "tsconfig.json", "manifest.json",
     "project.private.config.json", *(dialect.project_file for dialect in DIALECTS)}
)  # fmt: skip
_NOT_PACKAGED_SUFFIXES = frozenset({".md", ".ts", ".less", ".scss", ".sass", ".map", ".ma"})
_MODULE_SYNTAX = re.compile(r"^\s*(import\b(?!\s*\()|export\b)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BuiltProgram:
    """A package and what was noticed while building it; each warning is a sentence with file and line."""

    data: bytes
    package: Package
    warnings: tuple[str, ...]


def build_program(directory: Path, key: Ed25519PrivateKey, *, source_maps: bool = False) -> BuiltProgram:
    """Build and sign the program in ``directory``; with ``source_maps`` those of its scripts travel with it.

    Raises:
        SourceError: the source is faulty, with file and line.
        CygnetError: likewise, from the template and style compilers, the manifest and the archive.
    """
    project = load_project(directory)
    manifest = json.dumps(project.manifest, ensure_ascii=False, sort_keys=True).encode()
    Grammar({project.manifest["app_id"]: parse_manifest(manifest).voice})
    entries = {name: (project.root / name).read_bytes() for name in _packaged_files(project.root)}
    for name, data in entries.items():
        if name.endswith(".js"):
            _check_script(project.root / name, data)
    warnings: list[str] = []
    if source_maps:
        entries |= _source_maps(project.root, entries, warnings)
    _compile_styles(project, entries)
    warnings += _compile_templates(project, entries)
    entries["manifest.json"] = manifest
    data = seal_package(entries, key)
    # What the device will check is checked here first, by the same code.
    package = read_package(data, f"{directory.name}.ma", key_ring([key.public_key()]))
    return BuiltProgram(data, package, tuple(warnings))


def write_package(data: bytes, path: Path) -> None:
    """Write a package file, whole or not at all.

    Raises:
        SourceError: the disk refuses.
    """
    aside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise SourceError(f"{path} cannot be written: {error.strerror}") from error


def _packaged_files(root: Path) -> Iterator[str]:
    """The names of what travels as it stands: everything but configuration, what is compiled, and a developer's own."""
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_PACKAGED_FOLDERS)
        for file in sorted(files):
            path = Path(folder, file)
            name = path.relative_to(root).as_posix()
            if file.startswith(".") or name in _NOT_PACKAGED_FILES or path.suffix in _NOT_PACKAGED_SUFFIXES:
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
                raise SourceError(f"{path} is a link to a file outside the program")
            yield name


def _source_maps(root: Path, entries: Mapping[str, bytes], warnings: list[str]) -> dict[str, bytes]:
    """The map beside each packaged script, without the sources that it repeats and the names that a device does not
    use: what is left is what a place is looked up in."""
    maps = {}
    for name in entries:
        path = root / f"{name}.map"
        if not name.endswith(".js") or not path.is_file():
            continue
        try:
            document = read_json_object(path)
        except SourceError as error:
            warnings.append(f"{error}; the source map is left out")
            continue
        for part in (document, *(section.get("map") for section in _sections(document))):
            if isinstance(part, dict):
                part.pop("sourcesContent", None)
                part.pop("names", None)
        maps[f"{name}.map"] = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return maps


def _sections(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    sections = document.get("sections")
    return [section for section in sections if isinstance(section, dict)] if isinstance(sections, list) else []


def _check_script(path: Path, data: bytes) -> None:
    """Find syntax errors now, with file and line, rather than on the device."""
    source = _text(path, data)
    try:
        jsbox.Runtime().check_syntax(source, module=_MODULE_SYNTAX.search(source) is not None)
    except jsbox.JavaScriptError as error:
        message, _, stack = str(error).partition("\n")
        place = re.search(r":(\d+):(\d+)", stack)
        where = f"{path}:{place[1]}:{place[2]}" if place else str(path)
        raise SourceError(f"{where}: {message.removeprefix('SyntaxError: ')}") from error


def _reader(root: Path) -> Read:
    """Reads a source file by its path inside the program; ``None`` where there is none."""
    inside = root.resolve()

    def read(name: str) -> str | None:
        path = (inside / name).resolve()
        if not path.is_relative_to(inside) or not path.is_file():
            return None
        return _text(path, path.read_bytes())

    return read


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text") from error


def _compile_styles(project: SourceProject, entries: dict[str, bytes]) -> None:
    """Replace each source style by the ``.css`` that the screen loads."""
    suffix = project.dialect.style
    for name in [name for name in entries if name.endswith(suffix)]:
        text = _text(project.root / name, entries.pop(name))
        entries[f"{name.removesuffix(suffix)}.css"] = compile_style(text, name, _reader(project.root)).encode()


def _compile_templates(project: SourceProject, entries: dict[str, bytes]) -> list[str]:
    """Replace the templates by the compiled one of each page; gives the warnings."""
    warnings: list[str] = []
    suffix = project.dialect.template
    templates = {name: entries.pop(name) for name in list(entries) if name.endswith(suffix)}
    app_file = project.root / "app.json"
    for route in project.pages:
        name = f"{route}{suffix}"
        if name not in templates:
            raise SourceError(f"{app_file}: the page {route!r} has no template {name}")
        if f"{route}.js" not in entries:
            raise SourceError(f"{app_file}: the page {route!r} has no script {route}.js")
        text = _text(project.root / name, templates[name])
        view = compile_template(text, name, project.dialect, _reader(project.root), warnings)
        entries[f"{route}.view"] = json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode()
        if f"{route}.json" in entries:
            used = read_json_object(project.root / f"{route}.json").get("usingComponents")
            if isinstance(used, dict) and used:
                warnings.append(f"{route}.json: custom components are not drawn yet: {', '.join(sorted(used))}")
    return list(dict.fromkeys(warnings))
