"""What a board holds of Cygnet already: who it is, which runtime starts, which programs it has."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware_tools.provision.connection import BoardConnection
from firmware_tools.provision.delivery import read_files
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.identity import CA_FILE, IDENTITY_FILE, Identity, identity_of_document
from firmware_tools.provision.runtime import MAIN

BOOT_RECORD = "/cygnet/boot.json"
MEMORY_RECORD = "/cygnet/memory.json"
PROGRAMS_RECORD = "/cygnet/programs.json"
DESIRED_RECORD = "/cygnet/desired.json"
RECORDS = (BOOT_RECORD, MEMORY_RECORD, PROGRAMS_RECORD, DESIRED_RECORD)
# By this the loader of any version is told from a program of the board's owner.
_LOADER_MARK = b"cygnet/boot.json"


@dataclass(frozen=True, slots=True)
class Held:
    """``files`` are the bytes of records that are there, each maybe in two files; ``own_main`` is a ``main.py`` that
    is not our loader."""

    identity: Identity | None
    files: Mapping[str, bytes]
    own_main: bytes | None

    def record(self, path: str) -> dict[str, Any] | None:
        """The newest whole record of ``path``, or ``None``."""
        found = self._found(path)
        return max(found, key=lambda parsed: parsed[0])[1] if found else None

    def number(self, path: str) -> int:
        """That of the newest whole record of ``path``, or 0."""
        return max((parsed[0] for parsed in self._found(path)), default=0)

    def _found(self, path: str) -> list[tuple[int, dict[str, Any]]]:
        return [parsed for name in (path, path + ".new") if (parsed := parse_record(self.files.get(name, b"")))]


def look_at(board: BoardConnection) -> Held:
    """Ask the board.

    Raises:
        ProvisionError: it refused or went away.
    """
    paths = [IDENTITY_FILE, CA_FILE, MAIN, *(name for path in RECORDS for name in (path, path + ".new"))]
    files = read_files(board, paths)
    main = files.pop(MAIN, None)
    ca = files.pop(CA_FILE, b"")
    return Held(
        identity=_identity(files.pop(IDENTITY_FILE, None), ca),
        files=files,
        own_main=None if main is None or _LOADER_MARK in main else main,
    )


def parse_record(data: bytes) -> tuple[int, dict[str, Any]] | None:
    """The number and document of one file of a record (``device_runtime/micro/records.py``), if it is whole."""
    text, _, digest = data.strip().rpartition(b" ")
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return None
    body, _, number = text.partition(b"\n")
    try:
        document = json.loads(body)
        return (int(number), document) if isinstance(document, dict) else None
    except (ValueError, RecursionError):
        return None


def _identity(data: bytes | None, ca: bytes) -> Identity | None:
    """A damaged identity counts as none: it is about to be replaced."""
    if data is None:
        return None
    try:
        return identity_of_document(json.loads(data), IDENTITY_FILE, ca)
    except (ProvisionError, ValueError, RecursionError):
        return None
