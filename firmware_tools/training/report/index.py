"""One page over the reports of several models: which passed, and where each report is."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files

from firmware_tools.training.examination import Examination
from firmware_tools.training.gate import Finding, passed
from firmware_tools.training.report.page import headlines
from firmware_tools.training.report.pieces import figure, size, text


@dataclass(frozen=True, slots=True)
class Outcome:
    """A model that was tested; ``error`` says why it could not be. ``page`` is its report's file beside the index."""

    name: str
    task: str
    page: str = ""
    found: Examination | None = None
    findings: tuple[Finding, ...] = ()
    error: str = ""

    def passes(self, *, allow_unmeasured: bool = False) -> bool:
        """Whether it was tested, and the gate let it through."""
        return not self.error and passed(self.findings, allow_unmeasured=allow_unmeasured)


def index_page(tested: Sequence[Outcome], *, allow_unmeasured: bool = False) -> str:
    """The page."""
    style = files("firmware_tools.training.report").joinpath("page.css").read_text(encoding="utf-8")
    good = [one.passes(allow_unmeasured=allow_unmeasured) for one in tested]
    kind = "passed" if all(good) else "failed"
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Models: tests</title><style>\n{style}</style></head><body>",
        f"<header class='top {kind}'><div><p class=product>Cygnet · model test</p><h1>Models</h1>",
        f"<p class=facts>{sum(good)} of {len(good)} keep every promise of their cards</p></div></header><main>",
        "<ul class=models>",
    ]
    for one, passes in zip(tested, good, strict=True):
        parts.append(f"<li class='panel {'' if passes else 'off'}'>{''.join(_model(one, passes=passes))}</li>")
    parts.append(
        f"</ul><footer>Made by <code>cygnet model test --all</code>, Cygnet {text(version('cygnet'))}.</footer>"
    )
    return "\n".join([*parts, "</main></body></html>\n"])


def _model(one: Outcome, *, passes: bool) -> list[str]:
    name = f"<a href='{text(one.page)}'>{text(one.name)}</a>" if one.page else text(one.name)
    word = "<span class='state good'>passed</span>" if passes else "<span class='state bad'>missed</span>"
    parts = [f"<h3>{name} {word}</h3><p class=what>{text(one.task)}</p>"]
    if one.error:
        return [*parts, f"<p class=note>{text(one.error)}</p>"]
    missed = [finding.sentence for finding in one.findings if not finding.passes]
    if one.found is not None:
        for measure in headlines(one.found.evaluation.measures)[:2]:
            value = f"{figure(measure.value, measure.unit)}{' an hour' if measure.unit == 'an hour' else ''}"
            parts.append(
                f"<p><b>{value}</b> {text(measure.metric.removesuffix(' an hour'))}, {text(measure.scenario)}</p>"
            )
        number, unit = size(one.found.costs.bytes)
        parts.append(f"<p><b>{number} {unit}</b></p>")
    return [*parts, *(f"<p class='note bad'>{text(sentence)}</p>" for sentence in missed)]
