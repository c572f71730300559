"""Addresses of servers that a script names, and the scopes that it asks for."""

import re
from collections.abc import Iterator

from firmware_tools.port.facts import Address, Role
from firmware_tools.port.javascript import Script, unescape

_MAX_BACK = 12  # tokens between a string and the name that it is given to
_ADDRESS = re.compile(r"(https?|wss?)://((?:[\w-]+\.)*[\w-]+|\[[0-9a-fA-F:]+\])(:\d{1,5})?(?=[/?#]|$)", re.ASCII)
_SERVER_NAME = re.compile(
    r"url|host|domain|api|server|base|origin|root|prefix|endpoint|remote|gateway|socket|ws", re.IGNORECASE
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|bmp|ico)(?:[?#]|$)", re.IGNORECASE)
_SCOPE = re.compile(r"scope\.[A-Za-z]+")
# Addresses that only name a vocabulary; nobody fetches them.
_VOCABULARIES = frozenset(("www.w3.org", "json-schema.org", "schema.org", "ns.adobe.com"))


def find_addresses(script: Script, url_values: frozenset[int]) -> Iterator[Address]:
    """Absolute addresses in strings and at the start of templates. ``url_values`` are the tokens that are the ``url``
    of a call that reaches a server."""
    for index, token in enumerate(script.tokens):
        if token.kind == "string":
            text, whole = token.text[1:-1], True
        elif token.kind == "template" and token.text[0] == "`":
            whole = token.text.endswith("`")
            text = token.text[1 : -1 if whole else -2]
        else:
            continue
        if "://" not in text:
            continue
        text = unescape(text).strip()
        found = _ADDRESS.match(text)
        if found is None or found[2] in _VOCABULARIES:
            continue
        if not whole and found.end() == len(text):
            continue  # `https://host${…}`: the host goes on
        scheme, port = found[1], found[3] or ""
        origin = f"{scheme}://{found[2].lower()}{port}"
        picture = _PICTURE.search(text) is not None
        yield Address(origin, token.start, _role(script, index, scheme, url_values, picture=picture), picture)


def _role(script: Script, index: int, scheme: str, url_values: frozenset[int], *, picture: bool) -> Role:
    if scheme in ("ws", "wss"):
        return "socket"
    if index in url_values:
        return "request"
    return "constant" if not picture and _SERVER_NAME.search(_given_to(script, index)) else "mention"


def _given_to(script: Script, index: int) -> str:
    """The name of the variable or member that a string's expression is given to, or nothing."""
    parent = script.parent[index]
    for at in range(index - 1, max(index - _MAX_BACK, 0), -1):
        text = script.texts[at]
        of_key = text == ":" and script.text(at - 2) in ("{", ",")  # not of `a ? b : c`
        if (text == "=" or of_key) and script.parent[at] == parent:
            return script.string(at - 1) or script.text(at - 1)
        if text in (";", "{", "}", "=>", "return"):
            return ""
    return ""


def origin_of(address: str) -> str:
    """The origin of an address as a template or a style writes it, or nothing; ``//host`` is https."""
    found = _ADDRESS.match(f"https:{address}" if address.startswith("//") else address)
    return f"{found[1]}://{found[2].lower()}{found[3] or ''}" if found else ""


def find_scopes(script: Script) -> Iterator[tuple[str, int]]:
    """``scope.record`` and its kin, wherever they stand."""
    for index, token in enumerate(script.tokens):
        if token.kind == "string" and _SCOPE.fullmatch(token.text[1:-1]):
            yield token.text[1:-1], script.offset(index)
