"""The style compiler: WXSS and SWAN's CSS to plain CSS.

``@import`` is inlined, and ``rpx`` (1/750 of the screen's width) becomes ``calc(N * var(--rpx))``, whose variable the
screen sets. ``vh`` and its kin become units of the page's own box (``cqh``, ...), which is a part of the browser's
window: bars and tabs are beside it. The classes of a component get its prefix. Everything else stays: selectors,
``@media``, ``@keyframes``, custom properties. What a browser would skip is a warning, and is left out.

A file that many others import is compiled once, with marks where the prefix and the addresses go: to read CSS is most
of what building a large program takes.
"""

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import tinycss2
from tinycss2.ast import IdentToken, LiteralToken, ParseError

from firmware_tools.build.dialects import SourceError
from firmware_tools.build.source import Read, SourceText, resolve_path

_SCHEME = re.compile(r"\s*(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//|\\\\)")
ELEMENTS: Final = {"button": "wx-button", "progress": "progress-bar", "video": "video-view", "audio": "audio-view"}
"""Components whose elements on a screen have another name than their own: HTML's of that name behave otherwise."""

_SERVER = re.compile(r"(?:https?:)?//[^/]", re.IGNORECASE)
_PAGE_UNITS = {"vh": "cqh", "vw": "cqw", "vmin": "cqmin", "vmax": "cqmax"}
_SAFE = "/%()~!$&+,;=@:"
_SAFE_URL = "/%:?&=#@!$()*+,;~[]"
_BLOCKS = ("{} block", "[] block", "() block")
# Rules whose content is rules.
_GROUPS: Final = frozenset(("media", "supports", "layer", "container", "scope", "document", "-moz-document"))
_NPM = "miniprogram_npm"
# Marks in a compiled file; no text holds these, which are characters of no language.
_CLASS, _HOST, _ADDRESS = "\ufdd0", "\ufdd1host", "\ufdd2"
_MARKS = re.compile("[\ufdd0-\ufdd2]")
# Half characters, which escapes make; CSS has a replacement for them.
_HALVES = re.compile("[\ud800-\udfff]")
_MARKED_ADDRESS = re.compile(f'url\\("{_ADDRESS}([^"?#]*)')


@dataclass(frozen=True, slots=True)
class StyleScope:
    """The component whose style it is. In its shadow tree each class carries ``prefix``, and the host has the class
    ``<prefix>host``. A ``shared`` style is meant for others too, and so keeps its classes as they are."""

    prefix: str
    shared: bool = False


def compile_style(
    text: str, path: str, read: Read, warnings: list[str] | None = None, scope: StyleScope | None = None
) -> str:
    """Compile the style ``text`` of the file ``path``; ``read`` gives the files that it imports.

    A ``url()`` inside the program is written relative to ``path``. One on a server stays: the device fetches it where
    the manifest names its origin. Any other is replaced by ``none`` and appended to ``warnings``.

    Raises:
        SourceError: the style imports itself, or what is outside the program; the message starts with file, line and
            column.
    """
    compiler = StyleCompiler(lambda name: text if name == path else read(name), [] if warnings is None else warnings)
    return compiler.compile(path, scope)


