"""Queries over devices: any text is a condition of both databases in bounded time, or a refusal."""

from collections.abc import Callable, Mapping

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from firmware_tools.fleet.rollouts.query import MAX_DEPTH, MAX_QUERY, QueryError, parse_query
from firmware_tools.fleet.rollouts.query_sql import condition
from tests.fuzz.choices import Choices
from tests.fuzz.documents import LONE_SURROGATE
from tests.fuzz.refusals import check_refusal

SEEDS = [
    b'\0board = pico-w and (tag = kitchen or id ~ "hall-*") and not status = lost',
    b"\0program(org.example.lamp) <= 4 or model(words) in (1, 2) and all",
]
_PIECES = (
    "id", "board", "tag", "status", "program", "model", "(", ")", "=", "!=", "~", "!~", "<", ">=", "in", ",", "and",
    "or", "not", "all", "online", "a", "*", "?", "%", "_", "\\", "'", '"', '"a b"', "--", ";", "9" * 30, "\0", "\n",
    LONE_SURROGATE, "\u56fe", "(" * 50, "not " * 50, "x" * 300,
)  # fmt: skip
_DIALECTS: tuple[Dialect, ...] = (SQLiteDialect(), PGDialect())  # type: ignore[no-untyped-call]  # it has no types


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(2) == 0:
        check(choices.rest().decode(errors="surrogateescape"))
    else:
        check(" ".join(choices.pick(_PIECES) for _ in range(choices.below(24))))


def check(text: str) -> None:
    try:
        made = condition(parse_query(text))
    except QueryError as error:
        check_refusal(error, "query")
        return
    for dialect in _DIALECTS:
        compiled = made.compile(dialect=dialect)
        str(compiled).encode()
        for value in compiled.params.values():  # values are parameters, never text of the statement
            str(value).encode()


CASES: Mapping[str, Callable[[], str]] = {
    "parentheses that go on and on": lambda: "(" * MAX_QUERY,
    "as deep as it may be": lambda: "not " * MAX_DEPTH + "all",
    "a text without an end": lambda: 'name = "' + "x" * 100,
    "half a character": lambda: f"id = {LONE_SURROGATE}",
    "a version that no column holds": lambda: "program(a) > " + "9" * 15,
}
