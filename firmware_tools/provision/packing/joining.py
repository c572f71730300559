"""Modules that are always in memory together, made one: on a board each module costs, beside its code.

A module has a table of its names, one entry for each that it imports too, a table of the texts it mentions, and three
names of its own (itself, its file, its source) that stay in memory for ever. The sources stay apart, for people; boards
get them joined.
"""

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from device_runtime.errors import CygnetError
from firmware_tools.provision.packing.groups import GROUPS
from firmware_tools.provision.packing.modules import (
    COMPREHENSIONS,
    ClassScope,
    Function,
    Module,
    arguments_of,
    bound,
    locals_of,
    outermost,
    read_module,
    resolve,
    visit_defaults,
)


class JoinError(CygnetError):
    """Modules cannot be made one without changing what they do; the sentence says where."""


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
        _Plan(modules, [modules[path] for path in (*members, target) if path in modules], target)
        for target, members in groups.items()
        if target in modules
    ]
    names = _Names(modules, plans)
    joined: dict[str, str] = {}
    taken = {module.path for plan in plans for module in plan.members}
    for plan in plans:
        joined[plan.target] = ast.unparse(ast.fix_missing_locations(plan.joined(names)))
    for path, module in modules.items():
        if path not in taken:
            _Rewrite(module, module.path, names).visit(module.tree)
            joined[path] = ast.unparse(ast.fix_missing_locations(module.tree))
    return {path: joined[path] + "\n" for path in sources if path in joined}


@dataclass
class _Plan:
    """One group."""

    modules: Mapping[str, Module]
    members: list[Module]
    target: str

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

    def joined(self, names: "_Names") -> ast.Module:
        """The one module."""
        body: list[ast.stmt] = []
        seen: set[str] = set()
        for member in self.ordered():
            _Rewrite(member, self.target, names).visit(member.tree)
            for statement in member.tree.body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    text = ast.unparse(statement)
                    if text in seen:
                        continue
                    seen.add(text)
                body.append(statement)
        return ast.Module(body, [])


class _Names:
    """What everything is called afterwards."""

    def __init__(self, modules: Mapping[str, Module], plans: Sequence[_Plan]) -> None:
        self.by_dotted = {module.dotted: module for module in modules.values()}
        self._final: dict[tuple[str, str], str] = {}
        self._target: dict[str, str] = {}
        for plan in plans:
            if len({member.path for member in plan.members}) != len(plan.members):
                raise JoinError(f"{plan.target}: a module is taken in twice")
            for member in plan.members:
                if member.dotted in self._target:
                    raise JoinError(f"{member.path}: it is in two groups")
                self._target[member.dotted] = plan.target
            self._name(plan)

    def _name(self, plan: _Plan) -> None:
        owners = Counter(name for member in plan.members for name in member.own)
        outer: dict[str, str] = {}
        for member in plan.members:
            for name, what in member.outer.items():
                if outer.setdefault(name, what) != what:
                    raise JoinError(f"{member.path}: {name} is {what} here, and {outer[name]} in another of its group")
        for member in plan.members:
            for name in member.own:
                is_free = name not in outer and (owners[name] == 1 or member.path == plan.target)
                self._final[member.dotted, name] = name if is_free else f"{name}_{member.stem}"

    def target(self, dotted: str) -> str | None:
        """The file into which a module is taken; None: it stays where it is."""
        return self._target.get(dotted)

    def final(self, dotted: str, name: str) -> str:
        """What a name of a module is called."""
        return self._final.get((dotted, name), name)


