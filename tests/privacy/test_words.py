# ruff: noqa: E501 a row of a table reads better whole
"""A data plan in words for an owner."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

import pytest

from device_runtime.privacy.words import (
    detail,
    heading,
    how_long,
    kept,
    question,
    sentence,
    spoken,
    unspoken,
    what,
    where,
)
from device_runtime.program.data_fields import DataField
from device_runtime.program.data_plan import PURPOSES, Category, DataItem, unspoken_plan

HEARD = DataItem(
    "heard",
    "sensor",
    {"sound": DataField("choice", ("siren", "horn"))},
    "statistics",
    "to count what is heard",
    "consent",
    30,
    "fleet",
)
FORECAST = DataItem(
    "forecast",
    "preferences",
    {"city": DataField("choice", ("oslo", "berlin", "tokyo"))},
    "service",
    "to fetch the forecast",
    "contract",
    0,
    "https://weather.example",
    paths=("/v1/{city}",),
)

SENTENCES: list[tuple[DataItem, str]] = [
    (HEARD, "The program sends what this device measures to your fleet: sound (siren or horn). It does so to make statistics about many people. The maker of the program says: “to count what is heard”. It is kept there for 30 days. The program does not need it: you can say no."),
    (FORECAST, "The program sends your settings and choices to weather.example: city (oslo, berlin or tokyo). It does so to do what the program is for. The maker of the program says: “to fetch the forecast”. It is not kept there: when the answer is made, it is gone. The program cannot work without it."),
    (replace(HEARD, precision="aggregated", derived_from=("sensor", "speech", "location")), "The program sends what this device measures to your fleet: sound (siren or horn), only counted. It does so to make statistics about many people. The maker of the program says: “to count what is heard”. It is kept there for 30 days. The program does not need it: you can say no. It may also tell something of what you say and where you or this device are."),
    (replace(HEARD, destination="device", retention_days=0), "The program uses what this device measures on this device: sound (siren or horn). It does so to make statistics about many people. The maker of the program says: “to count what is heard”. Nothing of it leaves this device. The program does not need it: you can say no."),
    (unspoken_plan(["https://a.example"]).items[1], "Its maker does not say what this program sends, or for what. It may send anything to a.example, where it may be kept for ever. Sound from the microphone and other things that are as personal do not go there."),
]  # fmt: skip


@pytest.mark.parametrize(("item", "said"), SENTENCES)
def test_an_item_is_said_in_a_few_short_sentences(item: DataItem, said: str) -> None:
    assert sentence(item) == said


DETAILS: list[tuple[Mapping[str, DataField], str]] = [
    ({}, "only that it happened"),
    ({"on": DataField("boolean")}, "on (yes or no)"),
    ({"lamp_state": DataField("choice", ("on", "off"))}, "lamp state (on or off)"),
    ({"kind": DataField("choice", tuple("abcdefghi"))}, "kind (one of 9 words)"),
    ({"degrees": DataField("number", least=-40, most=60, step=0.1)}, "degrees (rounded to 0.1 from -40 up to 60)"),
    ({"degrees": DataField("number")}, "degrees (an exact number)"),
    ({"count": DataField("integer", least=0)}, "count (a whole number from 0)"),
    ({"note": DataField("text")}, "note (any text of up to 1,000 characters)"),
    ({"clip": DataField("audio", longest=4 * 1024 * 1024)}, "clip (a sound recording of up to 4 MB)"),
    ({"shot": DataField("image", longest=1536)}, "shot (a picture of up to 1.5 KB)"),
    ({"file": DataField("bytes", longest=20)}, "file (any data of up to 20 bytes)"),
    ({"*": DataField("any")}, "* (anything)"),
    ({"on": DataField("boolean"), "off": DataField("boolean")}, "on (yes or no) and off (yes or no)"),
    ({f"f{number}": DataField("boolean") for number in range(20)}, f"{', '.join(f'f{number} (yes or no)' for number in range(7))} and 13 more values"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "said"), DETAILS)
def test_each_field_is_told_with_how_exact_it_is(fields: Mapping[str, DataField], said: str) -> None:
    assert detail(replace(HEARD, fields=fields)) == said


KEPT = [
    (0, "not kept", "It is not kept there: when the answer is made, it is gone."),
    (1, "1 day", "It is kept there for 1 day."),
    (365, "1 year", "It is kept there for 1 year."),
    (730, "2 years", "It is kept there for 2 years."),
    (1_000, "1,000 days", "It is kept there for 1,000 days."),
    (36_500, "100 years", "It is kept there for 100 years."),
]


@pytest.mark.parametrize(("days", "short", "said"), KEPT)
def test_it_is_told_how_long_something_is_kept(days: int, short: str, said: str) -> None:
    item = replace(HEARD, retention_days=days)
    assert (how_long(item), kept(item)) == (short, said)


def test_what_stays_on_the_device_is_said_to_stay() -> None:
    assert how_long(replace(HEARD, destination="device", retention_days=0)) == "stays here"


@pytest.mark.parametrize(
    ("destination", "said"),
    [
        ("device", "this device"),
        ("fleet", "your fleet"),
        ("other-device", "your other devices"),
        ("https://api.example", "api.example"),
        ("wss://api.example:8443", "api.example:8443"),
        ("https://[::1]:80", "[::1]:80"),
        ("https://[nowhere", "https://[nowhere"),
        ("not\u2028here", "'not\\u2028here'"),
    ],
)
def test_a_destination_is_named_as_people_know_it(destination: str, said: str) -> None:
    assert where(destination) == said


def test_what_stays_on_the_device_needs_no_values() -> None:
    ears = replace(HEARD, category="voice", destination="device", retention_days=0, fields={})
    assert sentence(ears).startswith("The program uses sound from the microphone on this device. It does so to ")


def test_several_items_of_one_purpose_are_one_question() -> None:
    asked = question([HEARD, replace(HEARD, name="seen")], " Driver\nalert ")
    first, one, two, needed, last = (line for line in asked.split("\n") if line)
    assert first.startswith("“Driver alert” asks you for 2 things, ")
    assert one == two
    assert one.startswith("• ")
    assert HEARD.reason in one
    assert needed.startswith("The program ")
    assert last == "Do you agree?"


@pytest.mark.parametrize(
    ("items", "said"),
    [
        ([HEARD], f"May Radio send {what(HEARD.category)} to {where(HEARD.destination)}, "),
        ([HEARD, HEARD], f"May Radio send {what(HEARD.category)} to {where(HEARD.destination)}, "),
        ([replace(HEARD, destination="device")], f"May Radio keep {what(HEARD.category)} on this device, "),
        (
            [unspoken_plan(["https://a.example"]).items[1]],
            "Radio does not say what it sends. May it send to a.example?",
        ),
    ],
)
def test_aloud_a_question_is_one_short_sentence(items: list[DataItem], said: str) -> None:
    assert spoken(items, " Radio ").startswith(said)
    assert spoken(items, "Radio").count("?") == 1


def test_a_single_item_is_a_question_of_its_own() -> None:
    voice = replace(HEARD, category="voice")
    first, *said, last = (line for line in question([voice], "Notes").split("\n") if line)
    assert (first, last) == ("“Notes” asks you for one thing.", "Do you agree?")
    assert " ".join(said) == sentence(voice)
    assert len(said) == 4


def test_a_program_without_a_plan_is_one_question_that_names_every_place() -> None:
    items = unspoken_plan(["https://a.example", "wss://b.example"]).items
    assert question(items, "Old") == f"“Old”: {unspoken(items)}\n\nDo you agree?"
    assert "It may send anything to your fleet, a.example and b.example, where" in unspoken(items)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_each_purpose_has_a_heading(purpose: Any) -> None:
    assert heading(purpose).startswith("To ")


@pytest.mark.parametrize("category", get_args(Category))
def test_each_category_is_said_without_its_technical_name(category: Any) -> None:
    assert what(category)
    assert "_" not in what(category)
