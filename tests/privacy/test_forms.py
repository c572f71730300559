"""Forms in which a value leaves, and what no form can take."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from device_runtime.privacy import outflow
from device_runtime.privacy.gate import RefusedError
from device_runtime.privacy.outflow import Outflow, message_outflow, request_outflow
from tests.privacy.room import APP, ORIGIN, Room, item, plan

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def get(address: str) -> Outflow:
    return request_outflow("GET", URL(address), {}, None)


async def test_a_value_in_a_path_tells_few_bits_in_its_one_form_only(room: Room) -> None:
    of = plan(
        item(
            "one", destination=ORIGIN, paths=["/v1/{way}"], fields={"way": {"type": "choice", "of": ["a+b", "\ufffd"]}}
        )
    )
    room.allow(of)
    room.labels.mark(APP, "voice")
    for plain in ("a%2Bb", "%EF%BF%BD"):
        room.gate.permit_now(APP, of, get(f"{ORIGIN}/v1/{plain}"))
    for other in ("a+b", "%FF", "%FE"):
        with pytest.raises(RefusedError, match="does not say that it may tell of it"):
            room.gate.permit_now(APP, of, get(f"{ORIGIN}/v1/{other}"))


def test_what_no_text_can_say_is_taken_apart_without_a_fault() -> None:
    found = message_outflow("wss://live.example", "/", '{"a": "\\ud800"}')
    assert list(found.values) == [("a", "\ud800")]


async def test_a_number_beyond_those_of_javascript_is_refused(room: Room) -> None:
    of = plan(item("far", destination=ORIGIN, paths=["/v1"], fields={"x": {"type": "number", "step": 0.3}}))
    body = b'{"x": 1' + b"0" * 400 + b"}"
    call = request_outflow("POST", URL(f"{ORIGIN}/v1"), {"Content-Type": "application/json"}, body)
    with pytest.raises(RefusedError, match="x must be a number in steps"):
        room.gate.permit_now(APP, of, call)


@pytest.mark.parametrize("body", [b"a=b&" * 2_000 + b"a=b", b"a=" + b"%C3%A9" * 50_000], ids=["many", "long"])
def test_a_form_that_no_plan_can_have_is_not_taken_apart(body: bytes) -> None:
    assert list(request_outflow("POST", URL(ORIGIN), FORM, body).values) == [("body", body.decode())]


@example(query="a=b+b")
@example(query="a=b%20b&c=")
@example(query="a")
@example(query="=a")
@given(query=st.text(alphabet="ab1=&%+2 .~-_é", max_size=12))
def test_a_query_without_escapes_is_read_as_any_other(query: str) -> None:
    sent = URL(f"http://query/?{query}").raw_query_string
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outflow, "_UNESCAPED_QUERY", re.compile("(?!)"))
        expected = outflow._query_values(sent)
    assert outflow._query_values(sent) == expected
