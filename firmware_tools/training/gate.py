"""The gate: every promise of a card against what was measured, one sentence each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from device_runtime.inference.card import Accuracy, ModelCard
from firmware_tools.training.evaluation.measures import FLOAT32, INT8, Measure, find
from firmware_tools.training.examination import Examination

State = Literal["kept", "missed", "unmeasured", "elsewhere"]
LATENCY_FACTOR = 2.0
"""A machine that does other work besides is slower; a time counts as missed above twice what was promised."""
CARD_DIGITS = 4
"""After the point, of the figures of a card."""
_ROUNDING = 0.5 * 10**-CARD_DIGITS + 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise and what became of it.

    ``kept``; ``missed``; ``unmeasured``: nothing here measures it, because a tool is not installed; ``elsewhere``: it
    was measured on another machine, and no test here can say anything about it.
    """

    what: str
    promised: str
    measured: str
    state: State
    sentence: str

    @property
    def passes(self) -> bool:
        """Whether the gate lets it through."""
        return self.state in ("kept", "elsewhere")


def shown(value: float, unit: str) -> str:
    """A figure for people: shares as per cent, to the last digit that a card has of them."""
    if unit == "share":
        return f"{round(value, CARD_DIGITS) * 100:.{CARD_DIGITS - 2}f} %"
    return f"{value:,.3g} {unit}".replace(" seconds", " s")


def judge(found: Examination) -> tuple[Finding, ...]:
    """Every promise of the card, in its order."""
    card = found.card
    return (
        *_accuracy(card, found.evaluation.measures),
        *_loss(card, found.evaluation.measures),
        *_costs(found),
        *_latency(found),
    )


def passed(findings: tuple[Finding, ...], *, allow_unmeasured: bool = False) -> bool:
    """Whether the gate is open; ``allow_unmeasured`` for machines that lack a tool."""
    return all(finding.passes or (allow_unmeasured and finding.state == "unmeasured") for finding in findings)


def name_of(entry: Accuracy | Measure, card: ModelCard) -> str:
    """What an accuracy is called in sentences; which of two models it is of where there are two."""
    twin = " (float32)" if entry.variant == FLOAT32 and card.source.float_file is not None else ""
    return f"{entry.metric} in {entry.scenario}{twin}"


def _accuracy(card: ModelCard, measures: tuple[Measure, ...]) -> Iterator[Finding]:
    if not card.accuracy:
        sentence = "accuracy: the card promises none; write what was measured into it with --update"
        yield Finding("accuracy", "nothing", f"{len(measures)} figures", "missed", sentence)
    for entry in card.accuracy:
        what = name_of(entry, card)
        measure = find(measures, entry.scenario, entry.metric, entry.variant)
        if measure is None:
            sentence = f"{what}: promised {entry.value:g}, and nothing measures it; it is not what this test shows"
            yield Finding(what, f"{entry.value:g}", "nothing", "missed", sentence)
            continue
        promised, measured = shown(entry.value, measure.unit), shown(measure.value, measure.unit)
        worse = measure.value - entry.value if measure.lower_is_better else entry.value - measure.value
        if measure.samples < entry.samples:
            sentence = f"{what}: promised over {entry.samples:,} samples, measured over {measure.samples:,}"
            yield Finding(what, f"{entry.samples:,} samples", f"{measure.samples:,} samples", "missed", sentence)
        # What was measured is not rounded, and what the card says is, by half of its last digit at most.
        elif worse > entry.tolerance + _ROUNDING:
            off = shown(entry.tolerance, measure.unit)
            sentence = f"{what}: promised {promised}, measured {measured}; more than {off} worse"
            yield Finding(what, promised, measured, "missed", sentence)
        else:
            yield Finding(what, promised, measured, "kept", f"{what}: promised {promised}, measured {measured}")


def losses(measures: tuple[Measure, ...]) -> list[tuple[Measure, Measure, float]]:
    """The headline shares over all examples of both variants: (float32, int8, points of a hundred lost)."""
    pairs = []
    for measure in measures:
        if measure.variant != INT8 or not measure.headline or measure.scenario != "all" or measure.unit != "share":
            continue
        twin = find(measures, measure.scenario, measure.metric, FLOAT32)
        if twin is not None:
            lost = (twin.value - measure.value) * (-100 if measure.lower_is_better else 100)
            pairs.append((twin, measure, lost))
    return pairs


def _loss(card: ModelCard, measures: tuple[Measure, ...]) -> Iterator[Finding]:
    for twin, measure, lost in losses(measures):
        what = f"{measure.metric} lost by int8"
        allowed = f"at most {card.loss.points:g} point{'' if card.loss.points == 1 else 's'}"
        got = f"{max(lost, 0):.2f} points ({shown(twin.value, 'share')} to {shown(measure.value, 'share')})"
        over = lost > card.loss.points + 1e-9
        sentence = f"{what}: promised {allowed}, measured {got}"
        yield Finding(what, allowed, got, "missed" if over else "kept", sentence)


def _costs(found: Examination) -> Iterator[Finding]:
    cost, costs = found.card.cost, found.costs
    reasons = dict(costs.missing)
    for key, title, promised, measured, unit in (
        ("bytes", "size", cost.bytes, costs.bytes, "bytes"),
        ("macs", "operations", cost.macs, costs.macs, "multiply-accumulates"),
        ("arena_bytes", "arena", cost.arena_bytes, costs.arena_bytes, "bytes"),
    ):
        if not promised:
            continue
        most = f"at most {promised:,} {unit}"
        if measured is None:
            state: State = "unmeasured" if key in costs.tools_missing else "missed"
            yield Finding(
                title, most, "nothing", state, f"{title}: promised {most}, not measured: {reasons.get(key, '')}"
            )
            continue
        got = f"{measured:,} {unit}"
        state = "missed" if measured > promised else "kept"
        yield Finding(title, most, got, state, f"{title}: promised {most}, measured {got}")


def _latency(found: Examination) -> Iterator[Finding]:
    timings = {timing.backend: timing for timing in found.costs.timings}
    for entry in found.card.latency:
        what = f"latency with {entry.backend} on {entry.machine}"
        promised = f"{entry.microseconds:,.0f} µs"
        if entry.machine != found.machine:
            sentence = f"{what}: promised {promised}; this machine is another, {found.machine}"
            yield Finding(what, promised, "on another machine", "elsewhere", sentence)
            continue
        timing = timings.get(entry.backend)
        if timing is None:
            sentence = f"{what}: promised {promised}, and nothing measures it: there is no such back end"
            yield Finding(what, promised, "nothing", "missed", sentence)
        elif not timing.runs:
            sentence = f"{what}: promised {promised}, not measured: {timing.missing}"
            yield Finding(what, promised, "nothing", "unmeasured", sentence)
        else:
            got = f"{timing.median:,.1f} µs"
            over = timing.median > entry.microseconds * LATENCY_FACTOR
            yield Finding(
                what, promised, got, "missed" if over else "kept", f"{what}: promised {promised}, measured {got}"
            )
