"""ES modules as function bodies: what the import and export statements of a file say, and the edits that take them out.

Import statements become blanks, ``export`` keywords disappear, and the names go to the base library
(``base/modules.js``), which links them. No line moves, and everything else stays as it was written.
"""

import re
from dataclasses import dataclass, field

from device_runtime.engine.async_functions import ends_statement, mark_async_functions
from device_runtime.engine.edits import Edit
from device_runtime.engine.tokens import Token, TokenError, tokenize

# A cheap look that lets most files pass without being cut into tokens.
_WORD = re.compile(r"(?:im|ex)port(?![\w$])")
_STATEMENT = re.compile(
    r"import\s*(?:[{*\"']|[\w$]+\s*(?:,|from\b))|export\s*(?:[{*]|(?:default|const|let|var|function|class|async)\b)"
)
_ON_DEMAND = re.compile(r"import\s*[(.]")
_MAYBE_ASYNC = re.compile(r"\basync\b")
# Cutting into tokens takes about a millisecond a kilobyte; large files are libraries, which handle their promises.
_MAX_MARKED = 64 * 1024
# Patterns within patterns; each level is looked through again.
_MAX_PATTERNS = 32


@dataclass(slots=True)
class ModuleSource:
    """What the statements of one file say. Requests are numbered in the order of their first mention.

    ``found`` says that there is a statement which makes it an ES module. A file without one may still hold edits:
    ``import()`` on demand, and async functions to be followed.
    """

    requests: list[str] = field(default_factory=list)
    imports: list[tuple[int, str, str]] = field(default_factory=list)
    reexports: list[tuple[int, str, str]] = field(default_factory=list)
    stars: list[int] = field(default_factory=list)
    getters: list[tuple[str, str]] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    has_default: bool = False
    found: bool = False
    edits: list[Edit] = field(default_factory=list)

    def request(self, text: str) -> int:
        """The number of what is asked for."""
        if text not in self.requests:
            self.requests.append(text)
        return self.requests.index(text)

    @property
    def mutable(self) -> list[str]:
        """The exported names whose values may change later."""
        return [exported for exported, local in self.getters if local in self.variables]


def read_source(source: str) -> ModuleSource:
    """What there is to rewrite in ``source``. One whose tokens or statements cannot be read is left to the engine as
    it is: it names the place of an import or export that breaks the syntax."""
    may_be_module = _may_be_module(source)
    if not may_be_module and (len(source) > _MAX_MARKED or _MAYBE_ASYNC.search(source) is None):
        return ModuleSource()
    try:
        tokens = tokenize(source)
    except TokenError:
        return ModuleSource()
    module = ModuleSource()
    if may_be_module:
        try:
            _Statements(tokens, module).read()
        except (_Unreadable, IndexError):
            return ModuleSource()
    if len(source) <= _MAX_MARKED:
        module.edits += mark_async_functions(tokens)
    return module


def _may_be_module(source: str) -> bool:
    """Whether there is what looks like an import or export, in a comment or a text maybe."""
    for word in _WORD.finditer(source):
        start = word.start()
        if _ON_DEMAND.match(source, start):
            return True
        if _STATEMENT.match(source, start):
            before = source[max(0, start - 200) : start].rstrip(" \t")
            if not before or before[-1] in ";}\n" or before.endswith("*/"):
                return True
    return False


def _declares_constant(before: str, word: str, name: str) -> bool:
    return word in ("const", "class") or (word == "function" and name != "*") or (before, word) == ("function", "*")


class _Unreadable(Exception):  # noqa: N818 it never leaves this module
    pass


