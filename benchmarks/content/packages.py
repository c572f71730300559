"""What is updated in the bench: a program that uses every component of a library, in two versions of the library."""

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.errors import BenchmarkError
from firmware_tools.build.program import build_program

LIBRARY, OLD, NEW = "tdesign-miniprogram", "1.15.3", "1.16.0"
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_SECONDS = 120


def fetch(folder: Path, version: str) -> Path:
    """The library from npm, fetched once.

    Raises:
        BenchmarkError: npm is missing, or cannot fetch it.
    """
    folder = folder.resolve()
    place = folder / f"{LIBRARY}-{version}"
    if place.is_dir():
        return place
    npm = shutil.which("npm")
    if npm is None:
        raise BenchmarkError("the updates that are measured are of npm packages: install Node.js")
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [npm, "pack", f"{LIBRARY}@{version}", "--pack-destination", str(folder)],
        capture_output=True, text=True, check=False, timeout=_SECONDS, cwd=folder,
    )  # fmt: skip
    if done.returncode:
        raise BenchmarkError(f"npm cannot fetch {LIBRARY}@{version}: {done.stderr.strip()[-200:]}")
    with tarfile.open(folder / f"{LIBRARY}-{version}.tgz") as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (folder / "unpacked" / "package").rename(place)
    return place


def build(library: Path, folder: Path, code: int, only: frozenset[str] = frozenset()) -> bytes:
    """The signed package of a program that uses every component in ``library``, or those in the folders ``only``."""
    root = library / "miniprogram_dist"
    paths = [path.relative_to(root).with_suffix("").as_posix() for path in sorted(root.rglob("*.json"))
             if path.with_suffix(".wxml").is_file() and _is_component(path)]  # fmt: skip
    tags = {
        f"x-{number}": f"{LIBRARY}/{path}"
        for number, path in enumerate(paths)
        if not only or path.partition("/")[0] in only
    }
    version = json.loads((library / "package.json").read_text(encoding="utf-8"))["version"]
    files = {
        "app.json": json.dumps({"pages": ["pages/a/a"], "usingComponents": tags}),
        "app.js": "App({})",
        "package.json": json.dumps({"dependencies": {LIBRARY: version}}),
        "project.config.json": json.dumps({"appid": "bench.library", "projectname": "library"}),
        "cygnet.json": json.dumps({"version": {"code": code, "name": f"{code}.0.0"}}),
        "pages/a/a.js": "Page({})",
        "pages/a/a.wxml": "".join(f'<{tag} class="a" bind:tap="go">x</{tag}>' for tag in tags),
    }
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    installed = folder / "node_modules" / LIBRARY
    installed.parent.mkdir(parents=True)
    installed.symlink_to(library)
    return build_program(folder, _KEY).data


def _is_component(path: Path) -> bool:
    return json.loads(path.read_text(encoding="utf-8")).get("component") is True
