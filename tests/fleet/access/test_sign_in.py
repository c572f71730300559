"""Sessions by HTTP: how they begin, what their cookie is, and what ends them."""

import hashlib
import json
from typing import Any

import pytest

from firmware_tools.fleet.home import FleetHome
from tests.fleet.access.office import OTHER, PASSWORD, Clock, Office, Person, open_office


async def test_who_signs_in_has_a_cookie_that_scripts_and_other_sites_do_not_get(office: Office) -> None:
    await office.hire("ada", "operator")
    answer = await office.try_to_sign_in("ada", PASSWORD)
    assert (answer.status, answer.body) == (200, {"name": "ada", "role": "operator"})
    cookie = answer.cookies["cygnet_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert not cookie["secure"]  # it would never come back over plain HTTP
    assert len(cookie.value) >= 43  # 256 bits
    person = Person(office.url, {"Cookie": f"cygnet_session={cookie.value}"})
    assert await person.get("/api/session") == {"name": "ada", "role": "operator"}


async def test_the_owner_s_token_is_an_admin_without_an_account(office: Office) -> None:
    assert await office.owner.get("/api/session") == {"name": "owner", "role": "admin"}
    assert await office.owner.get("/api/operators") == {"operators": []}


@pytest.mark.parametrize(
    ("name", "password", "status"),
    [
        ("ada", OTHER, 401),
        ("ada", "", 401),
        ("ada", PASSWORD + "x", 401),
        ("nobody-of-that-name", PASSWORD, 401),
        ("owner", PASSWORD, 401),
        ("", PASSWORD, 401),
        ("ada\x00", PASSWORD, 401),
        ("\ud800", "\ud800", 401),
        ("a" * 5000, PASSWORD, 413),
        (7, PASSWORD, 400),
        ("ada", None, 400),
    ],
)
async def test_who_is_not_known_gets_no_session_and_no_hint(
    office: Office, name: Any, password: Any, status: int
) -> None:
    await office.hire("ada", "admin")
    answer = await office.try_to_sign_in(name, password)
    assert answer.status == status
    assert not answer.cookies
    if status == 401:
        assert answer.error == "the name or the password is wrong, or the account is disabled"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"[" * 4000, b'{"name": "ada"}', b"\xff"])
async def test_a_body_that_is_no_sign_in_is_refused(office: Office, data: bytes) -> None:
    answer = await Person(office.url, {"Origin": office.url}).ask("POST", "/api/session", data)
    assert answer.status == 400
    assert answer.error


async def test_a_session_ends_when_it_is_not_used_and_after_half_a_day_whatever_happens(office: Office) -> None:
    ada = await office.worker("ada", "viewer")
    for _ in range(13):
        office.clock.now += 55 * 60
        assert (await ada.ask("GET", "/api/session")).status == 200
    office.clock.now += 10 * 60  # 12 hours and 5 minutes
    answer = await ada.ask("GET", "/api/session")
    assert (answer.status, answer.error) == (401, "you are not signed in any more; sign in again")
    ada = await office.sign_in("ada")
    office.clock.now += 60 * 60
    assert (await ada.ask("GET", "/api/session")).status == 401


async def test_signing_out_ends_this_session_alone(office: Office) -> None:
    ada = await office.worker("ada", "viewer")
    elsewhere = await office.sign_in("ada")
    answer = await ada.ask("DELETE", "/api/session")
    assert answer.status == 200
    assert answer.cookies["cygnet_session"].value == ""
    assert (await ada.ask("GET", "/api/devices")).status == 401
    assert (await elsewhere.ask("GET", "/api/devices")).status == 200


