"""Modules of the micro runtime that boards compile themselves, to the code of their own chip: those that say ``viper``.

Bytecode is the same on all boards, machine code is not; so these travel as source, one file for every chip, without
what a board has no use for. Their names stay, those that they share with other modules too.
"""

import ast
from collections.abc import Iterator

from firmware_tools.provision.packing.names import JoinError

_NATIVE = frozenset({"micropython.viper", "micropython.native"})


def is_native(tree: ast.Module) -> bool:
    """Whether a module has functions in machine code."""
    return any(
        isinstance(node, ast.FunctionDef) and any(ast.unparse(each) in _NATIVE for each in node.decorator_list)
        for node in ast.walk(tree)
    )


def shared_names(tree: ast.Module) -> Iterator[str]:
    """What a native module has in common with others: what it defines, imports, and asks objects for."""
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield statement.name
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            yield from (each.id for each in ast.walk(statement) if isinstance(each, ast.Name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


def native_source(tree: ast.Module, path: str) -> str:
    """The module as boards get it; the tree is changed.

    Raises:
        JoinError: it imports from its own folder by one dot. On a board whose guard of programs is in place that means
            the guard's folder.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 1 and not _is_guarded(tree, node):
            raise JoinError(f"{path}: it imports from its own folder by one dot: write `from ..{path.split('/')[-2]}`")
    tree = _Plain().visit(tree)
    lines = ast.unparse(ast.fix_missing_locations(tree)).splitlines()
    return "\n".join(_indented_by_one(line) for line in lines if line) + "\n"


class _Plain(ast.NodeTransformer):
    """Leaves out texts that nobody reads, and imports for type checkers; annotations stay: they are viper's types."""

    def visit_Module(self, node: ast.Module) -> ast.AST:
        return self._without_text(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._without_text(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._without_text(node)

    def visit_Try(self, node: ast.Try) -> ast.AST | None:
        is_for_types = all(isinstance(each, ast.ImportFrom | ast.If) for each in node.body) and [
            ast.unparse(each) for each in node.handlers
        ] == ["except ImportError:\n    pass"]
        return None if is_for_types else self.generic_visit(node)

    def _without_text(self, node: ast.Module | ast.FunctionDef | ast.ClassDef) -> ast.AST:
        self.generic_visit(node)
        node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
        return node


def _is_guarded(tree: ast.Module, wanted: ast.ImportFrom) -> bool:
    """Whether an import is for type checkers, and is left out."""
    return any(isinstance(node, ast.Try) and wanted in ast.walk(node) for node in tree.body)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _indented_by_one(line: str) -> str:
    text = line.lstrip(" ")
    return " " * ((len(line) - len(text)) // 4) + text
