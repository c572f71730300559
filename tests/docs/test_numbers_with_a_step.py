"""The table of numbers with a step in docs/manifest.md is so: each expression, in JavaScript, against the rules."""

import json

import jsbox
import pytest
from yarl import URL

from device_runtime.privacy.matching import UnplannedError, match
from device_runtime.privacy.outflow import Outflow, event_outflow, message_outflow, page_outflow, request_outflow
from device_runtime.program.data_fields import DataField
from device_runtime.program.data_plan import FLEET, OTHER_DEVICE, DataItem, DataPlan
from tests.docs.pages import DOCS, table

ORIGIN = "https://api.example.com"
REFUSED = "refused"
ROWS = [
    (expression.strip("`"), event, request)
    for expression, event, request in table(DOCS / "manifest.md", "Numbers with a step")
]
TENTHS = DataField("number", least=0, most=1, step=0.1)
FINE = DataField("number", step=1e-7)


def plan(field: DataField) -> DataPlan:
    def item(name: str, destination: str, *paths: str) -> DataItem:
        return DataItem(name, "usage", {"x": field}, "service", "why", "consent", 1, destination, paths=paths)

    return DataPlan((item("told", FLEET), item("asked", ORIGIN, "/p", "/p/{x}"), item("shared", OTHER_DEVICE)))


def evaluated(expression: str) -> str:
    return str(jsbox.Runtime().eval(expression))


def in_event(expression: str, of: DataPlan) -> str:
    value = json.loads(evaluated(f"JSON.stringify({expression})"))
    values = of.settled("told", {"x": value})
    return json.dumps(values["x"]) if passes(of, event_outflow("told", values, 1)) else REFUSED


def in_requests(expression: str, of: DataPlan) -> dict[str, str]:
    """What leaves, in each place where a program writes."""
    text, body = evaluated(f"String({expression})"), evaluated(f"JSON.stringify({{ x: {expression} }})")
    ways = {
        "query": request_outflow("GET", URL(f"{ORIGIN}/p?x={text}"), {}, None),
        "path": request_outflow("GET", URL(f"{ORIGIN}/p/{text}"), {}, None),
        "header": request_outflow("GET", URL(f"{ORIGIN}/p"), {"X": text}, None),
        "data": request_outflow("POST", URL(f"{ORIGIN}/p"), {}, body.encode()),
        "form": request_outflow(
            "POST", URL(f"{ORIGIN}/p"), {"Content-Type": "application/x-www-form-urlencoded"}, f"x={text}".encode()
        ),
        "message": message_outflow(ORIGIN, "/p", body),
        "page": page_outflow(f"pages/a/a?x={text}", ""),
    }
    return {way: text if passes(of, outflow) else REFUSED for way, outflow in ways.items()}


def passes(of: DataPlan, outflow: Outflow) -> bool:
    try:
        match(of, outflow)
    except UnplannedError:
        return False
    return True


@pytest.mark.parametrize(("expression", "event", "request_"), ROWS)
def test_a_number_leaves_or_is_refused_as_the_table_says(expression: str, event: str, request_: str) -> None:
    of = plan(TENTHS)
    assert in_event(expression, of) == event
    assert set(in_requests(expression, of).values()) == {request_}


def test_a_multiple_of_another_step_is_made_as_the_page_says() -> None:
    page = (DOCS / "manifest.md").read_text(encoding="utf-8")
    assert "`Number((Math.round(x / 0.25) * 0.25).toFixed(2))`" in page
    of = plan(DataField("number", step=0.25))
    rounded = "Number((Math.round(3.3 / 0.25) * 0.25).toFixed(2))"
    assert (in_event(rounded, of), set(in_requests(rounded, of).values())) == ("3.25", {"3.25"})


@pytest.mark.parametrize(("number", "fits"), [("0.0001", True), ("0.00009", False), ("1e-7", False), ("0", True)])
def test_a_request_holds_no_number_nearer_to_0_than_the_page_says(number: str, fits: bool) -> None:
    of = plan(FINE)
    assert in_event(number, of) != REFUSED
    assert set(in_requests(number, of).values()) == {number if fits else REFUSED}
