"""The report's sections about accuracy: by scenario, against noise, what is taken for what, the worst examples."""

import math
from collections.abc import Iterator, Sequence

from firmware_tools.training.evaluation.measures import FLOAT32, INT8, Confusion, Curve, Example, Measure, Series
from firmware_tools.training.examination import Examination
from firmware_tools.training.report.drawing import Bar, Line, bars, plot, ticks
from firmware_tools.training.report.pictures import picture_uri, sound_uri
from firmware_tools.training.report.pieces import figure, interval, row, text

_SOUNDS = 12
_NARROW = 3


def accuracy_section(found: Examination) -> Iterator[str]:
    """One panel a metric, a row a scenario, both variants in it; what has a single figure shares a panel."""
    measures = [one for one in found.evaluation.measures if not one.metric.startswith("recall of ")]
    if not measures:
        return
    promised = {(one.scenario, one.metric, one.variant): one.value for one in found.card.accuracy}
    yield "<h2 id=accuracy>Accuracy by scenario</h2><div class=columns>"
    metrics = {
        metric: [one for one in measures if one.metric == metric]
        for metric in dict.fromkeys(m.metric for m in measures)
    }
    wide = {metric for metric, rows in metrics.items() if len({one.scenario for one in rows}) > _NARROW}
    narrow = [metric for metric in metrics if metric not in wide]
    wide |= set(narrow[-1:]) if len(narrow) % 2 else set()
    for metric in sorted(metrics, key=lambda name: len({one.scenario for one in metrics[name]}) <= _NARROW):
        rows = metrics[metric]
        unit = rows[0].unit
        most = 1.0 if unit == "share" else _round_up(max(_end(one) for one in rows))
        kind = " wide" if metric in wide else ""
        yield f"<figure class='panel{kind}'><figcaption>{text(_title(metric))}{_hint(rows[0])}</figcaption>"
        for scenario in dict.fromkeys(one.scenario for one in rows):
            both = sorted((one for one in rows if one.scenario == scenario), key=lambda one: one.variant == FLOAT32)
            yield _row(scenario, both, promised, most)
        yield _axis(most, unit)
        yield "</figure>"
    yield f"</div>{_legend(measures, bool(found.card.accuracy))}"


def _title(metric: str) -> str:
    return metric[:1].upper() + metric[1:]


def _hint(measure: Measure) -> str:
    return "<span class=hint>less is better</span>" if measure.lower_is_better else ""


def _end(measure: Measure) -> float:
    """Where its bar or whisker ends; of nothing that was never seen to happen, 1."""
    known = [value for value in (measure.value, measure.high) if math.isfinite(value)]
    return max(known, default=0.0) or 1.0


def _round_up(value: float) -> float:
    if value <= 0 or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * factor for factor in (1, 2, 4, 8, 10) if value <= power * factor * 1.0001)


def _row(scenario: str, both: Sequence[Measure], promised: dict[tuple[str, str, str], float], most: float) -> str:
    drawn = [
        Bar(
            one.value,
            one.low,
            one.high,
            "float32" if len(both) > 1 and one.variant == FLOAT32 else "int8",
            promised.get(one.key),
        )
        for one in both
    ]
    first = both[0]
    said = "; ".join(f"{one.variant} {figure(one.value, one.unit)}, {interval(one)}" for one in both)
    also = [f"float32 {figure(one.value, one.unit)}" for one in both[1:]]
    over = f"{first.samples / 60:,.0f} min" if first.unit == "an hour" else f"{first.samples:,}"
    drawing = bars(f"{scenario}: {said}", drawn, most)
    return row(text(scenario), over, drawing, figure(first.value, first.unit), interval(first), *also)


def _axis(most: float, unit: str) -> str:
    if unit == "share":
        marks = [f"{share} %" for share in (0, 25, 50, 75, 100)]
    else:
        marks = [figure(most * share / 4, unit) for share in range(5)]
    return (
        "<div class=row><div></div><div class=scale>"
        + "".join(f"<span>{mark}</span>" for mark in marks)
        + "</div></div>"
    )


def _legend(measures: Sequence[Measure], has_promises: bool) -> str:
    variants = {one.variant for one in measures}
    entries = ["<li><span class='key int8'></span>the model as it ships</li>"]
    if INT8 in variants and FLOAT32 in variants:
        entries.append("<li><span class='key float32'></span>before quantisation (float32)</li>")
    entries.append("<li><span class='key whisker'></span>95 % confidence</li>")
    entries += ["<li><span class='key promise'></span>what the card promises</li>"] if has_promises else []
    return f"<ul class=legend>{''.join(entries)}</ul>"


def curve_section(curves: Sequence[Curve]) -> Iterator[str]:
    """Accuracy against something continuous, int8 and float32 in one plot."""
    for title in dict.fromkeys(curve.title for curve in curves):
        same = [curve for curve in curves if curve.title == title and len(curve.points) > 1]
        if not same:
            continue
        # The model itself is drawn last, over its twin.
        lines = [
            Line(
                tuple((at, measure.value * 100) for at, measure in curve.points),
                tuple((measure.low * 100, measure.high * 100) for _, measure in curve.points)
                if curve.variant == INT8 or len(same) == 1
                else (),
                "int8" if curve.variant == INT8 or len(same) == 1 else "float32",
            )
            for curve in sorted(same, key=lambda curve: curve.variant == INT8)
        ]
        places = [at for curve in same for at, _ in curve.points]
        lowest = min(low for line in lines for low, _ in (line.band or [(100.0, 100.0)]))
        step = 20 if lowest < 40 else 10
        up = [float(value) for value in range(0, 101, step) if value > lowest - step]
        said = ", ".join(f"{figure(one.value, one.unit)} at {at:.0f}" for at, one in same[0].points)
        yield f"<h2>{text(title)}</h2><figure class=panel>"
        yield plot(f"{title}: {said}", lines, ticks(min(places), max(places), 8), up, ends=(min(places), max(places)))
        if len(same) > 1:
            yield "<ul class='legend middle'>"
            yield "<li><span class='key int8'></span>the model as it ships, and its 95 % band</li>"
            yield "<li><span class='key dashed'></span>before quantisation (float32)</li></ul>"
        yield f"<p class=axis-title>{text(same[0].across)}</p></figure>"


