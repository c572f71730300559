"""Small JSON files that a power cut cannot harm, on littlefs and on FAT.

A record ``x`` lies in two files, ``x`` and ``x.new``. Each holds one line of JSON and one line with a number that
rises with each write and the SHA-256 of all before it. A write goes into the file that does not hold the newest whole
record, so the newest is never touched while the next is written, and nothing is renamed: FAT cannot rename over a
file without a moment in which there is neither, or two names for the same clusters.

A power cut during a write leaves the record of before; after :func:`write_record` has returned, the new one.
"""

import binascii
import hashlib
import json
import os

try:
    from typing import Any  # MicroPython has none, and does not look at annotations
except ImportError:
    pass


def read_document(path: str) -> "dict[str, Any] | None":
    """A document that the cable brought and nobody writes here; None when there is none, or it is broken."""
    try:
        with open(path) as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def read_record(path: str) -> dict[str, Any] | None:
    """The newest whole record, or None when there is none."""
    body = read_body(path)
    return None if body is None else json.loads(body)


def write_record(path: str, document: dict[str, Any]) -> None:
    """Replace the record. Raises :class:`OSError` when the disk does not take it; the old one stays then."""
    write_body(path, json.dumps(document).encode())


def read_body(path: str) -> bytes | None:
    """The JSON of the newest whole record as it was written."""
    return _newest(path)[2]


def write_body(path: str, body: bytes) -> None:
    """:func:`write_record` for JSON on one line, which is kept byte for byte.

    Raises:
        ValueError: it is not on one line.
    """
    if b"\n" in body:
        raise ValueError("the JSON of a record is one line")
    number, name, _body = _newest(path)
    target = path + ".new" if name == path else path
    with open(target, "wb") as file:
        file.write(_sealed(body, number + 1))
        file.flush()
    sync()


def record_bytes(document: dict[str, Any], number: int = 1) -> bytes:
    """What the file of a record holds. Also for who prepares a board's files on a computer."""
    return _sealed(json.dumps(document).encode(), number)


def _sealed(body: bytes, number: int) -> bytes:
    text = body + b"\n" + str(number).encode()
    return text + b" " + _digest(text) + b"\n"


def remove_record(path: str) -> None:
    """Forget a record, if there is one. The older file goes first, so that a cut does not bring it back."""
    _number, name, _body = _newest(path)
    older = path + ".new" if name == path else path
    for each in (older, path, path + ".new"):
        try:
            os.remove(each)
        except OSError:
            pass  # it is not there


def sync() -> None:
    """Have the file systems write what they hold back, where the port can say so (closing a file does elsewhere)."""
    if hasattr(os, "sync"):
        os.sync()


def _newest(path: str) -> tuple[int, str, bytes | None]:
    """The number, file name and JSON of the newest whole record."""
    best: tuple[int, str, bytes | None] = (0, "", None)
    for name in (path, path + ".new"):
        number, body = _read(name)
        if body is not None and (best[2] is None or number > best[0]):
            best = (number, name, body)
    return best


def _read(name: str) -> tuple[int, bytes | None]:
    try:
        with open(name, "rb") as file:
            data = file.read()
    except OSError:
        return 0, None
    end = data.find(b"\n")
    space = data.find(b" ", end)
    if end < 0 or space < 0 or data[space + 1 :] != _digest(data[:space]) + b"\n":
        return 0, None
    return int(data[end + 1 : space]), data[:end]


def _digest(data: bytes) -> bytes:
    return binascii.hexlify(hashlib.sha256(data).digest())
