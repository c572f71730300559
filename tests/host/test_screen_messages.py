"""What screens may say, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from device_runtime.host.screen.layout import QueryResult, Viewport
from device_runtime.host.screen.messages import (
    Back,
    ClientMessage,
    Erase,
    Home,
    Launch,
    Listen,
    Microphone,
    NodeEvent,
    Open,
    ScreenMessageError,
    ShowPrivacy,
    UiResult,
    Utterance,
    parse_client_message,
)

TAP: dict[str, Any] = {"type": "node", "app_id": "a.b", "page": 1, "node": 7, "event": "tap"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (TAP, NodeEvent("a.b", 1, 7, "tap", {}, [], 0.0)),
        (
            TAP | {"detail": {"x": 1}, "touches": [{"identifier": 0}], "time_stamp": 12.5},
            NodeEvent("a.b", 1, 7, "tap", {"x": 1}, [{"identifier": 0}], 12.5, [{"identifier": 0}]),
        ),
        (
            TAP | {"event": "touchend", "changed_touches": [{"identifier": 2}]},
            NodeEvent("a.b", 1, 7, "touchend", {}, [], 0.0, [{"identifier": 2}]),
        ),
        ({"type": "query_result", "id": "q1", "results": None}, QueryResult("q1", None)),
        (
            {"type": "query_result", "id": "q1", "results": [None, {"size": {"width": 1, "height": 2}}]},
            QueryResult("q1", [None, {"size": {"width": 1.0, "height": 2.0}}]),
        ),
        (
            {"type": "viewport", "width": 1, "height": 2, "screen_width": 3, "screen_height": 4, "pixel_ratio": 1.5},
            Viewport("", 1, 2, 3, 4, 1.5, "light"),
        ),
        ({"type": "launch", "app_id": "a.b"}, Launch("a.b", "")),
        ({"type": "launch", "app_id": "a.b", "path": "pages/x?y=1"}, Launch("a.b", "pages/x?y=1")),
        ({"type": "home"}, Home()),
        ({"type": "back", "app_id": "a.b"}, Back("a.b", 1)),
        ({"type": "back", "app_id": "a.b", "delta": 3}, Back("a.b", 3)),
        ({"type": "open", "app_id": "a.b", "path": "pages/x"}, Open("a.b", "pages/x", "navigateTo")),
        (
            {"type": "open", "app_id": "a.b", "path": "pages/x", "open_type": "switchTab"},
            Open("a.b", "pages/x", "switchTab"),
        ),
        ({"type": "utterance", "text": " lights on "}, Utterance("lights on")),
        ({"type": "listen"}, Listen()),
        ({"type": "privacy"}, ShowPrivacy()),
        ({"type": "privacy", "open": False}, ShowPrivacy(open=False)),
        ({"type": "erase", "app_id": "a.b"}, Erase("a.b")),
        ({"type": "erase", "app_id": ""}, Erase("")),
        ({"type": "microphone", "state": "refused"}, Microphone("refused")),
        ({"type": "ui_result", "id": "d1", "result": {"confirm": True}}, UiResult("d1", {"confirm": True})),
    ],
)
def test_a_message_is_read(document: dict[str, Any], message: ClientMessage) -> None:
    assert parse_client_message(json.dumps(document)) == message


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a message must be JSON"),
        ("[1", "a message must be JSON"),
        ("[" * 100_000, "a message must be JSON"),
        ('{"type":"node","time_stamp":NaN}', "a message must be JSON"),
        ("[]", "one JSON object"),
        ("{}", "type must be one of node, launch"),
        ('{"type":["node"]}', "type must be one of"),
        ('{"type":"reboot"}', "type must be one of"),
        (json.dumps(TAP | {"page": "1"}), "node: page must be a whole number"),
        (json.dumps(TAP | {"page": True}), "node: page must be a whole number"),
        (json.dumps(TAP | {"node": -1}), "node: node must be a whole number from 0"),
        (json.dumps(TAP | {"node": 1.5}), "node: node must be a whole number"),
        (json.dumps(TAP | {"event": "<script>"}), "node: event must be the name of an event"),
        (json.dumps(TAP | {"event": "t" * 65}), "node: event must be the name of an event"),
        (json.dumps(TAP | {"app_id": "../etc"}), "node: app_id must be the id of a program"),
        (json.dumps(TAP | {"touches": [1]}), "node: touches must be a list"),
        (json.dumps(TAP | {"touches": [{}] * 17}), "at most 16 objects"),
        (json.dumps(TAP | {"changed_touches": 3}), "node: changed_touches must be a list"),
        ('{"type":"query_result","id":"q1","results":[3]}', "query_result: a result must be an object"),
        ('{"type":"query_result","id":"q1","results":[{"html":""}]}', "query_result: a result may hold rect"),
        ('{"type":"query_result","id":"q1","results":{}}', "query_result: results must be null or a list"),
        ('{"type":"viewport","width":-1}', "viewport: width must be a whole number"),
        ('{"type":"intersection","app_id":"a","intersection_ratio":true}', "intersection_ratio must be a number"),
        (json.dumps(TAP | {"time_stamp": "now"}), "node: time_stamp must be a number"),
        (json.dumps(TAP | {"detail": json.loads("[" * 20 + "]" * 20)}), "16 levels deep"),
        ('{"type":"launch"}', "launch: app_id"),
        ('{"type":"back","app_id":"a","delta":0}', "back: delta must be a whole number from 1"),
        ('{"type":"open","app_id":"a","path":"p","open_type":"eval"}', "open: open_type must be one of navigateTo"),
        ('{"type":"open","app_id":"a"}', "open: path must be a string"),
        ('{"type":"microphone","state":"broken"}', "microphone: state must be on, off or refused"),
        ('{"type":"utterance","text":"   "}', "utterance: text must hold what was asked"),
        (json.dumps({"type": "utterance", "text": "x" * 501}), "at most 500 characters"),
        ('{"type":"ui_result","id":"../x"}', "ui_result: id must be the id of an open dialogue"),
    ],
)
def test_a_bad_message_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ScreenMessageError, match=sentence.replace("|", r"\|")):
        parse_client_message(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(
        [
            "node",
            "launch",
            "home",
            "back",
            "open",
            "utterance",
            "listen",
            "ui_result",
            "query_result",
            "intersection",
            "viewport",
            "?",
        ]
    ),
    st.dictionaries(
        st.sampled_from(
            ["app_id", "page", "node", "event", "detail", "touches", "time_stamp", "path", "text", "id", "results"]
        ),
        JSON,
    ),
)
def test_any_json_is_read_or_refused(kind: str, members: dict[str, Any]) -> None:
    try:
        message = parse_client_message(json.dumps({"type": kind} | members))
    except ScreenMessageError:
        return
    if isinstance(message, NodeEvent):
        assert isinstance(message.page, int)
        assert all(isinstance(touch, dict) for touch in message.touches)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(ScreenMessageError):
        parse_client_message(text)
