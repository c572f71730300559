"""Reading the parts of a request by their description. All that is wrong is refused before a handler sees any of it.

What is stricter here than in most servers, and why: a member that stands twice, of a body or a query, could mean one
thing to whoever checks or records it and another to whoever acts on it; half a surrogate pair and the character NUL
are taken by Python and by no database; NaN and infinity are no JSON (RFC 8259, section 6).
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import msgspec
from aiohttp import web
from msgspec import inspect

from device_runtime.sync.fields import MAX_INTEGER
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.openapi.sentences import sentence, shown, words

_INTEGER = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?")
_BODY = "the request's body"


def read_parts(request: web.Request, parts: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of the path, each as its type.

    Raises:
        FleetError: one is not what it should be.
    """
    return {name: _part(name, request.match_info[name], kind) for name, kind in parts.items()}


def _part(name: str, text: str, kind: Any) -> Any:
    described = inspect.type_info(kind)
    said = described.extra_json_schema or {} if isinstance(described, inspect.Metadata) else {}
    title = said.get("description", name)
    check_texts([text], title)
    try:
        return msgspec.convert(_scalar(text, described), kind)
    except msgspec.ValidationError as error:
        raise FleetError(f"{title} must be {words(described)}, not {shown(text)}") from error


def read_query(request: web.Request, kind: Any) -> Any:
    """The query, as a Struct.

    Raises:
        FleetError: a member is unknown, stands twice or is not what it should be.
    """
    types = {each.encode_name: each.type for each in _struct(kind).fields}
    given: dict[str, Any] = {}
    for name, text in request.query.items():
        if name not in types:
            raise FleetError(f"the query has no member {shown(name)}; it may have {', '.join(types)}")
        if name in given:
            raise FleetError(f"{name} stands more than once in the query")
        check_texts([text], name)
        given[name] = _scalar(text, types[name])
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        wrong = next((name for name in given if f"`$.{name}`" in str(error)), "")
        said = f", not {shown(request.query[wrong])}" if wrong else ""
        raise FleetError(f"{sentence(error, kind, 'the query')}{said}") from error


async def read_body(request: web.Request, kind: Any, most: int) -> Any:
    """The JSON body, as a Struct; no body at all is ``{}``.

    Raises:
        FleetError: it is too large (413), not JSON (415 or 400), or not what it should be.
    """
    data = b"{}"
    if request.can_read_body:
        if request.content_type != "application/json" or (request.charset or "utf-8").lower() != "utf-8":
            raise FleetError(f"{_BODY} must be JSON in UTF-8, and its Content-Type application/json", 415)
        data = await _read(request, most)
    return body_of(data, kind)


def body_of(data: bytes, kind: Any) -> Any:
    """JSON, as a Struct.

    Raises:
        FleetError: it is none, or not what it should be.
    """
    try:
        return msgspec.convert(parse(data), kind)
    except msgspec.ValidationError as error:
        raise FleetError(sentence(error, kind, _BODY)) from error


async def read_upload(request: web.Request, most: int) -> bytes:
    """The body's bytes, of whatever type they are called.

    Raises:
        FleetError: it is too large (413), or a form with a file in it (415).
    """
    if request.content_type.startswith("multipart/"):
        raise FleetError(f"{_BODY} must be the file's bytes, not a form; with curl: --data-binary @FILE", 415)
    return await _read(request, most)


def parse(data: bytes) -> Any:
    """JSON, as a Python value.

    Raises:
        FleetError: it is none, or has what databases do not take or readers understand differently.
    """
    try:
        document = json.loads(
            data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite
        )
    except FleetError:
        raise
    except (ValueError, RecursionError) as error:
        raise FleetError(f"{_BODY} is not JSON") from error
    check_texts(document, _BODY)
    return document


def check_texts(document: Any, where: str) -> None:
    """Refuse texts that no database takes, at any depth.

    Raises:
        FleetError: there is one.
    """
    waiting: list[Any] = [document]
    while waiting:
        match waiting.pop():
            case str() as text:
                if "\0" in text:
                    raise FleetError(f"{where} holds the character NUL, which no name and no text has")
                if not _encodes(text):
                    raise FleetError(f"{where} holds half a character (a surrogate without its other half)")
            case dict() as members:
                waiting += members.keys()
                waiting += members.values()
            case list() as items:
                waiting += items


async def _read(request: web.Request, most: int) -> bytes:
    too_large = FleetError(f"{_BODY} is larger than {most} bytes, which is the most here", 413)
    if (request.content_length or 0) > most:
        raise too_large
    data = bytearray()
    async for piece in request.content.iter_any():
        data += piece
        if len(data) > most:
            raise too_large
    return bytes(data)


def _scalar(text: str, kind: inspect.Type) -> Any:
    """A text as the number or the truth value that it stands for; as it is where it stands for none of this type."""
    match kind:
        case inspect.Metadata():
            return _scalar(text, kind.type)
        case inspect.UnionType():
            inner = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
            return _scalar(text, inner[0]) if len(inner) == 1 else text
        case inspect.IntType() if _INTEGER.fullmatch(text):
            return int(text)
        case inspect.LiteralType() if all(isinstance(value, int) for value in kind.values):
            return int(text) if _INTEGER.fullmatch(text) else text
        case inspect.FloatType() if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        case inspect.BoolType() if text in ("true", "false"):
            return text == "true"
        case _:
            return text


def _struct(kind: Any) -> inspect.StructType:
    described = inspect.type_info(kind)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{kind} must be a msgspec.Struct")
    return described


def _object(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(members)
    if len(document) != len(members):
        counts = Counter(name for name, _ in members)
        twice = next(name for name, count in counts.items() if count > 1)
        raise FleetError(f"{shown(twice)} stands more than once in an object of {_BODY}")
    return document


def _constant(name: str) -> NoReturn:
    raise FleetError(f"{_BODY} is not JSON: there is no {name} in it")


def _finite(text: str) -> float:
    """A number with a point or an exponent; a whole one is an integer, as in JSON Schema (draft 2020-12, 6.1.1)."""
    value = float(text)
    if not math.isfinite(value):
        raise FleetError(f"{_BODY} holds a number beyond all that can be computed with: {shown(text)}")
    return int(value) if value.is_integer() and abs(value) <= MAX_INTEGER else value


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
