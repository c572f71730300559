"""Modules that are always in memory together, made one: on a board each module costs, beside its code.

A module has a table of its names, one entry for each that it imports too, a table of the texts it mentions, and three
names of its own (itself, its file, its source) that stay in memory for ever. The sources stay apart, for people; boards
get them joined.
"""

import ast
from collections.abc import Mapping, Sequence

from firmware_tools.provision.packing.groups import GROUPS
from firmware_tools.provision.packing.modules import Module, outermost, read_module, resolve
from firmware_tools.provision.packing.names import Group, JoinError, Names
from firmware_tools.provision.packing.native import is_native
from firmware_tools.provision.packing.rewriting import Rewrite

__all__ = ["JoinError", "join"]


def join(sources: Mapping[str, str], groups: Mapping[str, Sequence[str]] = GROUPS) -> dict[str, str]:
    """Sources by their file names, all of the package at once: the same in fewer files.

    Args:
        sources: what they are.
        groups: by the file that takes others in, those others; what is not among the sources is left out.

    Raises:
        JoinError: two modules cannot be joined as they are.
        SyntaxError: a source is no Python.
    """
    modules = {path: read_module(path, text) for path, text in sources.items()}
    plans = [
        _Plan([modules[path] for path in (*members, target) if path in modules], target)
        for target, members in groups.items()
        if target in modules
    ]
    names = Names(modules, plans)
    joined: dict[str, str] = {}
    taken = {module.path for plan in plans for module in plan.members}
    for plan in plans:
        joined[plan.target] = ast.unparse(ast.fix_missing_locations(plan.joined(names)))
    for path, module in modules.items():
        if is_native(module.tree):
            joined[path] = sources[path].rstrip("\n")  # what viper is told stands where others have types
        elif path not in taken:
            Rewrite(module, module.path, names).visit(module.tree)
            joined[path] = ast.unparse(ast.fix_missing_locations(module.tree))
    return {path: joined[path] + "\n" for path in sources if path in joined}


class _Plan(Group):
    """One group, and the making of it."""

    def ordered(self) -> list[Module]:
        """The members, each after those that it imports when it is loaded."""
        by_name = {member.dotted: member for member in self.members}
        done: list[Module] = []

        def take(member: Module, waiting: tuple[str, ...]) -> None:
            if member.dotted in waiting:
                raise JoinError(f"{member.path}: it imports itself by way of {' -> '.join(waiting)}")
            if member in done:
                return
            for node in outermost(member.tree.body):
                if isinstance(node, ast.ImportFrom) and node.level:
                    base = resolve(member, node)
                    for name in (base, *(f"{base}.{alias.name}" for alias in node.names)):
                        if name in by_name and by_name[name] is not member:
                            take(by_name[name], (*waiting, member.dotted))
            done.append(member)

        for member in sorted(self.members, key=lambda each: each.path == self.target):
            take(member, ())
        return done

    def joined(self, names: Names) -> ast.Module:
        """The one module."""
        body: list[ast.stmt] = []
        seen: set[str] = set()
        for member in self.ordered():
            Rewrite(member, self.target, names).visit(member.tree)
            for statement in member.tree.body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    text = ast.unparse(statement)
                    if text in seen:
                        continue
                    seen.add(text)
                body.append(statement)
        return ast.Module(body, [])
