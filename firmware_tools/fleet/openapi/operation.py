"""A handler that describes itself: what it takes and answers stands in its signature, in a form that is enforced.

::

    @operation("devices", errors={404: "no such device"})
    async def assign(self, request: web.Request, device: DeviceId, body: Assignment) -> AssignedProgram:
        \"\"\"Let a device have a program.\"\"\"

``body`` is a :class:`msgspec.Struct` (JSON), ``data`` the bytes of an upload, ``query`` a Struct whose members are the
query's; every other parameter is a part of the route's path. What is returned is sent as JSON with status 200, in
:class:`Created` with 201. A handler that returns :class:`aiohttp.web.Response` names the type with ``answer``.
"""

import functools
import inspect
import types
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec, TypedDict, TypeVar, Union, get_args, get_origin

import msgspec
from aiohttp import web

from device_runtime.errors import CygnetError
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.openapi.reading import read_body, read_parts, read_query, read_upload

Answer = TypeVar("Answer")
Api = TypeVar("Api")
Given = ParamSpec("Given")
Handler = Callable[[Api, web.Request], Awaitable[web.StreamResponse]]
_MARK = "cygnet_operation"
MEGABYTE = 2**20


class Done(TypedDict):
    """It is done, and there is nothing to say about it."""


@dataclass(frozen=True, slots=True)
class Created(Generic[Answer]):
    """An answer with status 201: it was not there before."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Link:
    """From an answer to a next request: ``operation`` by name, and which of its ``parameters`` comes from where
    (OpenAPI 3.1, runtime expressions: ``$response.body#/id``)."""

    operation: str
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """What one handler takes and answers.

    Attributes:
        name: of the handler; unique in the API (``operationId``).
        tag: the part of the API that it belongs to.
        summary: first line of the docstring.
        description: the rest of it.
        path: the parameters of the route's path, by name.
        query: a Struct with the members of the query, or None.
        body: a Struct with the members of the JSON body, or None.
        upload: whether the body is a file.
        answers: by status, the type of the JSON that is answered.
        streams: by media type, the type of one piece of an answer that is not JSON; None for bytes and lines.
        errors: by status, when that is answered, beside what holds of every request.
        links: what an answer leads to.
    """

    name: str
    tag: str
    summary: str
    description: str
    path: Mapping[str, Any]
    query: Any
    body: Any
    upload: bool
    answers: Mapping[int, Any]
    streams: Mapping[str, Any]
    errors: Mapping[int, str]
    links: tuple[Link, ...]
    open: bool
    """Whoever comes may ask, without a token."""


def operation(
    tag: str,
    *,
    errors: Mapping[int, str] | None = None,
    answer: Any = None,
    streams: Mapping[str, Any] | None = None,
    links: tuple[Link, ...] = (),
    most_bytes: int = 2 * MEGABYTE,
    is_open: bool = False,
) -> Callable[[Callable[Concatenate[Api, web.Request, Given], Awaitable[Any]]], Handler[Api]]:
    """Describe a handler, and let only requests through to it that are as described.

    Args:
        tag: the part of the API.
        errors: by status, when that is answered: 404, 409 and such. What holds of every request goes without saying.
        answer: the answer's type where the handler makes the response itself.
        streams: see :class:`Operation`.
        links: see :class:`Operation`.
        most_bytes: how large the body may be.
        is_open: whoever comes may ask, without a token; the table of permissions says so, too.
    """

    def describe(handler: Callable[Concatenate[Api, web.Request, Given], Awaitable[Any]]) -> Handler[Api]:
        described = _describe(handler, tag, dict(errors or {}), answer, dict(streams or {}), links, is_open)

        @functools.wraps(handler)
        async def answering(api: Api, request: web.Request) -> web.StreamResponse:
            given: dict[str, Any] = read_parts(request, described.path)
            given |= {"query": read_query(request, described.query)} if described.query is not None else {}
            if described.upload:
                given["data"] = await read_upload(request, most_bytes)
            elif described.body is not None:
                given["body"] = await read_body(request, described.body, most_bytes)
            return _send(await _sensibly(handler(api, request, **given)))  # type: ignore[call-arg]  # it said so itself

        setattr(answering, _MARK, described)
        return answering

    return describe


def operation_of(handler: object) -> Operation | None:
    """The description that a handler carries, if it has one."""
    found = getattr(handler, _MARK, None)
    return found if isinstance(found, Operation) else None


def _describe(
    handler: Callable[..., Any],
    tag: str,
    errors: Mapping[int, str],
    answer: Any,
    streams: Mapping[str, Any],
    links: tuple[Link, ...],
    is_open: bool,
) -> Operation:
    signature = inspect.signature(handler)
    parameters = {name: each.annotation for name, each in list(signature.parameters.items())[2:]}
    summary, _, rest = (inspect.getdoc(handler) or "").partition("\n")
    return Operation(
        name=handler.__name__,
        tag=tag,
        summary=summary.rstrip("."),
        description=rest.strip(),
        query=parameters.pop("query", None),
        body=parameters.pop("body", None),
        upload=parameters.pop("data", None) is not None,
        path=parameters,
        answers={} if streams else _answers(signature.return_annotation if answer is None else answer),
        streams=streams,
        errors=errors,
        links=links,
        open=is_open,
    )


def _answers(annotation: Any) -> dict[int, Any]:
    answers: dict[int, Any] = {}
    for kind in get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,):
        created = get_origin(kind) is Created
        answers[201 if created else 200] = get_args(kind)[0] if created else kind
    return answers


async def _sensibly(answer: Awaitable[Any]) -> Any:
    """The answer. What is as described here and is refused nevertheless makes no sense to the fleet: 422 says so (RFC
    9110, 15.5.21), and 400 stays for what is not as described."""
    try:
        return await answer
    except FleetError as error:
        raise FleetError(str(error), 422) if error.status == 400 else error from error
    except CygnetError as error:
        raise FleetError(str(error), 422) from error


def _send(answer: Any) -> web.StreamResponse:
    if isinstance(answer, web.StreamResponse):
        return answer
    status, document = (201, answer.answer) if isinstance(answer, Created) else (200, answer)
    return web.Response(
        body=msgspec.json.encode(document), status=status, content_type="application/json", charset="utf-8"
    )
