"""Source folder -> signed package: the same source and key make the same bytes."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import key_ring
from device_runtime.program.manifest import parse_manifest
from device_runtime.program.package import Package, read_package, seal_package
from device_runtime.voice.grammar import Grammar
from firmware_tools.build.assembly import Assembly
from firmware_tools.build.compilers import compile_sources
from firmware_tools.build.dialects import SourceError, load_project
from firmware_tools.build.manifests import checked_manifest, manifest_bytes
from firmware_tools.build.npm import add_npm_packages
from firmware_tools.build.pages import with_pages_that_are_there
from firmware_tools.build.portable.models import BoardModel, board_models
from firmware_tools.build.portable.plans import board_plan
from firmware_tools.build.portable.sources import PythonSources, compiler_name
from firmware_tools.build.source_files import find_source_files, ignored_files
from firmware_tools.build.source_maps import with_source_maps, without_source_maps


@dataclass(frozen=True, slots=True)
class BuiltProgram:
    """A package and what was noticed while building it; each warning is a sentence with file and line.

    ``capabilities`` are those that a program in Python names, with the first place of each; ``models`` are its own as
    microcontrollers have them.
    """

    data: bytes
    package: Package
    warnings: tuple[str, ...]
    capabilities: Mapping[str, str] = field(default_factory=dict)
    models: tuple[BoardModel, ...] = ()


def build_program(directory: Path, key: Ed25519PrivateKey, *, source_maps: bool = False) -> BuiltProgram:
    """Build and sign the program in ``directory``; with ``source_maps`` those that its scripts name travel with them.

    Raises:
        SourceError: the source is faulty, with file and line.
        CygnetError: likewise, from the template and style compilers, the manifest and the archive.
    """
    project = load_project(directory)
    warnings: list[str] = []
    files = find_source_files(project.root, ignored_files(project, warnings))
    compile_sources(project, files)
    project = with_pages_that_are_there(project, files, warnings)
    python = None
    if project.in_python:
        python = PythonSources(project.pages, files, files.read)
        warnings += python.warnings
        project.manifest["cygnet"] |= {"compiler": compiler_name(), "capabilities": sorted(python.capabilities)}
    checked = checked_manifest(project)
    Grammar({checked.app_id: checked.voice})
    npm = add_npm_packages(project, files, warnings)
    entries = Assembly(project, files, npm, warnings, python).entries()
    entries = with_source_maps(entries, warnings) if source_maps else without_source_maps(entries)
    models: tuple[BoardModel, ...] = ()
    if python is not None:
        made = board_models(entries)
        models = made.models
        entries |= made.entries
    entries["manifest.json"] = manifest_bytes(project)
    if python is not None:  # of the manifest as it is sealed: who publishes makes it of that, too
        entries |= board_plan(parse_manifest(entries["manifest.json"]).data_plan)
    data = seal_package(entries, key)
    # What the device will check is checked here first, by the same code.
    package = read_package(data, f"{directory.name}.ma", key_ring([key.public_key()]))
    return BuiltProgram(
        data, package, tuple(dict.fromkeys(warnings)), python.capabilities if python is not None else {}, models
    )


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
