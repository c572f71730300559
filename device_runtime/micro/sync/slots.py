"""The runtime's slots and the loader's record, ``boot.json``, as the running runtime sees them.

``a`` and ``b`` are folders, into which updates come; ``rom`` is the image that the cable brought, where there is one.
The loader lets a slot that is on trial be started at most three times; this here says when the trial is over.
``boot.json``: ``good`` (slot), ``trial`` (slot or empty), ``version`` (of the one on trial), ``tries``, ``starts``
(since the last that went well), ``failed`` (``version`` and ``error`` of the last that did not pass, or null).
"""

import json
import os

from ..records import read_record, write_record

try:
    from typing import Any
except ImportError:
    pass

SAFE_AFTER = 6
"""So many starts in a row that did not go well are followed by safe mode; the loader has the same number."""
VERSION_BYTES = 512
"""Within so many first bytes of it a ``runtime.json`` says its version."""


class Slots:
    """The slots below ``root``; ``slot`` is the one that runs."""

    def __init__(self, root: str, slot: str) -> None:
        self._root, self.slot = root, slot
        self._path = root + "cygnet/boot.json"
        self._boot = read_record(self._path) or {"good": slot, "trial": "", "tries": 0, "starts": 1, "failed": None}
        self.version = _version(self.folder(slot))

    def folder(self, slot: str) -> str:
        """Where a slot lies, with a slash at its end."""
        if slot == "rom":
            return "/rom/cygnet/"
        return f"{self._root}cygnet/{slot}/"

    @property
    def other(self) -> str:
        """The slot that updates go to: one that does not run, and is no ROM."""
        return "b" if self.slot == "a" else "a"

    @property
    def is_on_trial(self) -> bool:
        """Whether this runtime has still to prove itself."""
        return bool(self._boot["trial"] == self.slot)

    @property
    def failed(self) -> "dict[str, Any] | None":
        """``version`` and ``error`` of the last runtime that did not pass its trial."""
        failed: dict[str, Any] | None = self._boot.get("failed")
        return failed

    def spoil(self) -> None:
        """The other slot is about to be written: the loader must not start it, nor take it for whole."""
        if self._boot["trial"]:
            self._boot["trial"] = ""
            self._save()
        try:
            os.remove(self.folder(self.other) + "runtime.json")
        except OSError:
            pass  # it is not there

    def switch(self, version: str) -> None:
        """The other slot was checked: it is to be tried at the next start. Raises :class:`OSError`."""
        self._boot.update({"trial": self.other, "version": version, "tries": 0})
        self._save()

    def confirm(self) -> None:
        """This runtime runs well. Raises :class:`OSError`."""
        if self.is_on_trial:
            self._boot.update({"good": self.slot, "trial": "", "failed": None})
        elif not self._boot["starts"]:
            return
        self._boot["starts"] = self._boot["tries"] = 0
        self._save()

    def give_up(self, sentence: str) -> None:
        """This runtime, on trial, is no good: the next start takes the other slot. Raises :class:`OSError`."""
        self._boot.update({"trial": "", "starts": 0, "failed": {"version": self.version, "error": sentence}})
        self._save()

    def leave_safe_mode(self, forgive: bool = False) -> None:
        """Start with programs again: once more, or (``forgive``) as if nothing had been. Raises :class:`OSError`."""
        self._boot["starts"] = 0 if forgive else SAFE_AFTER - 1
        self._save()

    def _save(self) -> None:
        write_record(self._path, self._boot)


def version_of(head: bytes) -> str:
    """The version that a ``runtime.json`` of which these are the first bytes names, or empty.

    The list of files behind it takes more memory than anybody has to spare who only wants to know this.
    """
    at = head.find(b'"files"')
    try:
        return str(json.loads(head[:at].rstrip(b", ") + b"}" if at > 0 else head)["version"])
    except (ValueError, KeyError, TypeError):
        return ""


def _version(folder: str) -> str:
    try:
        with open(folder + "runtime.json", "rb") as file:
            return version_of(file.read(VERSION_BYTES)) or "unknown"
    except OSError:
        return "unknown"
