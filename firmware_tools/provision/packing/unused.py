"""Functions that the toolchain uses of the micro runtime and the runtime itself does not: boards go without."""

import ast
from collections.abc import Mapping

from firmware_tools.provision.packing.modules import without_types
from firmware_tools.provision.packing.native import is_native

_OPEN_MODULES = ("program/api.py",)
"""What programs call."""
_OPEN_NAMES = frozenset({"main"})


def without_unused(sources: Mapping[str, str]) -> dict[str, str]:
    """Sources by their file names, all of the package at once, without functions of modules that none of them names.

    Raises:
        SyntaxError: a source is no Python.
    """
    trees = {name: ast.parse(text, name) for name, text in sources.items()}
    named = set(_OPEN_NAMES)
    for tree in trees.values():
        without_types(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                named.add(node.id)
            elif isinstance(node, ast.Attribute):
                named.add(node.attr)
            elif isinstance(node, ast.alias):
                named.add(node.name)
    changed = dict(sources)
    for path, tree in trees.items():
        unused = [
            each
            for each in tree.body
            if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and each.name not in named
        ]
        if unused and not path.endswith(_OPEN_MODULES) and not is_native(tree):
            tree.body = [each for each in tree.body if each not in unused]
            changed[path] = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    return changed
