"""Firmware from a file that the user names or from the cache, checked by SHA-256; never from the network."""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from firmware_tools.flash.errors import FlashError

_RECORD = "firmware.json"
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Firmware:
    """One file of firmware, as it was when it was checked."""

    path: Path
    sha256: str
    checked_by: str
    """What its SHA-256 was compared with; empty when nobody said what it should be."""


def cache_directory() -> Path:
    """Where firmware that was kept is: ``$XDG_CACHE_HOME/cygnet/firmware``."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "cygnet" / "firmware"


def find_firmware(name_or_path: str, sha256: str = "") -> Firmware:
    """A file by its path, or an entry of the cache by its name, with its SHA-256 checked.

    The expected hash is ``sha256``, else that of a file ``NAME.sha256`` beside it, else that of the cache's record.

    Raises:
        FlashError: there is none, it cannot be read, or its hash is another.
    """
    cache = cache_directory()
    try:
        path = _find(name_or_path, cache)
    except OSError as error:
        raise FlashError(
            "firmware", f"{name_or_path} cannot be looked for: {error}; name a file that you may read"
        ) from error
    found = _hash(path)
    expected, source = _expected(path, sha256, cache)
    if expected and expected != found:
        raise FlashError(
            "firmware",
            f"{path} has SHA-256 {found}, but {source} says {expected}; get the file again from where it came",
        )
    return Firmware(path, found, source)


def _find(name_or_path: str, cache: Path) -> Path:
    path = Path(name_or_path)
    if not path.exists() and "/" not in name_or_path and (cache / name_or_path).exists():
        path = cache / name_or_path
    if not path.is_file():
        kept = sorted(entry for entry in _record(cache) if (cache / entry).is_file())
        known = f"kept are {', '.join(kept)}" if kept else "the cache is empty"
        raise FlashError(
            "firmware",
            f"there is no firmware {name_or_path!r}, neither as a file nor in {cache} ({known}); name a file "
            "that you have",
        )
    return path


def keep_firmware(firmware: Firmware) -> Path:
    """Copy firmware into the cache, with its hash in the cache's record; gives where it is."""
    cache = cache_directory()
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FlashError("permission", f"{cache} cannot be made: {error.strerror}; make it yours") from error
    target = cache / firmware.path.name
    _replace(target, firmware.path.read_bytes())
    record = {**_record(cache), target.name: firmware.sha256}
    _replace(cache / _RECORD, json.dumps(record, indent=2, sort_keys=True).encode())
    return target


def _expected(path: Path, sha256: str, cache: Path) -> tuple[str, str]:
    beside = path.with_name(path.name + ".sha256")
    if sha256:
        if not _SHA256.fullmatch(sha256):
            raise FlashError("firmware", f"--sha256 takes 64 hexadecimal digits, not {sha256!r}")
        return sha256.lower(), "--sha256"
    if beside.is_file():
        found = _SHA256.match(beside.read_text(errors="replace").strip())  # as sha256sum writes it: hash, then name
        if found is None:
            raise FlashError(
                "firmware", f"{beside} does not begin with a SHA-256 of 64 hexadecimal digits; mend or remove it"
            )
        return found[0].lower(), str(beside)
    if path.parent == cache:
        kept = _record(cache).get(path.name, "")
        return kept, f"the record {cache / _RECORD}" if kept else ""
    return "", ""


def _record(cache: Path) -> dict[str, str]:
    try:
        document = json.loads((cache / _RECORD).read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise FlashError(
            "firmware", f"{cache / _RECORD} cannot be read ({error}); remove it and keep firmware again"
        ) from error
    return {str(name): str(value) for name, value in document.items()} if isinstance(document, dict) else {}


def _replace(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(data)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise FlashError("full", f"{path} cannot be written: {error.strerror}; make room and try again") from error


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FlashError("firmware", f"{path} cannot be read: {error.strerror}") from error
