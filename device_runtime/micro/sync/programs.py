"""Which version of each program is current, which was before, and which is on trial: ``programs.json``.

The record is the switch: a folder that it does not name is never run, and it names a folder only when every file in it
has been checked. So a power cut leaves the old version or the new one.
"""

import os

from ..records import read_record, write_record
from .files import remove_tree

try:
    from typing import Any
except ImportError:
    pass

MOST_STARTS = 3
"""A program that took the board down so often while it started is not started again."""


class Programs:
    """The programs below ``root``; writing methods raise :class:`OSError` when the disk does not take it."""

    def __init__(self, root: str) -> None:
        self._path, self.folder = root + "cygnet/programs.json", root + "cygnet/programs/"
        record = read_record(self._path) or {}
        self._apps: dict[str, dict[str, Any]] = record.get("apps", {})
        self.front: str = record.get("front", "")
        """The program that is to run."""

    def app_ids(self) -> "list[str]":
        """Every program that is here or was tried."""
        return list(self._apps)

    def current(self, app_id: str) -> "dict[str, Any] | None":
        """What is installed: ``folder``, ``code``, ``name``, ``sha256``, ``size``."""
        app = self._apps.get(app_id)
        return app["current"] if app else None

    def path(self, app_id: str) -> str:
        """The folder of the current version, with a slash at its end, or empty."""
        current = self.current(app_id)
        return self.folder + current["folder"] + "/" if current else ""

    def failure(self, app_id: str) -> "dict[str, Any] | None":
        """The version that was rolled back: ``code``, ``name``, ``sha256``, ``error``."""
        app = self._apps.get(app_id)
        return app["bad"] if app else None

    def is_on_trial(self, app_id: str) -> bool:
        """Whether the current version has not yet run well."""
        app = self._apps.get(app_id)
        return bool(app and app["trial"])

    def folder_of(self, sha256: str) -> str:
        """Where a version of this package's SHA-256 goes, with a slash at its end."""
        return self.folder + sha256[:16] + "/"

    def switch(self, app_id: str, target: "dict[str, Any]") -> None:
        """Its files lie in :meth:`folder_of` and were checked: from now on this version is current, on trial."""
        app = self._apps.setdefault(app_id, {"current": None, "before": None, "trial": False})
        # What is still on trial is nothing to fall back to; what was before it is.
        before = app["before"] if app["trial"] else app["current"]
        app["before"] = None if before and before["folder"] == target["sha256"][:16] else before
        app["current"] = {
            "folder": target["sha256"][:16],
            "code": target["version_code"],
            "name": target["version_name"],
            "sha256": target["sha256"],
            "size": target["size"],
        }
        app["trial"], app["starting"], app["bad"] = True, 0, None
        self._save()

    def start(self, app_id: str) -> bool:
        """It is about to be started; False when it took the board down too often while it did."""
        app = self._apps[app_id]
        if app["starting"] >= MOST_STARTS:
            return False
        app["starting"] += 1
        self.front = app_id
        self._save()
        return True

    def mark_good(self, app_id: str) -> None:
        """It has run well: the version before is of no use any more."""
        app = self._apps[app_id]
        if not (app["starting"] or app["trial"]):
            return
        before = app["before"]
        app["starting"], app["trial"], app["before"] = 0, False, None
        self._save()
        if before is not None:
            remove_tree(self.folder + before["folder"])

    def roll_back(self, app_id: str, sentence: str) -> None:
        """The version on trial failed: the one before is current again, if there was one."""
        app = self._apps[app_id]
        bad = app["current"]
        app["bad"] = {"code": bad["code"], "name": bad["name"], "sha256": bad["sha256"], "error": sentence}
        app["current"], app["before"], app["trial"], app["starting"] = app["before"], None, False, 0
        self._save()
        remove_tree(self.folder + bad["folder"])

    def forgive(self, app_id: str) -> None:
        """Let a rolled-back version be tried again."""
        self._apps[app_id]["bad"] = None

    def remove(self, app_id: str) -> None:
        """Forget a program, then delete it."""
        app = self._apps.pop(app_id, None)
        if app is None:
            return
        if self.front == app_id:
            self.front = ""
        self._save()
        for version in (app["current"], app["before"]):
            if version is not None:
                remove_tree(self.folder + version["folder"])

    def keep_only(self, wanted: "list[str]") -> None:
        """Delete the folders that are of no version here and of no package of these SHA-256s."""
        named = [sha256[:16] for sha256 in wanted]
        for app in self._apps.values():
            named += [version["folder"] for version in (app["current"], app["before"]) if version]
        for name in os.listdir(self.folder):
            if name not in named:
                remove_tree(self.folder + name)

    def _save(self) -> None:
        write_record(self._path, {"front": self.front, "apps": self._apps})
