"""The part of the report's page that says what a program sends, beside its data plan."""

import json
from collections.abc import Iterator

from firmware_tools.port.findings import Report, Sent
from firmware_tools.port.pieces import rich, state, table, text


def sends_section(report: Report) -> Iterator[str]:
    """The section; it is there for each program, since that nothing is sent is worth knowing."""
    yield "<h2 id=sends>What it sends</h2>"
    if report.sends:
        columns = ("What", "Where to", "Values", "Declared as" if report.has_data_plan else "Declared", "Where")
        yield from table(columns, (("", _row(one, report.has_data_plan)) for one in report.sends))
    else:
        yield "<p>The code seems to send nothing, and to hear nothing.</p>"
    if report.unsent:
        listed = ", ".join(f"<code>{text(name)}</code>" for name in report.unsent)
        yield f"<p class=lead>Items of the data plan that nothing in the code seems to send: {listed}.</p>"
    if report.has_data_plan:
        return
    yield "<p class=lead>The program has no <code>data_plan</code>: its owner reads that its maker does not say what it"
    yield "sends, and why. This one fits the code; check it, and write a reason for each item"
    yield "(<code>cygnet program plan --draft</code> prints it):</p>"
    yield f"<pre tabindex=0>{text(json.dumps(report.data_plan_draft, indent=2, ensure_ascii=False))}</pre>"


def _row(one: Sent, has_plan: bool) -> list[str]:
    fields = [f"<code>{text(name)}</code>" for name in one.fields] + ([] if one.whole else ["and others"])
    if one.refusal:
        declared = f"{state('breaks', 'no')} {rich(one.refusal)}"
    elif one.items:
        declared = ", ".join(f"<code>{text(name)}</code>" for name in one.items)
    else:
        declared = state("unclear", "look at it") if has_plan else state("unclear", "no plan")
    place = f"<span class=place>{text(str(one.place))}</span>"
    return [f"{one.kind} {text(one.subject)}", text(one.destination), ", ".join(fields), declared, place]
