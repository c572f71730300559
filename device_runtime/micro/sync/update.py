"""What is needed only while something is installed, and imported only then: fetching programs and runtimes."""

import json

from .messages import SyncError, unload
from .slots import VERSION_BYTES, version_of
from .switching import folder_of, path_of

try:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from .programs import Programs
    from .slots import Slots
except ImportError:
    pass

_UNUSED = [
    "py", "js", "mjs", "cjs", "ts", "map", "wxss", "wxml", "wxs", "html", "woff", "woff2", "ttf", "tflite", "onnx",
    "toml",
]  # fmt: skip
"""Kinds of files that a microcontroller has no use for."""
_MOST_RESOURCE = 16_384
_MOST_MANIFEST = 8192


async def fetch_program(
    programs: "Programs",
    read: "Callable[[int, int], Awaitable[bytes]]",
    app_id: str,
    target: "dict[str, Any]",
    progress: "Callable[[int], None]",
) -> None:
    """Bring what a board needs of a package to its folder, checked. Raises :class:`SyncError` and :class:`OSError`."""
    entries = {name: entry for name, entry in (await _open(read, target)).items() if is_used(name, entry[1])}
    manifest = entries.get("manifest.json")
    if manifest is None or manifest[1] > _MOST_MANIFEST:
        raise SyncError("the package has no manifest that a board can read")
    from .files import bring, make_folder

    folder = folder_of(programs, target["sha256"])
    make_folder(folder)
    await bring(entries, folder, path_of(programs, app_id), read, progress)
    _check_manifest(folder + "manifest.json", app_id, target)


async def _open(
    read: "Callable[[int, int], Awaitable[bytes]]", target: "dict[str, Any]"
) -> "dict[str, tuple[int, int, bytes]]":
    """The entries of a package; what checked it is out of memory when the files come."""
    from .package import open_package

    try:
        return await open_package(read, target)
    finally:
        del open_package
        unload("package")


def is_used(name: str, size: int) -> bool:
    """Whether a board needs this file of a package, which has ``size`` bytes."""
    kind = name[name.rfind(".") + 1 :]
    return kind not in _UNUSED and (size <= _MOST_RESOURCE or kind in ("mpy", "view", "cgm"))


def _check_manifest(path: str, app_id: str, target: "dict[str, Any]") -> None:
    try:
        with open(path) as file:
            manifest = json.load(file)
        found, code = manifest["app_id"], manifest["version"]["code"]
        language = manifest.get("cygnet", {}).get("language")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SyncError(f"the manifest is broken: {error}")
    if (found, code) != (app_id, target["version_code"]):
        raise SyncError(
            f"the package is {str(found)[:64]} version {code}, not {app_id} version {target['version_code']}"
        )
    if language != "python":
        raise SyncError("this program is written in JavaScript; a microcontroller runs programs in Python only")


async def update_runtime(
    slots: "Slots",
    read: "Callable[[int, int], Awaitable[bytes]]",
    target: "dict[str, Any]",
) -> None:
    """Bring another runtime into the slot that does not run, and have it tried at the next start.

    Raises:
        SyncError: it is no runtime, or not what was promised.
        OSError: the disk does not take it.
    """
    entries = await _open(read, target)
    about = entries.get("runtime.json")
    if about is None or ("micro/runtime.py" not in entries and "micro/runtime.mpy" not in entries):
        raise SyncError("the package is no runtime: publish it with `cygnet fleet runtime publish`")
    for name in entries:
        if name != "runtime.json" and not name.startswith("micro/"):
            raise SyncError(f"the package is no runtime: it has the file {name}")
    version = version_of(await read(about[0], min(about[1], VERSION_BYTES)))
    if not version:
        raise SyncError("the runtime does not say which version it is")
    if version != target["version"]:
        raise SyncError(f"the package is runtime {version[:64]}, not {target['version']}")
    from .files import bring

    slots.spoil()
    await bring(entries, slots.folder(slots.other), slots.folder(slots.slot), read, _no_progress)
    slots.switch(target["version"])


def _no_progress(_received: int) -> None:
    pass
