"""Writing measured figures into a ``card.toml``: only the values change; comments, order and layout stay."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from device_runtime.inference.card import DEFAULT_TOLERANCE, ModelCard, parse_card
from firmware_tools.training.evaluation.measures import FLOAT32, Measure, find
from firmware_tools.training.examination import Examination, ExaminationError
from firmware_tools.training.gate import CARD_DIGITS, name_of
from firmware_tools.training.latency import Timing

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(#.*)?$")
_ENTRY = re.compile(r"(\s*)([A-Za-z0-9_-]+)(\s*=\s*)([^#\"']*?|\"[^\"]*\"|'[^']*')(\s*(#.*)?)$")


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of one table: ``[name]`` or ``[[name]]`` and what follows, from ``start`` to before ``end``."""

    name: str
    start: int
    end: int


def update_card(found: Examination) -> list[str]:
    """Write what was measured into the card of ``found``; what was written, a line each.

    Entries of ``accuracy`` get their value and samples, ``cost`` its figures, ``latency`` those of this machine. A card
    without accuracy gets the headline measures, one without cost gets it whole. Entries that nothing measures stay: the
    gate tells of them.

    Raises:
        ExaminationError: the card cannot be written, or is laid out so that its tables cannot be found as lines.
    """
    path = found.card.path
    try:
        old = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ExaminationError(f"{path} cannot be read: {error.strerror}") from error
    lines = old.splitlines()
    said: list[str] = []
    said += _update_accuracy(lines, found)
    said += _update_cost(lines, found)
    said += _update_latency(lines, found)
    text = "\n".join(lines) + "\n"
    _check(parse_card(text, path, found.card.name), found)
    if text != old:
        _write(path, text)
    return said


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise ExaminationError(f"{path} cannot be written: {error.strerror}") from error


def _check(card: ModelCard, found: Examination) -> None:
    """Read back: a card in a layout that this module does not know must not be written wrongly."""
    for entry in card.accuracy:
        measure = find(found.evaluation.measures, entry.scenario, entry.metric, entry.variant)
        if measure is not None and not math.isclose(entry.value, _rounded(measure.value), abs_tol=1e-12):
            raise ExaminationError(
                f"{card.path}: the entry of {entry.metric} in {entry.scenario} could not be found in its text; write "
                "it as a table of its own, [[accuracy]], with a key a line"
            )


def _blocks(lines: list[str]) -> Iterator[_Block]:
    heads = [(index, match) for index, line in enumerate(lines) if (match := _HEADER.match(line))]
    for (index, match), following in zip(heads, [*(start for start, _ in heads[1:]), len(lines)], strict=True):
        end = following
        # Empty lines and comments before the next table belong to that.
        while end > index + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
            end -= 1
        yield _Block(match[2], index, end)


def _keys(lines: list[str], block: _Block) -> dict[str, tuple[int, str]]:
    """Key to (line, value as it is written) of one table."""
    found = {}
    for index in range(block.start + 1, block.end):
        if match := _ENTRY.match(lines[index]):
            found[match[2]] = (index, match[4].strip())
    return found


def _set(lines: list[str], index: int, value: str) -> bool:
    match = _ENTRY.match(lines[index])
    if match is None or match[4].strip() == value:
        return False
    lines[index] = f"{match[1]}{match[2]}{match[3]}{value}{match[5]}"
    return True


def _rounded(value: float) -> float:
    return round(value, CARD_DIGITS)


def _number(value: float) -> str:
    return f"{_rounded(value):.{CARD_DIGITS}f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def _string(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _update_accuracy(lines: list[str], found: Examination) -> list[str]:
    measures, said = found.evaluation.measures, []
    blocks = [block for block in _blocks(lines) if block.name == "accuracy"]
    if len(blocks) != len(found.card.accuracy):
        raise ExaminationError(
            f"{found.card.path}: accuracy must be written as tables of their own, [[accuracy]], with a key a line"
        )
    for block, entry in zip(blocks, found.card.accuracy, strict=True):
        measure = find(measures, entry.scenario, entry.metric, entry.variant)
        if measure is None:
            continue
        keys = _keys(lines, block)
        changed = [
            _set(lines, keys[key][0], text)
            for key, text in (("value", _number(measure.value)), ("samples", str(measure.samples)))
            if key in keys
        ]
        if any(changed):
            said.append(f"{name_of(entry, found.card)}: {_number(entry.value)} is now {_number(measure.value)}")
    if not blocks:
        headline = [measure for measure in measures if measure.headline]
        for measure in headline:
            lines += ["", "[[accuracy]]", *_accuracy_lines(measure)]
            said.append(f"{name_of(measure, found.card)}: {_number(measure.value)}, new")
    return said


def _accuracy_lines(measure: Measure) -> Iterator[str]:
    yield f"scenario = {_string(measure.scenario)}"
    yield f"metric = {_string(measure.metric)}"
    if measure.variant == FLOAT32:
        yield f"variant = {_string(measure.variant)}"
    yield f"value = {_number(measure.value)}"
    yield f"samples = {measure.samples}"
    # One example more or less, such as another version of a synthesiser brings, is not another model.
    one = 3600 / measure.samples if measure.unit == "an hour" else 1 / measure.samples if measure.samples else 1.0
    if measure.unit == "seconds":
        one = 0.1
    if one > DEFAULT_TOLERANCE:
        yield f"tolerance = {math.ceil(one * 100) / 100:g}"


def _update_cost(lines: list[str], found: Examination) -> list[str]:
    costs = found.costs
    measured = {"bytes": costs.bytes, "macs": costs.macs, "arena_bytes": costs.arena_bytes}
    known = {key: value for key, value in measured.items() if value is not None}
    block = next((block for block in _blocks(lines) if block.name == "cost"), None)
    if block is None:
        lines += ["", "[cost]", *(f"{key} = {value}" for key, value in known.items())]
        return [f"{key}: {value:,}, new" for key, value in known.items()]
    keys, said = _keys(lines, block), []
    for key, value in known.items():
        if key in keys and _set(lines, keys[key][0], str(value)):
            said.append(f"{key}: {keys[key][1]} is now {value}")
    missing = [(key, value) for key, value in known.items() if key not in keys]
    lines[block.end : block.end] = [f"{key} = {value}" for key, value in missing]
    return said + [f"{key}: {value:,}, new" for key, value in missing]


def _update_latency(lines: list[str], found: Examination) -> list[str]:
    said: list[str] = []
    blocks = [block for block in _blocks(lines) if block.name == "latency"]
    if len(blocks) != len(found.card.latency):
        raise ExaminationError(
            f"{found.card.path}: latency must be written as tables of their own, [[latency]], with a key a line"
        )
    timings = {timing.backend: timing for timing in found.costs.timings if timing.runs}
    for block, entry in zip(blocks, found.card.latency, strict=True):
        timing = timings.get(entry.backend)
        keys = _keys(lines, block)
        if entry.machine == found.machine and timing is not None and "microseconds" in keys:
            text = _microseconds(timing)
            if _set(lines, keys["microseconds"][0], text):
                said.append(f"latency with {entry.backend}: {entry.microseconds:g} µs is now {text}")
    return said


def _microseconds(timing: Timing) -> str:
    return f"{timing.median:.0f}" if timing.median >= 100 else f"{timing.median:.1f}"
