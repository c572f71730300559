"""The OpenAPI 3.1 document of an application, from what its handlers carry (https://spec.openapis.org/oas/v3.1.1)."""

import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from firmware_tools.fleet.openapi.operation import Operation, operation_of

VERSION = "1"
"""Of the API; it rises when a script that goes by the description would break."""
SESSION_COOKIE = "cygnet_session"
_PREFIX = "/api/"
_REF = "#/components/schemas/{name}"
_ALWAYS = {
    401: "nobody is signed in: the token or the session is missing, wrong or over",
    403: "the host or the origin is not one of this fleet's, or this is not allowed",
    503: "the database or the disk refuses, for now",
}
_WITH_INPUT = {
    400: "the request is not as described here",
    422: "the request is as described here, and makes no sense; nothing has changed",
}
_WITH_BODY = {413: "the body is too large", 415: "the body is of another type than described here"}
_DONE = {200: "it is done", 201: "it was not there before, and is now"}


class Refusal(msgspec.Struct, frozen=True):
    """Why something is refused: one sentence for people, which says what to do."""

    error: str


@dataclass(frozen=True, slots=True)
class Described:
    """One route with the description that its handler carries."""

    method: str
    path: str
    operation: Operation


def described_routes(routes: Iterable[web.AbstractRoute]) -> list[Described]:
    """The routes of the API that are described, in their order."""
    return [
        Described(route.method, route.resource.canonical, found)
        for route in routes
        if route.method != "HEAD" and route.resource is not None and (found := operation_of(route.handler)) is not None
    ]


def undescribed_routes(routes: Iterable[web.AbstractRoute]) -> list[str]:
    """The routes of the API that are not, each as a sentence that says what to do about it."""
    return [
        f"{route.method} {route.resource.canonical} has no description: put @operation(…) over its handler "
        f"{getattr(route.handler, '__qualname__', route.handler)} and let its signature name what it takes and answers "
        "(firmware_tools/fleet/openapi/operation.py says how), then run `make api-page`"
        for route in routes
        if route.resource is not None
        and route.resource.canonical.startswith(_PREFIX)
        and operation_of(route.handler) is None
    ]


def document(routes: Iterable[web.AbstractRoute]) -> dict[str, Any]:
    """The whole document.

    Raises:
        ValueError: two handlers have one name, or a handler's parameters are not those of its route.
    """
    described = described_routes(routes)
    _check(described)
    refs, components = _schemas(described)
    paths: dict[str, dict[str, Any]] = {}
    for each in described:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each.operation, refs, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Cygnet fleet",
            "version": VERSION,
            "description": "The HTTP API under the operator page and `cygnet fleet`. Times are Unix seconds.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "security": [{"operator": []}, {"session": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.operation.tag for each in described)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {
                str(status): _refusal(said) for status, said in sorted((_ALWAYS | _WITH_INPUT | _WITH_BODY).items())
            },
            "securitySchemes": {
                "operator": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "what stands in `operator.token` in the fleet's home, or a token of an account",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": SESSION_COOKIE,
                    "description": "of who signed in; what changes something needs the fleet's own `Origin`, too",
                },
            },
        },
    }


def _check(described: list[Described]) -> None:
    names: dict[str, str] = {}
    for each in described:
        name, route = each.operation.name, f"{each.method} {each.path}"
        if name in names:
            raise ValueError(f"{route} and {names[name]} have handlers of one name, {name}: rename one")
        names[name] = route
        in_path = {part.strip("{}") for part in each.path.split("/") if part.startswith("{")}
        if in_path != each.operation.path.keys():
            raise ValueError(f"{route}: its handler takes {sorted(each.operation.path)}, the path {sorted(in_path)}")
    for each in described:
        for link in each.operation.links:
            if link.operation not in names:
                raise ValueError(f"{each.operation.name} links to {link.operation}, which is no handler")


