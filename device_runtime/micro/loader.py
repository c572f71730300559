"""The loader: put on the board over the cable, and never updated over the air.

It chooses the slot (``/cygnet/a``, ``/cygnet/b``, or ``/rom/cygnet``, which the cable writes and nobody else) and
counts the start before ``main.py`` makes it. A slot that is on trial is started three times at most; a good one that
does not start any more is given up for another, if every file of that is whole. It imports nothing of Cygnet, so that
no part of that can stop it.

It lies in ``/cygnet/loader.mpy``, apart from ``main.py``, so that it can be gone from memory when the runtime runs.
"""

import binascii
import hashlib
import json
import os
import sys

try:
    from typing import Any
except ImportError:
    pass

_MOST_TRIES = 3
_SAFE_AFTER = 6


def choose(root: str) -> "tuple[str, bool]":
    """The slot whose turn it is, which is counted as started and is on the path now; and whether safe mode is due.

    The slot is empty where nothing can be started.
    """
    path = root + "cygnet/boot.json"
    boot = _fresh("rom" if _is_there(root, "rom") else "a")
    boot.update(_newest(path)[1] or {})
    slot = boot["good"]
    if boot["trial"]:
        if boot["tries"] < _MOST_TRIES:
            boot["tries"] += 1
            slot = boot["trial"]
        else:
            error = f"it was started {_MOST_TRIES} times and did not prove itself"
            boot.update({"trial": "", "starts": 0, "failed": {"version": boot["version"], "error": error}})
    boot["starts"] += 1
    lost = not _is_there(root, slot)
    if slot == boot["good"] and (lost or (boot["starts"] > _SAFE_AFTER and not _is_whole(root, slot))):
        for other in ("a", "b", "rom"):
            if other != slot and _is_whole(root, other):
                print(f"error loader: slot {slot} is damaged; slot {other} is started instead")
                slot = other
                boot.update({"good": slot, "trial": "", "starts": 1})
                break
        else:
            print(f"error loader: slot {slot} is damaged, and there is no other; run `cygnet board provision`")
            if lost:
                slot = ""
    _write(path, boot)
    if slot:
        sys.path.insert(0, _folder(root, slot)[:-1])
    return slot, boot["starts"] > _SAFE_AFTER and slot == boot["good"]


def _fresh(slot: str) -> "dict[str, Any]":
    return {"good": slot, "trial": "", "version": "", "tries": 0, "starts": 0, "failed": None}


def _folder(root: str, slot: str) -> str:
    return "/rom/cygnet/" if slot == "rom" else root + "cygnet/" + slot + "/"


def _is_there(root: str, slot: str) -> bool:
    try:
        os.stat(_folder(root, slot) + "micro")
    except OSError:
        return False
    return True


def _newest(path: str) -> "tuple[str, dict[str, Any] | None, int]":
    """The name and content of the newest whole file of a record, and its number (see micro/records.py)."""
    best: tuple[str, dict[str, Any] | None, int] = ("", None, 0)
    for name in (path, path + ".new"):
        try:
            with open(name, "rb") as file:
                whole = file.read().strip()
            text = whole[: whole.rfind(b" ")]
            if binascii.hexlify(hashlib.sha256(text).digest()) == whole[len(text) + 1 :]:
                body, number = text.split(b"\n")
                if best[1] is None or int(number) > best[2]:
                    best = (name, json.loads(body), int(number))
        except (OSError, ValueError):
            pass  # it is not there, or not whole
    return best


def _write(path: str, document: "dict[str, Any]") -> None:
    name, _, number = _newest(path)
    text = json.dumps(document).encode() + b"\n" + str(number + 1).encode()
    try:
        with open(path + ".new" if name == path else path, "wb") as file:
            file.write(text + b" " + binascii.hexlify(hashlib.sha256(text).digest()) + b"\n")
        if hasattr(os, "sync"):
            os.sync()
    except OSError as error:
        print(f"error loader: {path} cannot be written ({error}); the start is not counted")


def _is_whole(root: str, slot: str) -> bool:
    """Whether every file of a slot is as its ``runtime.json`` says."""
    folder = _folder(root, slot)
    try:
        with open(folder + "runtime.json") as file:
            files = json.load(file)["files"]
        for name in files:
            digest = hashlib.sha256()
            with open(folder + name, "rb") as content:
                while True:
                    piece = content.read(512)
                    if not piece:
                        break
                    digest.update(piece)
            if binascii.hexlify(digest.digest()).decode() != files[name]["sha256"]:
                return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
