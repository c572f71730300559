"""The peers, pinned and fetched once into a folder that git ignores: npm packages, and dimina from its repository."""

import json
import shutil
import subprocess
from pathlib import Path

from benchmarks.errors import BenchmarkError

_SOURCE = Path(__file__).with_name("peers")
_SECONDS = 300
_DIMINA = "https://github.com/didi/dimina"
_COMMIT = "e1fe0d50f3a78061103bd2030b2f325d1a11286d"


def install_peers(folder: Path) -> dict[str, str]:
    """Install what is missing, and lay the drivers beside it; returns the version of each package, and of Node.

    Raises:
        BenchmarkError: there is no npm, or it cannot install them.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise BenchmarkError("the peers are npm packages: install Node.js 20 or newer, or use --ours")
    wanted: dict[str, str] = json.loads((_SOURCE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    folder.mkdir(parents=True, exist_ok=True)
    for file in _SOURCE.iterdir():
        shutil.copy(file, folder)
    if {name: _version(folder, name) for name in wanted} != wanted:
        done = subprocess.run(
            [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS,
        )  # fmt: skip
        if done.returncode:
            raise BenchmarkError(f"npm cannot install the peers in {folder}: {done.stderr.strip()[-400:]}")
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return {"node": told.stdout.strip().removeprefix("v"), **wanted}


def build_dimina(folder: Path, peers: Path) -> str:
    """Fetch the source of dimina into ``folder`` and bundle its logic for Node; returns why it cannot be measured, or
    nothing. It is on no registry, so a machine that reaches npm may still not reach it."""
    git = shutil.which("git")
    if git is None:
        return "git is not installed"
    if not (folder / "fe").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        for arguments in (
            ["init", "--quiet"],
            ["fetch", "--quiet", "--depth=1", _DIMINA, _COMMIT],
            ["checkout", _COMMIT],
        ):
            done = subprocess.run(
                [git, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS
            )
            if done.returncode:
                shutil.rmtree(folder)
                return f"its source cannot be fetched from {_DIMINA}"
    command = ["node", "bundle.cjs", str(folder / "fe"), "dimina-service.js"]
    done = subprocess.run(command, cwd=peers, capture_output=True, text=True, check=False, timeout=_SECONDS)
    return f"it cannot be bundled: {done.stderr.strip()[-200:]}" if done.returncode else ""


def _version(folder: Path, package: str) -> str:
    """The version that is installed; empty if none is."""
    try:
        document = (folder / "node_modules" / package / "package.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    return str(json.loads(document)["version"])


def compile_templates(folder: Path, pages: list[tuple[Path, str]]) -> None:
    """Compile the templates of page folders for glass-easel, by its own compiler.

    Raises:
        BenchmarkError: it cannot.
    """
    arguments = [text for place, name in pages for text in (str(place), name)]
    done = subprocess.run(
        ["node", "compile.cjs", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    if done.returncode:
        raise BenchmarkError(f"glass-easel's compiler failed: {done.stderr.strip()[-400:]}")
