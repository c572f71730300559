"""The API's description as a page for people, ``docs/api.md``."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_METHODS = ("get", "post", "put", "patch", "delete")
_JSON = "application/json"
_HEAD = """# The API's reference

Made from the API's description by `make api-page`; a change here is lost. How to use it, with examples, is in
[fleet.md](fleet.md#the-api). `cygnet fleet api` prints the same as an OpenAPI 3.1 document, and a running fleet answers
it at `GET /api/openapi.json`.

A `?` marks what may be left out. Every request may be refused with 401 (no token, or a wrong one), 403 (a foreign host
or origin) and 503 (the database refuses, for now); one that takes anything with 400 (it is not as described here) and
422 (it is, and makes no sense); one with a body with 413 (too large) and 415 (another type). What else, stands below.
"""


def page(document: Mapping[str, Any]) -> str:
    """The page, as Markdown."""
    schemas = document["components"]["schemas"]
    parts = [_HEAD, "\n".join(_table(document))]
    for tag in document["tags"]:
        parts.append(f"## Requests: {tag['name']}")
        for method, path, operation in _operations(document):
            if tag["name"] in operation["tags"]:
                parts.append("\n".join(_operation(method, path, operation)))
    parts += ["## Objects", *("\n".join(_object(name, schema)) for name, schema in sorted(schemas.items()))]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield method.upper(), path, methods[method]


def _table(document: Mapping[str, Any]) -> Iterator[str]:
    yield from ("| request | what |", "|---|---|")
    for method, path, operation in _operations(document):
        yield _row(f"[`{method} {path}`](#{_anchor(f'{method} {path}')})", operation["summary"])


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### `{method} {path}`", "", f"{operation['summary']} (`{operation['operationId']}`).")
    if description := operation.get("description"):
        yield from ("", description)
    if taken := list(_taken(operation)):
        yield from ("", "| takes | in | what | |", "|---|---|---|---|", *taken)
    yield from ("", "| answers | | |", "|---|---|---|", *_answered(operation))


def _taken(operation: Mapping[str, Any]) -> Iterator[str]:
    for each in operation.get("parameters", ()):
        name = f"`{each['name']}`{'' if each['required'] else '?'}"
        yield _row(name, each["in"], _type(each["schema"]), _said({**each["schema"], **each}))
    body = operation.get("requestBody", {"content": {}})
    for media, content in body["content"].items():
        kind = "the file's bytes" if media != _JSON else _type(content["schema"])
        yield _row(f"the body{'' if body['required'] else '?'}", f"`{media}`", kind, "")


def _answered(operation: Mapping[str, Any]) -> Iterator[str]:
    for status, response in operation["responses"].items():
        for media, content in response.get("content", {}).items():
            if int(status) >= 400:
                yield _row(status, "a sentence", response["description"])
            elif media == _JSON:
                yield _row(status, _type(content["schema"]), response["description"] if status != "200" else "")
            else:
                each = f", each {_type(content['x-itemSchema'])}" if "x-itemSchema" in content else ""
                yield _row(status, f"`{media}`{each}", response["description"])


def _object(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {name}", "")
    if said := schema.get("description"):
        yield from (said.replace("``", "`"), "")
    if not schema.get("properties"):
        yield "It has no members."
        return
    yield from ("| member | what | |", "|---|---|---|")
    for member, kind in schema["properties"].items():
        optional = "" if member in schema.get("required", ()) else "?"
        yield _row(f"`{member}`{optional}", _type(kind), _said(kind))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def _said(schema: Mapping[str, Any]) -> str:
    inner = next((each["description"] for each in _options(schema) if "description" in each), "")
    said = [schema.get("description", inner)]
    if schema.get("default") not in (None, "", False):
        said.append(f"{_code(schema['default'])} without it")
    return "; ".join(filter(None, said)).replace("``", "`").replace("|", "\\|")


def _options(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [*schema.get("anyOf", schema.get("oneOf", ()))]


def _type(schema: Mapping[str, Any]) -> str:
    """What a value of this schema is, in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{_anchor(name)})"
    if options := _options(schema):
        return " or ".join(dict.fromkeys(_type(each) for each in options))
    if "enum" in schema:
        return ", ".join(_code(value) for value in schema["enum"])
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return f"[{', '.join(_type(each) for each in schema['prefixItems'])}]"
        case "array":
            return f"list of {_type(schema['items'])}" if "items" in schema else "list"
        case "object":
            values = schema.get("additionalProperties")
            return f"object of {_type(values)}" if isinstance(values, Mapping) and values else "object"
        case "integer" | "number" as number:
            low, high = schema.get("minimum"), schema.get("maximum")
            return f"{number}, {low} to {high}" if low is not None and high is not None else str(number)
        case "string":
            return f"string, at most {schema['maxLength']}" if "maxLength" in schema else "string"
        case other:
            return "anything" if other is None else str(other)


def _code(value: object) -> str:
    return f"`{value if isinstance(value, str) and value else json.dumps(value)}`"


def _anchor(name: str) -> str:
    return re.sub(r"[^\w\- ]", "", name.lower()).replace(" ", "-")
