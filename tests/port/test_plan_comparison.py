# ruff: noqa: E501 a row of a table reads better whole
"""A data plan beside the code: what the device would refuse, and what nothing seems to send."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.program.manifest import parse_manifest
from firmware_tools.build.dialects import load_project
from firmware_tools.port.plan_comparison import may_be
from firmware_tools.port.plan_remarks import PlanRemarks, plan_remarks
from firmware_tools.port.texts import Gap, Text
from tests.port.programs import WECHAT, write

FORECAST: Mapping[str, Any] = {
    "name": "forecast",
    "category": "preferences",
    "fields": {"city": "text", "units": "text"},
    "purpose": "service",
    "reason": "to fetch the forecast",
    "retention_days": 0,
    "destination": "https://a.example",
    "paths": ["/v1/{city}", "/v1/near"],
}
HEARD: Mapping[str, Any] = {
    "name": "heard",
    "category": "usage",
    "fields": {"sound": "text"},
    "purpose": "statistics",
    "reason": "to count",
    "retention_days": 1,
    "destination": "fleet",
}
EARS = {**HEARD, "name": "ears", "category": "voice", "destination": "device", "fields": {}}
SHARED = {**HEARD, "name": "shared", "destination": "other-device"}


def remarks(
    folder: Path, source: str, items: Sequence[Mapping[str, Any]] | None, permissions: Sequence[str] = ()
) -> PlanRemarks:
    own: dict[str, Any] = {
        "network": {"request": ["https://a.example", "https://b.example"]},
        "permissions": [{"name": name} for name in permissions],
    }
    if items is not None:
        own["data_plan"] = list(items)
    directory = write(folder, {**WECHAT, "app.js": f"{source}\nApp({{}});\n", "cygnet.json": own})
    return plan_remarks(directory, parse_manifest(json.dumps(load_project(directory).manifest)))


REFUSED: list[tuple[str, str]] = [
    ("wx.reportEvent('seen', {})", "app.js:1:4: no item of data_plan with the name 'seen' goes to the fleet: the device refuses the event"),
    ("wx.reportEvent('forecast', {})", "app.js:1:4: no item of data_plan with the name 'forecast' goes to the fleet: the device refuses the event"),
    ("wx.reportEvent('heard', { sound, loud, near })", "app.js:1:4: the item 'heard' of data_plan does not have the fields 'loud', 'near': the device refuses the event"),
    ("wx.request({ url: 'https://a.example/v2/x' })", "app.js:1:4: no item of data_plan goes to https://a.example with the path /v2/x: the device refuses the call"),
    ("wx.request({ url: `https://a.example/v1/${x}/y` })", "app.js:1:4: no item of data_plan goes to https://a.example with the path /v1/{x}/y: the device refuses the call"),
    ("wx.downloadFile({ url: 'https://b.example/v1/near' })", "app.js:1:4: no item of data_plan goes to https://b.example with the path /v1/near: the device refuses the call"),
    ("wx.request({ url: 'https://a.example/v1/near?lat=1' })", "app.js:1:4: the item 'forecast' of data_plan does not have the field 'lat': the device refuses the call"),
    ("wx.request({ url: config.base + '/v2/x' })", "app.js:1:4: no item of data_plan goes to a server with the path {base}/v2/x: the device refuses the call"),
    ("wx.getRecorderManager()", "app.js:1:4: no item of data_plan is of the category voice or speech: the device refuses the microphone"),
    ("wx.createInferenceSession({}).listen()", "app.js:1:31: no item of data_plan is of the category voice or speech: the device refuses the microphone"),
    ("wx.openShare()", "app.js:1:4: no item of data_plan goes to other-device: the device does not share the page"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "warning"), REFUSED)
def test_what_no_item_declares_is_a_warning_with_its_place(source: str, warning: str, tmp_path: Path) -> None:
    assert remarks(tmp_path, source, [FORECAST, HEARD], ["share"]).warnings == (warning,)


DECLARED = [
    "wx.reportEvent('heard', { sound })",
    "wx.reportEvent('heard', values)",
    "wx.reportEvent(name, {})",
    "wx.request({ url: 'https://a.example/v1/oslo', data: { units: 'c' } })",
    "wx.request({ url: `https://a.example/v1/${city}?units=c` })",
    "wx.request({ url: 'https://A.EXAMPLE/v1/near' })",
    "wx.request({ url: 'https://a.example' + path })",
    "wx.request({ url: config.base + '/near' })",
    "wx.request(options)",
    "wx.getRecorderManager()",
    "wx.createInferenceSession({}).listen()",
    "wx.openShare()",
    "wx.setStorageSync('a', 1)",
]


@pytest.mark.parametrize("source", DECLARED)
def test_what_an_item_declares_or_may_declare_is_no_warning(source: str, tmp_path: Path) -> None:
    assert remarks(tmp_path, source, [FORECAST, HEARD, EARS, SHARED], ["share"]).warnings == ()


def test_what_a_page_would_share_goes_nowhere_without_the_permission(tmp_path: Path) -> None:
    assert remarks(tmp_path, "Page({ onShareAppMessage() {} })", [], []).warnings == ()


def test_a_member_of_an_object_declares_the_object(tmp_path: Path) -> None:
    item = {**HEARD, "fields": {"sound.name": "text"}}
    assert remarks(tmp_path, "wx.reportEvent('heard', { sound: { name } })", [item]).warnings == ()


def test_what_nothing_seems_to_send_is_a_note_with_the_line_of_the_item(tmp_path: Path) -> None:
    found = remarks(tmp_path, "", [FORECAST, HEARD, EARS, SHARED])
    lines = (tmp_path / "cygnet.json").read_text().splitlines()
    assert found.warnings == ()
    assert list(found.notes) == [
        f"cygnet.json:{1 + lines.index(f'      {chr(34)}name{chr(34)}: {chr(34)}{name}{chr(34)},')}: "
        f"nothing in the code seems to send what the item '{name}' of data_plan declares"
        for name in ("forecast", "heard", "shared")
    ]


def test_where_the_names_of_events_are_put_together_no_event_is_missed(tmp_path: Path) -> None:
    assert remarks(tmp_path, "wx.reportEvent(name, {})", [HEARD]).notes == (
        "app.js:1:4: the name of the event is only known when the program runs",
    )


def test_an_item_that_a_call_of_unknown_address_may_mean_is_not_missed(tmp_path: Path) -> None:
    assert remarks(tmp_path, "wx.request({ url: base + path })", [FORECAST]).notes == ()


def test_nothing_is_said_of_a_program_without_a_plan(tmp_path: Path) -> None:
    assert remarks(tmp_path, "wx.reportEvent('seen', {}); wx.getRecorderManager()", None) == PlanRemarks()


ANY = Gap("x")
PATHS: list[tuple[Text, str, bool]] = [
    (("/a",), "/a", True),
    (("/a",), "/a/", False),
    (("/a/b",), "/a/{x}", True),
    (("/a/b/c",), "/a/{x}", False),
    (("/a/",), "/a/{x}", False),
    ((ANY,), "/a/{x}/b", True),
    ((ANY, "/b"), "/a/{x}/b", True),
    ((ANY, "/c"), "/a/{x}/b", False),
    (("/a/", ANY), "/a/b/c", True),
    (("/a/", ANY, ".json"), "/a/{x}", True),
    (("/a/v", ANY), "/a/{x}", True),
    (("/a/", ANY, "/b"), "/a/{x}/{y}", True),
    (("/", ANY, "/", ANY), "/{x}", False),
    (("/", ANY, ANY), "/{x}/b", True),
]


@pytest.mark.parametrize(("path", "template", "fits"), PATHS)
def test_a_path_with_gaps_may_be_one_of_a_template_or_not(path: Text, template: str, fits: bool) -> None:
    assert may_be(path, template) is fits


@given(st.data())
def test_a_path_whose_parts_are_left_out_may_still_be_the_one_that_it_was(data: st.DataObject) -> None:
    segments = data.draw(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4))
    path = "".join(f"/{segment}" for segment in segments)
    template = "".join(f"/{'{x}' if data.draw(st.booleans()) else segment}" for segment in segments)
    start = data.draw(st.integers(0, len(path)))
    end = data.draw(st.integers(start, len(path)))
    assert may_be((path,), template)
    assert may_be((path[:start], ANY, path[end:]), template)