def _schemas(described: list[Described]) -> tuple[dict[Any, dict[str, Any]], dict[str, dict[str, Any]]]:
    given: dict[Any, None] = {}
    answered: dict[Any, None] = {Refusal: None}
    for each in described:
        operation = each.operation
        taken = (*operation.path.values(), operation.query, operation.body)
        given |= dict.fromkeys(kind for kind in taken if kind is not None)
        answered |= dict.fromkeys(operation.answers.values())
        for kind in operation.streams.values():
            answered |= dict.fromkeys(_pieces(kind))
    kinds = list(given | answered)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    refs = dict(zip(kinds, schemas, strict=True))
    for name in components.keys() - msgspec.json.schema_components(list(given), ref_template=_REF)[1].keys():
        _settle(components[name])
    for kind, schema in refs.items():
        if "$ref" in schema and (said := _docstring(kind)):
            components[schema["$ref"].rpartition("/")[2]]["description"] = said
    return refs, components


def _settle(schema: dict[str, Any]) -> None:
    """In an answer, a member with a default is there, too."""
    members = schema.get("properties", {})
    always = {name for name, member in members.items() if name in schema.get("required", ()) or "default" in member}
    for name in always:
        members[name].pop("default", None)
    if always:
        schema["required"] = sorted(always)


def _docstring(kind: Any) -> str:
    own = inspect.getdoc(kind) or ""
    return "" if own.startswith(f"{getattr(kind, '__name__', '')}(") else " ".join(own.split())


def _pieces(kind: Any) -> tuple[Any, ...]:
    return () if kind is None else kind if isinstance(kind, tuple) else (kind,)


def _operation(
    operation: Operation, refs: Mapping[Any, dict[str, Any]], components: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, **_parameter(refs[kind])}
        for name, kind in operation.path.items()
    ]
    if operation.query is not None:
        struct = components[refs[operation.query]["$ref"].rpartition("/")[2]]
        parameters += [
            {"name": name, "in": "query", "required": name in struct.get("required", ()), **_parameter(schema)}
            for name, schema in struct["properties"].items()
        ]
    return {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        **({"description": operation.description} if operation.description else {}),
        **({"parameters": parameters} if parameters else {}),
        **_body(operation, refs, components),
        **({"security": []} if operation.open else {}),
        "responses": _responses(operation, refs),
    }


def _parameter(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter's schema, without the null that no query can hold, and its description."""
    plain = dict(schema)
    if options := [each for each in plain.pop("anyOf", ()) if each.get("type") != "null"]:
        plain |= options[0] if len(options) == 1 else {"anyOf": options}
    if plain.get("default", ...) is None:
        del plain["default"]
    described = {"description": plain.pop("description")} if "description" in plain else {}
    return {**described, "schema": plain}


def _body(
    operation: Operation, refs: Mapping[Any, dict[str, Any]], components: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    if operation.upload:
        content: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        return {"requestBody": {"required": True, "content": content}}
    if operation.body is None:
        return {}
    schema = refs[operation.body]
    required = bool(components[schema["$ref"].rpartition("/")[2]].get("required"))
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def _responses(operation: Operation, refs: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    responses: dict[str, Any] = {
        str(status): {
            "description": _DONE[status],
            "content": {"application/json": {"schema": refs[kind]}},
            **_links(operation),
        }
        for status, kind in sorted(operation.answers.items())
    }
    if operation.streams:
        content = {media: _stream(kind, refs) for media, kind in operation.streams.items()}
        responses["200"] = {"description": "as long as there is any, or the client listens", "content": content}
    has_body = operation.upload or operation.body is not None
    takes_any = has_body or operation.query is not None or bool(operation.path)
    shared = _ALWAYS | (_WITH_INPUT if takes_any else {}) | (_WITH_BODY if has_body else {})
    errors = {status: {"$ref": f"#/components/responses/{status}"} for status in shared} | {
        status: _refusal(description) for status, description in operation.errors.items()
    }
    return responses | {str(status): errors[status] for status in sorted(errors)}


def _refusal(description: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(name=Refusal.__name__)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _links(operation: Operation) -> dict[str, Any]:
    links = {
        link.operation: {"operationId": link.operation, "parameters": dict(link.parameters)} for link in operation.links
    }
    return {"links": links} if links else {}


def _stream(kind: Any, refs: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    """OpenAPI 3.1 has no word for a sequence: ``x-itemSchema`` says what one item is, as ``itemSchema`` does in 3.2. No
    ``schema`` is beside it, since readers differ on what that would be about, the whole or an item."""
    pieces = [refs[piece] for piece in _pieces(kind)]
    if not pieces:
        return {"schema": {"type": "string"}}
    return {"x-itemSchema": pieces[0] if len(pieces) == 1 else {"oneOf": pieces}}
