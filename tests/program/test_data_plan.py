# ruff: noqa: E501 a row of a table reads better whole
"""``cygnet.data_plan`` of a manifest: what may stand there, what each fault is told as, and which plan asks for more."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.program.data_fields import DataField
from device_runtime.program.data_plan import (
    CATEGORIES,
    PURPOSES,
    DataItem,
    DataPlan,
    read_item,
    unspoken_plan,
)
from device_runtime.program.manifest import ManifestError, parse_manifest
from device_runtime.program.members import Members
from tests.program.test_data_fields import FIELDS

HEARD: Mapping[str, Any] = {
    "name": "heard",
    "category": "sensor",
    "fields": {"sound": {"type": "choice", "of": ["siren", "horn"]}},
    "purpose": "statistics",
    "reason": "to count what is heard",
    "retention_days": 30,
    "destination": "fleet",
}
FORECAST: Mapping[str, Any] = {
    "name": "forecast",
    "category": "preferences",
    "fields": {"city": {"type": "choice", "of": ["oslo", "berlin"]}},
    "purpose": "service",
    "reason": "to fetch the forecast",
    "retention_days": 0,
    "destination": "https://weather.example",
    "paths": ["/v1/forecast/{city}"],
}


def manifest(plan: object) -> str:
    document = {
        "app_id": "a",
        "name": "A",
        "version": {"code": 1, "name": "1"},
        "platform_version": {"min_code": 1},
        "pages": ["p"],
        "cygnet": {
            "network": {"request": ["https://weather.example"], "socket": ["wss://weather.example"]},
            "data_plan": plan,
        },
    }
    return json.dumps(document, indent=1)


def plan_of(*items: Mapping[str, Any]) -> DataPlan:
    return parse_manifest(manifest(list(items))).data_plan


def test_an_item_is_read_as_it_is_written() -> None:
    plan = plan_of(HEARD, {**FORECAST, "basis": "contract", "precision": "rounded", "derived_from": ["location"]})
    assert plan.spoken
    assert plan.by_name["heard"] == DataItem(
        "heard",
        "sensor",
        {"sound": DataField("choice", ("siren", "horn"))},
        "statistics",
        "to count what is heard",
        "consent",
        30,
        "fleet",
    )
    assert plan.by_name["forecast"] == DataItem(
        "forecast",
        "preferences",
        {"city": DataField("choice", ("oslo", "berlin"))},
        "service",
        "to fetch the forecast",
        "contract",
        0,
        "https://weather.example",
        "rounded",
        ("location",),
        ("/v1/forecast/{city}",),
    )
    assert [item.name for item in plan.to("fleet")] == ["heard"]


def test_an_item_that_stays_on_the_device_needs_no_time() -> None:
    without = {name: value for name, value in HEARD.items() if name != "retention_days"}
    item = plan_of({**without, "destination": "device"}).by_name["heard"]
    assert (item.retention_days, item.leaves) == (0, False)


ORIGINS = "https://weather.example, wss://weather.example (the origins are those of cygnet.network)"
# (the item, what is changed in it, the member whose line is told, what is said)
WRONG: list[tuple[Mapping[str, Any], Mapping[str, Any], str, str]] = [
    (HEARD, {"name": "what was heard"}, "name", 'name must be 1 to 64 letters, digits, dots, underscores and hyphens, not "what was heard"'),
    (HEARD, {"categroy": "sensor"}, "categroy", "categroy means nothing; cygnet.data_plan[0] has name, category, fields, purpose, reason, basis, retention_days, destination, precision, derived_from, paths"),
    (HEARD, {"category": "unspecified"}, "category", f'category must be {", ".join(f"{chr(34)}{each}{chr(34)}" for each in CATEGORIES[:-1])} or "address_book", not "unspecified"'),
    (HEARD, {"purpose": "profit"}, "purpose", f'purpose must be {", ".join(f"{chr(34)}{each}{chr(34)}" for each in PURPOSES[:-1])} or "marketing", not "profit"'),
    (HEARD, {"reason": ""}, "reason", 'reason must be a string that is not empty, not ""'),
    (HEARD, {"reason": "two\nlines"}, "reason", 'reason must be one line of at most 200 characters: a person reads it, not "two\\nlines"'),
    (HEARD, {"reason": "x" * 201}, "reason", f'reason must be one line of at most 200 characters: a person reads it, not "{"x" * 59}…'),
    (HEARD, {"basis": "interest"}, "basis", 'basis must be "consent" or "contract", not "interest"'),
    (HEARD, {"retention_days": None}, "retention_days", "the member cygnet.data_plan[0].retention_days is missing; it must be a whole number"),
    (HEARD, {"retention_days": -1}, "retention_days", "retention_days must be a whole number from 0 on, not -1"),
    (HEARD, {"retention_days": 36_501}, "retention_days", "retention_days must be at most 36500, not 36501"),
    (HEARD, {"retention_days": 1.5}, "retention_days", "retention_days must be a whole number, not 1.5"),
    (HEARD, {"destination": "https://other.example"}, "destination", f'destination must be one of device, fleet, other-device, {ORIGINS}, not "https://other.example"'),
    (HEARD, {"precision": "fine"}, "precision", 'precision must be "exact", "rounded" or "aggregated", not "fine"'),
    (HEARD, {"derived_from": ["speech", "mood"]}, "mood", f'derived_from[1] must be one of {", ".join(CATEGORIES)}, not "mood"'),
    (HEARD, {"derived_from": "speech"}, "derived_from", 'derived_from must be a list, not "speech"'),
    (HEARD, {"paths": ["/v1"]}, "paths", 'paths must be left out: only what goes to an origin has paths, not ["/v1"]'),
    (HEARD, {"fields": ["sound"]}, "fields", 'fields must be a JSON object, not ["sound"]'),
    (HEARD, {"fields": {"a b": "text"}}, "a b", "fields.a b: a field's name is letters, digits, dots, underscores and hyphens"),
    (HEARD, {"fields": {f"f{number}": "text" for number in range(65)}}, "fields", "fields must be at most 64 fields, not "),
    (HEARD, {"fields": {"clip": {"type": "audio"}}}, "category", 'category must be voice, since a field is of the type audio; or voice in derived_from, not "sensor"'),
    (HEARD, {"category": "voice", "fields": {"shot": {"type": "image"}}}, "category", 'category must be image, since a field is of the type image; or image in derived_from, not "voice"'),
    (HEARD, {"precision": "rounded", "fields": {"degrees": "number"}}, "degrees", "fields.degrees is exact, and the item is rounded: give it a step or choices"),
    (HEARD, {"precision": "rounded", "fields": {"note": "text"}}, "note", "fields.note is exact, and the item is rounded: give it a step or choices"),
    (HEARD, {"precision": "aggregated", "fields": {"a": "boolean", "b": "boolean"}}, "precision", 'precision must be aggregated only for a single field of 2 to 64 values, which are counted, not "aggregated"'),
    (HEARD, {"precision": "aggregated", "fields": {"n": {"type": "integer", "min": 1, "max": 65}}}, "precision", 'precision must be aggregated only for a single field of 2 to 64 values, which are counted, not "aggregated"'),
    (FORECAST, {"precision": "aggregated"}, "destination", 'destination must be fleet, since the item is aggregated: the fleet counts, not "https://weather.example"'),
    (FORECAST, {"paths": None}, "paths", "the member cygnet.data_plan[0].paths is missing; it must be a list"),
    (FORECAST, {"paths": []}, "paths", "paths must be a list of at least one path, not []"),
    (FORECAST, {"paths": ["v1"]}, "v1", 'paths[0] must be a path such as /v1/forecast/{city}, where city is one of the fields, not "v1"'),
    (FORECAST, {"paths": ["/v1?city={city}"]}, "/v1?", 'paths[0] must be a path such as /v1/forecast/{city}, where city is one of the fields, not "/v1?city={city}"'),
    (FORECAST, {"paths": ["/{town}"]}, "paths", '"/{town}" has {town}, which is none of the fields'),
]  # fmt: skip


def told(item: Mapping[str, Any]) -> str:
    with pytest.raises(ManifestError) as failure:
        plan_of(item)
    return str(failure.value)


@pytest.mark.parametrize(("item", "change", "member", "sentence"), WRONG, ids=range(len(WRONG)))
def test_an_item_that_is_wrong_is_told_with_line_member_and_what_was_expected(
    item: Mapping[str, Any], change: Mapping[str, Any], member: str, sentence: str
) -> None:
    wrong = {name: value for name, value in {**item, **change}.items() if value is not None}
    lines = manifest([wrong]).splitlines()
    start = lines.index("   {")
    absent = sentence.startswith("the member")
    where = (
        start if absent else next(at for at in range(start, len(lines)) if lines[at].strip().startswith(f'"{member}'))
    )
    named = sentence if absent or sentence.startswith('"/{town}') else f"cygnet.data_plan[0].{sentence}"
    assert told(wrong).startswith(f"manifest.json:{where + 1}: {named}")


def test_two_items_have_two_names() -> None:
    with pytest.raises(
        ManifestError, match=r'cygnet\.data_plan\[1\]\.name must be a name that no other item has, not "heard"'
    ):
        plan_of(HEARD, HEARD)


def test_a_plan_has_no_more_items_than_a_person_can_look_through() -> None:
    items = [{**HEARD, "name": f"heard_{number}"} for number in range(65)]
    assert len(plan_of(*items[:64]).items) == 64
    with pytest.raises(ManifestError, match=r"cygnet\.data_plan holds more than 64 items"):
        plan_of(*items)


@pytest.mark.parametrize("plan", ["none", {"name": "heard"}, [5]])
def test_a_plan_is_a_list_of_objects(plan: object) -> None:
    with pytest.raises(ManifestError, match=r"cygnet\.data_plan(\[0\])? must be a (list|JSON object), not "):
        parse_manifest(manifest(plan))


def test_an_empty_plan_says_that_nothing_is_collected() -> None:
    plan = plan_of()
    assert (plan.spoken, plan.items) == (True, ())


def test_a_program_without_a_plan_gets_one_that_says_so() -> None:
    plan = parse_manifest(manifest(None)).data_plan
    assert plan == unspoken_plan(["https://weather.example", "wss://weather.example"])
    assert not plan.spoken
    assert [item.destination for item in plan.items] == ["fleet", "https://weather.example", "wss://weather.example"]
    assert all(item.is_unspoken and item.leaves and item.fields["*"].kind == "any" for item in plan.items)


SENSITIVE = [
    ({}, False, False),
    ({"category": "voice"}, True, False),
    ({"derived_from": ["speech"]}, True, False),
    ({"derived_from": ["usage"]}, False, False),
    ({"derived_from": ["voice"], "fields": {"clip": {"type": "audio"}}}, True, True),
]


@pytest.mark.parametrize(("change", "sensitive", "media"), SENSITIVE)
def test_an_item_is_sensitive_by_what_it_is_and_by_what_it_may_tell(
    change: Mapping[str, Any], sensitive: bool, media: bool
) -> None:
    item = plan_of({**HEARD, **change}).by_name["heard"]
    assert (item.is_sensitive, item.holds_media) == (sensitive, media)


WIDER: list[tuple[Mapping[str, Any], Mapping[str, Any], bool]] = [
    (HEARD, {"reason": "for another reason", "name": "other"}, False),
    (HEARD, {"retention_days": 29}, False),
    (HEARD, {"retention_days": 31}, True),
    (HEARD, {"purpose": "marketing"}, True),
    (HEARD, {"basis": "contract"}, True),
    (HEARD, {"destination": "other-device"}, True),
    (HEARD, {"category": "usage"}, True),
    (HEARD, {"derived_from": ["speech"]}, True),
    (HEARD, {"precision": "aggregated"}, False),
    ({**HEARD, "precision": "aggregated"}, {"precision": "exact"}, True),
    (HEARD, {"fields": {}}, False),
    (HEARD, {"fields": {"sound": {"type": "choice", "of": ["horn"]}}}, False),
    (HEARD, {"fields": {"sound": {"type": "choice", "of": ["horn", "siren", "bell"]}}}, True),
    (HEARD, {"fields": {**HEARD["fields"], "loud": "boolean"}}, True),
    (FORECAST, {"paths": ["/v1/forecast/{city}", "/v1/rain"]}, True),
]  # fmt: skip


@pytest.mark.parametrize(("before", "change", "wider"), WIDER)
def test_a_changed_item_is_wider_if_a_yes_to_the_former_one_is_none_to_it(
    before: Mapping[str, Any], change: Mapping[str, Any], wider: bool
) -> None:
    (former,), (changed,) = plan_of(before).items, plan_of({**before, **change}).items
    assert changed.is_wider_than(former) is wider


NAMES = st.sampled_from(("a", "b_2", "c.d", "e-f"))


@st.composite
def items(draw: st.DrawFn) -> DataItem:
    destination = draw(st.sampled_from(("device", "fleet", "other-device", "https://a.example")))
    to_origin = destination.startswith("https")
    fields = {
        name: each
        for name, each in draw(st.dictionaries(NAMES, FIELDS, max_size=3)).items()
        if each.kind not in ("audio", "image")
    }
    paths = ["/v1", *(f"/v1/{{{name}}}" for name in fields)] if to_origin else []
    closed = len(fields) == 1 and all(1 <= each.bits <= 5 for each in fields.values())
    return DataItem(
        draw(NAMES),
        draw(st.sampled_from(CATEGORIES)),
        fields,
        draw(st.sampled_from(PURPOSES)),
        draw(st.sampled_from(("to know", "for you"))),
        draw(st.sampled_from(("consent", "contract"))),
        0 if destination == "device" else draw(st.integers(0, 36_500)),
        destination,
        "aggregated" if destination == "fleet" and closed and draw(st.booleans()) else "exact",
        tuple(draw(st.lists(st.sampled_from(CATEGORIES), max_size=2))),
        tuple(draw(st.lists(st.sampled_from(paths), min_size=1, unique=True))) if to_origin else (),
    )


@given(items())
def test_what_the_manifest_would_have_of_an_item_is_read_as_the_same_item(item: DataItem) -> None:
    assert read_item(Members(json.loads(json.dumps(item.document())))) == item


@given(items())
def test_no_item_is_wider_than_itself(item: DataItem) -> None:
    assert not item.is_wider_than(item)


@given(items(), items(), NAMES, st.one_of(st.booleans(), st.integers(-9, 9), st.sampled_from("abc")))
def test_an_item_that_is_not_wider_than_another_lets_out_only_what_the_other_does(
    one: DataItem, other: DataItem, name: str, value: object
) -> None:
    # Most of two items have nothing in common, so the other one is given all of the one but its fields, too.
    for pair in ((one, other), (one, replace(one, fields={**one.fields, **other.fields}))):
        first, second = pair
        if not first.is_wider_than(second) and name in first.fields and not first.fields[name].refusal(value):
            assert not second.fields[name].refusal(value)
            assert first.covers <= second.covers
            assert first.retention_days <= second.retention_days
