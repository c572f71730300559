"""A new program: the files of four template folders, with the program's name and id filled in.

``every`` has what all programs have, ``javascript`` and ``python`` what is of a language, ``wechat`` and ``swan`` what
is of a dialect, ``wechat_python`` and its like what is of both.
"""

import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from device_runtime.errors import CygnetError

DIALECTS = ("wechat", "swan")
LANGUAGES = ("javascript", "python")
_TEXT = frozenset({".js", ".py", ".json", ".wxml", ".wxss", ".swan", ".css", ".svg"})
# By dialect: the ending of its styles, which the folders call `.css`, and the name of its API.
_STYLES = {"wechat": ".wxss", "swan": ".css"}
_APIS = {"wechat": "wx", "swan": "swan"}
_NOT_FOR_IDS = re.compile(r"[^a-z0-9]+")


class ScaffoldError(CygnetError):
    """A new program cannot be made there."""


def create_program(directory: Path, dialect: str, language: str = "javascript") -> list[Path]:
    """Write a small program with one page, one spoken request and a test into ``directory``; returns the files.

    The program is called after the folder: ``my-program`` becomes "My program" with the id ``local.my-program``.

    Raises:
        ScaffoldError: the folder is not empty, is no folder, or cannot be written.
    """
    if dialect not in DIALECTS:
        raise ScaffoldError(f"there is no template for {dialect!r}; known are {', '.join(DIALECTS)}")
    if language not in LANGUAGES:
        raise ScaffoldError(f"there is no template in {language!r}; known are {', '.join(LANGUAGES)}")
    if directory.exists() and not directory.is_dir():
        raise ScaffoldError(f"{directory} is a file; give the name of a new folder")
    if directory.is_dir() and any(directory.iterdir()):
        raise ScaffoldError(f"{directory} is not empty; give the name of a new folder")
    words = _NOT_FOR_IDS.sub(" ", directory.resolve().name.lower()).split() or ["program"]
    filled = {
        "__NAME__": " ".join(words).capitalize(),
        "__APP_ID__": f"local.{'-'.join(words)}",
        "__API__": _APIS[dialect],
    }
    written = []
    try:
        for name, data in sorted(_layers(dialect, language).items(), key=lambda item: item[0].split("/")):
            path = directory / name
            if path.suffix == ".css":
                path = path.with_suffix(_STYLES[dialect])
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix in _TEXT:
                text = data.decode()
                for mark, value in filled.items():
                    text = text.replace(mark, value)
                data = text.encode()
            path.write_bytes(data)
            written.append(path)
    except OSError as error:
        raise ScaffoldError(f"{directory} cannot be written: {error.strerror}") from error
    return written


def _layers(dialect: str, language: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for folder in ("every", language, dialect, f"{dialect}_{language}"):
        files |= _files(resources.files(__name__) / folder, "")
    return files


def _files(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir():
            yield from _files(item, f"{prefix}{item.name}/")
        else:
            yield f"{prefix}{item.name}", item.read_bytes()
