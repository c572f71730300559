"""The micro runtime as files for a board: bytecode of ``device_runtime/micro``, sources of what boards compile to their
own machine code, and the list that the loader checks.

``/main.py`` and the loader travel by cable only; everything else is the content of a slot, over a cable or sealed for
the fleet.
"""

import ast
import functools
import hashlib
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version as installed_version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

import device_runtime.micro
from device_runtime.program.package import seal_package
from firmware_tools.build.micropython import compile_module
from firmware_tools.provision.errors import ProvisionError
from firmware_tools.provision.packing.compact import compact
from firmware_tools.provision.packing.flat import flattened
from firmware_tools.provision.packing.joining import join
from firmware_tools.provision.packing.native import is_native
from firmware_tools.provision.packing.phrases import PHRASES, take_out
from firmware_tools.provision.packing.unused import without_unused

MAIN = "/main.py"
LOADER = "/cygnet/loader.mpy"
RUNTIME_LIST = "runtime.json"
_PACKAGE = "micro"
_MAIN_SOURCE, _LOADER_SOURCE = "main.py", "loader.py"
# Programs are compiled one by one by a command; so many at once keep a small machine busy and usable.
_AT_ONCE = 4


def runtime_version() -> str:
    """The version of the runtime that comes with this Cygnet."""
    return installed_version("cygnet")


@functools.cache
def runtime_files(version: str = "") -> Mapping[str, bytes]:
    """The content of a slot, by paths such as ``micro/agent.mpy``; ``runtime.json`` is last.

    Args:
        version: what the runtime calls itself; by default :func:`runtime_version`.

    Raises:
        ProvisionError: this installation lacks the runtime's sources.
        BytecodeError: a source is not MicroPython.
    """
    return compiled_runtime(runtime_sources(), version)


def runtime_sources() -> dict[str, str]:
    """The sources of the runtime by paths such as ``micro/clock.py``.

    Raises:
        ProvisionError: this installation lacks them.
    """
    folder = _sources()
    return {
        f"{_PACKAGE}/{path.relative_to(folder).as_posix()}": path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.py"))
        if path not in (folder / _MAIN_SOURCE, folder / _LOADER_SOURCE)
    }


def compiled_runtime(sources: Mapping[str, str], version: str = "") -> dict[str, bytes]:
    """:func:`runtime_files` of these sources.

    Raises:
        BytecodeError: a source is not MicroPython.
    """
    short, phrases = packed(sources)
    # Tracebacks show what a source is called, and each name takes memory for ever: what the module is called anyway.
    natives = {name: text.encode() for name, text in short.items() if is_native(ast.parse(text))}
    texts = {name: text for name, text in short.items() if name not in natives}
    called = [name.removesuffix(".py").replace("/", ".") for name in texts]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # Line numbers would take 8 of the 201 KB that a Pico W has for everything.
        compiled = list(pool.map(functools.partial(compile_module, lines=False), texts.values(), called))
    files = {name.removesuffix(".py") + ".mpy": data for name, data in zip(texts, compiled, strict=True)}
    files |= natives
    if phrases:
        files[f"{_PACKAGE}/{PHRASES}"] = phrases
    files[RUNTIME_LIST] = _runtime_list(files, version or runtime_version())
    return files


def packed(sources: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """Sources as boards get them, to be compiled, and what goes beside them as :data:`PHRASES`.

    Raises:
        JoinError: modules cannot be joined, or put into one folder.
        SyntaxError: a source is no Python.
    """
    joined, phrases = joined_runtime(sources)
    return flattened(compact(joined)), phrases


def joined_runtime(sources: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """:func:`packed`, with the names that the sources have."""
    quiet, phrases = take_out(sources)
    return join(without_unused(quiet)), phrases


@functools.cache
def start_files() -> Mapping[str, bytes]:
    """The loader and ``/main.py``, which starts it, by absolute path; the latter is last.

    Raises:
        ProvisionError: this installation lacks them.
    """
    sources = {}
    for name in (_MAIN_SOURCE, _LOADER_SOURCE):
        path = _sources() / name
        try:
            sources[name] = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ProvisionError(f"the loader {path} cannot be read: {error.strerror}; install Cygnet again") from error
    loader = compact({_LOADER_SOURCE: sources[_LOADER_SOURCE]})[_LOADER_SOURCE]
    return {LOADER: compile_module(loader, _LOADER_SOURCE, lines=False), MAIN: sources[_MAIN_SOURCE].encode()}


def slot_files(slot: str = "a", version: str = "") -> dict[str, bytes]:
    """The content of a slot by absolute path on the board."""
    return {f"/cygnet/{slot}/{name}": data for name, data in runtime_files(version).items()}


def seal_runtime(version: str, key: Ed25519PrivateKey) -> bytes:
    """The runtime as the fleet delivers it: an archive that ``key`` signs.

    Args:
        version: of the runtime; it stands in its ``runtime.json``.
        key: the fleet's.
    """
    return seal_package(runtime_files(version), key)


def _runtime_list(files: Mapping[str, bytes], version: str) -> bytes:
    table = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files.items()}
    return json.dumps({"version": version, "files": table}, separators=(",", ":")).encode()


def _sources() -> Path:
    return Path(device_runtime.micro.__path__[0])
