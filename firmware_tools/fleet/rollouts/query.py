"""Queries over devices: a small language, read into a tree. It can name facts of devices and nothing else.

    board = pico-w and (tag = kitchen or id ~ "hall-*") and not status = lost
    program(org.example.lamp) < 4 and runtime in (0.2.0, 0.2.1)

``docs/rollouts.md`` describes it. :mod:`query_sql` makes a condition of the tree.
"""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from firmware_tools.fleet.errors import FleetError

FACTS = ("id", "name", "board", "runtime", "status", "tag")
HOLDINGS = ("program", "model")
STATUSES = ("never", "online", "offline", "lost")
MAX_QUERY = 2_000
MAX_TERMS = 64
MAX_DEPTH = 32
MAX_STARS = 8
"""The most wildcards in one pattern: comparing takes longer with each."""

Fact = Literal["id", "name", "board", "runtime", "status", "tag"]
Holding = Literal["program", "model"]
Order = Literal["=", "!=", "<", "<=", ">", ">="]


class QueryError(FleetError):
    """A query cannot be read; the message names the place."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Every device."""


@dataclass(frozen=True, slots=True)
class Equals:
    """A fact is one of these values."""

    fact: Fact
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """A fact fits a pattern, in which ``*`` stands for any text and ``?`` for one character; case does not matter."""

    fact: Fact
    pattern: str


@dataclass(frozen=True, slots=True)
class Has:
    """The device reports a program or model; with ``order``, in a version whose code compares so with ``code``."""

    holding: Holding
    name: str
    order: Order | None = None
    code: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    """What the other does not take."""

    inner: "Query"


@dataclass(frozen=True, slots=True)
class Both:
    """What each of them takes."""

    parts: "tuple[Query, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """What at least one of them takes."""

    parts: "tuple[Query, ...]"


Query: TypeAlias = Everything | Equals | Matches | Has | Not | Both | Either

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"\n]*")|(?P<sign>!=|!~|<=|>=|[=~<>(),])|(?P<word>[^\s"=~<>!(),]+)|(?P<end>$)|(?P<other>.))""",
    re.DOTALL,
)
_KEYWORDS = ("and", "or", "not", "in", "all")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def parse_query(text: str) -> Query:
    """The tree of a query.

    Raises:
        QueryError: it cannot be read, or is too long; the message names the character and what was expected there.
    """
    if len(text) > MAX_QUERY:
        raise QueryError(f"a query has at most {MAX_QUERY} characters, not {len(text)}")
    for place, character in enumerate(text):
        if not (character.isprintable() or character in "\t\n"):
            raise QueryError(f"the query is wrong at character {place + 1}: {character!a} cannot be printed")
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._next, self._terms = text, _tokens(text), 0, 0

    def whole(self) -> Query:
        query = self._either(0)
        if self._peek().kind != "end":
            raise self._wrong("`and`, `or` or the end")
        return query

    def _either(self, depth: int) -> Query:
        parts = [self._both(depth)]
        while self._take("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self, depth: int) -> Query:
        parts = [self._not(depth)]
        while self._take("and"):
            parts.append(self._not(depth))
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _not(self, depth: int) -> Query:
        if depth > MAX_DEPTH:
            raise self._wrong(f"at most {MAX_DEPTH} levels of `not` and parentheses")
        if self._take("not"):
            return Not(self._not(depth + 1))
        if self._take("("):
            query = self._either(depth + 1)
            self._expect(")")
            return query
        return self._term()

    def _term(self) -> Query:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self._wrong(f"at most {MAX_TERMS} comparisons")
        if self._take("all"):
            return Everything()
        token = self._peek()
        word = token.text.lower() if token.kind == "word" else ""
        for holding in HOLDINGS:
            if word == holding:
                self._next += 1
                return self._holding(holding)  # type: ignore[arg-type]  # one of HOLDINGS
        if word not in FACTS:
            raise self._wrong(f"one of {', '.join((*FACTS, *HOLDINGS))}, `all`, `not` or `(`")
        self._next += 1
        return self._comparison(word)  # type: ignore[arg-type]  # one of FACTS

    def _holding(self, holding: Holding) -> Query:
        self._expect("(")
        name = self._value()
        self._expect(")")
        for order in ("<=", ">=", "!=", "=", "<", ">"):
            if self._take(order):
                token = self._peek()
                code = self._value()
                if not re.fullmatch(r"[0-9]{1,15}", code):
                    raise self._wrong("a version code, which is a whole number", token)
                return Has(holding, name, order, int(code))
        return Has(holding, name)

    def _comparison(self, fact: Fact) -> Query:
        if self._take("in"):
            self._expect("(")
            values = [self._checked(fact)]
            while self._take(","):
                values.append(self._checked(fact))
            self._expect(")")
            return Equals(fact, tuple(values))
        if self._take("="):
            return Equals(fact, (self._checked(fact),))
        if self._take("!="):
            return Not(Equals(fact, (self._checked(fact),)))
        if self._take("~"):
            return Matches(fact, self._pattern())
        if self._take("!~"):
            return Not(Matches(fact, self._pattern()))
        raise self._wrong("`=`, `!=`, `~`, `!~` or `in`")

    def _checked(self, fact: Fact) -> str:
        token = self._peek()
        value = self._value()
        if fact == "status" and value not in STATUSES:
            raise self._wrong(f"one of {', '.join(STATUSES)}", token)
        if "*" in value:
            raise self._wrong("a plain value; a pattern with `*` is compared with `~`", token)
        return value

    def _pattern(self) -> str:
        token = self._peek()
        pattern = self._value()
        if pattern.count("*") > MAX_STARS:
            raise self._wrong(f"a pattern with at most {MAX_STARS} `*`", token)
        return pattern

    def _value(self) -> str:
        token = self._peek()
        if token.kind == "text":
            self._next += 1
            return token.text[1:-1]
        if token.kind != "word" or token.text.lower() in _KEYWORDS:
            raise self._wrong('a value, such as kitchen or "two words"')
        self._next += 1
        return token.text

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, text: str) -> bool:
        token = self._peek()
        taken = token.kind in {"word", "sign"} and token.text.lower() == text
        self._next += taken
        return taken

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._wrong(f"`{text}`")

    def _wrong(self, expected: str, token: _Token | None = None) -> QueryError:
        at = token or self._peek()
        found = "it ends" if at.kind == "end" else f"there is {at.text[:40]!a}"
        return QueryError(f"the query is wrong at character {at.place + 1}: {found}; expected {expected}")


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    place = 0
    while (found := _TOKEN.match(text, place)) is not None:  # it always matches: at worst any one character
        kind = str(found.lastgroup)
        start = found.start(kind)
        if kind == "other":
            why = "a text that begins here has no end" if found["other"] == '"' else "nothing begins so"
            raise QueryError(f"the query is wrong at character {start + 1}, {found['other']!a}: {why}")
        tokens.append(_Token(kind, found[kind], start))
        if kind == "end":
            break
        place = found.end()
    return tokens
