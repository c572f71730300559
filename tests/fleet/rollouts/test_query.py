"""Queries: what they take, what is wrong with them, and that the database agrees with their tree."""

import contextlib
import fnmatch
import operator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.rollouts.query import (
    Both,
    Either,
    Equals,
    Everything,
    Has,
    Matches,
    Not,
    Query,
    QueryError,
    parse_query,
)
from firmware_tools.fleet.rollouts.query_sql import condition
from firmware_tools.fleet.schema import devices
from tests.fleet.rollouts.scene import Scene

DEVICES: dict[str, dict[str, Any]] = {
    "hall-1": {"board": "pico-w", "tags": {"beta", "floor:1"}, "programs": {"com.a": (3, "running")}},
    "hall-2": {"board": "pico-w", "tags": set(), "programs": {"com.a": (4, "installed")}},
    "kitchen": {"board": "speaker", "tags": {"beta"}, "programs": {"com.a": (4, "failed")}},
    "car": {"board": "100%_car", "tags": {"floor:2"}, "programs": None},
}


@pytest.fixture
def four(scene: Scene) -> Scene:
    scene.enroll(len(DEVICES))
    with scene.database.transaction() as connection:
        groups = GroupRegistry(connection)
        for old, (name, facts) in zip([f"d{n:05}" for n in range(9)], DEVICES.items(), strict=False):
            programs = facts["programs"]
            reported = programs and {
                "desired_version": 1,
                "programs": {
                    app_id: {"version_code": code, "version_name": "x", "phase": phase}
                    for app_id, (code, phase) in programs.items()
                },
            }
            values = {"id": name, "name": name.title(), "board": facts["board"], "reported": reported}
            values["status"] = "lost" if name == "car" else "online"
            connection.execute(update(devices).where(devices.c.id == old).values(values))
            groups.tag(name, facts["tags"], [])
    return scene


def chosen(scene: Scene, query: Query) -> list[str]:
    with scene.database.transaction() as connection:
        return GroupRegistry(connection).devices_of(condition(query))


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("all", "car hall-1 hall-2 kitchen"),
        ("board = pico-w", "hall-1 hall-2"),
        ("board != pico-w", "car kitchen"),
        ("id ~ HALL-*", "hall-1 hall-2"),
        ("id ~ hall-?", "hall-1 hall-2"),
        ("id !~ hall*", "car kitchen"),
        ('name = "Kitchen"', "kitchen"),
        ("id in (car, kitchen, nobody)", "car kitchen"),
        ("tag = beta", "hall-1 kitchen"),
        ("tag != beta", "car hall-2"),
        ("tag ~ floor:*", "car hall-1"),
        ("status = lost", "car"),
        ("program(com.a)", "hall-1 hall-2"),
        ("program(com.a) >= 4", "hall-2"),
        ("program(com.a) != 4", "hall-1"),
        ("not program(com.a)", "car kitchen"),
        ("model(words)", ""),
        ("board = pico-w and not tag = beta or id = car", "car hall-2"),
        ("board = pico-w AND NOT (tag = beta OR id = hall-2)", ""),
        ("not not id = car", "car"),
        ('board ~ "100%_c*"', "car"),
        ("board ~ 1__%*", ""),
        ('id = "x\' or 1=1 --"', ""),
    ],
)
def test_what_a_query_takes(four: Scene, text: str, takes: str) -> None:
    assert chosen(four, parse_query(text)) == takes.split()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "at character 1: it ends; expected one of id, name, board, runtime, status, tag, program, model, `all`"),
        ("color = red", "at character 1: there is 'color'; expected one of id, name"),
        ("board", "at character 6: it ends; expected `=`, `!=`, `~`, `!~` or `in`"),
        ("board =", "at character 8: it ends; expected a value, such as kitchen or"),
        ("board = a board = b", "at character 11: there is 'board'; expected `and`, `or` or the end"),
        ("(board = a", "at character 11: it ends; expected `)`"),
        ("board = a)", "at character 10: there is ')'; expected `and`, `or` or the end"),
        ("board = hall-*", "at character 9: there is 'hall-*'; expected a plain value; a pattern with `*` is compared"),
        ("status = away", "at character 10: there is 'away'; expected one of never, online, offline, lost"),
        ("program = x", "at character 9: there is '='; expected `(`"),
        ("program(x) > new", "at character 14: there is 'new'; expected a version code"),
        ('name = "x', "at character 8, '\"': a text that begins here has no end"),
        ("id ~ ********* ", "at character 6: there is '*********'; expected a pattern with at most 8 `*`"),
        ("id = a and", "at character 11: it ends"),
        ("id in (a b)", "at character 10: there is 'b'; expected `)`"),
        ("id = and", "at character 6: there is 'and'; expected a value"),
        ("not " * 40 + "all", "expected at most 32 levels"),
        ("(" * 40 + "all" + ")" * 40, "expected at most 32 levels"),
        (" or ".join(["all"] * 65), "expected at most 64 comparisons"),
        ("id = a\0b", "at character 7: '\\x00' cannot be printed"),
        ("id = \ud800", "at character 6: '\\ud800' cannot be printed"),
        ("x" * 2001, "a query has at most 2000 characters"),
    ],
)
def test_what_is_wrong_with_a_query_is_said_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(QueryError) as refusal:
        parse_query(text)
    assert sentence in str(refusal.value)


