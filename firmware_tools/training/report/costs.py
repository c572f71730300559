"""The report's sections about what a model takes, and about what its quantisation costs."""

import math
from collections import defaultdict
from collections.abc import Iterator

from firmware_tools.training.evaluation.measures import FLOAT32, INT8, find
from firmware_tools.training.examination import Examination
from firmware_tools.training.layers import LayerDifference
from firmware_tools.training.report.drawing import Bar, bars
from firmware_tools.training.report.pieces import breakable, figure, many, row, text

_LAYERS = 14
_GOOD_DB = 40.0


def quantization_section(found: Examination) -> Iterator[str]:
    """float32 beside int8, figure by figure, and layer by layer where they differ most."""
    pairs = [
        (measure, twin)
        for measure in found.evaluation.measures
        if measure.variant == INT8
        and measure.unit == "share"
        and (twin := find(found.evaluation.measures, measure.scenario, measure.metric, FLOAT32)) is not None
    ]
    if not pairs and not found.layers:
        return
    yield "<h2 id=quantisation>What quantisation costs</h2><div class=columns>"
    if pairs:
        yield "<figure class='panel table'><figcaption>float32 beside int8</figcaption><table><thead><tr>"
        yield "<th scope=col>scenario</th><th scope=col class=number>float32</th><th scope=col class=number>int8</th>"
        yield "<th scope=col class=number>points lost</th></tr></thead><tbody>"
        for measure, twin in pairs:
            lost = (twin.value - measure.value) * (-100 if measure.lower_is_better else 100)
            name = measure.scenario if measure.metric == "accuracy" else f"{measure.scenario}, {measure.metric}"
            state = "bad" if lost > found.card.loss.points else "good" if lost <= 0 else ""
            yield f"<tr><th scope=row>{text(name)}</th><td class=number>{figure(twin.value, 'share')}</td>"
            yield f"<td class=number>{figure(measure.value, 'share')}</td>"
            yield f"<td class='number {state}'>{_signed(lost)}</td></tr>"
        yield "</tbody></table>"
        points = "point" if found.card.loss.points == 1 else "points"
        reason = f" {text(found.card.loss.reason)}" if found.card.loss.reason else ""
        allowed = f"{found.card.loss.points:g} {points}"
        yield f"<p class=note>The card allows {allowed} over all examples.{reason}</p></figure>"
    if found.layers:
        yield from _layers(found.layers)
    yield "</div>"


def _signed(points: float) -> str:
    shown = f"{points:+.2f}"
    return "0.00" if shown in ("+0.00", "-0.00") else shown.replace("-", "&minus;")


def _short(name: str) -> str:
    """The last parts of a tensor's name: converters join the names of everything that went into it."""
    parts = name.split(";")[0].rstrip(":0123456789").split("/")
    return "/".join(parts[-2:])[-34:]


def _layers(layers: tuple[LayerDifference, ...]) -> Iterator[str]:
    known = sorted((one for one in layers if math.isfinite(one.sqnr_db)), key=lambda one: one.sqnr_db)
    if not known:
        return
    chosen = {id(one) for one in known[:_LAYERS]}
    yield "<figure class=panel><figcaption>Signal over error, layer by layer<span class=hint>dB, more is better</span>"
    yield "</figcaption>"
    most = max(_GOOD_DB, max(one.sqnr_db for one in known))
    for layer in (one for one in layers if id(one) in chosen):
        kind = "worst-layer" if layer is known[0] else "int8"
        bar = bars(f"{layer.name}: {layer.sqnr_db:.1f} dB", [Bar(layer.sqnr_db, math.nan, math.nan, kind)], most)
        steps = f"{layer.max_error / layer.scale:,.1f} steps" if layer.scale else f"{layer.max_error:.3g}"
        name = f"<code title='{text(layer.name)}'>{breakable(_short(layer.name))}</code>"
        yield row(name, breakable(layer.operator), bar, f"{layer.sqnr_db:.1f} dB", f"&le; {steps}")
    rest = len(known) - len(chosen)
    more = f" The other {rest} layers are closer." if rest else ""
    yield "<p class=note>In the order in which they run; below each the largest error, in steps of its quantisation."
    yield f"{more}</p></figure>"


def operators_section(found: Examination) -> Iterator[str]:
    """Where the operations go, and the time with each back end."""
    costs = found.costs
    if costs.operators is None and not any(timing.runs for timing in costs.timings):
        return
    yield "<h2 id=cost>What it takes</h2><div class=columns>"
    if costs.operators is not None and costs.operators.macs:
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for operator in costs.operators.operators:
            sums[operator.name][0] += operator.macs
            sums[operator.name][1] += 1
        yield "<figure class=panel><figcaption>Multiply-accumulates by operator</figcaption>"
        most = max(total for total, _ in sums.values())
        for name, (total, often) in sorted(sums.items(), key=lambda item: -item[1][0]):
            if total:
                bar = bars(f"{name}: {total:,}", [Bar(total, math.nan, math.nan, "int8")], most)
                number, unit = many(total)
                share = total / costs.operators.macs * 100
                called = f"<code>{breakable(name)}</code>"
                yield row(called, f"{often} &times;", bar, f"{number} {unit}", f"{share:.0f} %")
        others = [f"{often} &times; {breakable(name)}" for name, (total, often) in sums.items() if not total]
        if others:
            yield f"<p class=note>Besides, without any: {', '.join(others)}.</p>"
        yield "</figure>"
    if costs.timings:
        yield "<figure class='panel table'><figcaption>One invocation on this machine</figcaption><table><thead><tr>"
        yield "<th scope=col>back end</th><th scope=col class=number>median</th><th scope=col class=number>least</th>"
        yield "<th scope=col class=number>runs</th></tr></thead><tbody>"
        for timing in costs.timings:
            yield f"<tr><th scope=row><code>{text(timing.backend)}</code></th>"
            if timing.runs:
                yield f"<td class=number>{timing.median:,.1f} µs</td><td class=number>{timing.minimum:,.1f} µs</td>"
                yield f"<td class=number>{timing.runs:,}</td></tr>"
            else:
                yield f"<td colspan=3 class=dim>{text(timing.missing)}</td></tr>"
        for entry in found.card.latency:
            yield f"<tr><th scope=row class=dim>card: <code>{text(entry.backend)}</code> on {text(entry.machine)}</th>"
            yield f"<td class=number>{entry.microseconds:,.0f} µs</td><td></td><td></td></tr>"
        yield f"</tbody></table><p class=note>{text(found.machine)}. Figures of x86 say nothing about ARM.</p></figure>"
    yield "</div>"
