"""The modules that templates call: WeChat's ``<wxs>``, SWAN's ``<import-sjs>`` and ``<filter>``.

Each becomes a file of the package with the suffix ``.wxs``, a CommonJS module of plain JavaScript. WeChat's are that
already, in a small ES5 grammar. SWAN's are ES modules and are rewritten to the same form, without moving a line: what
they export as default is the module, and what they export by name are members of it.

Sources: https://developers.weixin.qq.com/miniprogram/en/dev/reference/wxs/,
https://smartprogram.baidu.com/docs/develop/framework/sjs/, .../framework/view_filter/.
"""

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from device_runtime.engine.lines import LineSpace
from device_runtime.engine.modules import ModuleFiles
from device_runtime.engine.tokens import Token, TokenError, tokenize
from firmware_tools.build.markup import Attribute, Element
from firmware_tools.build.project_json import SourceError
from firmware_tools.build.scripts import check_plain_script, check_script
from firmware_tools.build.source import Read, SourceText, resolve_path

SUFFIX: Final = ".wxs"
# Words that JavaScript reserves and wxs does not.
_NAMES_IN_WXS = frozenset(
    ("class", "enum", "export", "extends", "import", "super", "package", "interface", "private", "protected", "public",
     "implements", "static", "yield", "await", "let", "with", "debugger", "throw", "try", "catch", "finally")
)  # fmt: skip
_MAYBE_MODERN = re.compile(r"\b(?:let|const|class)\b|=>|`")
_MODERN = frozenset(("let", "const", "class", "=>", "...", "async", "await"))
# Put around the body of an ES module. $cygnet.default is what `export default` assigns to (engine/modules.py).
_GATHER = (
    "module.exports = (function (own, named) {"
    " if (named.default) own = named.default();"
    " if (own === undefined) own = {};"
    " for (var name in named) if (name !== 'default') own[name] = named[name]();"
    " return own; })($cygnet.default, {%s});"
)


@dataclass(slots=True)
class CodeModules:
    """The code modules of a whole program, each compiled once. ``files`` are their texts by their package paths."""

    read: Read
    warnings: list[str]
    files: dict[str, str] = field(default_factory=dict)

    def path_of(self, element: Element, source: SourceText) -> str | None:
        """Compile the module of a ``<wxs>`` or the like; gives its path in the package.

        ``None`` where it has neither ``src`` nor code.

        Raises:
            SourceError: the file is missing, or the syntax is wrong.
        """
        attribute = element.attributes.get("src")
        if attribute is not None and attribute.value:
            return self._file(source, attribute.value_offset, attribute.value, element.tag)
        if element.code is None or not element.code.text.strip():
            return None
        return self._inline(element, element.code.text, element.code.offset, source)

    def _inline(self, element: Element, code: str, offset: int, source: SourceText) -> str:
        name = _module_name(element)
        path = f"{source.path}.{name}{SUFFIX}"
        # Blank lines in front keep the line numbers those of the template.
        start = source.line(offset)
        column = offset - source.offset(start, 1)
        text = "\n" * (start - 1) + " " * column + code
        if self.files.get(path) != (compiled := self._compile(SourceText(source.path, text), element.tag)):
            self.files[path] = compiled
        return path

    def _file(self, source: SourceText, offset: int, target: str, tag: str) -> str:
        path = resolve_path(source, offset, target)
        for candidate in (path, path + _suffix(tag), f"{path}.js" if tag == "filter" else path):
            packaged = _packaged(candidate)
            if packaged in self.files:
                return packaged
            text = self.read(candidate)
            if text is not None:
                self.files[packaged] = ""  # modules may require each other
                self.files[packaged] = self._compile(SourceText(candidate, text), tag)
                return packaged
        raise source.error(offset, f"there is no file {target} ({path})")

    def _compile(self, source: SourceText, tag: str) -> str:
        module = _read_module(source) if tag != "wxs" else None
        if module is not None:
            return self._rewritten(source, module, tag)
        if tag == "wxs":
            source = _readable(source)
            self._note_modern(source)
        else:
            check_script(source)  # says of a faulty ES module what is wrong with it
        check_plain_script(source)
        return self._with_requires(source, tag)

    def _with_requires(self, source: SourceText, tag: str) -> str:
        """The text of a CommonJS module; what it requires is compiled too, and named as it is in the package."""
        text = source.text
        if "require" not in text:
            return text
        parts: list[str] = []
        at = 0
        try:
            required = list(_required(text))
        except TokenError as error:
            raise source.error(error.offset, "the code cannot be read here") from error
        for start, end in required:
            path = self._file(source, start, text[start + 1 : end - 1], tag)
            parts += [text[at:start], json.dumps(_relative(source.path, path), ensure_ascii=False)]
            at = end
        return "".join([*parts, text[at:]])

    def _rewritten(self, source: SourceText, module: dict[str, Any], tag: str) -> str:
        """An ES module as a CommonJS one."""
        check_plain_script(SourceText(source.path, module["body"]))
        head = ["var $cygnet = {};"]
        for number, request in enumerate(module["requests"]):
            at = max(source.text.find(request), 0)
            path = self._file(source, at, request, tag)
            head.append(f"var ${number} = require({json.dumps(_relative(source.path, path), ensure_ascii=False)});")
        for number, name, local in module["imports"]:
            member = "" if name in ("default", "*") else f"[{json.dumps(name)}]"
            head.append(f"var {local} = ${number}{member};")
        getters = [module["getters"]] if module["getters"] else []
        for number, name, other in module["reexports"]:
            member = "" if name in ("default", "*") else f"[{json.dumps(name)}]"
            getters.append(f"[{json.dumps(other)}]: () => ${number}{member}")
        return f"{' '.join(head)}{module['body']}\n{_GATHER % ', '.join(getters)}"

    def _note_modern(self, source: SourceText) -> None:
        """WeChat's wxs is ES5; more than that runs here and does not run there."""
        if not _MAYBE_MODERN.search(source.text):
            return
        try:
            tokens = tokenize(source.text)
        except TokenError:
            return
        for number, token in enumerate(tokens):
            if (token.text in _MODERN or token.kind == "template") and not _names_member(tokens, number):
                word = "a template string" if token.kind == "template" else repr(token.text)
                self.warnings.append(f"{source.where(token.start)}: WeChat's wxs is ES5 and does not know {word}")
                return


