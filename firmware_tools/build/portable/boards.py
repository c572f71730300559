"""Whether a program in Python uses what a microcontroller lacks: capabilities, memory, room."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from device_runtime.resources import resource_directory
from firmware_tools.build.portable.plans import plan_faults
from firmware_tools.build.program import BuiltProgram
from firmware_tools.build.project_json import SourceError

MICROPYTHON: Final = "micropython"
_KIB: Final = 1024
_ALWAYS: Final = frozenset({
    "device.info", "telemetry", "storage.get", "storage.set", "storage.remove", "inference.open", "inference.run",
    "inference.close",
})  # fmt: skip
# A capability, and the table of a board's configuration without which it is not there.
_PARTS: Final = {
    "led.set": "leds", "buzzer.play": "buzzer", "sensor.read": "sensors", "inference.listen": "microphone",
    "inference.stop": "microphone",
}  # fmt: skip
_RUN_THERE: Final = (".mpy", ".view")
_LEFT_OUT: Final = (".py", ".js", ".tflite", ".toml")
_RATE: Final = 16_000
_MOST_MANIFEST: Final = 8192
_RUNTIME_KB: Final = 111
"""Heap that the runtime takes with a small program without a display (docs/performance.md, On boards)."""
_DISPLAY_KB: Final = 44
"""Heap that a display and what is on it take."""
_MODELS_KB: Final = 14
"""Heap of what runs models, without them."""
_LISTENING_KB: Final = 27
"""Heap that listening takes: front end, tables, what a model heard last; without what waits of the microphone."""


def read_board_tables(name_or_path: str) -> Mapping[str, Any]:
    """The tables of a board's configuration, of any kind, by its name or the path of a file.

    Raises:
        SourceError: there is none, or it is not TOML.
    """
    by_path = name_or_path.endswith(".toml") or "/" in name_or_path
    path = Path(name_or_path) if by_path else resource_directory("board_configs") / f"{name_or_path}.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(sorted(file.stem for file in resource_directory("board_configs").glob("*.toml")))
        raise SourceError(f"there is no board {name_or_path!r} ({error.strerror}); known are {known}") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not TOML: {error}") from error


def check_for_board(built: BuiltProgram, board: Mapping[str, Any]) -> None:
    """Refuse a program that a board of the kind ``micropython`` cannot run; other boards run every program.

    Raises:
        SourceError: what it uses that the board lacks; all of it, a line each.
    """
    if board.get("kind", "linux") == MICROPYTHON:
        faults = list(_faults(built, board))
        if faults:
            raise SourceError("\n".join(faults))


def _faults(built: BuiltProgram, board: Mapping[str, Any]) -> Iterator[str]:
    name = board.get("name", "the board")
    package = built.package
    if package.manifest.language != "python":
        yield f"{package.manifest.name} is in JavaScript, and {name} runs programs in Python"
        return
    for capability, place in built.capabilities.items():
        part = _PARTS.get(capability)
        if capability not in _ALWAYS and not (part and board.get(part)):
            lacks = f"it has no {part}" if part else "no board of this kind has it"
            yield f"{place}: {name} cannot do {capability}: {lacks}"
    yield from _model_faults(built, board, name)
    yield from plan_faults(package.manifest.data_plan, name)
    listens = built.capabilities.get("inference.listen")
    plan = package.manifest.data_plan
    if listens and plan.spoken and not any("speech" in item.covers for item in plan.items):
        yield f'{listens}: the data plan has no item of the category speech; add one with the destination "device"'
    limits = board.get("program", {})
    for entry, data in package.entries.items():
        if entry.endswith(".view"):
            yield from _view_faults(entry, json.loads(data), name, limits.get("nodes", 200))
    sizes = {entry: len(data) for entry, data in package.entries.items() if not entry.endswith(_LEFT_OUT)}
    running = sum(size for entry, size in sizes.items() if entry.endswith(_RUN_THERE))
    heap = limits.get("heap_kb", 48)
    if running > heap * _KIB:
        yield f"its code and templates are {running:,} bytes, and a program may fill {heap} KiB of memory on {name}"
    room = board.get("memory", {}).get("filesystem_kb", 0)
    stored = sum(sizes.values())
    if board.get("memory", {}).get("filesystem") == "none":
        yield f"{name} has no file system that holds programs"
    elif room and stored > room * _KIB:
        yield f"its files are {stored:,} bytes, and the file system of {name} has {room} KiB"
    manifest = len(package.entries["manifest.json"])
    if manifest > _MOST_MANIFEST:
        yield f"its manifest is {manifest:,} bytes, and {name} reads one of {_MOST_MANIFEST:,}: shorten what it says"


def _model_faults(built: BuiltProgram, board: Mapping[str, Any], name: str) -> Iterator[str]:
    listens = built.capabilities.get("inference.listen")
    rate = board.get("microphone", {}).get("rate", _RATE)
    if listens and board.get("microphone") and rate != _RATE:
        yield f"{listens}: the microphone of {name} gives {rate} samples a second, and models hear {_RATE}"
    if listens and built.models and not any(model.hears or model.fault for model in built.models):
        yield f"{listens}: none of the program's models hears: its card names no task of sound"
    heap = board.get("memory", {}).get("heap_kb", 0)
    taken = _RUNTIME_KB + _MODELS_KB + (_DISPLAY_KB if board.get("display") else 0)
    if listens:
        taken += _LISTENING_KB + board.get("microphone", {}).get("bits", 16) // 2  # a quarter of a second waits
    for model in built.models:
        if model.description is None:
            yield f"{name} cannot run {model.fault}"
            continue
        needed = -(-(model.description.size + model.description.arena) // _KIB)
        room = heap - taken
        if heap and needed > room:
            display = ", its display" if board.get("display") else ""
            leaves = f"has {room} KiB for models" if room > 0 else "has none left for models"
            yield (
                f"{model.path} needs {needed} KiB of memory ({model.description.arena:,} bytes to run in), and {name} "
                f"{leaves}: of its {heap} KiB of heap the runtime{display} and what runs models take {taken} KiB"
            )


def _view_faults(entry: str, document: Mapping[str, Any], name: str, nodes: int) -> Iterator[str]:
    count = 0
    waiting: list[Any] = [document["body"], document["templates"]]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, list):
            continue
        if node and node[0] in ("text", "element"):
            count += 1
        waiting += node
    if count > nodes:
        yield f"{entry.removesuffix('.view')}: its template has {count} nodes, and a page on {name} may have {nodes}"
