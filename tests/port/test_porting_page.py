"""The page about porting is true: its example runs as it says, and its tables name what there is."""

import json
import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from firmware_tools.cli import cygnet
from firmware_tools.cli.program_port import port
from firmware_tools.port.documents import report_document
from firmware_tools.port.facts import SendingKind
from firmware_tools.port.findings import Severity
from tests.docs.pages import table
from tests.port.programs import report_of

PAGE = Path(__file__).parents[2] / "docs/porting.md"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_its_example_works_in_the_order_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    commands = 0
    for language, file, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if file:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(text, encoding="utf-8")
        elif language == "console":
            output = ""
            for line in text.splitlines():
                if line.startswith("$ cygnet "):
                    result = CliRunner().invoke(cygnet, shlex.split(line)[2:], catch_exceptions=False)
                    assert result.exit_code == 0, result.output
                    output = " ".join(result.output.split())
                    commands += 1
                else:
                    assert " ".join(line.split()) in output
    assert commands == 4
    manifest = json.loads(Path("bookshop/cygnet.json").read_text())
    assert manifest["network"] == {"request": ["https://api.bookshop.example"]}


def names_in(heading: str, column: int = 0) -> list[str]:
    return [name for row in table(PAGE, heading) for name in re.findall(r"`([^`]+)`", row[column])]


def test_it_lists_every_option() -> None:
    listed = {name.split()[0] for name in names_in("The command")}
    assert listed == {name for option in port.params for name in option.opts if name.startswith("--")}


def test_it_lists_every_severity() -> None:
    rows = table(PAGE, "The report")[: len(Severity)]
    assert [row[0].strip("`") for row in rows] == [severity.value for severity in Severity]


def test_it_lists_every_member_of_the_json(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8").partition("The JSON, for scripts:")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`(\w+)`", text))
    report = report_of(tmp_path, {"app.js": "wx.login(); wx.request({ url: 'https://a.example' }); App({})"})
    document = report_document(report)

    def members(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(members, value.values()))
        return set().union(*map(members, value)) if isinstance(value, list) else set()

    values = {"works", "limits", "partly", "missing", "unknown", "called", *get_args(SendingKind)}
    proposed = {key: value for key, value in document.items() if key != "manifest"} | {
        "manifest": {"file": 1, "proposed": 1},
        "data_plan": {"declared": 1, "unsent": 1, "draft": 1},
    }
    optional = {"source", "function", "note"}
    counted = {severity.value for severity in Severity}
    assert members(proposed) - counted == listed - values - (optional - members(proposed))
