"""The table of permissions is the application's, and holds for every route and role."""

import re

import pytest
from aiohttp import web

from firmware_tools.fleet.access.identity import ROLES, Actor, Role
from firmware_tools.fleet.access.permissions import RULES, UNKNOWN, rule_of
from firmware_tools.fleet.audit.secrets import is_secret
from tests.fleet.access.office import Office, Person


def routes(application: web.Application) -> set[tuple[str, str]]:
    found = set()
    for route in application.router.routes():
        assert route.resource is not None
        if route.resource.canonical.startswith("/api/") and route.method != "HEAD":
            found.add((route.method, route.resource.canonical))
    return found


@pytest.fixture
def application(office: Office) -> web.Application:
    return office.fleet.application


async def test_every_route_of_the_application_is_in_the_table(application: web.Application) -> None:
    assert routes(application) - RULES.keys() == set()


def test_a_route_that_the_table_forgot_is_for_admins_alone() -> None:
    assert rule_of("POST", "/api/forgotten") is UNKNOWN
    assert (UNKNOWN.role, bool(UNKNOWN.action)) == ("admin", True)


def test_who_may_change_something_without_being_an_operator_may_do_it_to_themselves_only() -> None:
    for (method, path), rule in RULES.items():
        if method == "GET":
            assert not rule.action, path
        else:
            assert rule.action, path
            assert rule.role in ("operator", "admin") or path == "/api/session"
            assert rule.own == ("{name}" in path and rule.action != "operator.remove"), path
        assert not [name for name in rule.recorded if is_secret(name)]


def test_roles_are_a_ladder() -> None:
    for number, role in enumerate(ROLES):
        assert [Actor("ada", role).may(needed) for needed in ROLES] == [step <= number for step in range(3)]


def filled(pattern: str) -> str:
    names = {"verb": "pause", "rollout": "1"}
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], "somebody"), pattern)


async def test_each_role_gets_through_to_what_it_may_and_is_told_who_may_the_rest(
    office: Office, application: web.Application
) -> None:
    people: dict[Role, Person] = {role: await office.worker(f"an-{role}", role) for role in ROLES}
    for method, pattern in sorted(routes(application)):
        rule = rule_of(method, pattern)
        if rule.role is None or pattern in ("/api/live", "/api/session"):
            continue
        for role, person in people.items():
            may = ROLES.index(role) >= ROLES.index(rule.role)
            answer = await person.ask(method, filled(pattern), {} if method in ("POST", "PATCH", "PUT") else None)
            if may:
                assert answer.status not in (401, 403), (method, pattern, role, answer)
            else:
                needed = {"operator": "this takes an operator", "admin": "this takes an admin"}[rule.role]
                its = "an" if role[0] in "ao" else "a"
                assert (answer.status, answer.error) == (403, f"{needed}, and an-{role} is {its} {role}"), (
                    method,
                    pattern,
                )


async def test_everybody_cares_for_their_own_password_and_tokens_and_for_no_other_s(office: Office) -> None:
    ada, eve = await office.worker("ada", "viewer"), await office.worker("eve", "viewer")
    made = await ada.ask("POST", "/api/operators/ada/tokens", {"name": "ci", "days": 5})
    assert made.status == 201
    path = f"/api/operators/ada/tokens/{made.body['id']}"
    assert [token["name"] for token in (await ada.get("/api/operators/ada/tokens"))["tokens"]] == ["ci"]
    for method, where, body in (
        ("GET", "/api/operators/ada/tokens", None),
        ("POST", "/api/operators/ada/tokens", {"name": "mine now"}),
        ("DELETE", path, None),
        ("PATCH", "/api/operators/ada", {"password": "a password of eve's"}),
        ("PATCH", "/api/operators/ada", {"disabled": True}),
    ):
        answer = await eve.ask(method, where, body)
        assert (answer.status, answer.error) == (403, "this takes an admin, and eve is a viewer")
    for body in ({"role": "admin"}, {"disabled": False}, {"role": "admin", "password": "x" * 12}):
        answer = await ada.ask("PATCH", "/api/operators/ada", body)
        assert (answer.status, answer.error) == (403, "this takes an admin, and ada is a viewer")
    assert (await ada.ask("DELETE", "/api/operators/ada")).status == 403
    assert (await ada.ask("DELETE", path)).status == 200


async def test_head_needs_what_get_needs(office: Office) -> None:
    ada = await office.worker("ada", "viewer")
    for person, path, status in (
        (ada, "/api/devices", 200),
        (ada, "/api/operators", 403),
        (Person(office.url), "/api/devices", 401),
    ):
        answer = await person.ask("HEAD", path)
        assert answer.status == status, path
