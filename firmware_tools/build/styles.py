"""The style compiler: WXSS and SWAN's CSS to plain CSS.

``@import`` is inlined, and ``rpx`` (1/750 of the screen's width) becomes ``calc(N * var(--rpx))``, whose variable the
screen sets. ``vh`` and its kin become units of the page's own box (``cqh``, ...), which is a part of the browser's
window: bars and tabs are beside it. Everything else stays: selectors, ``@media``, ``@keyframes``, custom properties.
"""

import posixpath
import re
from typing import Any
from urllib.parse import quote

import tinycss2
from tinycss2.ast import ParseError

from firmware_tools.build.source import Read, SourceText, resolve_path

_SCHEME = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//|\\\\)")
_PAGE_UNITS = {"vh": "cqh", "vw": "cqw", "vmin": "cqmin", "vmax": "cqmax"}
_BLOCKS = ("{} block", "[] block", "() block")


def compile_style(text: str, path: str, read: Read, warnings: list[str] | None = None) -> str:
    """Compile the style ``text`` of the file ``path``; ``read`` gives the files that it imports.

    A ``url()`` inside the program is written relative to ``path``. One on a network is replaced by ``none`` and
    appended to ``warnings``: a program shows its own resources, and asks the device for others.

    Raises:
        SourceError: the style is faulty, imports what is not there, or imports itself; the message starts with file,
            line and column.
    """
    compiler = _Compiler(path, read, [] if warnings is None else warnings)
    return compiler.compile(SourceText(path, text), (path,))


class _Compiler:
    def __init__(self, path: str, read: Read, warnings: list[str]) -> None:
        self._folder = posixpath.dirname(path)
        self._suffix = posixpath.splitext(path)[1]
        self._read = read
        self._warnings = warnings

    def compile(self, source: SourceText, importing: tuple[str, ...]) -> str:
        parts: list[str] = []
        for rule in tinycss2.parse_stylesheet(source.text, skip_comments=True, skip_whitespace=True):
            if isinstance(rule, ParseError):
                raise _error(source, rule, f"the style cannot be read: {rule.message}")
            if rule.type == "at-rule" and rule.lower_at_keyword == "charset":
                continue
            if rule.type == "at-rule" and rule.lower_at_keyword == "import":
                parts.append(self._import(source, rule, importing))
                continue
            if rule.type == "at-rule":
                self._refuse_rpx(source, rule)
            if rule.content is not None:
                rule.content = self._values(source, rule.content)
            parts.append(rule.serialize())
        return "\n".join(part for part in parts if part)

    def _import(self, source: SourceText, rule: Any, importing: tuple[str, ...]) -> str:
        prelude = [token for token in rule.prelude if token.type != "comment"]
        while prelude and prelude[0].type == "whitespace":
            prelude.pop(0)
        target = _url(prelude[0]) if prelude else None
        if target is None and prelude and prelude[0].type == "string":
            target = prelude[0].value
        if not target:
            raise _error(source, rule, '@import names no file; write @import "path";')
        if _SCHEME.match(target):
            raise _error(source, rule, f"@import of {target[:80]!r}: only files of the program can be imported")
        offset = _offset(source, rule)
        path = resolve_path(source, offset, target)
        candidates = [path, path + self._suffix]
        text = next((text for path in candidates if (text := self._read(path)) is not None), None)
        if text is None:
            raise source.error(offset, f"there is no file {target} ({path})")
        path = path if self._read(path) is not None else path + self._suffix
        if path in importing:
            raise source.error(offset, f"styles import each other without end: {' -> '.join([*importing, path])}")
        compiled = self.compile(SourceText(path, text), (*importing, path))
        media = tinycss2.serialize(prelude[1:]).strip()
        return f"@media {media} {{\n{compiled}\n}}" if media else compiled

    def _refuse_rpx(self, source: SourceText, rule: Any) -> None:
        """A condition is decided before variables are, so that ``rpx`` there would never hold."""
        for token in _walk(rule.prelude):
            if token.type == "dimension" and token.lower_unit == "rpx":
                raise _error(source, token, f"rpx cannot be used in the condition of @{rule.at_keyword}; use px")

    def _values(self, source: SourceText, tokens: list[Any]) -> list[Any]:
        """Component values with lengths and addresses replaced, nested blocks and functions included."""
        values: list[Any] = []
        for token in tokens:
            if token.type == "comment":
                continue
            if token.type == "dimension" and token.lower_unit == "rpx":
                values += tinycss2.parse_component_value_list(f"calc({token.representation} * var(--rpx))")
                continue
            if token.type == "dimension" and token.lower_unit in _PAGE_UNITS:
                length = f"{token.representation}{_PAGE_UNITS[token.lower_unit]}"
                values += tinycss2.parse_component_value_list(length)
                continue
            if token.type == "error":
                raise _error(source, token, f"the style cannot be read: {token.message}")
            address = _url(token)
            if address is not None:
                values += tinycss2.parse_component_value_list(self._address(source, token, address))
                continue
            if token.type == "function":
                token.arguments = self._values(source, token.arguments)
            elif token.type in _BLOCKS:
                token.content = self._values(source, token.content)
            values.append(token)
        return values

    def _address(self, source: SourceText, token: Any, address: str) -> str:
        """What to write for ``url(address)``."""
        if address.lower().startswith("data:") or address.startswith("#"):
            return token.serialize()  # type: ignore[no-any-return]
        if _SCHEME.match(address):
            where = source.where(_offset(source, token))
            self._warnings.append(f"{where}: url({address[:80]}) is not in the program and is left out")
            return "none"
        plain, mark, rest = address.partition("?") if "?" in address else address.partition("#")
        path = resolve_path(source, _offset(source, token), plain)
        relative = posixpath.relpath(path, self._folder or ".")
        return f'url("{quote(relative, safe="/%()~!$&+,;=@:")}{mark}{quote(rest, safe="/%?&=#")}")'


def _url(token: Any) -> str | None:
    """The address in ``url(...)``, quoted or not; ``None`` for any other token."""
    if token.type == "url":
        return str(token.value).strip()
    if token.type == "function" and token.lower_name == "url":
        strings = [argument for argument in token.arguments if argument.type == "string"]
        return str(strings[0].value).strip() if strings else ""
    return None


def _walk(tokens: list[Any]) -> list[Any]:
    """All tokens, those in functions and blocks included."""
    found: list[Any] = []
    waiting = list(tokens)
    while waiting:
        token = waiting.pop()
        found.append(token)
        waiting += getattr(token, "arguments", None) or getattr(token, "content", None) or []
    return found


def _offset(source: SourceText, token: Any) -> int:
    return source.offset(token.source_line, token.source_column)


def _error(source: SourceText, token: Any, message: str) -> Exception:
    return source.error(_offset(source, token), message)
