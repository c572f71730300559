"""Source to installed package, again and again: what has changed since the last time decides what must be done."""

import json
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.program.manifest import Manifest
from device_runtime.program.package import DIGESTS, SIGNATURE, seal_package
from device_runtime.program.store import ProgramStore
from firmware_tools.build.dialects import load_project
from firmware_tools.build.program import build_program, write_package
from firmware_tools.port.plan_remarks import plan_remarks
from firmware_tools.simulator.faults import Sources
from firmware_tools.simulator.inspector import template_names

Theme = Literal["light", "dark"]
Change = Literal["nothing", "styles", "program", "identity"]
_SEALS = frozenset({DIGESTS, SIGNATURE})
_SCHEME = re.compile(rb"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)")
# Conditions that hold always, and never, in every browser.
_ALWAYS, _NEVER = b"(min-width: 0)", b"(max-width: 0)"


@dataclass(frozen=True, slots=True)
class Build:
    """A program that was built. ``entries`` are the files of its package without the seal."""

    manifest: Manifest
    entries: Mapping[str, bytes]
    warnings: tuple[str, ...]
    milliseconds: float

    def change_from(self, old: "Build | None") -> Change:
        """What is different from the build that runs."""
        if old is None or old.manifest.app_id != self.manifest.app_id:
            return "identity"
        names = old.entries.keys() | self.entries.keys()
        changed = {name for name in names if old.entries.get(name) != self.entries.get(name)}
        if not changed:
            return "nothing"
        return "styles" if all(name.endswith(".css") for name in changed) else "program"

    def names_in_templates(self) -> dict[str, frozenset[str]]:
        """For each page the names that its template reads."""
        return {
            name.removesuffix(".view"): template_names(json.loads(data))
            for name, data in self.entries.items()
            if name.endswith(".view")
        }


class Builder:
    """Builds one source folder with one key."""

    def __init__(self, directory: Path, key: Ed25519PrivateKey) -> None:
        self.directory = directory
        self._key = key

    def build(self) -> Build:
        """Build it; this takes a while and blocks.

        Raises:
            CygnetError: the source is faulty.
        """
        started = time.perf_counter()
        try:
            built = build_program(self.directory, self._key, source_maps=True)
            manifest = built.package.manifest
            warnings = (*built.warnings, *plan_remarks(self.directory, manifest).warnings)
        except OSError as error:  # an editor may take a file away for a moment while it saves
            raise CygnetError(f"{error.filename or self.directory} cannot be read: {error.strerror}") from error
        entries = {name: data for name, data in built.package.entries.items() if name not in _SEALS}
        return Build(manifest, entries, warnings, (time.perf_counter() - started) * 1e3)

    def sources(self) -> Sources:
        """The source files, as far as the configuration says where they are."""
        try:
            root = load_project(self.directory).root
        except CygnetError:
            root = self.directory
        return Sources(self.directory, root)

    def install(self, build: Build, store: ProgramStore, theme: Theme) -> None:
        """Put it on a device; its styles believe that the screen is light, or dark.

        Raises:
            CygnetError: the device's store refuses.
        """
        entries = {name: themed(data, theme) if name.endswith(".css") else data for name, data in build.entries.items()}
        with tempfile.TemporaryDirectory() as folder:
            package = Path(folder) / f"{build.manifest.app_id}.ma"
            write_package(seal_package(entries, self._key), package)
            store.install(package)


def themed(style: bytes, theme: Theme) -> bytes:
    """A style sheet whose ``prefers-color-scheme`` is decided here: a browser would answer for its own desktop."""
    return _SCHEME.sub(lambda match: _ALWAYS if match[1] == theme.encode() else _NEVER, style)
