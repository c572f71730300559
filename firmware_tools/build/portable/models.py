"""A program's own models for microcontrollers: ``models/x.tflite`` as ``models/x.cgm``, its card as ``models/x.card``.

A card for a board is one line of JSON, with what ``device_runtime/micro/capability/inference.py`` reads of it, and for
a model that hears a table: how many bytes, in two, and what each feature 0, 1, … of the front end is to the model.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from device_runtime.errors import CygnetError
from device_runtime.inference.card import ModelCard, parse_card
from device_runtime.inference.sounds import SOUND_TASKS, SoundSettings, sound_settings
from firmware_tools.build.micro_model import MicroModelError, compile_model, describe
from firmware_tools.build.micro_model.describing import ModelDescription, PortDescription
from firmware_tools.build.project_json import SourceError

FOLDER, MODEL, CARD = "models", ".tflite", ".toml"
COMPACT, BOARD_CARD = ".cgm", ".card"
_FEATURE_SCALE = 10 / 256
"""A feature of the front end as a whole number, times this, is the feature that models were trained on."""
_MOST_FEATURES = 1024
_CHANNELS = 40
_BOUNDS = {"int8": (-128, 127), "uint8": (0, 255)}


@dataclass(frozen=True, slots=True)
class BoardModel:
    """One model of a program: what it is on a board, or why it cannot be there."""

    path: str
    description: ModelDescription | None = None
    hears: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class BoardModels:
    """All models of a program, and what is put into its package for boards."""

    models: tuple[BoardModel, ...] = ()
    entries: Mapping[str, bytes] = field(default_factory=dict)


def board_models(entries: Mapping[str, bytes]) -> BoardModels:
    """The models among the entries of a package.

    Raises:
        SourceError: a card is faulty.
    """
    models: list[BoardModel] = []
    made: dict[str, bytes] = {}
    for path in sorted(entries):
        place = PurePosixPath(path)
        if len(place.parts) != 2 or place.parts[0] != FOLDER or place.suffix != MODEL:
            continue
        card = _card(entries, str(place.with_suffix(CARD)))
        try:
            names = (card.inputs, card.outputs) if card is not None else ((), ())
            compact = compile_model(entries[path], path, *([tensor.name for tensor in kind] for kind in names))
            description = describe(compact)
            board_card = _board_card(card, description, path)
        except (MicroModelError, CygnetError) as error:
            models.append(BoardModel(path, fault=str(error)))
            continue
        hears = card is not None and card.task in SOUND_TASKS
        models.append(BoardModel(path, description, hears))
        made[str(place.with_suffix(COMPACT))] = compact
        if board_card:
            made[str(place.with_suffix(BOARD_CARD))] = board_card
    return BoardModels(tuple(models), made)


def _card(entries: Mapping[str, bytes], path: str) -> ModelCard | None:
    content = entries.get(path)
    if content is None:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text") from error
    try:
        return parse_card(text, Path(path), PurePosixPath(path).stem, with_source=False)
    except CygnetError as error:
        raise SourceError(str(error)) from error


def _board_card(card: ModelCard | None, model: ModelDescription, path: str) -> bytes:
    if card is None:
        return b""
    said: dict[str, object] = {"task": card.task, "labels": list(card.labels)}
    table = b""
    if card.task in SOUND_TASKS:
        settings = sound_settings(card)
        _check_sound(settings, model, path)
        said |= {
            "labels": list(settings.labels),
            "stride": settings.stride,
            "window": settings.window,
            "cutoff": settings.cutoff,
            "refractory_seconds": settings.refractory_seconds,
            "rejects": sorted(settings.rejects),
        }
        table = feature_table(model.inputs[0])
    return json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode() + b"\n" + table


def _check_sound(settings: SoundSettings, model: ModelDescription, path: str) -> None:
    shape = model.inputs[0].shape if len(model.inputs) == 1 else ()
    if len(shape) not in (3, 4) or (shape[0], shape[2], *shape[3:]) not in ((1, _CHANNELS), (1, _CHANNELS, 1)):
        shapes = [list(each.shape) for each in model.inputs]
        raise SourceError(f"{path}: a model that hears has one input [1, rows, {_CHANNELS}], not {shapes}")
    if settings.stride > shape[1]:
        raise SourceError(f"{path}: a stride of {settings.stride} rows would leave some unheard")
    if [each.shape for each in model.outputs] != [(1, len(settings.labels))]:
        raise SourceError(
            f"{path}: {len(settings.labels)} labels need one output [1, {len(settings.labels)}], not "
            f"{[list(each.shape) for each in model.outputs]}"
        )


def feature_table(port: PortDescription) -> bytes:
    """What each feature is to an input, with the roundings of ``device_runtime/inference/backend.py``."""
    least, most = _BOUNDS[port.dtype]
    values: list[int] = []
    scale = _float32(port.scale)
    for feature in range(_MOST_FEATURES):
        stored = round(_float32(_float32(feature * _FEATURE_SCALE) / scale)) + port.zero_point
        values.append(min(max(stored, least), most))
        if stored >= most:
            break  # all further ones are the same
    return struct.pack("<H", len(values)) + bytes(value & 255 for value in values)


def _float32(value: float) -> float:
    single: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return single
