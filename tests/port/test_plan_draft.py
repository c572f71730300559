"""A data plan to start from: made from what the code sends, and refused until its author has written the reasons."""

import json
from pathlib import Path
from typing import Any

import pytest

from device_runtime.program.manifest import ManifestError, parse_manifest
from firmware_tools.build.dialects import load_project
from firmware_tools.port.plan_draft import Draft, draft_plan
from firmware_tools.port.plan_remarks import PlanRemarks, outflows_of, plan_remarks
from tests.port.programs import WECHAT, write

SOURCE = """
const BASE = 'https://a.example';
wx.reportEvent('heard', { sound: near ? 'siren' : 'horn', loud: true });
wx.reportEvent('heard', { sound: 'bell', count: list.length });
wx.request({ url: `${BASE}/v1/cities/${city}/now?units=metric`, data: { userId: id, lat: 1.5 } });
wx.request({ url: `${BASE}/v2/now` });
wx.uploadFile({ url: `${BASE}/clips`, name: 'clip', filePath });
wx.connectSocket({ url: 'wss://a.example/live' });
wx.getRecorderManager();
App({});
"""
OWN: dict[str, Any] = {
    "network": {"request": ["https://a.example"], "socket": ["wss://a.example"]},
    "permissions": [{"name": "share"}, {"name": "record"}],
}
PAGE = "Page({ onShareAppMessage() {} })"


def drafted(folder: Path, source: str, own: dict[str, Any]) -> Draft:
    files = {**WECHAT, "app.js": source, "pages/index/index.js": PAGE, "cygnet.json": own}
    directory = write(folder, files)
    project = load_project(directory)
    manifest = parse_manifest(json.dumps(project.manifest))
    return draft_plan(outflows_of(directory, project), manifest)


def remarks(folder: Path, own: dict[str, Any]) -> PlanRemarks:
    write(folder, {"cygnet.json": own})
    return plan_remarks(folder, parse_manifest(json.dumps(load_project(folder).manifest)))


def test_each_event_address_and_ear_becomes_an_item(tmp_path: Path) -> None:
    items = {item.pop("name"): item for item in drafted(tmp_path, SOURCE, OWN).items}
    assert list(items) == ["heard", "now", "now_2", "clips", "live", "microphone", "shared_page"]
    assert items["heard"] == {
        "category": "usage",
        "fields": {
            "sound": {"type": "choice", "of": ["siren", "horn", "bell"]},
            "loud": "boolean",
            "count": "integer",
        },
        "purpose": "improvement",
        "reason": "",
        "basis": "consent",
        "retention_days": 90,
        "destination": "fleet",
        "derived_from": ["voice"],
    }
    assert items["now"] == {
        "category": "preferences",
        "fields": {
            "city": "text",
            "units": {"type": "choice", "of": ["metric"]},
            "userId": "text",
            "lat": "number",
        },
        "purpose": "service",
        "reason": "",
        "basis": "consent",
        "retention_days": 365,
        "destination": "https://a.example",
        "derived_from": ["identifier", "location", "voice"],
        "paths": ["/v1/cities/{city}/now"],
    }
    assert (items["clips"]["fields"], items["clips"]["paths"]) == ({"clip": {"type": "bytes"}}, ["/clips"])
    assert (items["live"]["destination"], items["live"]["paths"]) == ("wss://a.example", ["/live"])
    assert (items["microphone"]["category"], items["microphone"]["destination"]) == ("voice", "device")
    assert items["shared_page"]["destination"] == "other-device"


def test_a_draft_is_refused_until_each_reason_is_written_and_then_fits_the_code(tmp_path: Path) -> None:
    items = drafted(tmp_path, SOURCE, OWN).items
    with pytest.raises(ManifestError, match=r"data_plan\[0\]\.reason must be a string that is not empty"):
        remarks(tmp_path, {**OWN, "data_plan": items})
    written = [{**item, "reason": "because"} for item in items]
    assert remarks(tmp_path, {**OWN, "data_plan": written}) == PlanRemarks()


def test_many_calls_of_a_server_are_put_together_by_their_kind_of_data(tmp_path: Path) -> None:
    many = "".join(f"wx.request({{ url: `${{BASE}}/v/p{number}`, data: {{ n{number}: 1 }} }});" for number in range(70))
    own = "wx.request({ url: `${BASE}/me`, data: { phone } });"
    own += "wx.request({ url: `${BASE}/v/p1`, data: { phone, n1: 'a' } });"
    made = drafted(tmp_path, f"const BASE = 'https://a.example';\n{own}\n{many}\nApp({{}});", OWN)
    items = {item["name"]: item for item in made.items if "paths" in item}
    assert list(items) == ["contact", "usage", "usage_2"]
    assert items["contact"]["paths"] == ["/me", "/v/p1"]
    assert items["contact"]["fields"] == {"phone": "text", "n1": "text"}
    assert sorted([*items["usage"]["paths"], *items["usage_2"]["paths"]]) == sorted(
        f"/v/p{number}" for number in range(70) if number != 1
    )
    written = [{**item, "reason": "because"} for item in made.items]
    assert remarks(tmp_path, {**OWN, "data_plan": written}) == PlanRemarks()


def test_what_is_said_to_a_program_may_be_told_by_all_that_it_sends(tmp_path: Path) -> None:
    own = {"voice": {"intents": [{"name": "on", "phrases": ["lamp on"]}]}}
    (item, _) = drafted(tmp_path, "wx.reportEvent('lamp', { on: true }); App({})", own).items
    assert item["derived_from"] == ["speech"]


def test_of_one_declared_server_an_address_may_be_put_together(tmp_path: Path) -> None:
    source = "wx.request({ url: config.base + '/forecast' }); App({})"
    (item, _) = drafted(tmp_path, source, OWN).items
    assert (item["name"], item["destination"], item["paths"]) == ("forecast", "https://a.example", ["/forecast"])


UNCLEAR = [
    ("wx.reportEvent(name, {})", "the name of the event is only known when the program runs: name its events yourself"),
    ("wx.reportEvent('two words', {})", "the device refuses events with the name 'two words'"),
    ("wx.reportEvent('a', values)", "a may have more fields than are written out here: add them yourself"),
    (
        "wx.request({ url: config.base + '/x' })",
        "the address is only known when the program runs: name its server and paths yourself",
    ),
    (
        "wx.connectSocket({ url: 'wss://a.example/live' })",
        "what is sent on the socket is not told apart: add its fields yourself",
    ),
]


@pytest.mark.parametrize(("source", "remark"), UNCLEAR)
def test_what_cannot_be_told_from_the_source_is_said_with_its_place(source: str, remark: str, tmp_path: Path) -> None:
    assert drafted(tmp_path, f"{source}; App({{}})", {}).remarks == [f"app.js:1: {remark}"]


def test_code_that_sends_nothing_makes_an_empty_draft(tmp_path: Path) -> None:
    directory = write(tmp_path, WECHAT)
    project = load_project(directory)
    assert draft_plan(outflows_of(directory, project), parse_manifest(json.dumps(project.manifest))) == Draft()
