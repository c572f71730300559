"""``cygnet program plan``, and what a build says of a plan."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_command_line import cygnet
from tests.port.programs import WECHAT, write

PLAN: list[dict[str, Any]] = [
    {
        "name": "heard",
        "category": "sensor",
        "fields": {"sound": {"type": "choice", "of": ["siren", "horn"]}},
        "purpose": "statistics",
        "reason": "to count what is heard",
        "retention_days": 30,
        "destination": "fleet",
        "derived_from": ["voice"],
    },
    {
        "name": "forecast",
        "category": "preferences",
        "fields": {"city": "text"},
        "purpose": "service",
        "reason": "to fetch the forecast",
        "basis": "contract",
        "retention_days": 0,
        "destination": "https://a.example",
        "paths": ["/v1/{city}"],
    },
]
OWN = {"app_id": "a", "name": "Weather", "network": {"request": ["https://a.example"]}}
SENDS = "wx.reportEvent('heard', { sound });\nwx.request({ url: `https://a.example/v1/${city}` });\nApp({});\n"


def run(home: Path, own: dict[str, Any], *words: str, source: str = SENDS) -> "subprocess.CompletedProcess[str]":
    write(home / "hello", {**WECHAT, "app.js": source, "cygnet.json": own})
    return cygnet("program", *words, home=home)


def test_help_shows_an_example(tmp_path: Path) -> None:
    answer = cygnet("program", "plan", "--help", home=tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "cygnet program plan my-program.ma --json" in answer.stdout


@pytest.mark.parametrize("packaged", [False, True])
def test_a_plan_is_a_table_in_words_grouped_by_purpose(packaged: bool, tmp_path: Path) -> None:
    own = {**OWN, "data_plan": PLAN}
    if packaged:
        assert run(tmp_path, own, "build", "hello").returncode == 0
    answer = run(tmp_path, own, "plan", "hello.ma" if packaged else "hello")
    assert (answer.returncode, answer.stderr) == (0, "")
    said = " ".join(answer.stdout.split())
    assert said.startswith("Weather 1.0.0 To do what the program is for Item What Where to How long Needed")
    assert said.index("forecast") < said.index("To make statistics about many people") < said.index("heard")
    assert "sensitive" in said.partition("statistics")[2]
    assert "sensitive" not in said.partition("statistics")[0]
    assert "“to fetch" in said


def test_a_plan_is_printed_as_json_for_scripts(tmp_path: Path) -> None:
    document = json.loads(run(tmp_path, {**OWN, "data_plan": PLAN}, "plan", "hello", "--json").stdout)
    assert (document["app_id"], document["spoken"]) == ("a", True)
    assert [(item["name"], item["sensitive"]) for item in document["items"]] == [("heard", True), ("forecast", False)]
    assert document["items"][1]["sentence"].startswith("The program sends your settings and choices to a.example: city")


def test_a_program_without_a_plan_says_so_and_where_it_may_send(tmp_path: Path) -> None:
    answer = run(tmp_path, OWN, "plan", "hello")
    assert answer.returncode == 0
    assert "Weather 1.0.0 has no data plan." in answer.stdout
    assert "It may send to:\n  fleet\n  https://a.example\n" in answer.stdout
    assert "cygnet program plan hello --draft" in answer.stdout
    assert json.loads(run(tmp_path, OWN, "plan", "hello", "--json").stdout)["spoken"] is False


def test_an_empty_plan_says_that_nothing_is_collected(tmp_path: Path) -> None:
    assert "It collects nothing, and sends nothing." in run(tmp_path, {**OWN, "data_plan": []}, "plan", "hello").stdout


def test_a_draft_alone_is_on_the_standard_output(tmp_path: Path) -> None:
    answer = run(tmp_path, OWN, "plan", "hello", "--draft", source=f"wx.reportEvent(name, {{}});\n{SENDS}")
    assert [item["name"] for item in json.loads(answer.stdout)] == ["heard", "v1"]
    assert "note: app.js:1: the name of the event is only known when the program runs" in answer.stderr
    assert "write a reason for each item" in answer.stderr


def test_code_that_sends_nothing_gets_an_empty_draft_and_a_word_about_it(tmp_path: Path) -> None:
    answer = run(tmp_path, OWN, "plan", "hello", "--draft", source="App({});")
    assert json.loads(answer.stdout) == []
    assert answer.stderr == "The code seems to send nothing. An empty data_plan in cygnet.json says so.\n"


def test_a_package_has_no_source_to_draft_from(tmp_path: Path) -> None:
    run(tmp_path, OWN, "build", "hello")
    answer = cygnet("program", "plan", "hello.ma", "--draft", home=tmp_path)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "error: hello.ma is a package; a draft is made from source" in answer.stderr


def test_a_build_warns_of_what_the_device_would_refuse_and_notes_what_nothing_sends(tmp_path: Path) -> None:
    source = "wx.reportEvent('seen', {});\nApp({});\n"
    answer = run(tmp_path, {**OWN, "data_plan": PLAN[1:]}, "build", "hello", source=source)
    assert answer.returncode == 0
    warning = "app.js:1:4: no item of data_plan with the name 'seen' goes to the fleet: the device refuses the event"
    assert f"warning: {warning}\n" in answer.stderr
    assert "nothing in the code seems to send what the item 'forecast' of data_plan declares" in answer.stderr
    document = json.loads(cygnet("program", "build", "hello", "--json", home=tmp_path).stdout)
    assert document["warnings"] == [warning]
    assert len(document["notes"]) == 1


def test_a_build_says_nothing_of_a_plan_that_fits(tmp_path: Path) -> None:
    assert run(tmp_path, {**OWN, "data_plan": PLAN}, "build", "hello").stderr == ""
