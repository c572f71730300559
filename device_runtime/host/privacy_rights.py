"""``cygnet device privacy erase`` and ``export``: what an owner may have deleted, and may take along."""

import base64
import json
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.host.privacy_folder import desk_of, opened
from device_runtime.privacy.erasures import Erasures
from device_runtime.privacy.file import PrivacyFile
from device_runtime.privacy.ledger import Ledger

_STORAGE, _FILES = "storage.db", "files"


def copy_of(state: Path) -> bytes:
    """All that a device knows of its people and programs, as JSON; that it was taken along is in the ledger.

    Args:
        state: the folder of the device's state.

    Raises:
        CygnetError: something cannot be read, or the ledger cannot be written.
    """
    with opened(state) as (file, ledger):
        ledger.add("export", who="owner")
        shown = desk_of(state, file, ledger)[0].document()
        document = {
            "profile": shown["profile"],
            "organisation": shown["organisation"],
            "plans": shown["programs"],
            "decisions": list(_decisions(file)),
            "ledger": list(_entries(ledger)),
            "erasures": [
                {**asdict(each), "receipt": base64.b64encode(each.receipt).decode()}
                for each in Erasures(file, ledger).all()
            ],
            "stored": stored_values(state / _STORAGE),
            "files": dict(_files(state / _FILES)),
        }
    return json.dumps(document, ensure_ascii=False, indent=2).encode()


def _decisions(file: PrivacyFile) -> Iterator[dict[str, Any]]:
    rows = file.rows(
        "SELECT profile, app, granted, document, milliseconds, who FROM decision ORDER BY app, item, profile"
    )
    for profile, app, granted, document, milliseconds, who in rows:
        yield {
            "profile": profile,
            "app": app,
            "granted": bool(granted),
            "item": json.loads(str(document)),
            "milliseconds": milliseconds,
            "who": who,
        }


def _entries(ledger: Ledger) -> Iterator[dict[str, Any]]:
    at = 0
    while entries := ledger.entries(at):
        yield from (asdict(entry) for entry in entries)
        at = entries[-1].number


def stored_values(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """What each program has stored, by key; the device may run meanwhile.

    Raises:
        CygnetError: the file cannot be read.
    """
    if not path.is_file():
        return {}
    found: dict[str, dict[str, Any]] = {}
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            for app, key, value in database.execute("SELECT app_id, key, value FROM entry ORDER BY app_id, key"):
                found.setdefault(app, {})[key] = json.loads(value)
        finally:
            database.close()
    except (sqlite3.Error, ValueError) as error:
        raise CygnetError(f"what programs stored in {path} cannot be read: {error}") from error
    return found


def _files(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The files of each program, by path, in base64."""
    try:
        for folder in sorted(root.iterdir()) if root.is_dir() else ():
            paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
            if paths:
                yield (
                    folder.name,
                    {str(path.relative_to(folder)): base64.b64encode(path.read_bytes()).decode() for path in paths},
                )
    except OSError as error:
        raise CygnetError(f"the files of programs in {root} cannot be read: {error.strerror}") from error
