"""The updates of a device on its disk: one small file, replaced by rename after ``fsync``.

Every transition is written before what follows from it is done, so that whoever starts after a power cut at any moment
knows what was being done.
"""

import asyncio
import json
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from device_runtime.errors import CygnetError
from device_runtime.sealed.durable import disk_sentence, write_whole
from device_runtime.update.machine import Cause, State, Update, Version

log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["programs", "models"]
"""What is updated; names of programs and of models are apart."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_TEXT = 1000


class UpdateRecordError(CygnetError):
    """The disk does not take what must be remembered of an update."""


class UpdateRecords:
    """The updates under way, by kind and name, in the file ``path``.

    A file that cannot be read is set aside: what is installed runs, and what is desired is fetched anew. What was
    rolled back is then tried once more.
    """

    def __init__(self, path: Path) -> None:
        """Read what is there; the folder is made when the first update is written."""
        self._path = path
        self._lock = asyncio.Lock()
        self._updates: dict[Kind, dict[str, Update]] = self._read()

    def of(self, kind: Kind) -> Mapping[str, Update]:
        """The updates of one kind, by name."""
        return self._updates[kind]

    async def put(self, kind: Kind, name: str, update: Update | None) -> None:
        """Remember an update, or (None) forget it; returns when it is on the disk.

        Raises:
            UpdateRecordError: the disk does not take it; what was known before is known still.
        """
        async with self._lock:
            changed = {each: dict(updates) for each, updates in self._updates.items()}
            if update is None:
                changed[kind].pop(name, None)
            else:
                changed[kind][name] = update
            if changed == self._updates:
                return
            await asyncio.to_thread(self._write, changed)
            self._updates = changed

    def _write(self, updates: Mapping[Kind, Mapping[str, Update]]) -> None:
        document = {kind: {name: asdict(update) for name, update in all_.items()} for kind, all_ in updates.items()}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(document, sort_keys=True).encode())
        except OSError as error:
            raise UpdateRecordError(
                f"how far updates are cannot be written to {self._path}: {disk_sentence(error)}"
            ) from error

    def _read(self) -> dict[Kind, dict[str, Update]]:
        kinds: tuple[Kind, ...] = get_args(Kind)
        try:
            document = json.loads(self._path.read_bytes())
            return {kind: {name: _update(entry) for name, entry in document[kind].items()} for kind in kinds}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            log.warning("%s cannot be read (%s) and is set aside; updates begin anew", self._path, error)
            try:
                self._path.replace(self._path.with_name(self._path.name + ".damaged"))
            except OSError as fault:
                log.warning("%s cannot be set aside: %s", self._path, fault.strerror)
        return {kind: {} for kind in kinds}


def _update(entry: Any) -> Update:
    """One entry of the file, every member checked. Raises ValueError, TypeError or KeyError."""
    update = Update(
        **{
            **entry,
            "target": _version(entry["target"]),
            "before": None if entry["before"] is None else _version(entry["before"]),
            "state": State(entry["state"]),
        }
    )
    if update.cause not in get_args(Cause):
        raise ValueError(f"the cause {update.cause!a} is none")
    if not isinstance(update.reason, str) or len(update.reason) > _MAX_TEXT:
        raise ValueError("a reason is no short text")
    for flag in (update.urgent, update.launch, update.fleet):
        if not isinstance(flag, bool):
            raise TypeError("what should be true or false is not")
    if not _is_number(update.waited) or not _is_number(update.tries):
        raise ValueError("what was counted is no number")
    return update


def _version(entry: Any) -> Version:
    version = Version(**entry)
    if not _SHA256.fullmatch(version.sha256) or not isinstance(version.version_name, str):
        raise ValueError("a version is none")
    if not _is_number(version.version_code) or not _is_number(version.size):
        raise ValueError("a version has no numbers")
    return version


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