async def test_a_new_password_ends_every_other_session(office: Office) -> None:
    ada = await office.worker("ada", "viewer")
    elsewhere = await office.sign_in("ada")
    wrong = await ada.ask("PATCH", "/api/operators/ada", {"password": OTHER, "current": OTHER})
    assert (wrong.status, wrong.error) == (403, "the current password is wrong")
    assert (await ada.ask("PATCH", "/api/operators/ada", {"password": OTHER})).status == 403
    assert (await elsewhere.ask("GET", "/api/session")).status == 200
    assert (await ada.ask("PATCH", "/api/operators/ada", {"password": OTHER, "current": PASSWORD})).status == 200
    assert (await ada.ask("GET", "/api/session")).status == 200
    assert (await elsewhere.ask("GET", "/api/session")).status == 401
    assert (await office.try_to_sign_in("ada", PASSWORD)).status == 401
    await office.sign_in("ada", OTHER)


async def test_an_account_that_is_disabled_or_removed_is_out_at_once(office: Office) -> None:
    for change in ({"disabled": True}, None):
        ada = await office.worker("ada", "viewer")
        script = await office.token("ada")
        path = "/api/operators/ada"
        answer = await office.owner.ask("PATCH", path, change) if change else await office.owner.ask("DELETE", path)
        assert answer.status == 200
        assert (await ada.ask("GET", "/api/session")).status == 401
        assert (await script.ask("GET", "/api/session")).status == 401
        assert (await office.try_to_sign_in("ada", PASSWORD)).status == 401
        if change:
            await office.owner.ask("PATCH", path, {"disabled": False})
            assert (await ada.ask("GET", "/api/session")).status == 401  # its session does not come back
            await office.sign_in("ada")
            await office.owner.ask("DELETE", path)


async def test_a_change_of_role_counts_from_the_next_request_on(office: Office) -> None:
    ada = await office.worker("ada", "viewer")
    assert (await ada.ask("POST", "/api/devices", {"device": "hall"})).status == 403
    await office.owner.ask("PATCH", "/api/operators/ada", {"role": "operator"})
    assert (await ada.ask("POST", "/api/devices", {"device": "hall"})).status == 201


@pytest.mark.parametrize(
    ("headers", "status", "sentence"),
    [
        ({}, 201, ""),
        ({"Origin": "http://evil.example"}, 403, "a page of another origin"),
        ({"Origin": "null"}, 403, "a page of another origin"),
        ({"Origin": ""}, 403, "a page of another origin"),
        ({"Origin": "-"}, 403, "a page of another origin"),
    ],
)
async def test_a_cookie_changes_something_only_from_our_own_page(
    office: Office, headers: dict[str, str], status: int, sentence: str
) -> None:
    ada = await office.worker("ada", "operator")
    answer = await ada.ask("POST", "/api/devices", {"device": "hall"}, **headers)
    assert answer.status == status
    assert sentence in (answer.error if sentence else "")
    assert bool((await ada.get("/api/devices"))["devices"]) == (status == 201)


async def test_without_an_origin_a_cookie_changes_nothing_and_nobody_signs_in(office: Office) -> None:
    ada = await office.worker("ada", "operator")
    bare = Person(office.url, {"Cookie": ada.headers["Cookie"]})
    for method, path in (("POST", "/api/devices"), ("DELETE", "/api/session"), ("PATCH", "/api/operators/ada")):
        answer = await bare.ask(method, path, {})
        assert (answer.status, "bearer token, or the Origin" in answer.error) == (403, True), path
    signing = await Person(office.url).ask("POST", "/api/session", {"name": "ada", "password": PASSWORD})
    assert signing.status == 403
    script = await office.token("ada")
    assert (await script.ask("POST", "/api/devices", {"device": "hall"})).status == 201


