"""``cygnet model test``: every promise of a card against what is measured, a report, and a gate."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import click

from device_runtime.inference.card import CARD_FILE, ModelCard
from device_runtime.inference.store import ModelStore
from firmware_tools.cli.model_progress import LabProgress
from firmware_tools.training.card_update import update_card
from firmware_tools.training.evaluation.measures import Measure
from firmware_tools.training.examination import Examination, ExaminationError, examine
from firmware_tools.training.gate import Finding, judge, passed
from firmware_tools.training.report.page import report_page
from firmware_tools.training.workplace import default_cache

_MARKS = {"kept": ("✓", "green"), "missed": ("✗", "red"), "unmeasured": ("?", "yellow"), "elsewhere": ("·", "")}


def find_model(place: str, folders: tuple[Path, ...] = ()) -> tuple[ModelStore, ModelCard]:
    """The card of a model by its name, or by its folder.

    Raises:
        CardError, ModelError: there is none, or it is faulty.
    """
    folder = Path(place)
    if (folder / CARD_FILE).is_file():
        folder = folder.resolve()
        store = ModelStore((*folders, folder.parent))
        return store, store.card(folder.name)
    store = ModelStore(folders)
    return store, store.card(place)


@click.command(epilog="Example: cygnet model test digits --report digits.html")
@click.argument("name")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the report, one HTML file.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was measured as JSON.")
@click.option("--update", is_flag=True, help="Write what was measured into the model's card.toml.")
@click.option("--allow-unmeasured", is_flag=True, help="Let a promise pass for which a tool is not installed here.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Where test data are kept.")
def test(
    name: str, report: Path | None, as_json: bool, update: bool, allow_unmeasured: bool, cache: Path | None
) -> int:
    """Measure all that the card of model NAME promises (a name, or a folder with a card).

    Exits with 1 when a promise is missed, when int8 loses more than the card allows, or when nothing measures it.
    """
    store, card = find_model(name)
    with LabProgress(quiet=as_json) as progress:
        found = examine(card, store, cache or default_cache(), progress)
        if update:
            changes = update_card(found)
            store, card = find_model(name)
            found = found.against(card)
    findings = judge(found)
    good = passed(findings, allow_unmeasured=allow_unmeasured)
    if report is not None:
        try:
            report.write_text(report_page(found, findings), encoding="utf-8")
        except OSError as error:
            raise ExaminationError(f"{report} cannot be written: {error.strerror}") from error
    if as_json:
        click.echo(json.dumps(as_document(found, findings, good=good), indent=2, ensure_ascii=False))
        return 0 if good else 1
    if update:
        for change in changes:
            click.echo(f"  written: {change}")
    for finding in findings:
        mark, colour = _MARKS[finding.state]
        click.echo(f"  {click.style(mark, fg=colour or None)} {finding.sentence}")
    kept = sum(finding.state == "kept" for finding in findings)
    if report is not None:
        click.echo(f"report: {report}")
    verdict = click.style("passed", fg="green", bold=True) if good else click.style("missed", fg="red", bold=True)
    click.echo(f"{card.name} {card.version.name}: {verdict}, {kept} of {len(findings)} promises kept")
    return 0 if good else 1


def as_document(found: Examination, findings: tuple[Finding, ...], *, good: bool) -> dict[str, Any]:
    """All results, for programs to read; a number that is unknown is null."""
    costs = found.costs
    return {
        "model": found.card.name,
        "version": {"code": found.card.version.code, "name": found.card.version.name},
        "task": found.card.task,
        "passed": good,
        "findings": [dataclasses.asdict(finding) for finding in findings],
        "measures": [_measure(measure) for measure in found.evaluation.measures],
        "cost": {"bytes": costs.bytes, "macs": costs.macs, "arena_bytes": costs.arena_bytes},
        "latency_microseconds": [dataclasses.asdict(timing) for timing in costs.timings if timing.runs],
        "layers": [
            {**dataclasses.asdict(one), "sqnr_db": _known(one.sqnr_db), "max_error": _known(one.max_error)}
            for one in found.layers
        ],
        "machine": found.machine,
        "versions": dict(found.versions),
        "when": found.when.isoformat(timespec="seconds"),
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "scenario": measure.scenario,
        "metric": measure.metric,
        "variant": measure.variant,
        "value": _known(measure.value),
        "low": _known(measure.low),
        "high": _known(measure.high),
        "samples": measure.samples,
        "unit": measure.unit,
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
