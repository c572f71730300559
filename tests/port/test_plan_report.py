"""The report of a port says what a program sends, beside its data plan."""

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from firmware_tools.port.documents import report_document
from firmware_tools.port.findings import Report, Severity
from firmware_tools.port.terminal import show_report
from firmware_tools.port.web import report_page
from tests.port.programs import finding, names, report_of

HEARD: dict[str, Any] = {
    "name": "heard",
    "category": "usage",
    "fields": {"sound": "text"},
    "purpose": "statistics",
    "reason": "to count",
    "retention_days": 1,
    "destination": "fleet",
}
SOURCE = """
wx.reportEvent('heard', { sound, ...more });
wx.reportEvent('seen', {});
wx.request({ url: `https://a.example/v1/${city}` });
wx.getRecorderManager();
wx.reportEvent(name);
App({});
"""


def reported(folder: Path, items: Sequence[dict[str, Any]] | None) -> Report:
    own: dict[str, Any] = {"network": {"request": ["https://a.example"]}}
    if items is not None:
        own["data_plan"] = list(items)
    return report_of(folder, {"app.js": SOURCE, "cygnet.json": own})


def terminal(report: Report) -> str:
    console = Console(file=StringIO(), width=160)
    show_report(console, report)
    assert isinstance(console.file, StringIO)
    return " ".join(console.file.getvalue().split())


def test_each_sending_stands_beside_the_item_that_declares_it(tmp_path: Path) -> None:
    report = reported(tmp_path, [HEARD])
    assert report.has_data_plan
    assert [(one.kind, one.subject, one.destination, one.items, bool(one.refusal)) for one in report.sends] == [
        ("event", "heard", "fleet", ("heard",), False),
        ("event", "seen", "fleet", (), True),
        ("request", "/v1/{city}", "https://a.example", (), True),
        ("record", "the microphone", "device", (), True),
        ("event", "…", "fleet", (), False),
    ]
    assert (report.sends[0].fields, report.sends[0].whole) == (("sound",), False)
    assert report.data_plan_draft == []


def test_what_no_item_declares_is_a_finding_by_how_much_it_is_missed(tmp_path: Path) -> None:
    report = reported(tmp_path, [HEARD])
    assert {one.name: one.severity for one in report.findings if one.kind == "data"} == {
        "seen": Severity.DEGRADED,
        "/v1/{city}": Severity.BREAKS,
        "the microphone": Severity.BREAKS,
        "…": Severity.UNCLEAR,
    }
    assert [str(place) for place in finding(report, "seen").places] == ["app.js:3"]


def test_an_item_that_nothing_sends_is_a_finding_with_its_line(tmp_path: Path) -> None:
    item = {**HEARD, "name": "shared", "destination": "other-device"}
    report = reported(tmp_path, [HEARD, item])
    assert report.unsent == ["shared"]
    found = finding(report, "shared")
    assert found.severity is Severity.UNCLEAR
    (place,) = found.places
    assert '"shared"' in (tmp_path / "cygnet.json").read_text().splitlines()[place.line - 1]


def test_without_a_plan_there_is_a_draft_and_nothing_is_refused(tmp_path: Path) -> None:
    report = reported(tmp_path, None)
    assert not report.has_data_plan
    assert not [one for one in report.findings if one.kind == "data"]
    assert [item["name"] for item in report.data_plan_draft] == ["heard", "seen", "v1", "microphone"]


def test_a_plan_with_a_fault_is_a_refusal_and_what_is_sent_is_told_all_the_same(tmp_path: Path) -> None:
    report = reported(tmp_path, [{**HEARD, "reason": ""}])
    assert any("data_plan[0].reason must be a string that is not empty" in refusal for refusal in report.refusals)
    assert len(report.sends) == 5
    assert "data_plan[0].reason" not in names(report)


def test_terminal_json_and_page_say_it(tmp_path: Path) -> None:
    spoken, unspoken = reported(tmp_path / "a", [HEARD]), reported(tmp_path / "b", None)
    assert "What it sends event heard → fleet sound, … heard event seen → fleet refused" in terminal(spoken)
    assert "There is no data plan; `cygnet program plan" in terminal(unspoken)
    document = report_document(spoken)
    assert document["data_plan"] == {"declared": True, "unsent": [], "draft": []}
    assert document["sends"][0]["items"] == ["heard"]
    assert document["sends"][1]["refusal"].startswith("no item of data_plan with the name 'seen'")
    assert "<h2 id=sends>What it sends</h2>" in report_page(spoken)
    assert "no plan" in report_page(unspoken)
    assert "&quot;reason&quot;: &quot;&quot;" in report_page(unspoken)


def test_a_program_that_sends_nothing_is_told_so_on_the_page_alone(tmp_path: Path) -> None:
    report = report_of(tmp_path, {})
    assert "What it sends" not in terminal(report)
    assert "The code seems to send nothing, and to hear nothing." in report_page(report)
