"""Reading one script of a program, whatever state it is in."""

import re
from collections.abc import Iterator, Mapping

from device_runtime.engine.tokens import TokenError
from device_runtime.program.apis import Api
from firmware_tools.port.addresses import find_addresses, find_scopes
from firmware_tools.port.definitions import KINDS, find_definitions
from firmware_tools.port.facts import Remark, ScriptFacts, Use
from firmware_tools.port.functions import Outline, outline
from firmware_tools.port.javascript import Script, unescape
from firmware_tools.port.uses import UseFinder

# Frameworks that put an object of their own before the host's; only their own runtime knows what becomes of a call.
WRAPPERS = {"uni": "uni-app", "Taro": "Taro", "my": "Alipay", "tt": "Douyin", "qq": "QQ", "mpx": "Mpx", "wepy": "WePY"}
_IMPORTED_WRAPPERS = frozenset(("uni", "Taro", "mpx", "wepy"))
_SERVER_CALLS = frozenset(("request", "downloadFile", "uploadFile", "connectSocket"))
_FIRST_ARGUMENT_URL = _SERVER_CALLS | {"get", "post", "put", "fetch"}

# Large libraries most often mention none of these, and need not be cut into tokens.
_SMALL = 32 * 1024
_INTERESTING = re.compile(
    rf"\b(?:wx|swan|{'|'.join(WRAPPERS)}|{'|'.join(KINDS)}|requirePlugin|requireMiniProgram)\b|://|\bscope\."
)
_REQUEST = re.compile(
    r"""\brequire(?:\.async)?\s*\(\s*(['"`])([^'"`\n]+)\1\s*[,)]|"""
    r"""\b(?:from|import)\s*\(?\s*(['"`])([^'"`\n]+)\3"""
)
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_DIRECT = re.compile(r"\b(?:wx|swan)\s*\.\s*([a-z][A-Za-z0-9]*)")


def read_script(source: str, apis: Mapping[str, Api]) -> ScriptFacts:
    """The facts of a script. One that cannot be cut into tokens is searched by its text, and a remark says so."""
    facts = ScriptFacts()
    if len(source) > _SMALL and _INTERESTING.search(source) is None:
        facts.outline = Outline((), frozenset(_WORD.findall(source)))
        facts.requests += [(unescape(found[2] or found[4]), found.start()) for found in _REQUEST.finditer(source)]
        return facts
    try:
        script = Script(source)
    except (TokenError, RecursionError) as error:
        offset = error.offset if isinstance(error, TokenError) else 0
        facts.remarks.append(Remark("unreadable", "", offset))
        facts.outline = Outline((), frozenset(_WORD.findall(source)))
        facts.uses += [Use(found[1], found.start(1), "value") for found in _DIRECT.finditer(source)]
        facts.requests += [(unescape(found[2] or found[4]), found.start()) for found in _REQUEST.finditer(source)]
        return facts
    facts.outline = outline(script)
    UseFinder(script, apis, facts).find()
    facts.definitions += find_definitions(script)
    facts.addresses += find_addresses(script, frozenset(_url_values(script, facts)))
    facts.scopes += find_scopes(script)
    facts.requests += _requests(script, facts)
    facts.remarks += _wrappers(script)
    facts.remarks += _plugins(script)
    return facts


def _requests(script: Script, facts: ScriptFacts) -> Iterator[tuple[str, int]]:
    """What the script requires or imports."""
    for word in ("require", "import", "from"):
        for index in script.positions.get(word, ()):
            if script.is_member(index) or script.is_key(index):
                continue
            at = index + 1
            if word == "require" and script.text(at) == "." and script.text(at + 1) == "async":
                at += 2
            called = script.text(at) == "("
            if (word == "require" and not called) or (word == "from" and called):
                continue
            if called:
                at += 1
            if (request := script.string(at)) is not None:
                yield request, script.offset(index)
            elif called and word == "require" and script.text(at) != ")" and not script.is_method(index):
                end = script.closing(at - 1)
                text = script.source[script.offset(index) : script.tokens[end].end]
                if not script.declared("require"):
                    facts.remarks.append(Remark("require", " ".join(text.split())[:60], script.offset(index)))


def _url_values(script: Script, facts: ScriptFacts) -> Iterator[int]:
    """The tokens that are the address of a call to a server: ``url`` of its options, or its first argument."""
    for name in _FIRST_ARGUMENT_URL:
        for index in script.positions.get(name, ()):
            if script.text(index + 1) != "(" or script.is_method(index):
                continue
            opening = index + 2
            if script.text(opening) != "{":
                yield opening
                continue
            for member in script.members(opening):
                if member.key == "url":
                    yield from range(member.value, min(member.value + 3, member.end))
                    if name in _SERVER_CALLS and script.string(member.value) is None:
                        facts.computed_requests += 1


def _wrappers(script: Script) -> Iterator[Remark]:
    """Objects of other platforms and frameworks: said once a file, with the first place."""
    for name in WRAPPERS:
        uses = [
            index
            for index in script.positions.get(name, ())
            if not script.is_member(index) and not script.is_key(index) and script.text(index - 1) != "typeof"
        ]
        called = [index for index in uses if script.text(index + 1) == "." and script.is_name(index + 2)]
        if not called:
            continue
        if name in _IMPORTED_WRAPPERS or (len(called) == len(uses) and not script.declared(name)):
            names = list(dict.fromkeys(script.text(index + 2) for index in called))
            more = ", …" if len(names) > 4 else ""
            yield Remark("wrapper", f"{name}: {', '.join(names[:4])}{more}", script.offset(called[0]))


def _plugins(script: Script) -> Iterator[Remark]:
    for name in ("requirePlugin", "requireMiniProgram"):
        for index in script.positions.get(name, ()):
            if script.text(index + 1) == "(" and not script.is_member(index):
                yield Remark("plugin", script.string(index + 2) or name, script.offset(index))
