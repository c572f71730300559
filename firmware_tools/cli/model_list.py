"""``cygnet model list`` and ``cygnet model show``: what models there are, and what a card says."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from device_runtime.inference.card import Accuracy, ModelCard
from device_runtime.inference.store import ModelError, ModelStore
from firmware_tools.cli.model_find import find_model

_BEST = ("all", "quiet")
_RATE = "an hour"


@click.command("list", epilog="Example: cygnet model list --task wake-word")
@click.option("--task", default="", help="Only models of this task.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def list_models(task: str, as_json: bool) -> None:
    """Every model that is here: its task, size, and how well its card says that it does."""
    store = ModelStore()
    rows = [_row(store, card) for card in store.cards(task)]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not rows:
        click.echo(f"no model is here{f' of the task {task}' if task else ''}")
        return
    cells = [("model", "version", "task", "size", "accuracy")]
    cells += [(row["name"], row["version"], row["task"], _size(row["bytes"]), row["accuracy"] or "-") for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    for index, row in enumerate(cells):
        line = "  ".join(
            cell.rjust(width) if column == 3 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo(click.style(line.rstrip(), bold=index == 0))


@click.command(epilog="Example: cygnet model show digits")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(name: str, as_json: bool) -> None:
    """The card of model NAME (a name, or a folder with a card), for reading."""
    store, card = find_model(name)
    row = _row(store, card)
    if as_json:
        row["scenarios"] = [dataclasses.asdict(entry) for entry in card.accuracy]
        row |= {"licence": card.licence, "data": card.data, "recipe": card.recipe, "labels": list(card.labels)}
        row["parameters"] = dict(card.parameters)
        click.echo(json.dumps(row, indent=2, ensure_ascii=False))
        return
    for line in _reading(card, row):
        click.echo(line)


def _row(store: ModelStore, card: ModelCard) -> dict[str, Any]:
    missing = ""
    size: int | None = None
    try:
        size = store.path(card).stat().st_size
    except (ModelError, OSError) as error:
        missing = str(error)
    # What runs on devices is what counts; a model that is float32 itself has its figures without a variant, too.
    shipped = [entry for entry in card.accuracy if entry.variant == "int8"] or list(card.accuracy)
    best = next((entry for name in _BEST for entry in shipped if entry.scenario == name), None)
    best = best or next(iter(shipped), None)
    return {
        "name": card.name,
        "version": card.version.name,
        "task": card.task,
        "description": card.description,
        "bytes": size,
        "accuracy": _figure(best) if best else "",
        "missing": missing,
        "path": str(Path(card.path)),
    }


def _figure(entry: Accuracy) -> str:
    return f"{_value(entry)} {entry.metric} in {entry.scenario}"


def _value(entry: Accuracy) -> str:
    rate = entry.metric.endswith(_RATE)
    return f"{entry.value:.3g}" if rate or not 0 <= entry.value <= 1 else f"{entry.value * 100:.2f} %"


def _size(size: int | None) -> str:
    return "not here" if size is None else f"{size:,} B"


def _reading(card: ModelCard, row: dict[str, Any]) -> Iterator[str]:
    yield click.style(f"{card.name} {card.version.name}", bold=True)
    yield card.description
    yield ""
    facts = [("task", card.task), ("licence", card.licence), ("data", card.data), ("recipe", card.recipe)]
    facts += [("file", f"{card.source.file}, {_size(row['bytes'])}")]
    if card.source.package:
        facts += [("carried by", f"{card.source.package} (cygnet[{card.source.extra}])")]
    facts += [("labels", ", ".join(card.labels))] if card.labels else []
    facts += [(key, str(value)) for key, value in card.parameters.items()]
    cost = card.cost
    facts += [("operations", f"{cost.macs:,} multiply-accumulates")] if cost.macs else []
    facts += [("arena", f"{cost.arena_bytes:,} B")] if cost.arena_bytes else []
    for kind, tensors in (("input", card.inputs), ("output", card.outputs)):
        facts += [(kind, f"{tensor.name} {tensor.dtype} {list(tensor.shape)}: {tensor.units}") for tensor in tensors]
    width = max(len(name) for name, _ in facts)
    yield from (f"{name.ljust(width)}  {text}" for name, text in facts)
    if card.accuracy:
        yield ""
        yield click.style("accuracy", bold=True)
        names = max(len(entry.scenario) for entry in card.accuracy)
        for entry in card.accuracy:
            variant = ", float32" if entry.variant == "float32" else ""
            counted = "seconds" if entry.metric.endswith(_RATE) else "samples"
            named = f"{entry.metric}, {entry.samples:,} {counted}{variant}"
            yield f"  {entry.scenario.ljust(names)}  {_value(entry):>7}  {named}"
    for latency in card.latency:
        yield f"latency  {latency.microseconds:g} µs with {latency.backend} on {latency.machine}"
    if row["missing"]:
        yield ""
        yield click.style(str(row["missing"]), fg="yellow")
