"""Packages of npm that tests run or read: fetched once into a cache, never part of this repository."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest


def _cache_folder() -> Path:
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "cygnet-tests" / "npm"


def npm_package(package: str, version: str) -> Path:
    """The folder of one package as npm's registry has it; the test is skipped where npm cannot be reached."""
    folder = _cache_folder() / f"{package.replace('/', '-')}-{version}"
    if not folder.is_dir():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed, so packages cannot be fetched; on Debian: apt-get install npm")
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            packed = subprocess.run(
                [npm, "pack", f"{package}@{version}", "--json", "--pack-destination", place],
                capture_output=True, text=True, check=False, timeout=100, cwd=place,
            )  # fmt: skip
            if packed.returncode:
                pytest.skip(f"npm cannot fetch {package}@{version}: {packed.stderr.strip()[-200:]}")
            assert json.loads(packed.stdout)
            (archive,) = Path(place).glob("*.tgz")
            with tarfile.open(archive) as packet:
                packet.extractall(place, filter="data")
            # Packages lie in a folder of their archive, most often called `package`. Another test run may be first.
            (inside,) = (path for path in Path(place).iterdir() if path.is_dir())
            if not folder.is_dir():
                inside.rename(folder)
    return folder


def npm_files(package: str, version: str) -> dict[str, str]:
    """The scripts and JSON files of a package, by their path under ``miniprogram_npm``."""
    folder = npm_package(package, version)
    return {
        f"miniprogram_npm/{package}/{path.relative_to(folder).as_posix()}": path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".js", ".json", ".cjs")
    }
