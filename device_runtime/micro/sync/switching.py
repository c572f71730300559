"""Changing which version of a program is current; imported only while it is changed.

What writes raises :class:`OSError` when the disk does not take it.
"""

import os

try:
    from typing import Any

    from .programs import Programs
except ImportError:
    pass

MOST_STARTS = 3
"""A program that took the board down so often while it started is not started again."""
_DIRECTORY = 0x4000


def path_of(programs: "Programs", app_id: str) -> str:
    """The folder of the current version, with a slash at its end, or empty."""
    current = programs.current(app_id)
    return programs.folder + current["folder"] + "/" if current else ""


def folder_of(programs: "Programs", sha256: str) -> str:
    """Where a version of this package's SHA-256 goes, with a slash at its end."""
    return programs.folder + sha256[:16] + "/"


def switch(programs: "Programs", app_id: str, target: "dict[str, Any]") -> None:
    """Its files lie in :func:`folder_of` and were checked: from now on this version is current, on trial.

    With ``local`` in ``target`` it came over the cable and is kept although no fleet wants it.
    """
    app = programs.apps.setdefault(app_id, {"current": None, "before": None, "trial": False})
    # What is still on trial is nothing to fall back to, where something was before it.
    before = app["before"] if app["trial"] and app["before"] else app["current"]
    app["before"] = None if before and before["folder"] == target["sha256"][:16] else before
    app["current"] = {
        "folder": target["sha256"][:16],
        "code": target["version_code"],
        "name": target["version_name"],
        "sha256": target["sha256"],
        "size": target["size"],
    }
    app["trial"], app["starting"], app["bad"], app["local"] = True, 0, None, target.get("local", False)
    programs.save()


def begin(programs: "Programs", app_id: str) -> bool:
    """It is about to be started; False when it took the board down too often while it did."""
    app = programs.apps[app_id]
    if app["starting"] >= MOST_STARTS:
        return False
    app["starting"] += 1
    programs.front = app_id
    programs.save()
    return True


def mark_good(programs: "Programs", app_id: str) -> None:
    """It has run well: the version before is of no use any more."""
    app = programs.apps[app_id]
    if not (app["starting"] or app["trial"]):
        return
    before = app["before"]
    app["starting"], app["trial"], app["before"] = 0, False, None
    programs.save()
    if before is not None:
        remove_tree(programs.folder + before["folder"])


def roll_back(programs: "Programs", app_id: str, sentence: str) -> None:
    """The version on trial failed: the one before is current again, if there was one."""
    app = programs.apps[app_id]
    bad = app["current"]
    app["bad"] = {"code": bad["code"], "name": bad["name"], "sha256": bad["sha256"], "error": sentence}
    app["current"], app["before"], app["trial"], app["starting"] = app["before"], None, False, 0
    programs.save()
    remove_tree(programs.folder + bad["folder"])


def remove(programs: "Programs", app_id: str) -> None:
    """Forget a program, then delete it."""
    app = programs.apps.pop(app_id, None)
    if app is None:
        return
    if programs.front == app_id:
        programs.front = ""
    programs.save()
    for version in (app["current"], app["before"]):
        if version is not None:
            remove_tree(programs.folder + version["folder"])


def keep_only(programs: "Programs", wanted: "list[str]") -> None:
    """Delete the folders that are of no version here and of no package of these SHA-256s."""
    named = [sha256[:16] for sha256 in wanted]
    for app in programs.apps.values():
        named += [version["folder"] for version in (app["current"], app["before"]) if version]
    for name in os.listdir(programs.folder[:-1]):
        if name not in named:
            remove_tree(programs.folder + name)


def is_folder(path: str) -> bool:
    """Whether there is a folder of this name."""
    try:
        return bool(os.stat(path)[0] & _DIRECTORY)
    except OSError:
        return False


def remove_tree(path: str) -> None:
    """Delete a folder (without a slash at its end) and all that is in it, if it is there. Raises :class:`OSError`."""
    if not is_folder(path):
        return
    for name in os.listdir(path):
        inner = path + "/" + name
        if is_folder(inner):
            remove_tree(inner)
        else:
            os.remove(inner)
    os.rmdir(path)