class StyleCompiler:
    """Compiles the styles of a program. What is left out is appended to ``warnings``; ``hint`` says what to do about a
    file that is missing."""

    def __init__(self, read: Read, warnings: list[str], hint: Callable[[str], str] = lambda _: "") -> None:
        self._read = read
        self._warnings = warnings
        self._hint = hint
        self._suffix = ""
        self._compiled: dict[str, str] = {}

    def compile(self, path: str, scope: StyleScope | None) -> str:
        """The CSS of the file at ``path``; an empty text where there is none.

        Raises:
            SourceError: as :func:`compile_style` does.
        """
        self._suffix = posixpath.splitext(path)[1]
        text = self._read(path)
        try:
            marked = self._file(SourceText(path, text or ""), ())
        except RecursionError as error:
            raise SourceError(f"{path}:1:1: brackets are nested too deeply") from error
        folder = quote(posixpath.dirname(path), safe=_SAFE) or "."

        def relative(match: re.Match[str]) -> str:
            return f'url("{posixpath.relpath(match[1], folder)}'

        if _ADDRESS in marked:
            marked = _MARKED_ADDRESS.sub(relative, marked)
        if scope is None:
            return marked.replace(_CLASS, "").replace(f".{_HOST}", ":host")
        return marked.replace(_CLASS, "" if scope.shared else scope.prefix).replace(_HOST, f"{scope.prefix}host")

    def _file(self, source: SourceText, importing: tuple[str, ...]) -> str:
        """The compiled text of a file, with marks."""
        if source.path not in self._compiled:
            text = _MARKS.sub("\ufffd", source.text)
            rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
            parts = self._rules(source, rules, (*importing, source.path))
            self._compiled[source.path] = _HALVES.sub("\ufffd", "\n".join(part for part in parts if part))
        return self._compiled[source.path]

    def _rules(self, source: SourceText, rules: list[Any], importing: tuple[str, ...]) -> Iterator[str]:
        for rule in rules:
            if isinstance(rule, ParseError):
                self._warn(source, rule, f"this is left out, it cannot be read: {rule.message}")
            elif rule.type == "at-rule":
                yield from self._at_rule(source, rule, importing)
            elif rule.type == "qualified-rule":
                rule.prelude = self._selector(rule.prelude)
                rule.content = self._declarations(source, rule.content)
                yield rule.serialize()

    def _at_rule(self, source: SourceText, rule: Any, importing: tuple[str, ...]) -> Iterator[str]:
        keyword = rule.lower_at_keyword
        if keyword == "charset":
            return
        if keyword == "import":
            yield self._import(source, rule, importing)
            return
        self._note_rpx(source, rule)
        if rule.content is None:
            yield rule.serialize()
        elif keyword in _GROUPS:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            prelude = tinycss2.serialize(rule.prelude)
            yield f"@{rule.at_keyword}{prelude}{{{''.join(self._rules(source, inner, importing))}}}"
        elif keyword.endswith("keyframes"):
            rule.content = self._values(source, rule.content)
            yield rule.serialize()
        else:
            rule.content = self._declarations(source, rule.content)
            yield rule.serialize()

    # Imports

    def _import(self, source: SourceText, rule: Any, importing: tuple[str, ...]) -> str:
        prelude = [token for token in rule.prelude if token.type != "comment"]
        while prelude and prelude[0].type == "whitespace":
            prelude.pop(0)
        target = _url(prelude[0]) if prelude else None
        if target is None and prelude and prelude[0].type == "string":
            target = prelude[0].value
        if not target or not target.strip():
            self._warn(source, rule, '@import names no file and is left out; write @import "path";')
            return ""
        target = target.strip()
        if _SCHEME.match(target):
            self._warn(source, rule, f"@import of {target[:80]!r} is left out: it is not in the program")
            return ""
        offset = _offset(source, rule)
        found = self._find(source, offset, target)
        if found is None:
            path = resolve_path(source, offset, target)
            self._warn(source, rule, f"there is no file {target} ({path}), it is left out{self._hint(path)}")
            return ""
        path, text = found
        if path in importing:
            raise source.error(offset, f"styles import each other without end: {' -> '.join([*importing, path])}")
        compiled = self._file(SourceText(path, text), importing)
        media = tinycss2.serialize(prelude[1:]).strip()
        return f"@media {media} {{\n{compiled}\n}}" if media else compiled

    def _find(self, source: SourceText, offset: int, target: str) -> tuple[str, str] | None:
        """The path and text of an imported file: relative, from the root, or in an npm package."""
        paths = [resolve_path(source, offset, target)]
        if not target.startswith(("/", ".")):
            paths += [posixpath.normpath(target), posixpath.join(_NPM, posixpath.normpath(target))]
        for path in paths:
            for candidate in (path, path + self._suffix):
                text = self._read(candidate)
                if text is not None:
                    return candidate, text
        return None

    # Selectors

    def _selector(self, tokens: list[Any]) -> list[Any]:
        """A selector with marks at its classes and at ``:host``; the parts in ``:not()`` and the like included."""
        made: list[Any] = []
        for token in tokens:
            after_dot = bool(made) and made[-1] == "."
            after_colon = bool(made) and made[-1] == ":"
            if token.type == "ident" and after_dot:
                token.value = _CLASS + token.value
            elif token.type == "ident" and after_colon and token.lower_value == "host":
                made[-1] = LiteralToken(token.source_line, token.source_column, ".")
                made.append(IdentToken(token.source_line, token.source_column, _HOST))
                continue
            elif token.type == "function":
                token.arguments = self._selector(token.arguments)
            elif token.type == "ident" and not after_colon:
                token.value = ELEMENTS.get(token.lower_value, token.value)
            made.append(token)
        return made

    # Values

    def _note_rpx(self, source: SourceText, rule: Any) -> None:
        """A condition is decided before variables are, so that ``rpx`` there never holds."""
        for token in _walk(rule.prelude):
            if token.type == "dimension" and token.lower_unit == "rpx":
                self._warn(source, token, f"rpx in the condition of @{rule.at_keyword} never holds; use px")

    def _declarations(self, source: SourceText, tokens: list[Any]) -> list[Any]:
        """What is between the braces of a rule, without the declarations that cannot be read."""
        kept: list[Any] = []
        part: list[Any] = []
        for component in tokens:
            part.append(component)
            if component == ";":
                kept += self._declaration(source, part)
                part = []
        return kept + self._declaration(source, part)

    def _declaration(self, source: SourceText, tokens: list[Any]) -> list[Any]:
        fault = next((token for token in _walk(tokens) if token.type == "error"), None)
        if fault is None:
            return self._values(source, tokens)
        self._warn(source, fault, f"this declaration is left out, it cannot be read: {fault.message}")
        return []

    def _values(self, source: SourceText, tokens: list[Any]) -> list[Any]:
        """Component values with lengths and addresses replaced, nested blocks and functions included."""
        values: list[Any] = []
        for token in tokens:
            if token.type in ("comment", "error"):
                continue
            if token.type == "dimension" and token.lower_unit == "rpx":
                values += tinycss2.parse_component_value_list(f"calc({token.representation} * var(--rpx))")
                continue
            if token.type == "dimension" and token.lower_unit in _PAGE_UNITS:
                length = f"{token.representation}{_PAGE_UNITS[token.lower_unit]}"
                values += tinycss2.parse_component_value_list(length)
                continue
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
        if _SERVER.match(address):
            # The device fetches it, if the program may have it.
            return f'url("{quote(address, safe=_SAFE_URL)}")'
        if _SCHEME.match(address):
            self._warn(source, token, f"url({address[:80]}) is not in the program and is left out")
            return "none"
        plain, mark, rest = address.partition("?") if "?" in address else address.partition("#")
        try:
            path = resolve_path(source, _offset(source, token), plain)
        except SourceError as error:
            self._warnings.append(f"{error}; it is left out")
            return "none"
        return f'url("{_ADDRESS}{quote(path, safe=_SAFE)}{mark}{quote(rest, safe="/%?&=#")}")'

    def _warn(self, source: SourceText, token: Any, message: str) -> None:
        self._warnings.append(source.remark(_offset(source, token), message))


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
