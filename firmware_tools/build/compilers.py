"""Sources that WeChat's developer tool compiles by plugin: TypeScript, Less and Sass.

The compilers are npm's: esbuild (MIT), less (Apache-2.0) and sass (MIT), pinned, installed once by
``cygnet program compilers`` into a folder of Cygnet's own. A program's own ``node_modules`` are never run: its source
may come from anyone.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware_tools.build.dialects import SourceError, SourceProject
from firmware_tools.build.source_files import SourceFiles

PACKAGES = {"esbuild": "0.28.2", "less": "4.9.1", "sass": "1.108.2"}
LANGUAGES = {".ts": "TypeScript", ".less": "Less", ".scss": "Sass", ".sass": "Sass"}
_SCRIPT = Path(__file__).with_name("source_compilers.cjs")
_SECONDS = 300


def compilers_folder() -> Path:
    """Where the compilers are installed; ``CYGNET_COMPILERS`` names another folder."""
    named = os.environ.get("CYGNET_COMPILERS")
    if named:
        return Path(named)
    root = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return root / "cygnet" / "compilers"


def install_compilers() -> Path:
    """Install the compilers with npm, without any script of theirs; returns their folder.

    Raises:
        SourceError: there is no npm, or it cannot install them.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise SourceError("npm is not installed; the compilers are npm packages: install Node.js 20 or newer first")
    folder = compilers_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"private": True, "dependencies": PACKAGES}, indent=2) + "\n")
    except OSError as error:
        raise SourceError(f"{folder} cannot be written: {error.strerror}") from error
    done = subprocess.run(
        [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=_SECONDS,
    )  # fmt: skip
    if done.returncode:
        raise SourceError(f"npm cannot install the compilers in {folder}: {done.stderr.strip()[-400:]}")
    return folder


def compile_sources(project: SourceProject, files: SourceFiles) -> None:
    """Add what TypeScript, Less and Sass sources without a compiled file beside them compile to.

    Style sources are compiled for the app, pages and components; partial ones are imported by these.

    Raises:
        SourceError: a source is faulty, with file and line; or compilers are needed and not installed.
    """
    wanted = _sources(project, files)
    if not wanted:
        return
    folder, node = compilers_folder(), shutil.which("node")
    if node is None or not all((folder / "node_modules" / package).is_dir() for package in PACKAGES):
        name, path = next(iter(wanted.items()))
        raise SourceError(
            f"{path} is {LANGUAGES[path.suffix]} and has no compiled {name} beside it; install the compilers once with "
            "`cygnet program compilers`, or compile it first"
        )
    job: dict[str, object] = {"home": str(folder.resolve()), "module_paths": [str(project.root)]}
    for kind, suffixes in (("typescript", (".ts",)), ("less", (".less",)), ("sass", (".scss", ".sass"))):
        job[kind] = [[name, str(path)] for name, path in wanted.items() if path.suffix in suffixes]
    made = _run(node, job)
    if made["errors"]:
        raise SourceError("\n".join(_sentence(error) for error in made["errors"]))
    for name, text in made["files"].items():
        files.add(name, text.encode())


def _sources(project: SourceProject, files: SourceFiles) -> dict[str, Path]:
    """The sources to compile, by the name of what comes out."""
    dialect = project.dialect
    wanted: dict[str, Path] = {}
    for path in sorted(files.sources):
        base = path.relative_to(project.root).with_suffix("").as_posix()
        is_script = path.suffix == ".ts"
        name = base + (".js" if is_script else dialect.style)
        if name in files or base.endswith(".d"):
            continue
        if is_script or base == "app" or f"{base}{dialect.template}" in files:
            wanted[name] = path
    return wanted


def _run(node: str, job: Mapping[str, object]) -> Any:
    try:
        done = subprocess.run(
            [node, str(_SCRIPT)], input=json.dumps(job), capture_output=True, text=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"the compilers did not finish within {_SECONDS} s") from error
    if done.returncode:
        raise SourceError(
            f"the compilers failed: {done.stderr.strip()[-400:]}; `cygnet program compilers` installs them afresh"
        )
    return json.loads(done.stdout)


def _sentence(error: Mapping[str, object]) -> str:
    return f"{error['path']}:{error['line']}:{error['column']}: {str(error['message']).rstrip('.')}"
