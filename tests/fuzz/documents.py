"""Hostile JSON: real documents with a few things changed."""

import json
from collections.abc import Sequence
from typing import Any

from tests.fuzz.choices import Choices

LONE_SURROGATE = "\ud800"


def nested(depth: int, *, objects: bool = False) -> Any:
    """Lists, or objects, that many deep."""
    value: Any = 1
    for _ in range(depth):
        value = {"a": value} if objects else [value]
    return value


VALUES: Sequence[Any] = (
    None, True, False, 0, 1, -1, 2, 1.5, 2**31, 2**53, -(2**63) - 1, 2**64, 10**400, -(10**400), 1e308, -0.0,
    float("nan"), float("inf"), float("-inf"), "", " ", "0", "a", "a.b", "a b", "\0", "a\nb", "\u2028", "\x7f",
    LONE_SURROGATE, "\udc00\ud800", "\U0001f600", "\u202e", "__proto__", "constructor", "../../etc/passwd", "/", ".",
    "C:\\x", "https://example.org/x", "javascript:alert(1)", "a" * 1001, "1" * 400, "1e400", [], {}, [[]], [{}], [None],
    ["a"], [1, "a", None], {"": ""}, {"a": 1}, {"\0": []}, {LONE_SURROGATE: LONE_SURROGATE}, {"__proto__": {"a": 1}},
    nested(40), nested(40, objects=True), nested(200), nested(200, objects=True),
)  # fmt: skip


def value(choices: Choices, others: Sequence[Any] = ()) -> Any:
    """A hostile value, or a part of ``others``: a copy of its own."""
    if others and choices.chance(2):
        found = choices.pick(others)
        while isinstance(found, list | dict) and found and choices.chance(2):
            found = choices.pick([*(found.values() if isinstance(found, dict) else found)])
    else:
        found = choices.pick(VALUES)
    return copied(found)


def copied(document: Any) -> Any:
    """A copy that shares nothing."""
    return json.loads(json.dumps(document))


def mutated(documents: Sequence[Any], choices: Choices) -> Any:
    """One of ``documents`` with some of its members changed."""
    document = copied(choices.pick(documents))
    for _ in range(choices.below(5) + 1):
        document = _changed(document, choices, documents)
    return document


def _changed(document: Any, choices: Choices, others: Sequence[Any]) -> Any:
    """Go down to a member by chance, and change it."""
    if not isinstance(document, list | dict) or not document or choices.chance(16):
        return value(choices, others)
    keys: list[Any] = [*document] if isinstance(document, dict) else [*range(len(document))]
    key = choices.pick(keys)
    if isinstance(document[key], list | dict) and document[key] and not choices.chance(4):
        document[key] = _changed(document[key], choices, others)
        return document
    change(document, key, choices, others)
    return document


def change(document: Any, key: Any, choices: Choices, others: Sequence[Any]) -> None:
    """Change one member of a list or an object."""
    action = choices.below(6)
    if action <= 1:
        document[key] = value(choices, others)
    elif action == 2:
        del document[key]
    elif action == 3 and isinstance(document, list):
        document.insert(key, value(choices, others))
    elif action == 3:
        document[choices.pick([one for one in VALUES if isinstance(one, str)])] = value(choices, others)
    elif action == 4 and isinstance(document, list):
        document += copied(document[: choices.below(4)] * choices.below(60))
    elif action == 4:
        document[choices.pick(["a", "b", LONE_SURROGATE, "constructor"])] = document.pop(key)
    else:
        document[key] = choices.pick([[document[key]], {"a": document[key]}, [document[key], copied(document[key])]])


def written(document: Any) -> bytes:
    """A document as JSON, whatever is in it."""
    return json.dumps(document).encode()
