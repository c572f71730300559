"""The npm packages that are mounted and compared with: exact versions, installed once into a cached folder."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from device_runtime.errors import CygnetError

LISTING = Path(__file__).parent / "simulate"
_FILES = ("package.json", "package-lock.json")
_OPTIONS = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error")


class NpmError(CygnetError):
    """The packages cannot be had; the message says why."""


def installed() -> Path:
    """The folder whose ``node_modules`` holds what ``simulate/package.json`` lists; several processes share it.

    Raises:
        NpmError: npm is missing, or cannot reach its registry.
    """
    folder = _cache_folder()
    if (folder / "node_modules").is_dir():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise NpmError("npm is not installed, so the npm packages cannot be fetched; on Debian: apt-get install npm")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "node_modules").is_dir():
            _install(npm, folder)
    return folder


def _cache_folder() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(b"".join((LISTING / name).read_bytes() for name in _FILES)).hexdigest()
    return root / "cygnet-tests" / "conformance" / digest[:16]


def _install(npm: str, folder: Path) -> None:
    """Install aside, then give it its name, so that a half installation is never taken for a whole one."""
    aside = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    for name in _FILES:
        shutil.copy(LISTING / name, aside)
    done = subprocess.run(
        [npm, "ci", *_OPTIONS], cwd=aside, capture_output=True, text=True, check=False, timeout=600
    )  # fmt: skip
    if done.returncode:
        shutil.rmtree(aside)
        raise NpmError(f"npm cannot install the packages of {LISTING / _FILES[0]}: {done.stderr.strip()[-300:]}")
    aside.rename(folder)
