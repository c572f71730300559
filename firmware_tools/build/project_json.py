"""JSON files of a program's source, and the error that says what is wrong with a source file."""

import json
from pathlib import Path
from typing import Any

from device_runtime.errors import CygnetError


class SourceError(CygnetError):
    """The source of a program cannot be built; the message names the file, and the line where there is one."""


def read_json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        SourceError: it cannot be read, is not JSON (with line and column), or is no object.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise SourceError(f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}") from error
    if not isinstance(document, dict):
        raise SourceError(f"{path}:1: must hold one JSON object")
    return document


def line_of(path: Path, member: str) -> int:
    """The line of a file on which a member is named, from 1."""
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if f'"{member}"' in line:
            return number
    return 1
