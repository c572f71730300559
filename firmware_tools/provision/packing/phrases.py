"""Sentences out of the code of boards, into a file that is read when one is said.

A text costs a board its letters and some bytes more for as long as the code that says it is in memory, and most are
never said. The file is a table of places, two bytes each with the smaller first: where sentence 0, 1, … begins, and
where the last one ends; then the sentences in UTF-8.
"""

import ast
import struct
from collections.abc import Mapping

PHRASES = "phrases.bin"
_MODULE = "micro.phrases"
_SHORTEST = 16
"""A shorter one would cost more as a call."""
_SAYING = frozenset({"log", "_log", "refuse", "_report", "warn", "give_up", "spoil", "_fail", "_go_wrong"})
"""Functions that are told sentences."""
_LEFT_ALONE = ("micro/program/api.py", "micro/program/guard.py")
"""Their sentences are said while a program runs, when no file may be opened."""
_MOST = 65_535


def take_out(sources: Mapping[str, str]) -> tuple[dict[str, str], bytes]:
    """Sources without their sentences, and the content of the file.

    Args:
        sources: by their file names; ``micro/phrases.py`` is among them, or nothing is taken out.

    Raises:
        ValueError: the sentences are longer than the file can be.
        SyntaxError: a source is no Python.
    """
    if _MODULE.replace(".", "/") + ".py" not in sources:
        return dict(sources), b""
    found: dict[str, int] = {}
    changed = dict(sources)
    for path, text in sources.items():
        if path in _LEFT_ALONE:
            continue
        tree = ast.parse(text, path)
        visitor = _TakeOut(found)
        visitor.visit(tree)
        if visitor.took:
            place = 1 if ast.get_docstring(tree) is not None else 0
            level = path.count("/")
            tree.body.insert(place, ast.ImportFrom("phrases", [ast.alias("phrase")], level))
            changed[path] = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    return changed, _file(list(found))


def _file(sentences: list[str]) -> bytes:
    at = 2 * (len(sentences) + 1)
    places, body = [at], b""
    for sentence in sentences:
        body += sentence.encode()
        places.append(at + len(body))
    if places[-1] > _MOST:
        raise ValueError(f"the sentences of boards take {places[-1]} bytes; there is room for {_MOST}")
    return struct.pack(f"<{len(places)}H", *places) + body


class _TakeOut(ast.NodeTransformer):
    """Replaces what is raised or told. Where memory has run out, no file is opened."""

    def __init__(self, found: dict[str, int]) -> None:
        self._found = found
        self._is_said = False
        self.took = False

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return self._said(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return self._said(node) if called in _SAYING else self.generic_visit(node)

    def _said(self, node: ast.AST) -> ast.AST:
        before, self._is_said = self._is_said, True
        self.generic_visit(node)
        self._is_said = before
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        return node if node.type is not None and "MemoryError" in ast.unparse(node.type) else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        value = node.value
        return self._phrase(value) if self._is_said and isinstance(value, str) and _is_sentence(value) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        pattern, values = "", []
        for part in node.values:
            if isinstance(part, ast.Constant):
                pattern += str(part.value).replace("{", "{{").replace("}", "}}")
            elif isinstance(part, ast.FormattedValue):
                spec = ast.unparse(part.format_spec)[2:-1] if part.format_spec is not None else ""
                if "{" in spec:
                    return node
                pattern += (
                    "{" + (f"!{chr(part.conversion)}" if part.conversion > 0 else "") + (spec and f":{spec}") + "}"
                )
                values.append(part.value)
        if not (self._is_said and _is_sentence(pattern)):
            return node
        return ast.Call(ast.Attribute(self._phrase(pattern), "format", ast.Load()), values, [])

    def _phrase(self, sentence: str) -> ast.expr:
        self.took = True
        number = self._found.setdefault(sentence, len(self._found))
        return ast.Call(ast.Name("phrase", ast.Load()), [ast.Constant(number)], [])


def _is_sentence(value: str) -> bool:
    return len(value) >= _SHORTEST and " " in value and "memory" not in value
