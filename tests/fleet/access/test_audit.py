"""What is done by HTTP is in the audit log: who, what, to what, with what outcome; and never a secret."""

import json
from typing import Any

import pytest

from firmware_tools.fleet.audit.log import record
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.home import FleetHome
from tests.fleet.access.office import OTHER, PASSWORD, Office, Person, open_office
from tests.fleet.packages import small_package


def brief(entry: dict[str, Any]) -> tuple[str, str, str, str]:
    return entry["actor"], entry["action"], entry["subject"], entry["outcome"]


async def test_each_change_is_recorded_with_who_did_it(office: Office) -> None:
    ada, eve = await office.worker("ada", "operator"), await office.worker("eve", "viewer")
    await ada.ask("POST", "/api/devices", {"device": "hall", "name": "Hall"})
    await eve.ask("DELETE", "/api/devices/hall/programs/com.example.radio")
    await ada.ask("DELETE", "/api/devices/hall/programs/com.example.radio")
    await ada.ask("POST", "/api/releases?name=lamp.ma", small_package())
    await ada.ask("PUT", "/api/devices/hall/programs/org.example.lamp", {"launch": True})
    await ada.ask("POST", "/api/devices", {"device": "Not An Id"})
    await ada.get("/api/devices")
    await ada.ask("DELETE", "/api/session")
    found = await office.audit()
    assert [brief(entry) for entry in found] == [
        ("owner", "operator.create", "ada", "done"),
        ("ada", "session.begin", "ada", "done"),
        ("owner", "operator.create", "eve", "done"),
        ("eve", "session.begin", "eve", "done"),
        ("ada", "device.enroll", "hall", "done"),
        ("eve", "program.unassign", "hall/com.example.radio", "refused"),
        ("ada", "program.unassign", "hall/com.example.radio", "failed"),
        ("ada", "release.publish", "lamp.ma", "done"),
        ("ada", "program.assign", "hall/org.example.lamp", "done"),
        ("ada", "device.enroll", "Not An Id", "failed"),
        ("ada", "session.end", "", "done"),
    ]
    assert [entry["number"] for entry in found] == list(range(1, 12))
    detail = {entry["number"]: entry["detail"] for entry in found}
    assert detail[1] == {"role": "operator", "withheld": ["password"]}
    assert detail[5] == {"name": "Hall"}
    assert detail[6] == {"reason": "this takes an operator, and eve is a viewer"}
    assert "is not assigned" in detail[7]["reason"]
    assert detail[8].keys() == {"bytes", "sha256"}
    assert detail[9] == {"launch": True}
    assert {entry["role"] for entry in found if entry["actor"] == "ada"} == {"operator"}


async def test_failed_attempts_to_sign_in_are_recorded_and_a_flood_of_them_is_a_few_entries(office: Office) -> None:
    await office.hire("ada", "admin")
    for _ in range(30):
        await office.try_to_sign_in("ada", "wrong")
    office.clock.now += 2
    await office.try_to_sign_in("ada", PASSWORD)
    await office.try_to_sign_in("my secret phrase", "ada")
    found = [entry for entry in await office.audit() if entry["action"] == "session.begin"]
    reasons = [entry["detail"].get("reason") for entry in found]
    assert reasons == [*["wrong name or password"] * 5, "too many attempts", None, None, "wrong name or password"]
    assert found[6]["detail"]["turned_away"] == 25
    assert [brief(entry)[0] for entry in found] == [*["nobody"] * 7, "ada", "nobody"]
    assert found[-1]["subject"] == ""
    assert found[-1]["detail"]["account"] == "unknown"


async def test_rollouts_are_in_the_name_of_the_account_whatever_the_request_says(office: Office) -> None:
    ada = await office.worker("ada", "operator")
    await ada.ask("POST", "/api/devices", {"device": "hall"})
    await ada.ask("POST", "/api/releases?name=lamp.ma", small_package())
    body = {"subject": "org.example.lamp", "query": "all", "stages": [{"size": "100%"}]}
    refused = await ada.ask("POST", "/api/rollouts", {**body, "by": "grace"})
    assert (refused.status, refused.error) == (
        403,
        "you are signed in as ada, and cannot do this by another name: leave out by",
    )
    made = await ada.ask("POST", "/api/rollouts", body)
    assert made.status == 201, made
    number = made.body["id"]
    started = await ada.ask("POST", f"/api/rollouts/{number}/start", {"by": "ada"})
    assert {event["actor"] for event in started.body["events"] if event["actor"] != "cygnet"} == {"ada"}
    named = await office.owner.ask("POST", f"/api/rollouts/{number}/pause", {"by": "grace", "reason": "lunch"})
    assert named.body["reason"] == "paused by grace: lunch"
    assert [brief(entry) for entry in await office.audit("&action=rollout") if entry["actor"] != "fleet"] == [
        ("ada", "rollout.create", "org.example.lamp", "failed"),
        ("ada", "rollout.create", "org.example.lamp", "done"),
        ("ada", "rollout.start", str(number), "done"),
        ("owner", "rollout.pause", str(number), "done"),
    ]