def _readable(source: SourceText) -> SourceText:
    """The source with other names for variables that are called as words of JavaScript, such as ``class``, which are
    none of wxs. Their length stays, and so does every place."""
    try:
        check_plain_script(source)
    except SourceError:
        renamed = SourceText(source.path, _renamed(source.text))
        try:
            check_plain_script(renamed)
        except SourceError:
            return source  # what is wrong is something else
        return renamed
    return source


def _renamed(text: str) -> str:
    try:
        tokens = tokenize(text)
    except TokenError:
        return text
    parts: list[str] = []
    at = 0
    for number, token in enumerate(tokens):
        if token.kind != "name" or token.text not in _NAMES_IN_WXS:
            continue
        if not _names_member(tokens, number):
            parts += [text[at : token.start], f"${token.text[1:]}"]
            at = token.end
    return "".join([*parts, text[at:]])


def _names_member(tokens: list[Token], number: int) -> bool:
    """Whether a token is the name of a member, as in ``a.class`` and ``{class: a}``."""
    before = tokens[number - 1].text if number else ""
    after = tokens[number + 1].text if number + 1 < len(tokens) else ""
    return before == "." or (before in ("{", ",") and after == ":")


def _required(text: str) -> Iterator[tuple[int, int]]:
    """Where the paths of ``require('path')`` stand, with their quotes."""
    tokens = tokenize(text)
    for word, bracket, path in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if word.text == "require" and word.kind == "name" and bracket.text == "(" and path.kind == "string":
            yield path.start, path.end


def _module_name(element: Element) -> str:
    attribute: Attribute | None = element.attributes.get("module")
    return attribute.value.strip() if attribute is not None and attribute.value else ""


def _suffix(tag: str) -> str:
    return {"wxs": ".wxs", "import-sjs": ".sjs", "filter": ".filter.js"}[tag]


def _packaged(path: str) -> str:
    return path if path.endswith(SUFFIX) else path + SUFFIX


def _relative(importer: str, path: str) -> str:
    relative = posixpath.relpath(path, posixpath.dirname(importer) or ".")
    return relative if relative.startswith("../") else f"./{relative}"


def _read_module(source: SourceText) -> dict[str, Any] | None:
    """What the statements of an ES module say, or ``None`` for a script; the reader is the device's own."""
    name = "module.js"
    module = ModuleFiles({name: source.text.encode(errors="replace")}, LineSpace()).module(name)
    return module if module["kind"] == "module" else None
