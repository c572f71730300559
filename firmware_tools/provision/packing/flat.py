"""One folder for all modules of the micro runtime: on a board each folder costs two blocks of flash, and memory for as
long as one of its modules is there.

The sources stay in packages, for people. Boards import ``micro.link``, not ``micro.sync.link``.
"""

import ast
from collections.abc import Iterator, Mapping

from firmware_tools.provision.packing.modules import Module, resolve
from firmware_tools.provision.packing.names import JoinError

_INIT = "__init__"


def flattened(sources: Mapping[str, str]) -> dict[str, str]:
    """Sources by their file names, all of the package at once, in one folder.

    Imports of modules, and texts that are the whole name of one, name what it is called then.

    Raises:
        JoinError: two modules would have the same name, a package is more than a folder, or is imported itself.
        SyntaxError: a source is no Python.
    """
    trees = {path: ast.parse(text, path) for path, text in sources.items()}
    places: dict[str, str] = {}
    for path, tree in trees.items():
        root, *folders, file = path.removesuffix(".py").split("/")
        if file == _INIT and folders:
            if any(not _is_text(node) for node in tree.body):
                raise JoinError(f"{path}: a package of boards has no code of its own: move it into a module")
            continue
        place = f"{root}/{file}.py"
        if place in places.values():
            other = next(each for each, taken in places.items() if taken == place)
            raise JoinError(f"{path}: on a board it would have the name of {other}: rename one")
        places[path] = place
    names = {_dotted(path): _dotted(place) for path, place in places.items()}
    packages = {_dotted(path) for path in sources if path not in places}
    return {
        place: _edited(sources[path], list(_Edits(Module(path, trees[path]), names, packages).all()))
        for path, place in places.items()
    }


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix(f"/{_INIT}").replace("/", ".")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


class _Edits:
    """What changes in one source: nodes, and what stands in their place."""

    def __init__(self, module: Module, names: Mapping[str, str], packages: set[str]) -> None:
        self._module, self._names, self._packages = module, names, packages

    def all(self) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
        """From the beginning of the source to its end."""
        for node in ast.walk(self._module.tree):
            if isinstance(node, ast.ImportFrom):
                if new := self._import(node):
                    yield node, new
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in self._names:
                yield node, repr(self._names[node.value])

    def _import(self, node: ast.ImportFrom) -> str:
        base = resolve(self._module, node) if node.level else node.module or ""
        if base not in self._names and base not in self._packages:
            return ""
        lines: dict[str, list[str]] = {}
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            if whole in self._packages:
                raise JoinError(f"{self._module.path}:{node.lineno}: it imports the package {whole}: name a module")
            if whole in self._names:
                place, _, name = self._names[whole].rpartition(".")
            elif base in self._names:
                place, name = self._names[base], alias.name
            else:
                raise JoinError(f"{self._module.path}:{node.lineno}: the package {base} has no {alias.name}")
            local = alias.asname or alias.name
            lines.setdefault(place, []).append(name if name == local else f"{name} as {local}")
        return "; ".join(f"from {place} import {', '.join(found)}" for place, found in lines.items())


def _edited(source: str, edits: list[tuple[ast.stmt | ast.expr, str]]) -> str:
    """What nobody changed stays as it is: types of viper, and how deep it is indented."""
    lines = source.encode().split(b"\n")
    for node, new in sorted(edits, key=lambda edit: (edit[0].lineno, edit[0].col_offset), reverse=True):
        line, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
        rest = lines[last][node.end_col_offset :]
        lines[line : last + 1] = [lines[line][: node.col_offset] + new.encode() + rest]
    return b"\n".join(lines).decode()