class _Statements:
    """Walks the top level of a module and notes its import and export statements."""

    def __init__(self, tokens: list[Token], module: ModuleSource) -> None:
        self._tokens = tokens
        self._module = module
        self._at = 0
        # Names declared at the top by const, function or class: their value is there once the module has run.
        self._constants = {
            name.text
            for before, token, name in zip(["", *(t.text for t in tokens)], tokens, tokens[1:], strict=False)
            if token.depth == 0 and _declares_constant(before, token.text, name.text)
        }

    def read(self) -> None:
        tokens = self._tokens
        while self._at < len(tokens):
            token = tokens[self._at]
            if token.kind == "name" and token.text in ("import", "export"):
                self._keyword(token)
            else:
                self._at += 1

    def _keyword(self, token: Token) -> None:
        after = self._peek(1)
        before = self._tokens[self._at - 1].text if self._at else ";"
        if token.text == "import" and after in ("(", ".") and before not in (".", "?."):
            self._dynamic(token, after)
        elif token.depth == 0 and self._starts_statement(before, token):
            self._module.found = True
            if token.text == "import":
                self._import()
            else:
                self._export()
        else:
            self._at += 1

    def _starts_statement(self, before: str, token: Token) -> bool:
        return before in (";", "}", ")") or token.line_break or self._at == 0

    def _dynamic(self, token: Token, after: str) -> None:
        """``import(x)`` and ``import.meta``, at any depth. Neither makes a module of a script: a UMD bundle may well
        hold one."""
        self._module.edits.append((token.start, token.end, "$cygnet.import" if after == "(" else "$cygnet"))
        self._at += 1

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at].text if at < len(self._tokens) else ""

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, text: str) -> None:
        if self._next().text != text:
            raise _Unreadable

    def _import(self) -> None:
        start = self._next().start
        bindings: list[tuple[str, str]] = []
        if self._tokens[self._at].kind != "string":
            if self._peek() == "*":
                bindings.append(self._star())
            elif self._peek() == "{":
                bindings += self._braces()
            else:
                bindings.append(("default", self._next().text))
                if self._peek() == ",":
                    self._at += 1
                    bindings += [self._star()] if self._peek() == "*" else self._braces()
            self._expect("from")
        request = self._request()
        self._module.imports += [(request, name, local) for name, local in bindings]
        self._blank(start)

    def _star(self) -> tuple[str, str]:
        self._expect("*")
        self._expect("as")
        return "*", self._word()

    def _word(self) -> str:
        token = self._next()
        if token.kind == "string":
            return _string_value(token.text)
        if token.kind != "name":
            raise _Unreadable
        return token.text

    def _braces(self) -> list[tuple[str, str]]:
        """``{a, b as c, "d" as e}`` as (a, a), (b, c), (d, e)."""
        self._expect("{")
        pairs = []
        while self._peek() != "}":
            name = self._word()
            other = name
            if self._peek() == "as":
                self._at += 1
                other = self._word()
            pairs.append((name, other))
            if self._peek() != "}":
                self._expect(",")
        self._expect("}")
        return pairs

    def _request(self) -> int:
        token = self._next()
        if token.kind != "string":
            raise _Unreadable
        if self._peek() in ("with", "assert") and self._peek(1) == "{":
            self._at += 2
            while self._next().text != "}":
                pass
        return self._module.request(_string_value(token.text))

    def _blank(self, start: int) -> None:
        """Take the statement that ends here out of the source, with its semicolon."""
        end = self._tokens[self._at - 1].end
        if self._peek() == ";":
            end = self._next().end
        self._module.edits.append((start, end, ";"))

    def _export(self) -> None:
        start = self._next()
        word = self._peek()
        if word == "{":
            self._export_list(start)
        elif word == "*":
            self._export_star(start)
        elif word == "default":
            self._export_default(start)
        elif word in ("const", "let", "var"):
            self._erase(start)
            self._declaration(word)
        elif word in ("function", "class", "async"):
            self._erase(start)
            self._at += 2 if word == "async" else 1
            if self._peek() == "*":
                self._at += 1
            self._local(self._word(), changes=False)
        else:
            raise _Unreadable

    def _erase(self, token: Token) -> None:
        self._module.edits.append((token.start, token.end, " " * len(token.text)))

    def _local(self, name: str, *, changes: bool) -> None:
        self._module.getters.append((name, name))
        if changes:
            self._module.variables.add(name)

    def _export_list(self, start: Token) -> None:
        pairs = self._braces()
        if self._peek() == "from":
            self._at += 1
            request = self._request()
            self._module.reexports += [(request, name, other) for name, other in pairs]
        else:
            self._module.getters += [(other, name) for name, other in pairs]
            self._module.variables.update(name for name, _ in pairs if name not in self._constants)
        self._blank(start.start)

    def _export_star(self, start: Token) -> None:
        self._expect("*")
        alias = ""
        if self._peek() == "as":
            self._at += 1
            alias = self._word()
        self._expect("from")
        request = self._request()
        if alias:
            self._module.reexports.append((request, "*", alias))
        else:
            self._module.stars.append(request)
        self._blank(start.start)

    def _export_default(self, start: Token) -> None:
        default = self._next()
        word = self._peek()
        is_async = word == "async" and self._peek(1) == "function"
        if word in ("function", "class") or is_async:
            self._at += 2 if is_async else 1
            keyword = self._tokens[self._at - 1]
            if self._peek() == "*":
                keyword = self._next()
            self._module.edits.append((start.start, default.end, " " * (default.end - start.start)))
            name = self._peek()
            if name in ("(", "{") or (keyword.text == "class" and name == "extends"):
                name = "$cygnet_default"
                self._module.edits.append((keyword.end, keyword.end, " $cygnet_default "))
            self._module.getters.append(("default", name))
            return
        self._module.has_default = True
        self._module.edits.append((start.start, default.end, "$cygnet.default = "))

    def _declaration(self, word: str) -> None:
        """``const a = 1, {b, c: d} = x``: the names it declares, up to the end of the statement."""
        self._at += 1
        while True:
            for name in self._binding():
                self._local(name, changes=word != "const")
            if not self._skip_initializer():
                return
            self._at += 1

    def _binding(self) -> list[str]:
        if self._peek() not in ("{", "["):
            return [self._word()]
        depth = self._tokens[self._at].depth
        inside = [self._next()]
        while not (self._tokens[self._at].depth == depth and self._peek() in ("}", "]")):
            inside.append(self._next())
        inside.append(self._next())
        return list(_pattern_names(inside))

    def _skip_initializer(self) -> bool:
        """Move to the comma before the next binding (True), or behind the statement (False)."""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.depth == 0:
                if token.text == ",":
                    return True
                if token.text == ";":
                    self._at += 1
                    return False
                if token.line_break and ends_statement(self._tokens[self._at - 1], token):
                    return False
            self._at += 1
        return False