async def test_guessing_is_slowed_down_and_the_owner_is_never_locked_out(home: FleetHome) -> None:
    clock = Clock()
    async with open_office(home, clock) as office:
        ada = await office.worker("ada", "admin")
        statuses = [(await office.try_to_sign_in("ada", f"guess number {n}")).status for n in range(8)]
        assert statuses == [401] * 5 + [429] * 3
        waiting = await office.try_to_sign_in("ada", PASSWORD)
        assert waiting.status == 429
        assert 1 <= int(waiting.headers["Retry-After"]) <= 2
        assert "try again in" in waiting.error
        assert (await ada.ask("GET", "/api/session")).status == 200
        assert (await office.owner.ask("GET", "/api/session")).status == 200
    async with open_office(home, clock) as office:  # a restart forgets nothing
        assert (await office.try_to_sign_in("ada", PASSWORD)).status == 429
        clock.now += 2
        assert (await office.try_to_sign_in("ada", "wrong once more")).status == 401
        clock.now += 1.5
        assert (await office.try_to_sign_in("ada", PASSWORD)).status == 429  # the delay has grown
        clock.now += 1
        assert (await office.try_to_sign_in("ada", PASSWORD)).status == 200
        assert (await office.try_to_sign_in("ada", "wrong")).status == 401  # and is forgotten


async def test_guessing_at_a_name_that_nobody_has_is_answered_alike(office: Office) -> None:
    await office.hire("ada", "admin")
    answers: dict[str, list[tuple[int, str]]] = {"ada": [], "eve": []}
    for name, got in answers.items():
        for _ in range(7):
            answer = await office.try_to_sign_in(name, "guess")
            got.append((answer.status, answer.error))
    assert answers["ada"] == answers["eve"]


async def test_a_name_that_nobody_has_costs_as_much_as_one_that_somebody_has(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.hire("ada", "admin")
    costs: list[tuple[Any, ...]] = []
    real = hashlib.scrypt

    def counted(password: bytes, **cost: Any) -> bytes:
        costs.append((cost["n"], cost["r"], cost["p"], len(cost["salt"])))
        found: bytes = real(password, **cost)
        return found

    monkeypatch.setattr(hashlib, "scrypt", counted)
    for name in ("ada", "eve", "no name at all"):
        await office.try_to_sign_in(name, "guess")
    assert len(costs) == 3
    assert len(set(costs)) == 1


async def test_behind_a_believed_proxy_the_cookie_is_secure_and_each_address_counts(home: FleetHome) -> None:
    settings = home.settings_file.read_text() + '\n[access]\nproxies = ["127.0.0.1"]\n'
    home.settings_file.write_text(settings)
    async with open_office(home) as office:
        await office.hire("ada", "admin")
        forwarded = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"}
        answer = await office.try_to_sign_in("ada", PASSWORD, **forwarded)
        assert answer.cookies["cygnet_session"]["secure"]
        (entry,) = await office.audit("&action=session.begin")
        assert entry["detail"] == {"address": "203.0.113.5"}


async def test_a_proxy_that_nobody_named_is_not_believed(office: Office) -> None:
    await office.hire("ada", "admin")
    forwarded = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"}
    answer = await office.try_to_sign_in("ada", PASSWORD, **forwarded)
    assert not answer.cookies["cygnet_session"]["secure"]
    (entry,) = await office.audit("&action=session.begin")
    assert entry["detail"] == {"address": "127.0.0.1"}


async def test_no_secret_is_in_the_database_the_log_or_the_answers(
    home: FleetHome, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with open_office(home) as office:
        ada = await office.worker("ada", "admin")
        script = await office.token("ada")
        secrets = [
            PASSWORD,
            ada.headers["Cookie"].partition("=")[2],
            script.headers["Authorization"].partition(" ")[2],
            home.token(),
        ]
        await office.try_to_sign_in("ada", "a wrong password that is long")
        await office.try_to_sign_in("my password in the wrong field", "ada")
        listed = json.dumps([await script.get("/api/operators"), await script.get("/api/operators/ada/tokens")])
        entries = json.dumps(await office.audit())
    stored = b"".join(file.read_bytes() for file in home.directory.glob("fleet.db*"))
    for secret in [*secrets, "a wrong password that is long", "my password in the wrong field"]:
        assert secret not in caplog.text + listed + entries
        assert secret.encode() not in stored
