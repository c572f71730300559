"""Putting a model into its folder: the files, and what they tell into ``card.toml``, which else stays as it is."""

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from device_runtime.inference.card import CARD_FILE, model_name, parse_card
from firmware_tools.training.workplace import LabError, told_when_full, write_all

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.\- ]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """What a card says about a tensor that the file knows. ``scale`` 0 is no quantisation."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


def tensors_of(content: bytes) -> tuple[list[TensorFacts], list[TensorFacts]]:
    """The inputs and outputs of a .tflite file.

    Raises:
        LabError: it cannot be loaded.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    try:
        interpreter = Interpreter(
            model_content=content, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise LabError(f"the model cannot be loaded: {' '.join(str(error).split())[:300]}") from error
    return _facts(interpreter.get_input_details()), _facts(interpreter.get_output_details())


def _facts(details: list[dict[str, Any]]) -> list[TensorFacts]:
    return [
        TensorFacts(
            str(detail["name"]), tuple(int(size) for size in detail["shape"]), np.dtype(detail["dtype"]).name,
            float(detail["quantization"][0]), int(detail["quantization"][1]),
        )
        for detail in details
    ]  # fmt: skip


def new_card(
    name: str,
    task: str,
    content: bytes,
    *,
    labels: Sequence[str] = (),
    description: str = "",
    recipe: str = "recipe.toml",
) -> str:
    """The text of a card to begin with; what only a person knows is marked TODO.

    Raises:
        LabError: the model cannot be loaded.
    """
    inputs, outputs = tensors_of(content)
    lines = [
        f"name = {_text(name)}",
        f"task = {_text(task)}",
        f"description = {_text(description or 'TODO: what it is for, in one sentence')}",
        'licence = "TODO: as SPDX names it"',
        'data = "TODO: what it was trained on, and under which terms"',
        f"recipe = {_text(recipe)}",
        f"labels = [{', '.join(map(_text, labels))}]",
        "",
        "[source]",
        f'file = "{name}.tflite"',
        f'sha256 = "{"0" * 64}"',
    ]
    for kind, tensors in (("inputs", inputs), ("outputs", outputs)):
        for tensor in tensors:
            plain = re.sub(r"\W+", "_", tensor.name.split(";")[-1]).strip("_") or kind[:-1]
            units = "TODO: what the real numbers mean"
            lines += ["", f"[[{kind}]]", f"name = {_text(plain)}", f"units = {_text(units)}"]
    return "\n".join([*lines, ""])


def write_model(folder: Path, content: bytes, twin: bytes, card: str = "") -> list[Path]:
    """Put a model and its float32 ``twin`` into ``folder`` as ``<name>.tflite`` and ``<name>_float.tflite``.

    ``name`` is the model's. Its card (or ``card``, the text of a new one) gets the files, the SHA-256, and shape,
    dtype, scale and zero point of each tensor. Returns what was written.

    Raises:
        LabError: there is no card, it has another number of tensors than the model, or the disk is full.
        CardError: the card is faulty.
    """
    name, path = model_name(folder.resolve().name), folder / CARD_FILE
    with told_when_full(folder, cache=False):
        try:
            text = card or path.read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise LabError(f"{folder} has no {CARD_FILE}; `cygnet model new` shows what one has") from error
        except ValueError as error:
            raise LabError(f"{path} is not UTF-8 text") from error
        changed = _changed(path, text, name, content)
        parse_card(changed, path, name)
        written = [folder / f"{name}.tflite", folder / f"{name}_float.tflite", path]
        write_all(dict(zip(written, (content, twin, changed.encode()), strict=True)))
    return written


def _changed(path: Path, text: str, name: str, content: bytes) -> str:
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise LabError(f"{path}: not TOML: {error}") from error
    edited = _Edited(text)
    digest = hashlib.sha256(content).hexdigest()
    edited.set("source", 0, {
        "file": f'"{name}.tflite"', "sha256": f'"{digest}"', "float_file": f'"{name}_float.tflite"',
    })  # fmt: skip
    for kind, tensors in zip(("inputs", "outputs"), tensors_of(content), strict=True):
        told = document.get(kind, [])
        if not isinstance(told, list) or len(told) != len(tensors):
            raise LabError(
                f"{path} has {len(told) if isinstance(told, list) else 'no'} {kind}, the model has {len(tensors)}; "
                f"a [[{kind}]] table stands for each"
            )
        for index, tensor in enumerate(tensors):
            real = not tensor.scale
            edited.set(kind, index, {
                "shape": str(list(tensor.shape)), "dtype": f'"{tensor.dtype}"',
                "scale": None if real else repr(tensor.scale), "zero_point": None if real else str(tensor.zero_point),
            })  # fmt: skip
    return edited.text()


class _Edited:
    """TOML text whose keys can be set, in tables with a header of their own, with everything else left as it is."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()

    def text(self) -> str:
        return "\n".join([*self._lines, ""])

    def set(self, table: str, index: int, values: dict[str, str | None]) -> None:
        """Set keys in the ``index``-th table of that name; None takes a key out."""
        for key, value in values.items():
            start, end = self._range(table, index)
            at = next((n for n in range(start, end) if (m := _KEY.match(self._lines[n])) and m[1] == key), None)
            if at is not None:
                self._lines[at : at + 1] = [] if value is None else [f"{key} = {value}"]
            elif value is not None:
                while end > start and not self._lines[end - 1].strip():
                    end -= 1
                self._lines.insert(end, f"{key} = {value}")

    def _range(self, table: str, index: int) -> tuple[int, int]:
        """The lines of a table, without its header; a table that is not there is added at the end."""
        headers = [(n, match[2]) for n, line in enumerate(self._lines) if (match := _HEADER.fullmatch(line))]
        starts = [n for n, found in headers if found == table]
        if index >= len(starts):
            self._lines += ["", f"[{table}]"]
            return len(self._lines), len(self._lines)
        start = starts[index]
        return start + 1, next((n for n, _ in headers if n > start), len(self._lines))


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
