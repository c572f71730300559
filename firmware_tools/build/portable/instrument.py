"""Source text whose every loop and function first calls ``_tick()``, on the same lines and so with the same errors.

A board has one thread: what a program does not do by itself cannot be interrupted. ``_tick`` is a global that the
runtime puts into each module; it answers something false, or raises when the time of an event is over.
"""

import ast
from typing import Final

_STATEMENT: Final = "_tick();"
_BEFORE, _AFTER = "_tick() or (", ")"


def instrument(text: str, path: str) -> str:
    """``text``, which must have passed :func:`~firmware_tools.build.portable.checker.check_module`, with its ticks."""
    tree = ast.parse(text, path)
    places = _Places(text)
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(body=body) | ast.For(body=body):
                _tick_first(body, places)
            case ast.While(test=test):
                places.wrap(test)
            case ast.Lambda(body=expression):
                places.wrap(expression)
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                _tick_comprehension(node.generators, element, places)
            case ast.DictComp(value=element):
                _tick_comprehension(node.generators, element, places)
    return places.written()


def _tick_first(body: list[ast.stmt], places: "_Places") -> None:
    """A tick before anything else is done in a block. A block that holds nothing but function definitions does nothing
    (the checker refuses a function of that kind), and needs none."""
    first = next((statement for statement in body if not isinstance(statement, ast.FunctionDef)), None)
    match first:
        case None | ast.While():  # a loop ticks by itself, even one that is over at once
            pass
        case ast.If(test=test):
            places.wrap(test)
        case ast.For(iter=iterated):
            places.wrap(iterated)
        case ast.Try(body=inner):
            _tick_first(inner, places)
        case _:
            places.before(first)


def _tick_comprehension(generators: list[ast.comprehension], element: ast.expr, places: "_Places") -> None:
    for place, generator in enumerate(generators):
        if generator.ifs:
            places.wrap(generator.ifs[0])
        elif place + 1 < len(generators):
            places.wrap(generators[place + 1].iter)
        else:
            places.wrap(element)


class _Places:
    """Where a text gets what. The positions of a tree count bytes of UTF-8."""

    def __init__(self, text: str) -> None:
        self._lines = [part + b"\n" for part in text.encode().split(b"\n")]
        self._added: list[tuple[int, int, int, bytes]] = []
        self._wrapped: set[tuple[int, int, int, int]] = set()

    def before(self, node: ast.stmt) -> None:
        self._add(node.lineno, node.col_offset, _STATEMENT)

    def wrap(self, node: ast.expr) -> None:
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        place = (node.lineno, node.col_offset, end_line, end)
        if place not in self._wrapped:
            self._wrapped.add(place)
            self._add(node.lineno, node.col_offset, _BEFORE)
            self._add(end_line, end, _AFTER)

    def _add(self, line: int, column: int, what: str) -> None:
        self._added.append((line - 1, column, len(self._added), what.encode()))

    def written(self) -> str:
        for line, column, _, what in sorted(self._added, reverse=True):
            text = self._lines[line]
            self._lines[line] = text[:column] + what + text[column:]
        return b"".join(self._lines)[:-1].decode()
