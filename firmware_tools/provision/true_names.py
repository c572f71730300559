"""True names in the tracebacks of boards: :mod:`.packing.compact` gives functions short ones.

What was renamed is not kept anywhere: of one version of the runtime the same comes out each time, so it is made again
from the sources that are installed, when the first traceback comes.
"""

import ast
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from firmware_tools.provision.console import Said
from firmware_tools.provision.packing.compact import compact
from firmware_tools.provision.packing.flat import flattened
from firmware_tools.provision.runtime import joined_runtime, runtime_sources, runtime_version

# As the runtime says it when it starts (device_runtime/micro/sync/assembly.py).
_STARTED = re.compile(r"\S+ of \S+, runtime (\S+), slot \w+")
_FRAME = re.compile(r'(\s*File "(micro[./][^"]+)", (?:line \d+, )?in )(\w+)')


def function_names(full: Mapping[str, str], short: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By module (``micro.link``), the true name of each function that has a short one.

    Args:
        full: sources by file name, as :func:`.packing.compact.compact` takes them.
        short: the same as it gives them back: every function where it was.
    """
    names: dict[str, dict[str, str]] = {}
    for file, source in short.items():
        found: dict[str, set[str]] = {}
        for true, now in zip(_functions(full.get(file, "")), _functions(source), strict=False):
            found.setdefault(now, set()).add(true)
        # Where one short name stands for two functions, no name is better than a wrong one.
        names[_module(file)] = {now: next(iter(true)) for now, true in found.items() if len(true) == 1}
    return names


@functools.cache
def installed_names() -> Mapping[str, Mapping[str, str]]:
    """:func:`function_names` of the runtime that comes with this Cygnet.

    Raises:
        ProvisionError: this installation lacks its sources.
    """
    joined, _ = joined_runtime(runtime_sources())
    return function_names(flattened(joined), flattened(compact(joined)))


class Namer:
    """Reads what a board says, line by line, and gives functions in its tracebacks their true names."""

    def __init__(self) -> None:
        self._version = ""
        self._told = False

    def read(self, said: Said) -> Iterator[Said]:
        """The line as it is to be shown; before the first that keeps short names, one that says why.

        Raises:
            ProvisionError: this installation lacks the runtime's sources.
        """
        started = _STARTED.fullmatch(said.text) if said.source == "runtime" else None
        if started:
            self._version = started[1]
        frame = _FRAME.fullmatch(said.text)
        if frame is None:
            yield said
        elif self._version == runtime_version():
            true = installed_names().get(_module(frame[2]), {}).get(frame[3], frame[3])
            yield replace(said, text=frame[1] + true)
        else:
            if not self._told:
                self._told = True
                yield Said(self._why(), "info", "cable")
            yield said

    def _why(self) -> str:
        whose = f"runtime {self._version}" if self._version else "a runtime that has not said its version yet"
        known = f"the true names are known of {runtime_version()} only"
        return f"functions have short names here: this is {whose}, and {known}"


def _functions(source: str) -> Iterator[str]:
    """The names of all functions, in the order of the text."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    yield from (node.name for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)))


def _module(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")
