"""What is wrong with a request, in one sentence, from its description: the member, and what it must be."""

import re
from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from msgspec import inspect

WORDS = "words"
"""``Meta(extra={WORDS: …})`` says in words what a member must be, where its type says too little."""
_PLACE = re.compile(r" - at `\$(?:\.)?(.*)`$")
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`")


def one_of(choices: Any) -> msgspec.Meta:
    """For a ``Literal``: its values in words, in the order in which they are written."""
    return msgspec.Meta(extra={WORDS: f"one of {', '.join(map(str, get_args(choices)))}"})


def sentence(error: msgspec.ValidationError, kind: Any, whole: str) -> str:
    """What was wrong with a document that should have been a ``kind``; ``whole`` is what the document is called."""
    text, members = str(error), _members(kind)
    found = _PLACE.search(text)
    place = found[1] if found else ""
    known = f"{whole} must be a JSON object with the members {', '.join(members)}"
    if unknown := _UNKNOWN.search(text):
        return f"{known}; {shown(unknown[1])} is not one of them" if not place else _wrong(members, place)
    if missing := _MISSING.search(text):
        return f"{missing[1]} is missing: {_wrong(members, missing[1])}" if not place else _wrong(members, place)
    return _wrong(members, place) if place else known


def shown(text: str) -> str:
    """A text of somebody else's, short and on one line."""
    return ascii(text if len(text) <= 40 else text[:39] + "…")


def _wrong(members: dict[str, inspect.Field], place: str) -> str:
    name = re.split(r"[.\[]", place)[0]
    expected = words(members[name].type) if name in members else "as the API's description says"
    return f"{name} must be {expected}"


def _members(kind: Any) -> dict[str, inspect.Field]:
    described = inspect.type_info(kind)
    return {each.encode_name: each for each in described.fields} if isinstance(described, inspect.StructType) else {}


def words(kind: inspect.Type) -> str:
    """What a value of this type is, after "must be"."""
    match kind:
        case inspect.Metadata():
            said = (kind.extra or {}).get(WORDS)
            return str(said) if said else words(kind.type)
        case inspect.UnionType():
            return _either(words(each) for each in kind.types if not isinstance(each, inspect.NoneType))
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_range(kind.ge, kind.le)}"
        case inspect.FloatType():
            return f"a number{_range(kind.ge, kind.le)}"
        case inspect.StrType():
            return "a text" + (f" of at most {kind.max_length} characters" if kind.max_length else "")
        case inspect.LiteralType():
            return f"one of {', '.join(map(str, kind.values))}"
        case inspect.ListType():
            most = f" of at most {kind.max_length}" if kind.max_length else ""
            plain = isinstance(kind.item_type, inspect.StrType)
            return f"a list of{most[3:] if most else ''} {'texts' if plain else f'items, each {words(kind.item_type)}'}"
        case inspect.StructType():
            return f"a JSON object with the members {', '.join(each.encode_name for each in kind.fields)}"
        case _:
            return "as the API's description says"


def _either(options: Iterable[str]) -> str:
    *others, last = dict.fromkeys(options)
    return f"{', '.join(others)} or {last}" if others else last


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:.15g} to {high:.15g}" if isinstance(low, float) else f" from {low} to {high}"
    return f" of at least {low}" if low is not None else f" of at most {high}" if high is not None else ""