async def test_the_entry_and_what_it_says_are_one_transaction(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from firmware_tools.fleet.audit import pending

    def full(*_: Any) -> None:
        raise StorageError("the disk is full")

    monkeypatch.setattr(pending, "record", full)
    answer = await office.owner.ask("POST", "/api/devices", {"device": "hall"})
    assert answer.status == 503
    monkeypatch.setattr(pending, "record", record)
    assert (await office.owner.get("/api/devices"))["devices"] == []
    assert [brief(entry)[3] for entry in await office.audit()] == ["failed"]


async def test_a_request_at_which_the_fleet_itself_fails_is_recorded_as_failed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(office.fleet.operations, "enroll", fail)
    assert (await office.owner.ask("POST", "/api/devices", {"device": "hall"})).status == 500
    (entry,) = await office.audit()
    assert (brief(entry), entry["detail"]["reason"]) == (
        ("owner", "device.enroll", "hall", "failed"),
        "the fleet broke off",
    )


async def test_the_log_is_read_by_page_actor_and_action_and_by_nothing_else_touched(office: Office) -> None:
    ada = await office.worker("ada", "viewer")
    for number in range(6):
        await office.owner.ask("POST", "/api/devices", {"device": f"d{number}"})
    first = await ada.get("/api/audit?limit=3")
    assert [entry["number"] for entry in first["entries"]] == [8, 7, 6]
    assert (first["newest"], first["verified"], first["fault"]) == (8, True, None)
    following = await ada.get("/api/audit?limit=3&after=6")
    assert [entry["number"] for entry in following["entries"]] == [5, 4, 3]
    assert [entry["number"] for entry in (await ada.get("/api/audit?actor=ada"))["entries"]] == [2]
    assert len((await ada.get("/api/audit?action=device"))["entries"]) == 6
    assert len((await ada.get("/api/audit?action=device.enroll"))["entries"]) == 6
    assert (await ada.get("/api/audit?action=devi"))["entries"] == []
    assert (await ada.get("/api/audit?actor=%00%ED%A0%80"))["entries"] == []
    for query in ("limit=0", "limit=1001", "limit=x", "after=-1", "after=9999999999999999999"):
        assert (await ada.ask("GET", f"/api/audit?{query}")).status == 400
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/api/audit", "/api/audit/1", "/api/audit/verify"):
            assert (await office.owner.ask(method, path)).status in (404, 405)
    assert (await office.owner.get("/api/audit/verify"))["whole"]


async def test_the_fleet_signs_as_it_goes_and_at_its_end_and_says_when_the_log_was_altered(home: FleetHome) -> None:
    async with open_office(home) as office:
        await office.owner.ask("POST", "/api/devices", {"device": "hall"})
    async with open_office(home) as office:
        verdict = await office.owner.get("/api/audit/verify")
        assert verdict == {"whole": True, "entries": 1, "signed": 1, "fault": None}
        await office.fleet.service.change(
            lambda registry: registry.connection.exec_driver_sql("update audit_entries set actor = 'eve'") and None
        )
        verdict = await office.owner.get("/api/audit/verify")
        assert verdict["fault"] == {"number": 1, "kind": "changed", "sentence": "entry 1 was changed"}
        answer = await office.owner.get("/api/audit")
        assert (answer["verified"], answer["fault"]) == (False, "entry 1 was changed")


async def test_a_password_of_any_request_is_not_in_the_log(office: Office) -> None:
    ada = await office.worker("ada", "admin")
    await ada.ask("PATCH", "/api/operators/ada", {"password": OTHER, "current": PASSWORD})
    await ada.ask("POST", "/api/operators", {"name": "bob", "role": OTHER, "password": OTHER})
    await ada.ask("POST", "/api/operators", {"name": OTHER, "role": "viewer", "password": OTHER})
    await ada.ask("POST", "/api/devices", {"device": OTHER, "name": OTHER, "password": OTHER})
    await ada.ask("POST", "/api/groups", {"name": "g", "query": f"tag = {OTHER}", "token": OTHER})
    found = await office.audit()
    assert len(found) == 7
    assert PASSWORD not in json.dumps(found)
    assert OTHER not in json.dumps(found)


async def test_strangers_who_try_to_change_something_are_one_entry_a_minute(office: Office) -> None:
    stranger = Person(office.url, {"Authorization": "Bearer cygnet_guess"})
    for _ in range(5):
        assert (await stranger.ask("POST", "/api/devices", {"device": "hall"})).status == 401
    office.clock.now += 61
    await Person(office.url).ask("DELETE", "/api/operators/ada")
    assert (await stranger.ask("GET", "/api/devices")).status == 401
    found = await office.audit()
    assert [brief(entry) for entry in found] == [
        ("nobody", "device.enroll", "", "refused"),
        ("nobody", "operator.remove", "", "refused"),
    ]
    assert found[0]["detail"]["address"] == "127.0.0.1"
    assert found[1]["detail"]["others_before"] == 4
