"""A program's Python files, made ready for Monty: on the same lines, so that errors are told where they are.

Monty has no modules of a program's own and no base classes. What the toolchain lets pass writes both in one way only
(``docs/python-programs.md``), so lines are replaced here, not syntax trees: a worker has no time for those. A program
that writes them in another way gets an error from Monty, and nothing else.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from device_runtime.engine import EngineError

_IMPORT: Final = re.compile(r"^from (cygnet|lib\.\w+) import ([\w, ]+?)[ \t]*(?:#.*)?$", re.MULTILINE)
_CLASS: Final = re.compile(r"^class (\w+)(\((?:Page|App)\)):", re.MULTILINE)
_SUFFIX: Final = ".py"

Wanted = tuple[str, str, str]
"""A name, where it comes from (``cygnet`` or the file of a module), and what it is called here."""


class SourceFile:
    """One file: ``text`` as Monty gets it, the ``wanted`` names, and the class with a base, if it has one."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.wanted: list[Wanted] = []
        classes = _CLASS.findall(source)
        self.page_class = classes[-1][0] if classes else ""
        text = _IMPORT.sub(self._import, source.replace("\r\n", "\n"))
        self.text = _CLASS.sub(lambda found: f"class {found[1]}:{' ' * len(found[2])}", text)

    def _import(self, found: re.Match[str]) -> str:
        module = found[1]
        home = module if module == "cygnet" else module.replace(".", "/") + _SUFFIX
        for part in found[2].split(","):
            words = part.split()
            if words and words[0] not in ("Page", "App"):
                self.wanted.append((words[0], home, words[-1]))
        return "#" + " " * (len(found[0]) - 1)


class Sources:
    """The files of a program. Each that is loaded has lines and offsets of its own in the one space that Monty tells
    places of code in: as many newlines stand before it as the files before it have bytes."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self._known: dict[str, SourceFile] = {}
        self._starts: list[int] = []
        self._names: list[str] = []
        self._texts: list[bytes] = []
        self._end = 0

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def read(self, name: str) -> SourceFile:
        """A file by its name in the package.

        Raises:
            EngineError: it is not there, or is no text.
        """
        if name not in self._known:
            try:
                self._known[name] = SourceFile(name, self._files[name].decode())
            except KeyError as error:
                raise EngineError(f"the program has no file {name}") from error
            except UnicodeDecodeError as error:
                raise EngineError(f"{name} is not UTF-8 text") from error
        return self._known[name]

    def placed(self, file: SourceFile) -> str:
        """The text of a file with the newlines before it; each file once."""
        text = file.text.encode()
        self._starts.append(self._end)
        self._names.append(file.name)
        self._texts.append(text)
        padding = "\n" * self._end
        self._end += len(text) + 1
        return padding + file.text

    def line(self, line: int, column: int) -> str:
        """``file:line:column`` of a line that Monty tells, or empty."""
        index = bisect_right(self._starts, line - 1) - 1
        return f"{self._names[index]}:{line - self._starts[index]}:{column}" if index >= 0 else ""

    def offset(self, offset: int) -> str:
        """The same of an offset in bytes."""
        index = bisect_right(self._starts, offset) - 1
        if index < 0:
            return ""
        before = self._texts[index][: offset - self._starts[index]]
        return f"{self._names[index]}:{before.count(10) + 1}:{offset - self._starts[index] - before.rfind(10)}"
