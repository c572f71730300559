"""``cygnet model test``: every promise of a card against what is measured, a report, and a gate."""

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import click

from device_runtime.errors import CygnetError
from device_runtime.inference.card import ModelCard
from device_runtime.inference.store import ModelStore
from firmware_tools.cli.model_find import find_model
from firmware_tools.cli.model_progress import LabProgress
from firmware_tools.training.card_update import update_card
from firmware_tools.training.evaluation.measures import Measure
from firmware_tools.training.examination import Examination, ExaminationError, examine
from firmware_tools.training.gate import Finding, judge, passed
from firmware_tools.training.report.index import Outcome, index_page
from firmware_tools.training.report.page import report_page
from firmware_tools.training.workplace import default_cache

_MARKS = {"kept": ("✓", "green"), "missed": ("✗", "red"), "unmeasured": ("?", "yellow"), "elsewhere": ("·", "")}


@click.command(epilog="Example: cygnet model test digits --report digits.html")
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Test every model that is here, one after the other.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the report: a file; with --all, a folder.")
@click.option("--json", "as_json", is_flag=True, help="Print everything that was measured as JSON.")
@click.option("--update", is_flag=True, help="Write what was measured into the model's card.toml.")
@click.option("--allow-unmeasured", is_flag=True, help="Let a promise pass for which a tool is not installed here.")
@click.option("--cache", type=click.Path(file_okay=False, path_type=Path), help="Where test data are kept.")
def test(
    name: str | None,
    every: bool,
    report: Path | None,
    as_json: bool,
    update: bool,
    allow_unmeasured: bool,
    cache: Path | None,
) -> int:
    """Measure all that the card of model NAME promises (a name, or a folder with a card).

    Exits with 1 when a promise is missed, when int8 loses more than the card allows, or when nothing measures it.
    """
    if every == (name is not None):
        raise click.UsageError("name a model, or say --all")
    options = _Options(as_json, update, allow_unmeasured, cache or default_cache())
    if name is not None:
        found, findings = _examine(name, options)
        if report is not None:
            _write(report, report_page(found, findings))
        good = passed(findings, allow_unmeasured=allow_unmeasured)
        if as_json:
            _print_json(as_document(found, findings, good=good))
        else:
            _tell(found, findings, good=good, report=report)
        return 0 if good else 1
    tested = [_one_of_all(card, options, report) for card in ModelStore().cards()]
    if report is not None:
        _write(report / "index.html", index_page(tested, allow_unmeasured=allow_unmeasured))
    good = all(one.passes(allow_unmeasured=allow_unmeasured) for one in tested)
    if as_json:
        _print_json(
            [
                as_document(one.found, one.findings, good=one.passes(allow_unmeasured=allow_unmeasured))
                if one.found is not None
                else {"model": one.name, "passed": False, "error": one.error}
                for one in tested
            ]
        )
    else:
        click.echo(
            f"{sum(one.passes(allow_unmeasured=allow_unmeasured) for one in tested)} of {len(tested)} models passed"
        )
    return 0 if good else 1


@dataclasses.dataclass(frozen=True, slots=True)
class _Options:
    as_json: bool
    update: bool
    allow_unmeasured: bool
    cache: Path


def _examine(name: str, options: _Options) -> tuple[Examination, tuple[Finding, ...]]:
    store, card = find_model(name)
    with LabProgress(quiet=options.as_json) as progress:
        found = examine(card, store, options.cache, progress)
    if options.update:
        for change in update_card(found):
            if not options.as_json:
                click.echo(f"  written: {change}")
        found = found.against(find_model(name)[1])
    return found, judge(found)


def _one_of_all(card: ModelCard, options: _Options, report: Path | None) -> Outcome:
    """Test a model among others: what stops it is told, and the next one follows."""
    try:
        found, findings = _examine(card.name, options)
    except CygnetError as error:
        if not options.as_json:
            click.echo(f"  {click.style('✗', fg='red')} {card.name}: {error}")
        return Outcome(card.name, card.task, error=str(error))
    page = f"{card.name}.html" if report is not None else ""
    if report is not None:
        _write(report / page, report_page(found, findings))
    if not options.as_json:
        good = passed(findings, allow_unmeasured=options.allow_unmeasured)
        _tell(found, findings, good=good, report=report / page if report else None)
    return Outcome(card.name, card.task, page, found, findings)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ExaminationError(f"{path} cannot be written: {error.strerror}") from error


def _print_json(document: object) -> None:
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _tell(found: Examination, findings: tuple[Finding, ...], *, good: bool, report: Path | None) -> None:
    for finding in findings:
        mark, colour = _MARKS[finding.state]
        click.echo(f"  {click.style(mark, fg=colour or None)} {finding.sentence}")
    kept = sum(finding.state == "kept" for finding in findings)
    if report is not None:
        click.echo(f"report: {report}")
    verdict = click.style("passed", fg="green", bold=True) if good else click.style("missed", fg="red", bold=True)
    card = found.card
    click.echo(f"{card.name} {card.version.name}: {verdict}, {kept} of {len(findings)} promises kept")


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