@given(st.text(max_size=80) | st.text(alphabet='idtag=~!()"* andornot', max_size=60))
def test_whatever_is_written_it_is_a_query_or_refused(text: str) -> None:
    with contextlib.suppress(QueryError):
        condition(parse_query(text))


facts = st.sampled_from(["id", "board", "tag"])
values = st.sampled_from(["hall-1", "kitchen", "pico-w", "beta", "floor:1"])
leaves = (
    st.just(Everything())
    | st.builds(Equals, facts, st.lists(values, min_size=1, max_size=2).map(tuple))
    | st.builds(Matches, facts, st.sampled_from(["*", "hall-*", "*o*", "?????", "p*-w"]))
    | st.builds(
        Has,
        st.just("program"),
        st.just("com.a"),
        st.sampled_from([None, "=", "!=", "<", "<=", ">", ">="]),
        st.integers(2, 5),
    )
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(Both, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Either, st.lists(inner, min_size=1, max_size=3).map(tuple))
    ),
    max_leaves=6,
)
ORDERS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def takes(query: Query, name: str) -> bool:
    """The same in Python."""
    device = DEVICES[name]
    match query:
        case Everything():
            return True
        case Equals("tag", wanted):
            return bool(device["tags"] & set(wanted))
        case Matches("tag", pattern):
            return any(fnmatch.fnmatchcase(tag, pattern) for tag in device["tags"])
        case Equals(fact, wanted):
            return (name if fact == "id" else device[fact]) in wanted
        case Matches(fact, pattern):
            return fnmatch.fnmatchcase(name if fact == "id" else device[fact], pattern)
        case Has(_, app_id, order, wanted_code):
            code, phase = (device["programs"] or {}).get(app_id, (0, ""))
            return phase in ("installed", "running") and (order is None or ORDERS[order](code, wanted_code))
        case Not(inner):
            return not takes(inner, name)
        case Both(parts):
            return all(takes(part, name) for part in parts)
        case Either(parts):
            return any(takes(part, name) for part in parts)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(trees)
def test_the_database_takes_what_the_tree_says(four: Scene, query: Query) -> None:
    assert chosen(four, query) == sorted(name for name in DEVICES if takes(query, name))


def test_groups_and_tags_are_checked(four: Scene) -> None:
    with four.database.transaction() as connection:
        groups = GroupRegistry(connection)
        group = groups.create("halls", None, ["hall-1"], "the hall", 1.0)
        assert group.devices == 1
        assert groups.change("halls", query=None, add=["hall-2"], remove=["hall-1"], description=None).devices == 1
        assert groups.members("halls") == ["hall-2"]
        cases: list[tuple[Any, str]] = [
            (lambda: groups.create("halls", None, [], "", 1.0), "there is a group halls already"),
            (lambda: groups.create("Halls", None, [], "", 1.0), "group name 'Halls' must be 1 to 64 lower-case"),
            (lambda: groups.create("a", "all", ["car"], "", 1.0), "a query or a list of devices, not both"),
            (lambda: groups.create("b", "al", [], "", 1.0), "the query is wrong at character 1"),
            (lambda: groups.create("c", None, ["nobody"], "", 1.0), "device nobody is not enrolled"),
            (lambda: groups.change("halls", query="all", add=[], remove=[], description=None), "is a list of devices"),
            (lambda: groups.members("none"), "there is no group none"),
            (lambda: groups.tag("car", ["A b"], []), "tag 'A b' must be 1 to 64 lower-case"),
            (lambda: groups.tag("car", [f"t{n}" for n in range(40)], []), "would have 41 tags; the most is 32"),
        ]
        for act, sentence in cases:
            with pytest.raises(FleetError) as refusal:
                act()
            assert sentence in str(refusal.value)
        groups.delete("halls")
        assert [group.name for group in groups.all()] == []
