"""A program laid out as W3C MiniApp Packaging has it, checked as far as the specification fixes it.

Source: https://www.w3.org/TR/miniapp-packaging/, sections "Package Conformance", "File and Path Names", "MiniApp
Resources", "Localization Resources" and "Platform Compatibility Verification". What a page's ``.html`` may hold is left
open there ("To define the HTML profile of MiniApp Content Documents"), so such a program can be checked, not shown.
"""

import json
import os
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath

from device_runtime.program.manifest import Manifest, ManifestError, parse_manifest

_MUST = ("manifest.json", "app.js", "app.css")
_MAX_NAME_BYTES = 255
_FORBIDDEN = re.compile(
    '["*/:<>\\\\|\x00-\x1f\x7f\x80-\x9f\ue000-\uf8ff\ufff0-\uffff\ufdd0-\ufdef\U000e0001\U000e007f\U000f0000-\U0010ffff]'
)
_LANGUAGE = re.compile(r"[a-zA-Z]{2,8}(?:-[a-zA-Z0-9]{1,8})*")
Read = Callable[[str], bytes]


def is_w3c_layout(directory: Path) -> bool:
    """Whether a folder holds the files that the specification asks of every package's root."""
    return (directory / "manifest.json").is_file() and (directory / "app.js").is_file()


def check_folder(directory: Path) -> list[str]:
    """As :func:`check_layout`, of a folder; hidden files are left out."""
    names = []
    for folder, folders, files in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names += [
            Path(folder, file).relative_to(directory).as_posix() for file in sorted(files) if not file.startswith(".")
        ]
    return check_layout(names, lambda name: (directory / name).read_bytes())


def check_layout(names: Collection[str], read: Read) -> list[str]:
    """What of a package's files breaks the specification: a sentence each, with the file; most important first."""
    faults = [f"{name}: the root of a package must hold it" for name in _MUST if name not in names]
    if not any(name.startswith("pages/") for name in names):
        faults.append("pages/: a package must have this folder")
    if "manifest.json" in names:
        try:
            manifest = parse_manifest(read("manifest.json"))
        except ManifestError as error:
            faults.append(str(error))
        else:
            faults += _check_manifest(manifest, names)
    faults += _check_names(names)
    faults += _check_localization(names, read)
    return faults


def _check_manifest(manifest: Manifest, names: Collection[str]) -> Iterator[str]:
    """The members that the device lets pass without, and the files that members name."""
    if not manifest.icons:
        yield "manifest.json: the member icons is missing; it must be a list of at least one icon"
    for icon in manifest.icons:
        if icon.src.lstrip("/") not in names:
            yield f"manifest.json: the icon {icon.src!r} is not in the package"
    for kind, routes in (("page", manifest.pages), ("widget", [widget.path for widget in manifest.widgets])):
        for route in routes:
            if f"{route}.html" not in names:
                yield f"manifest.json: the {kind} {route!r} has no {route}.html in the package"


def _check_names(names: Collection[str]) -> Iterator[str]:
    """Section "File and Path Names". It lists the full stop among what no name may hold, beside the extensions that it
    asks for itself; it is taken for the end of a name, where file systems drop it."""
    known: dict[tuple[str, str], str] = {}
    for name in names:
        steps = name.split("/")
        for depth, step in enumerate(steps):
            found = _FORBIDDEN.search(step) or (step.endswith(".") and step)
            if found:
                yield f"{name!r}: {step!r} is no name of a file: it holds a character that is not allowed"
                break
            if len(step.encode(errors="replace")) > _MAX_NAME_BYTES:
                yield f"{name[:60]!r}…: a file's name has at most {_MAX_NAME_BYTES} bytes"
                break
            folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", step).casefold())
            first = known.setdefault(("/".join(steps[:depth]), folded), step)
            if first != step:
                yield f"{name}: {first!r} and {step!r} differ in capitals only"
                break


def _check_localization(names: Collection[str], read: Read) -> Iterator[str]:
    """Sections "i18n Directory" and "Localization Resources"."""
    for name in names:
        path = PurePosixPath(name)
        if path.parts[0] != "i18n" or len(path.parts) != 2:
            continue
        if path.suffix != ".json" or not _LANGUAGE.fullmatch(path.stem):
            yield f"{name}: a file of i18n is called by its language tag, such as zh-Hans.json"
            continue
        try:
            document = json.loads(read(name))
        except json.JSONDecodeError as error:
            yield f"{name}:{error.lineno}:{error.colno}: not JSON: {error.msg}"
        except (ValueError, RecursionError) as error:
            yield f"{name}: not JSON: {error}"
        else:
            if not isinstance(document, dict):
                yield f"{name}:1: must hold one JSON object"
