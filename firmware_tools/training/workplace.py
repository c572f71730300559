"""Where the lab keeps what it made, found again by what went into it: ``<cache>/<model>/<hash>/{data,train,quantize}``.

A part is done once its ``done.json`` is there, which is written last. Every part can be interrupted at any
moment; what is not done is gone on with.
"""

import ast
import contextlib
import dataclasses
import errno
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from device_runtime.errors import CygnetError
from firmware_tools.training.dataset import DatasetBuilder
from firmware_tools.training.recipe import Recipe

Part = Literal["data", "train", "quantize"]
_DONE = "done.json"
_HERE = Path(__file__).parent
# What decides the result of a part, beside the recipe: modules of this package, and installed libraries.
_MODULES: dict[Part, tuple[str, ...]] = {
    "data": ("dataset",),
    "train": ("architectures", "batches", "determinism", "train"),
    "quantize": ("architectures", "determinism", "quantize"),
}
_LIBRARIES: dict[Part, tuple[str, ...]] = {
    "data": (),
    "train": ("tensorflow-cpu", "tensorflow", "keras", "numpy"),
    "quantize": ("tensorflow-cpu", "tensorflow", "keras", "numpy"),
}


class LabError(CygnetError):
    """Work of the lab cannot be done; the message says what is missing, and what to do."""


def need_tensorflow() -> None:
    """Raises :class:`LabError`: TensorFlow is not installed; said before data are made that nobody can train with."""
    if importlib.util.find_spec("tensorflow") is None:
        raise LabError("this needs TensorFlow, which is not installed; run: pip install 'cygnet[train]'")


def default_cache() -> Path:
    """``$XDG_CACHE_HOME/cygnet/models``, or ``~/.cache/cygnet/models``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # The specification of base directories has relative paths ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "cygnet" / "models"


@dataclass(frozen=True)
class Workplace:
    """The folders of one recipe."""

    recipe: Recipe
    builder: DatasetBuilder
    cache: Path

    @classmethod
    def of(cls, recipe: Recipe, cache: Path | None = None) -> "Workplace":
        """The folders of ``recipe`` below ``cache``, by default :func:`default_cache`.

        Raises:
            RecipeError: the data set's options are wrong, or a library is missing that makes it.
        """
        return cls(recipe, recipe.find_builder(), cache or default_cache())

    def folder(self, part: Part) -> Path:
        """Where the results of a part are, or will be."""
        return self.cache / self.recipe.name / self.fingerprint(part) / part

    def fingerprint(self, part: Part) -> str:
        """16 hexadecimal digits that change whenever the part's result might: recipe, data, code, libraries."""
        recipe = self.recipe
        goes_in: dict[str, Any] = {
            "code": code_version(_MODULES[part]), "libraries": _versions(_LIBRARIES[part]), "seed": recipe.seed,
        }  # fmt: skip
        if part == "data":
            goes_in |= {"builder": recipe.builder, "options": recipe.data, "data": self.builder.fingerprint()}
        elif part == "train":
            goes_in |= {
                "data": self.fingerprint("data"), "task": recipe.task,
                "train": dataclasses.asdict(recipe.train), "options": dataclasses.asdict(recipe.options),
            }  # fmt: skip
        else:
            goes_in |= {"train": self.fingerprint("train"), "quantize": dataclasses.asdict(recipe.quantize)}
        return hashlib.sha256(json.dumps(goes_in, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def done(self, part: Part) -> dict[str, Any] | None:
        """What was noted about a part when it was done, if its files are still as they were then."""
        folder = self.folder(part)
        try:
            noted: dict[str, Any] = json.loads((folder / _DONE).read_text(encoding="utf-8"))
            files: dict[str, str] = noted["files"]
            whole = all(file_hash(folder / name) == digest for name, digest in files.items())
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            return None
        return noted if whole else None

    def finish(self, part: Part, facts: Mapping[str, Any], files: tuple[str, ...] = ()) -> dict[str, Any]:
        """Note that a part is done, with what is known about it and the hashes of its files; returns what is noted."""
        folder = self.folder(part)
        noted = {**facts, "files": {name: file_hash(folder / name) for name in files}}
        write_whole(folder / _DONE, json.dumps(noted, indent=2, sort_keys=True).encode())
        return noted

    @contextlib.contextmanager
    def working(self, part: Part, *, fresh: bool = False) -> Iterator[Path]:
        """Hold the folder of a part, made anew if it must be ``fresh``.

        Raises:
            LabError: another process holds it, the disk is full, or it cannot be written to.
        """
        folder = self.folder(part)
        with told_when_full(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder.parent / f"{part}.lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise LabError(
                    f"another process works on {folder}; wait for it to end, or use another --cache"
                ) from error
            with told_when_full(folder):
                if fresh:
                    shutil.rmtree(folder)
                    folder.mkdir()
                yield folder


@contextlib.contextmanager
def told_when_full(folder: Path, *, cache: bool = True) -> Iterator[None]:
    """Say what the disk refuses in one sentence; ``cache`` says that the folder is of the cache.

    Raises:
        LabError: the disk is full, or the folder cannot be read or written.
    """
    elsewhere = ", or use another --cache" if cache else ""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise LabError(
                f"the disk of {folder} is full; free some of it{elsewhere}, and run this again: it goes on where it was"
            ) from error
        reason = error.strerror or str(error)
        raise LabError(f"{error.filename or folder} cannot be used: {reason}; see to it{elsewhere}") from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, whenever the process or the power ends.

    Raises:
        OSError: it cannot be written.
    """
    write_all({path: content})


def write_all(files: Mapping[Path, bytes]) -> None:
    """Write files as :func:`write_whole` does, and none of them where the disk has no room for all.

    Raises:
        OSError: one cannot be written.
    """
    parts = {path: path.with_name(f".{path.name}.part") for path in files}
    try:
        for path, content in files.items():
            with parts[path].open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for path, part in parts.items():
            part.replace(path)
    except OSError:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise


def file_hash(path: Path) -> str:
    """The file's SHA-256 in hexadecimal digits.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def code_version(modules: tuple[str, ...]) -> str:
    """A hash of what modules of this package do: not of their comments, docstrings or layout."""
    return _code(_HERE, modules)


@functools.cache
def _code(folder: Path, modules: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in modules:
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
                node.body = node.body[1:] or [ast.Pass()]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()


def _versions(libraries: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for name in libraries:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
