"""Marks async functions in the source, so that a promise that one of them rejects and nobody handles is heard.

The engine tells nobody of such a promise, and ``load()`` without ``await`` would fail without a trace. So:

- ``async function f() {...}`` as a declaration gets ``;f = $cygnet_f(f);`` at the start of the block that holds it;
- ``async function ... {...}`` and ``async (...) => ...`` as expressions become ``$cygnet_f(...)``.

``$cygnet_f`` is ``followed`` of the base library; each is inserted without a line break. Methods need no mark: those of
pages and apps are followed when the instance is made. Async generators give no promise.
"""

from device_runtime.engine.tokens import Token

_STATEMENT_ENDS = frozenset((";", "{", "}", ")", "export", "default", "else", "do"))
# Functions within functions are looked through again and again: of a file with too many the rest goes unmarked.
_MAX_WALKED = 500_000
_DIRECTIVES = frozenset(("'use strict'", '"use strict"'))

Edit = tuple[int, int, str]


def mark_async_functions(tokens: list[Token]) -> list[Edit]:
    """Edits (start, end, text) of the source that ``tokens`` were cut from."""
    edits: list[Edit] = []
    walked = 0
    for at, token in enumerate(tokens):
        if walked > _MAX_WALKED:
            return edits
        if token.kind != "name" or token.text != "async" or _text(tokens, at - 1) in (".", "?."):
            continue
        if _text(tokens, at + 1) == "function":
            if _text(tokens, at + 2) != "*":
                walked += _mark_function(tokens, at, edits)
        else:
            walked += _mark_arrow(tokens, at, edits)
    return edits


def _text(tokens: list[Token], at: int) -> str:
    return tokens[at].text if 0 <= at < len(tokens) else ""


def _mark_function(tokens: list[Token], at: int, edits: list[Edit]) -> int:
    """Mark one; how many tokens were looked at."""
    named = tokens[at + 2].kind == "name" if at + 2 < len(tokens) else False
    if _is_declaration(tokens, at):
        if named:
            name = tokens[at + 2].text
            opening = _block_opening(tokens, at)
            place = _block_start(tokens, opening)
            edits.append((place, place, f";{name} = $cygnet_f({name});"))
            return at - opening
        return 1
    parameters = at + (3 if named else 2)
    body = _closing(tokens, parameters) + 1
    if _text(tokens, parameters) == "(" and _text(tokens, body) == "{":
        body = _closing(tokens, body)
        _wrap(tokens, at, body, edits)
    return body - at


def _is_declaration(tokens: list[Token], at: int) -> bool:
    if at == 0:
        return True
    before = tokens[at - 1]
    if before.text == "{":
        return before.statement
    if before.text in _STATEMENT_ENDS:
        return True
    # A new line after something that is whole: a name, a literal, a closing bracket.
    return tokens[at].line_break and (before.kind != "punctuator" or before.text in ("]", "++", "--"))


def _block_opening(tokens: list[Token], at: int) -> int:
    """The index of the ``{`` of the block that holds a token; -1 where it is the file."""
    depth = tokens[at].depth
    opening = at - 1
    while opening >= 0 and not (tokens[opening].depth == depth - 1 and tokens[opening].text == "{"):
        opening -= 1
    return opening


def _block_start(tokens: list[Token], opening: int) -> int:
    """The offset behind the ``{`` of a block, and behind its directives."""
    first = opening + 1
    if tokens[first].text in _DIRECTIVES:
        end = first + 1 if _text(tokens, first + 1) == ";" else first
        return tokens[end].end
    return tokens[opening].end if opening >= 0 else tokens[0].start


def _closing(tokens: list[Token], opening: int) -> int:
    """The index of the bracket that closes the one at ``opening``; the last token's if there is none."""
    if opening >= len(tokens):
        return len(tokens) - 1
    depth = tokens[opening].depth
    for at in range(opening + 1, len(tokens)):
        if tokens[at].depth == depth and tokens[at].text in (")", "]", "}"):
            return at
    return len(tokens) - 1


def _mark_arrow(tokens: list[Token], at: int, edits: list[Edit]) -> int:
    """``async x => ...`` or ``async (...) => ...``; anything else that starts with ``async`` is left alone. How many
    tokens were looked at."""
    after = at + 1
    if _text(tokens, after) == "(":
        after = _closing(tokens, after)
    if _text(tokens, after + 1) != "=>" or after + 2 >= len(tokens):
        return after - at
    body = after + 2
    last = _closing(tokens, body) if tokens[body].text == "{" else _expression_end(tokens, body)
    _wrap(tokens, at, last, edits)
    return last - at


def _expression_end(tokens: list[Token], start: int) -> int:
    """The last token of the assignment expression that starts here."""
    depth = tokens[start].depth
    conditionals = 0
    for at in range(start, len(tokens)):
        token = tokens[at]
        if token.depth < depth or (token.depth == depth and at > start and token.text in (",", ";")):
            return at - 1
        if token.depth == depth and token.text == "?":
            conditionals += 1
        elif token.depth == depth and token.text == ":":
            conditionals -= 1
            if conditionals < 0:
                return at - 1
        if at > start and token.depth == depth and token.line_break and ends_statement(tokens[at - 1], token):
            return at - 1
    return len(tokens) - 1


def ends_statement(last: Token, token: Token) -> bool:
    """Automatic semicolon insertion: ``token`` begins a line after ``last``; does it begin a statement?"""
    if last.kind == "punctuator" and last.text not in (")", "]", "}", "++", "--"):
        return False
    if last.kind == "template" and last.text.endswith("${"):
        return False
    if last.kind == "name" and last.text in _NEED_MORE:
        return False
    if token.kind == "punctuator":
        return token.text in ("{", "++", "--", "!", "~", "...", ";")
    return not (token.kind == "template" or (token.kind == "name" and token.text in ("in", "instanceof")))


_NEED_MORE = frozenset(("typeof", "new", "in", "of", "instanceof", "await", "void", "delete"))


def _wrap(tokens: list[Token], first: int, last: int, edits: list[Edit]) -> None:
    edits.append((tokens[first].start, tokens[first].start, "$cygnet_f("))
    edits.append((tokens[last].end, tokens[last].end, ")"))