def _pattern_names(tokens: list[Token], deepest: int = _MAX_PATTERNS) -> list[str]:
    """The names that a destructuring pattern binds: keys, defaults and nested brackets are told apart."""
    if deepest == 0:
        raise _Unreadable
    names: list[str] = []
    base = tokens[0].depth + 1
    item: list[Token] = []
    is_object = tokens[0].text == "{"
    for token in [*tokens[1:-1], None]:
        if token is not None and not (token.depth == base and token.text == ","):
            item.append(token)
            continue
        names += _item_names(item, base, is_object, deepest - 1)
        item = []
    return names


def _item_names(item: list[Token], base: int, is_object: bool, deepest: int) -> list[str]:
    flat = [token.text if token.depth == base else "" for token in item]
    if "=" in flat:
        item = item[: flat.index("=")]
        flat = flat[: len(item)]
    if is_object and ":" in flat:
        item = item[flat.index(":") + 1 :]
    if item and item[0].text == "...":
        item = item[1:]
    if not item:
        return []
    return _pattern_names(item, deepest) if item[0].text in ("{", "[") else [item[0].text]


def _string_value(literal: str) -> str:
    """A string literal's value; module paths hold no escapes worth more than the character itself."""
    return re.sub(r"\\(.)", r"\1", literal[1:-1])