def series_section(series: Sequence[Series]) -> Iterator[str]:
    """Lines of numbers beside what was true."""
    for one in series:
        if len(one.values) < 2:
            continue
        low, high = min(*one.values, one.threshold or 0.0), max(*one.values, one.threshold or 0.0)
        up = ticks(low, high, 5)
        end = float(len(one.values) - 1)
        lines = [Line(tuple((float(at), value) for at, value in enumerate(one.values)), (), "int8")]
        if one.threshold is not None:
            lines.append(Line(((0.0, one.threshold), (end, one.threshold)), (), "limit"))
        if one.true:
            shown = [up[-1] if true else up[0] for true in one.true]
            band = tuple((up[0], value) for value in shown)
            lines.insert(0, Line(tuple((float(at), up[0]) for at in range(len(shown))), band, "true"))
        across = ticks(0, end, 8)
        yield f"<h2>{text(one.title)}</h2><figure class=panel>{plot(one.title, lines, across, up, '', ends=(0.0, end))}"
        yield f"<p class=axis-title>{text(one.across)}</p></figure>"


def confusion_section(confusion: Confusion) -> Iterator[str]:
    """What was taken for what: a row is what was right, a column what was answered."""
    if len(confusion.labels) < 2:
        return
    yield "<h2 id=confusion>What is taken for what</h2><figure class='panel confusion'>"
    yield "<p class=note>Each row is what was right, each column what the model answered. Rows add up to all examples"
    yield "of a label; the stronger the colour, the larger the part of its row.</p>"
    yield "<div class=scroll><table class=matrix><thead><tr><td></td>"
    for label in confusion.labels:
        # Han and kana stand upright where they run downwards; letters lie on their side.
        kind = " class=upright" if any(char >= "\u2e80" for char in label) else ""
        yield f"<th scope=col><span{kind}>{text(label)}</span></th>"
    yield "<th scope=col class=recall><span>found</span></th></tr></thead><tbody>"
    for right, label in enumerate(confusion.labels):
        counts = confusion.counts[right]
        total = sum(counts)
        cells = []
        for column, count in enumerate(counts):
            share = count / total if total else 0.0
            kind = "hit" if right == column else "miss"
            # The root makes a few errors in a hundred visible.
            depth = share if right == column else math.sqrt(share)
            said = f"{label} taken for {confusion.labels[column]}: {count} of {total}"
            strong = " strong" if depth > 0.55 else ""
            cells.append(
                f'<td class="{kind}{strong}" style="--v:{depth:.3f}" title="{text(said)}">{count or "<i>·</i>"}</td>'
            )
        recall = f"{counts[right] / total * 100:.0f} %" if total else ""
        yield f"<tr><th scope=row>{text(label)}</th>{''.join(cells)}<td class=recall>{recall}</td></tr>"
    yield "</tbody></table></div></figure>"


def groups_section(groups: Sequence[tuple[str, Sequence[Measure]]]) -> Iterator[str]:
    """Shares by something else than the scenario."""
    if not groups:
        return
    yield "<h2 id=voices>By voice and origin</h2><div class=columns>"
    wide = " wide" if any(len(measures) > 2 * _NARROW for _, measures in groups) else ""
    for title, measures in groups:
        yield f"<figure class='panel{wide}'><figcaption>{text(title)}</figcaption>"
        for measure in measures:
            yield _row(measure.scenario or "unknown", [measure], {}, 1.0)
        yield f"{_axis(1.0, 'share')}</figure>"
    yield "</div>"


def worst_section(worst: Sequence[Example]) -> Iterator[str]:
    """The examples that the model was surest and wrong about, to look at and to listen to."""
    if not worst:
        return
    yield "<h2 id=worst>Its worst mistakes</h2><ul class=worst>"
    for index, example in enumerate(worst):
        picture = ""
        if example.picture is not None:
            address, is_sound = picture_uri(example.picture)
            said = f"{'Spectrogram' if is_sound else 'Picture'} of {example.expected or example.answered}"
            picture = f"<img class='{'sound' if is_sound else 'plain'}' alt='{text(said)}' src='{address}'>"
        player = ""
        if example.sound and index < _SOUNDS:
            player = f"<audio controls preload=none src='{sound_uri(example.sound)}'></audio>"
        notes = [
            f"{example.probability * 100:.0f} % sure" if example.answered else "",
            example.scenario,
            example.source,
        ]
        note = text(" · ".join(part for part in notes if part))
        yield f"<li class=panel>{picture}<p>{_mistake(example)}</p><p class=note>{note}</p>{player}</li>"
    yield "</ul>"


def _mistake(example: Example) -> str:
    expected, answered = f"<b>{text(example.expected)}</b>", f"<b class=wrong>{text(example.answered)}</b>"
    if not example.expected:
        return f"{answered} was heard in something else"
    return f"{expected} was taken for {answered}" if example.answered else f"{expected} was <b class=wrong>missed</b>"