class _Rewrite(ast.NodeTransformer):
    """Makes a module part of another, or of a package whose modules were joined."""

    def __init__(self, module: Module, target: str, names: _Names) -> None:
        self._module, self._target, self._names = module, target, names
        self._here = {name: names.final(module.dotted, name) for name in module.own}
        """By a name of this module, what it is called now."""
        self._modules: dict[str, str] = {}
        """By a name here, the module that it stands for."""
        self._gone: list[set[str]] = []
        """By the function that is read: what it need not import, and so not delete."""
        self._scopes: list[set[str]] = []

    # Imports

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.stmt] | None:
        if not node.level:
            return node
        base = resolve(self._module, node)
        kept: list[ast.ImportFrom] = []
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            local = alias.asname or alias.name
            if whole in self._names.by_dotted:
                new = self._module_import(whole, local)
            else:
                new = self._name_import(base, alias.name, local)
            if new is not None and kept and _place(kept[-1]) == _place(new):
                kept[-1].names += new.names
            elif new is not None:
                kept.append(new)
        return [*kept] or None

    def _module_import(self, whole: str, local: str) -> ast.ImportFrom | None:
        self._modules[local] = whole
        target = self._names.target(whole)
        if self._scopes:
            self._scopes[-1].discard(local)
        if target == self._target:
            self._forget(local)
            return None
        return self._import((target or self._names.by_dotted[whole].path), None, local)

    def _name_import(self, base: str, name: str, local: str) -> ast.ImportFrom | None:
        target = self._names.target(base)
        final = self._names.final(base, name)
        if target == self._target:
            self._forget(local)
            self._here[local] = final
            return None
        place = target or (
            self._names.by_dotted[base].path if base in self._names.by_dotted else base.replace(".", "/")
        )
        return self._import(place, final, local)

    def _forget(self, local: str) -> None:
        if self._gone:
            self._gone[-1].add(local)
            self._scopes[-1].discard(local)

    def _import(self, path: str, name: str | None, local: str) -> ast.ImportFrom:
        """``from …path import name as local``, or the module itself."""
        # By the whole name, which is in memory anyway. And before 1.26 a relative import begins at whoever put himself
        # in the place of ``__import__``, which is the guard of programs.
        parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
        wanted = name
        if wanted is None:
            wanted = parts.pop()
        alias = ast.alias(wanted, local if local != wanted else None)
        return ast.ImportFrom(".".join(parts), [alias], 0)

    def visit_Delete(self, node: ast.Delete) -> ast.AST | None:
        gone = self._gone[-1] if self._gone else set()
        node.targets = [each for each in node.targets if not (isinstance(each, ast.Name) and each.id in gone)]
        return self.generic_visit(node) if node.targets else None

    # Names

    def _new(self, name: str) -> str:
        if any(name in scope for scope in self._scopes):
            return name
        new = self._here.get(name, name)
        if new != name and any(new in scope for scope in self._scopes):
            raise JoinError(f"{self._module.path}: {name} becomes {new}, which a function has already: rename one")
        return new

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self._modules and not any(node.id in scope for scope in self._scopes):
            whole = self._modules[node.id]
            if self._names.target(whole) == self._target:
                raise JoinError(
                    f"{self._module.path}:{node.lineno}: {node.id} is a module that is joined with this one"
                )
            return node
        node.id = self._new(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        value = node.value
        if isinstance(value, ast.Name) and value.id in self._modules and not self._is_local(value.id):
            whole = self._modules[value.id]
            final = self._names.final(whole, node.attr)
            if self._names.target(whole) != self._target:
                node.attr = final
                return node
            if not isinstance(node.ctx, ast.Load) and self._scopes:
                raise JoinError(f"{self._module.path}:{node.lineno}: it sets {node.attr} of a module joined with it")
            if self._is_local(final):
                raise JoinError(f"{self._module.path}:{node.lineno}: {final} is a name of this function too")
            return ast.copy_location(ast.Name(final, node.ctx), node)
        return self.generic_visit(node)

    def _is_local(self, name: str) -> bool:
        return any(name in scope for scope in self._scopes)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._here.get(name, name) for name in node.names]
        return node

    # Scopes

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: Function) -> ast.AST:
        node.name = self._new(node.name) if not self._in_class() else node.name
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        visit_defaults(self, node.args)
        scopes, modules, here = self._scopes, dict(self._modules), dict(self._here)
        self._scopes = [scope for scope in scopes if not isinstance(scope, ClassScope)] + [locals_of(node)]
        self._gone.append(set())
        node.body = self._body(node.body) or [ast.Pass()]
        self._gone.pop()
        self._scopes, self._modules, self._here = scopes, modules, here
        return node

    def _in_class(self) -> bool:
        return bool(self._scopes) and isinstance(self._scopes[-1], ClassScope)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        visit_defaults(self, node.args)
        scopes = self._scopes
        self._scopes = [*scopes, {each.arg for each in arguments_of(node.args)}]
        node.body = self.visit(node.body)
        self._scopes = scopes
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._new(node.name) if not self._in_class() else node.name
        node.bases = [self.visit(each) for each in node.bases]
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        scopes = self._scopes
        self._scopes = [*scopes, ClassScope(name for each in outermost(node.body) for name in bound(each))]
        node.body = self._body(node.body) or [ast.Pass()]
        self._scopes = scopes
        return node

    def _body(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            new = self.visit(statement)
            found += new if isinstance(new, list) else [new] if new is not None else []
        return found

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, COMPREHENSIONS):
            scopes = self._scopes
            targets = {
                each.id for one in node.generators for each in ast.walk(one.target) if isinstance(each, ast.Name)
            }
            self._scopes = [*scopes, targets]
            super().generic_visit(node)
            self._scopes = scopes
            return node
        super().generic_visit(node)
        if isinstance(node, ast.Try) and not node.handlers:
            node.finalbody = node.finalbody or [ast.Pass()]
        if isinstance(node, ast.stmt) and getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node


def _place(node: ast.ImportFrom) -> tuple[int, str | None]:
    return node.level, node.module
