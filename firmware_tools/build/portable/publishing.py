"""What a publisher checks of a program in Python: that its bytecode is what its sources compile to.

Boards run the bytecode, and nothing but the ticks in it ends a loop of theirs. Who leaves them out, or puts other
bytecode beside an honest source, is refused here.
"""

import json
from collections.abc import Mapping
from typing import Any

from device_runtime.errors import CygnetError
from device_runtime.program.manifest import parse_manifest
from firmware_tools.build.portable.models import BOARD_CARD, COMPACT, board_models
from firmware_tools.build.portable.plans import PLAN, board_plan
from firmware_tools.build.portable.sources import BYTECODE, SOURCE, PythonSources, bytecode_of, compiler_name
from firmware_tools.build.project_json import SourceError


class BytecodeMismatchError(CygnetError):
    """The bytecode in a package is not what its sources compile to; the message says which, and why."""


def check_bytecode(entries: Mapping[str, bytes]) -> None:
    """Check and compile again every module of a package; one without Python passes.

    Raises:
        BytecodeMismatchError: a source breaks the rules, or a module's bytecode is another.
    """
    manifest = _manifest(entries)
    told = manifest.get("cygnet")
    ours: dict[str, Any] = told if isinstance(told, dict) else {}
    modules = {name for name in entries if name.endswith(BYTECODE)}
    if ours.get("language") != "python":
        if modules:
            raise BytecodeMismatchError(f"it holds bytecode ({min(modules)}), and is no program in Python")
        return
    texts = {name: data.decode("utf-8", errors="strict") for name, data in _sources(entries).items()}
    pages = manifest.get("pages")
    routes = tuple(str(page) for page in pages) if isinstance(pages, list) else ()
    try:
        sources = PythonSources(routes, texts, texts.get)
    except SourceError as error:
        raise BytecodeMismatchError(f"its source is not allowed: {error}") from error
    for name in sorted(modules - {f"{name.removesuffix(SOURCE)}{BYTECODE}" for name in sources.modules}):
        raise BytecodeMismatchError(f"nothing of the program imports {name}, or it has no source")
    for name in sources.modules:
        made = f"{name.removesuffix(SOURCE)}{BYTECODE}"
        try:
            expected = bytecode_of(name, texts[name])
        except SourceError as error:
            raise BytecodeMismatchError(f"its source is not allowed: {error}") from error
        if entries.get(made) != expected:
            raise BytecodeMismatchError(_difference(made, ours.get("compiler")))
    _check_models(entries)
    _check_plan(entries)


def _check_plan(entries: Mapping[str, bytes]) -> None:
    """What boards have of the data plan is what the manifest says, which people are shown."""
    try:
        expected = board_plan(parse_manifest(entries.get("manifest.json", b"")).data_plan)
    except CygnetError:
        return  # who reads the package refuses it
    if entries.get(PLAN) != expected.get(PLAN):
        raise BytecodeMismatchError(
            f"{PLAN} is not what this toolchain makes of the data plan in the manifest; build the program again"
        )


def _check_models(entries: Mapping[str, bytes]) -> None:
    """What boards have of a model is what this toolchain makes of it."""
    there = {name: data for name, data in entries.items() if name.endswith((COMPACT, BOARD_CARD))}
    try:
        expected = board_models(entries).entries
    except SourceError as error:
        raise BytecodeMismatchError(f"a model of it cannot be used: {error}") from error
    for name in sorted(there.keys() | expected.keys()):
        if there.get(name) != expected.get(name):
            raise BytecodeMismatchError(
                f"{name} is not what this toolchain makes of the program's models; build the program again"
            )


def _sources(entries: Mapping[str, bytes]) -> dict[str, bytes]:
    found = {name: data for name, data in entries.items() if name.endswith(SOURCE)}
    for name, data in found.items():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            raise BytecodeMismatchError(f"{name} is not UTF-8 text") from error
    return found


def _difference(name: str, compiler: Any) -> str:
    here = compiler_name()
    if isinstance(compiler, str) and compiler != here:
        return (
            f"{name} was made by {compiler[:40]}, and {here} makes another of the same source; build the program again "
            f"with {here}, or publish with {compiler[:40]}"
        )
    return f"{name} is not what its source compiles to with {here}; build the program again"


def _manifest(entries: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        document = json.loads(entries.get("manifest.json", b""))
    except (ValueError, RecursionError):
        return {}  # who reads the package refuses it
    return document if isinstance(document, dict) else {}
