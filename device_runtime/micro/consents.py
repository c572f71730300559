"""What is known of a program's privacy: one small record for each, below ``cygnet/privacy``.

Its members: ``app`` is the program's id; ``items``, by the names of its plan, ``[granted, when, item]`` as somebody at
the cable decided; ``seen``, the categories that it was given; ``day`` (Unix time in days) and ``spent``, how much it
has told since of what it has seen, in millionths of bits, with what was set aside for it.
"""

import binascii
import hashlib
import os

from .records import read_record, remove_record, write_record

try:
    from typing import Any
except ImportError:
    pass


def path_of(root: str, app_id: str) -> str:
    """Where the record of a program is."""
    # By its hash: a record ends in `.new`, and so may an id; and to FAT ids in capitals are the same.
    return f"{root}cygnet/privacy/{binascii.hexlify(hashlib.sha256(app_id.encode()).digest()[:8]).decode()}"


def read_privacy(root: str, app_id: str) -> "dict[str, Any]":
    """The record of a program; empty where nothing is known."""
    return read_record(path_of(root, app_id)) or {}


def write_privacy(root: str, app_id: str, changes: "dict[str, Any]") -> None:
    """Change members of a record. Raises :class:`OSError` when the disk does not take it."""
    try:
        os.mkdir(root + "cygnet/privacy")
    except OSError:
        pass  # it is there
    record = read_privacy(root, app_id)
    record["app"] = app_id
    record.update(changes)
    write_record(path_of(root, app_id), record)


def forget_consents(root: str, app_id: str) -> None:
    """The program is gone: should it come back, nobody has agreed to anything. What it has seen stays, since what it
    keeps does. Raises :class:`OSError`."""
    record = read_privacy(root, app_id)
    if record.get("seen"):
        write_privacy(root, app_id, {"items": {}})
    elif record:
        remove_record(path_of(root, app_id))
