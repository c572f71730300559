"""The gate: what leaves, what does not, and what is said of it."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from yarl import URL

from device_runtime.capability.parts import sensor_capabilities
from device_runtime.capability.registry import Caller, CapabilityError, CapabilityGate
from device_runtime.capability.telemetry import telemetry_capability
from device_runtime.privacy.consents import Profile
from device_runtime.privacy.gate import ASK_AGAIN_SECONDS, RefusedError
from device_runtime.privacy.matching import match
from device_runtime.privacy.outflow import (
    Outflow,
    closing_outflow,
    event_outflow,
    page_outflow,
    request_outflow,
)
from device_runtime.program.data_plan import unspoken_plan
from device_runtime.values import Value
from tests.privacy.room import APP, ORIGIN, Room, item, manifest, plan
from tests.sync.waiting import until

HEARD = plan(item("heard"), item("crash", purpose="safety", fields={"code": {"type": "integer", "min": 0, "max": 9}}))
PLACE = plan(
    item(
        "forecast", category="location", purpose="service", destination=ORIGIN, paths=["/v1/forecast/{city}"],
        fields={
            "city": {"type": "choice", "of": ["Bern", "Basel"]},
            "lat": {"type": "number", "min": -90, "max": 90, "step": 0.1},
        },
    ),
    item("heard"),
    item("clicks", fields={"button": {"type": "choice", "of": ["a", "b"]}}),
)  # fmt: skip

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def heard(station: object = "one") -> Outflow:
    return event_outflow("heard", {"station": station}, 20)


def get(address: str, header: dict[str, str] | None = None) -> Outflow:
    return request_outflow("GET", URL(address), header or {}, None)


async def test_nothing_leaves_before_a_person_agreed_and_then_it_does(room: Room) -> None:
    with pytest.raises(RefusedError, match="nobody has agreed yet to the item heard"):
        room.gate.permit_now(APP, HEARD, heard())
    room.allow(HEARD, "heard")
    room.gate.permit_now(APP, HEARD, heard())
    assert room.acts() == [("refused", "heard"), ("grant", "heard"), ("send", "heard")]


async def test_a_request_waits_while_a_person_thinks_and_leaves_with_the_yes(room: Room) -> None:
    room.person.answer, room.person.thinks = True, asyncio.Event()
    sending = asyncio.create_task(room.gate.permit(APP, PLACE, get(f"{ORIGIN}/v1/forecast/Bern?lat=46.9")))
    await until(lambda: room.person.asked == [["forecast"]])
    assert not sending.done()
    room.person.thinks.set()
    await sending
    assert room.acts() == [("grant", "forecast"), ("send", "forecast")]


@pytest.mark.parametrize(("later", "standing"), [("child", "refused"), ("guest", "unasked")])
async def test_who_takes_over_the_device_does_not_answer_for_who_was_asked(
    room: Room, later: Profile, standing: str
) -> None:
    room.person.answer, room.person.thinks = True, asyncio.Event()
    sending = asyncio.create_task(room.gate.permit(APP, HEARD, heard()))
    await until(lambda: room.person.asked == [["heard"]])
    room.consents.switch(later)
    room.person.thinks.set()
    with pytest.raises(RefusedError):
        await sending
    assert room.consents.standing(APP, HEARD.by_name["heard"]).value == standing
    room.consents.switch("owner")
    assert room.consents.standing(APP, HEARD.by_name["heard"]).value == "unasked"


async def test_a_guest_who_does_not_answer_keeps_nobody_from_asking_the_owner(room: Room) -> None:
    room.consents.switch("guest")
    with pytest.raises(RefusedError):
        await room.gate.permit(APP, HEARD, heard())
    room.consents.switch("owner")
    room.person.answer = True
    await room.gate.permit(APP, HEARD, heard())
    assert room.person.asked == [["heard"], ["heard"]]


async def test_a_no_is_kept_and_nobody_is_asked_again(room: Room) -> None:
    room.person.answer = False
    for _ in range(2):
        with pytest.raises(RefusedError, match="said no to the item heard"):
            await room.gate.permit(APP, HEARD, heard())
    assert room.person.asked == [["heard"]]


async def test_who_does_not_answer_is_left_in_peace_for_a_while(room: Room) -> None:
    for _ in range(3):
        with pytest.raises(RefusedError, match="nobody has agreed yet"):
            await room.gate.permit(APP, HEARD, heard())
    assert len(room.person.asked) == 1
    room.now += ASK_AGAIN_SECONDS + 1
    with pytest.raises(RefusedError):
        await room.gate.permit(APP, HEARD, heard())
    assert len(room.person.asked) == 2
    room.gate.ask_anew("org.example.other")
    with pytest.raises(RefusedError):
        await room.gate.permit(APP, HEARD, heard())
    assert len(room.person.asked) == 2
    room.gate.ask_anew(APP)
    with pytest.raises(RefusedError):
        await room.gate.permit(APP, HEARD, heard())
    assert len(room.person.asked) == 3


async def test_one_question_asks_about_all_of_a_purpose_and_sensitive_items_each_by_itself(room: Room) -> None:
    room.person.answer = True
    of = plan(item("a"), item("b"), item("c", purpose="safety"), item("d", category="contact"))
    await room.gate.permit(APP, of, event_outflow("a", {"station": "x"}, 1))
    await room.gate.permit(APP, of, event_outflow("d", {"station": "x"}, 1))
    assert room.person.asked == [["a", "b"], ["d"]]


async def test_a_hundred_sendings_ask_one_question(room: Room) -> None:
    room.person.answer, room.person.thinks = True, asyncio.Event()
    sending = [asyncio.create_task(room.gate.permit(APP, HEARD, heard())) for _ in range(100)]
    await until(lambda: room.person.asked)
    room.person.thinks.set()
    await asyncio.gather(*sending)
    assert room.person.asked == [["heard"]]
    (sent,) = [entry for entry in room.written() if entry.act == "send"]
    assert (sent.count, sent.bytes, sent.destination) == (100, 2_000, "fleet")


@pytest.mark.parametrize(
    ("outflow", "sentence"),
    [
        (event_outflow("tapped", {}, 1), "the data plan has no item 'tapped' for the fleet"),
        (event_outflow("heard", {"station": "one", "who": "me"}, 1), "'heard' holds 'who', which the data plan does"),
        (event_outflow("heard", {"station": 7}, 1), "station must be text of at most 1000 characters"),
        (event_outflow("forecast", {}, 1), "the data plan has no item 'forecast' for the fleet"),
        (get("https://evil.example/x"), "the data plan sends nothing to https://evil.example"),
        (get(f"{ORIGIN}/v2/other"), "sends nothing to https://api.weather.example at the path '/v2/other'"),
        (get(f"{ORIGIN}/v1/forecast/Bern?lat=46.948"), "lat must be a number from -90 to 90 in steps of 0.1"),
        (get(f"{ORIGIN}/v1/forecast/Bern?lat=46.90"), "lat must be a number"),
        (get(f"{ORIGIN}/v1/forecast/Bern?lat=+46.9"), "lat must be a number"),
        (get(f"{ORIGIN}/v1/forecast/Thun"), "city must be one of Bern, Basel"),
        (get(f"{ORIGIN}/v1/forecast/Bern/x"), "at the path '/v1/forecast/Bern/x'"),
        (get(f"{ORIGIN}/v1/forecast/Bern?id=7"), "holds 'id', which the data plan does not have"),
        (get(f"{ORIGIN}/v1/forecast/Bern", {"X-User": "me"}), "holds 'x-user', which the data plan does not have"),
        (get(f"{ORIGIN}/v1/forecast/Bern", {"Accept": "me/secret"}), "holds 'accept', which the data plan does"),
        (request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern"), {}, b'{"lat": 46.9, "who": "me"}'), "holds 'who'"),
        (request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern"), {}, b'{"lat" : 46.9}'), "holds 'body'"),
        (request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern"), {}, b'{"lat": 46.9, "lat": 46.9}'), "holds 'body'"),
        (request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern"), {}, b'{"lat": 46.9, "me": {}}'), "holds 'me'"),
        (request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern"), {}, b"\xff\x00"), "holds 'body'"),
        (get(f"{ORIGIN}/v1/forecast/Bern?lat=46.9&&"), "holds 'query'"),
        (get(f"{ORIGIN}/v1/forecast/Bern?lat"), "holds 'query'"),
        (get(f"{ORIGIN}/v1/forecast/Bern?lat=46.9000000000001"), "lat must be written as 46.9"),
        (get(f"{ORIGIN}/v1/forecast/Bern", {"Accept": "Application/JSON"}), "holds 'accept'"),
        (get(f"{ORIGIN}/v1/forecast/Bern", {"Content-Type": "multipart/form-data; x=y"}), "holds 'content-type'"),
        (request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern"), {}, b'{"lat": 46.0}'), "lat must be written as 46"),
        (request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern?lat=1"), {}, b'{"lat": "1"}'), "lat must be a number"),
        (request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern"), FORM, b"lat=%31"), "holds 'body'"),
        (closing_outflow(ORIGIN, "/v1/forecast/Bern", 3001, ""), "holds 'code'"),
        (closing_outflow(ORIGIN, "/v1/forecast/Bern", 1000, "me"), "holds 'reason'"),
        (page_outflow("pages/index?who=me", ""), "the data plan sends nothing to another device"),
    ],
)  # fmt: skip
async def test_what_the_plan_does_not_cover_is_refused_with_what_is_wrong(
    room: Room, outflow: Outflow, sentence: str
) -> None:
    room.allow(PLACE)
    with pytest.raises(RefusedError) as caught:
        await room.gate.permit(APP, PLACE, outflow)
    assert sentence in str(caught.value)
    assert ("send", "forecast") not in room.acts()


async def test_words_of_a_program_reach_neither_the_ledger_nor_the_operator_by_a_refusal(room: Room) -> None:
    for outflow in (
        event_outflow("lat46.9-lon7.4", {"lat46.9": 1}, 1),
        get("https://lat46.example/lon7"),
        event_outflow("heard", {"lat46.9": "x"}, 1),
    ):
        with pytest.raises(RefusedError):
            await room.gate.permit(APP, HEARD, outflow)
    assert [values for _, values in room.told] == [
        {"app_id": APP, "why": "unplanned", "item": "", "count": 1},
        {"app_id": APP, "why": "unplanned", "item": "heard", "count": 1},
    ]
    assert {(entry.item, entry.destination) for entry in room.written()} == {
        ("", "fleet"),
        ("", ""),
        ("heard", "fleet"),
    }


async def test_a_flood_of_refusals_is_told_as_a_count(room: Room) -> None:
    for _ in range(50):
        with pytest.raises(RefusedError):
            room.gate.permit_now(APP, HEARD, event_outflow("other", {}, 1))
    room.now += 61
    with pytest.raises(RefusedError):
        room.gate.permit_now(APP, HEARD, event_outflow("other", {}, 1))
    assert [values["count"] for _, values in room.told] == [1, 50]


async def test_a_program_that_has_seen_something_may_tell_it_only_where_its_plan_says_so(room: Room) -> None:
    room.allow(PLACE)
    room.labels.mark(APP, "location")
    await room.gate.permit(APP, PLACE, get(f"{ORIGIN}/v1/forecast/Bern?lat=46.9"))
    with pytest.raises(RefusedError, match=r"has seen location, and the item heard .* does not say"):
        room.gate.permit_now(APP, PLACE, heard())


async def test_closed_fields_may_tell_a_few_bits_a_day_of_what_was_seen(room: Room) -> None:
    room.allow(PLACE)
    room.labels.mark(APP, "location")
    for _ in range(64):  # a bit for the choice, one for that it is there, and two for which of three items it is
        room.gate.permit_now(APP, PLACE, event_outflow("clicks", {"button": "a"}, 1))
    with pytest.raises(RefusedError, match="256 bits a day"):
        room.gate.permit_now(APP, PLACE, event_outflow("clicks", {"button": "a"}, 1))
    room.now += 86_400
    room.gate.permit_now(APP, PLACE, event_outflow("clicks", {"button": "a"}, 1))


@pytest.mark.parametrize(
    ("plain", "telling"),
    [
        (b'{"city": "Bern", "lat": 1}', b'{"city": [["Bern"]], "lat": 1}'),
        (b'{"city": ["Bern", "Bern"]}', b'{"city": [["Bern"], "Bern"]}'),
    ],
)
async def test_what_stands_together_in_a_body_counts(room: Room, plain: bytes, telling: bytes) -> None:
    def told(body: bytes) -> float:
        return match(PLACE, request_outflow("POST", URL(f"{ORIGIN}/v1/forecast/Bern"), {}, body)).bits

    def told_by_its_values(body: bytes) -> float:
        fields = PLACE.by_name["forecast"].fields
        return sum(fields[name].bits + 1 for name in json.loads(body)) + 5

    assert told(telling) > told(plain)
    assert told(plain) - told_by_its_values(plain) > 9  # by its headers, its method and its style


async def test_how_urgent_an_event_is_counts(room: Room) -> None:
    plain, urgent = (match(PLACE, event_outflow("clicks", {}, 1, forms)).bits for forms in (1, 4))
    assert urgent == plain + 2


async def test_the_capability_counts_how_urgent_an_event_is_and_sends_numbers_in_one_form(room: Room) -> None:
    of = manifest(data_plan=[item("speed", fields={"kmh": {"type": "number", "min": 0, "max": 9, "step": 0.1}})])
    room.allow(of.data_plan)
    room.labels.mark(APP, "voice")
    told: list[Mapping[str, Value]] = []
    capability = telemetry_capability(lambda _app, _name, values, *_: told.append(values), room.gate)
    event: dict[str, Value] = {"name": "speed", "values": {"kmh": 0.1 * 3}}
    for arguments in (event, event | {"priority": "metric"}):
        await capability.provider(Caller(APP, of), arguments)
    assert told == [{"kmh": 0.3}] * 2
    field = of.data_plan.by_name["speed"].fields["kmh"]
    assert room.labels.spent(APP) == pytest.approx(2 * (field.bits + 1 + 1 + 2))


async def test_a_flood_of_refusals_of_a_program_that_has_heard_something_is_told_in_few_bits(room: Room) -> None:
    room.labels.mark(APP, "voice")
    counts = []
    for number in range(30):
        room.now += 61
        for _ in range(number + 5):
            with pytest.raises(RefusedError):
                room.gate.permit_now(APP, HEARD, event_outflow("other", {}, 1))
        counts = [values["count"] for _, values in room.told]
    assert all(int(str(count)).bit_count() == 1 for count in counts)
    assert len(counts) < 25
    assert [values["why"] for _, values in room.told].count("spent") == 1
    assert room.labels.spent(APP) <= 256


async def test_what_was_seen_is_remembered_when_the_device_starts_again(room: Room, tmp_path: Path) -> None:
    room.labels.mark(APP, "voice")
    room.allow(HEARD)
    room.close()
    again = Room(tmp_path)
    with pytest.raises(RefusedError, match="has seen voice"):
        again.gate.permit_now(APP, HEARD, heard())
    again.close()


async def test_a_program_without_a_plan_sends_what_a_person_allows_and_nothing_that_it_has_heard(room: Room) -> None:
    room.person.answer = True
    of = unspoken_plan([ORIGIN])
    await room.gate.permit(APP, of, get(f"{ORIGIN}/anything?at=all", {"x-any": "thing"}))
    await room.gate.permit(APP, of, event_outflow("any", {"thing": 1}, 1))
    assert room.person.asked == [[ORIGIN], ["*"]]
    await room.gate.collect(APP, of, "voice")
    assert room.person.asked[2:] == [["voice"]]
    with pytest.raises(RefusedError, match="has seen voice"):
        await room.gate.permit(APP, of, get(f"{ORIGIN}/anything"))


async def test_a_microphone_needs_an_item_and_a_yes_to_it(room: Room) -> None:
    with pytest.raises(RefusedError, match="has no item of the category voice"):
        await room.gate.collect(APP, HEARD, "voice")
    of = plan(item("memo", category="voice", destination="device", fields={}), item("heard"))
    room.person.answer = False
    with pytest.raises(RefusedError, match="said no to the item memo"):
        await room.gate.collect(APP, of, "voice")
    room.allow(of, "memo")
    assert (await room.gate.collect(APP, of, "voice")).name == "memo"
    assert room.labels.of(APP) == {"voice"}


async def test_what_is_collected_stops_when_somebody_no_longer_agrees(room: Room) -> None:
    of = plan(item("memo", category="voice", destination="device", fields={}))
    room.allow(of)
    stopped: list[str] = []
    ended = room.gate.collecting(APP, of.items[0], lambda: stopped.append("first"))
    room.gate.collecting(APP, of.items[0], lambda: stopped.append("second"))
    ended()
    room.refuse(of)
    assert stopped == ["second"]
    assert room.acts()[-1] == ("revoke", "memo")


async def test_a_guest_and_a_child_have_agreed_to_nothing(room: Room) -> None:
    room.allow(HEARD)
    room.consents.switch("guest")
    with pytest.raises(RefusedError, match="nobody has agreed yet"):
        room.gate.permit_now(APP, HEARD, heard())
    await until(lambda: room.person.asked)
    room.allow(HEARD)
    room.gate.permit_now(APP, HEARD, heard())
    room.consents.switch("child")
    with pytest.raises(RefusedError, match="said no"):
        room.gate.permit_now(APP, HEARD, heard())
    assert len(room.person.asked) == 1, "a child is not asked"
    room.consents.decide(APP, HEARD.items, granted=True, who="owner", profile="child")
    room.gate.permit_now(APP, HEARD, heard())
    room.consents.switch("guest")
    with pytest.raises(RefusedError, match="nobody has agreed yet"):
        room.gate.permit_now(APP, HEARD, heard())


async def test_a_wider_item_is_asked_for_anew_and_a_narrower_one_is_not(room: Room) -> None:
    room.allow(HEARD, "heard")
    narrower = plan(item("heard", retention_days=7, fields={"station": {"type": "text", "max": 10}}))
    room.gate.permit_now(APP, narrower, heard())
    for wider in (
        {"retention_days": 31}, {"fields": {"station": "text", "more": "text"}}, {"purpose": "marketing"},
        {"category": "contact"}, {"derived_from": ["location"]},
    ):  # fmt: skip
        with pytest.raises(RefusedError, match="nobody has agreed yet"):
            room.gate.permit_now(APP, plan(item("heard", **wider)), heard())


async def test_an_organisation_agrees_to_what_is_planned_unless_somebody_refuses(tmp_path: Path) -> None:
    room = Room(tmp_path, organisation="Example AG")
    room.gate.permit_now(APP, HEARD, heard())
    with pytest.raises(RefusedError, match="has no item"):
        room.gate.permit_now(APP, HEARD, event_outflow("other", {}, 1))
    room.refuse(HEARD, "heard")
    with pytest.raises(RefusedError, match="said no"):
        room.gate.permit_now(APP, HEARD, heard())
    assert room.person.asked == []
    room.close()


async def test_a_disk_that_takes_no_decision_leaves_nothing_agreed_to(room: Room) -> None:
    room.person.answer = True
    room.file.rows("PRAGMA query_only = 1")
    with pytest.raises(RefusedError, match="nobody has agreed yet"):
        await room.gate.permit(APP, HEARD, heard())
    room.file.rows("PRAGMA query_only = 0")
    assert room.acts() == [("refused", "heard")]


async def test_how_fast_the_car_is_needs_an_item_and_a_yes_and_what_the_room_is_like_does_not(room: Room) -> None:
    of = plan(item("speed", category="vehicle", destination="device", fields={}))
    sensors = {"speed": lambda: (13.2, "m/s"), "warmth": lambda: (21.0, "C")}
    offered = CapabilityGate(sensor_capabilities(sensors, room.gate, {"speed": "vehicle"}))
    caller = Caller(APP, manifest(data_plan=[item("speed", category="vehicle", destination="device", fields={})]))
    assert await offered.invoke(caller, "sensor.read", {"name": "warmth"}) == {"value": 21.0, "unit": "C"}
    with pytest.raises(CapabilityError, match="nobody has agreed yet to the item speed"):
        await offered.invoke(caller, "sensor.read", {"name": "speed"})
    room.allow(of)
    assert await offered.invoke(caller, "sensor.read", {"name": "speed"}) == {"value": 13.2, "unit": "m/s"}
    assert room.labels.of(APP) == {"vehicle"}
