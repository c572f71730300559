"""The paths that a program may name: files of its package, and of its own folders on the board.

``wxfile://usr/…`` is the program's to fill, ``wxfile://store/…`` holds what ``saveFile`` kept, ``wxfile://tmp/…`` what
was downloaded or recorded in this run. Everything else is a path in the package. SWAN's ``bdfile:`` is the same.
"""

import re
from dataclasses import dataclass
from typing import Literal

from device_runtime.capability.arguments import refuse

MAX_PATH_CHARACTERS = 1024
MAX_NAME_BYTES = 200
MAX_DEPTH = 16

Area = Literal["package", "usr", "store", "tmp"]
_OWN = re.compile(r"(?:wxfile|bdfile)://(usr|store|tmp)(?:/(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ProgramPath:
    """A checked path. ``parts`` are plain names: never empty, never ``..``."""

    area: Area
    parts: tuple[str, ...]

    def __str__(self) -> str:
        inner = "/".join(self.parts)
        return inner if self.area == "package" else f"wxfile://{self.area}{'/' if inner else ''}{inner}"


def read_path(text: str, name: str) -> ProgramPath:
    """Read what a program gave as ``name``.

    Raises:
        CapabilityError: it is no path, or leads out of the program's own files.
    """
    own = _OWN.fullmatch(text)
    if own is None and "://" in text:
        raise refuse(f'{name} "{text[:100]}" is no file of the program; its own begin with wxfile://usr')
    parts = [part for part in ((own[2] or "") if own else text).split("/") if part not in ("", ".")]
    if len(parts) > MAX_DEPTH:
        raise refuse(f"{name} is deeper than {MAX_DEPTH} folders")
    for part in parts:
        if part == ".." or "\x00" in part or "\\" in part:
            raise refuse(f'{name} "{text[:100]}" must not hold "..", backslashes or zero characters')
        try:
            if len(part.encode()) > MAX_NAME_BYTES:
                raise refuse(f"{name} holds a name of more than {MAX_NAME_BYTES} bytes")
        except UnicodeEncodeError as error:
            raise refuse(f"{name} must be well-formed text") from error
    area: Area = own[1] if own else "package"  # type: ignore[assignment] # the pattern allows no other
    return ProgramPath(area, tuple(parts))
