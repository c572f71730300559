"""A module made part of another: its imports, and its names wherever they stand."""

import ast

from firmware_tools.provision.packing.modules import (
    COMPREHENSIONS,
    ClassScope,
    Function,
    Module,
    arguments_of,
    bound,
    fixed_of,
    locals_of,
    outermost,
    resolve,
    visit_defaults,
)
from firmware_tools.provision.packing.names import JoinError, Names


class Rewrite(ast.NodeTransformer):
    """Makes a module part of another, or of a package whose modules were joined."""

    def __init__(self, module: Module, target: str, names: Names) -> None:
        self._module, self._target, self._names = module, target, names
        self._here = {name: names.final(module.dotted, name) for name in module.own}
        """By a name of this module, what it is called now."""
        self._modules: dict[str, str] = {}
        """By a name here, the module that it stands for."""
        self._gone: list[set[str]] = []
        """By the function that is read: what it need not import, and so not delete."""
        self._fixed: list[set[str]] = []
        """By the function that is read: its own names that stay, whatever it imports."""
        self._stayed: set[str] = set()
        """Names that were taken for a function's own, since the outermost one began."""
        self._scopes: list[set[str]] = []

    # Imports

    def visit_Import(self, node: ast.Import) -> ast.AST:
        for alias in node.names:
            if alias.name in self._names.by_dotted:
                raise self._error(node, f"it imports {alias.name} by its whole name: write `from . import`")
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.stmt] | None:
        if not node.level:
            if node.module in self._names.by_dotted:
                raise self._error(node, f"it imports from {node.module} by its whole name: write `from .`")
            return node
        if self._in_class():
            raise self._error(node, "a class imports: do it outside")
        if any(alias.name == "*" for alias in node.names):
            raise self._error(node, "it imports all that a module has: name what it needs")
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

    def _error(self, node: ast.stmt | ast.expr, sentence: str) -> JoinError:
        return JoinError(f"{self._module.path}:{node.lineno}: {sentence}")

    def _module_import(self, whole: str, local: str) -> ast.ImportFrom | None:
        target = self._names.target(whole)
        if target == self._target:
            self._forget(local, whole)
        else:
            self._keep(local)
        self._modules[local] = whole
        if self._scopes:
            self._scopes[-1].discard(local)
        if target == self._target:
            return None
        return self._import((target or self._names.by_dotted[whole].path), None, local)

    def _name_import(self, base: str, name: str, local: str) -> ast.ImportFrom | None:
        target = self._names.target(base)
        final = self._names.final(base, name)
        if target == self._target:
            if name in self._names.by_dotted[base].changed:
                raise JoinError(f"{self._module.path}: {name} of {base} changes: import the module, and name it there")
            self._forget(local, final)
            self._here[local] = final
            return None
        self._keep(local)
        place = target or (
            self._names.by_dotted[base].path if base in self._names.by_dotted else base.replace(".", "/")
        )
        return self._import(place, final, local)

    def _forget(self, local: str, what: str) -> None:
        """It needs no import here any more."""
        if self._gone:
            is_other = local in self._gone[-1] and what not in (self._here.get(local), self._modules.get(local))
            if local in self._fixed[-1] or local in self._stayed or is_other:
                raise JoinError(
                    f"{self._module.path}: a function means by {local} more than what it imports: rename it"
                )
            self._gone[-1].add(local)
            self._scopes[-1].discard(local)

    def _keep(self, local: str) -> None:
        """It is imported here."""
        if self._gone:
            if local in self._gone[-1]:
                raise JoinError(
                    f"{self._module.path}: a function means by {local} more than what it imports: rename it"
                )
            self._fixed[-1].add(local)

    def _import(self, path: str, name: str | None, local: str) -> ast.ImportFrom:
        """``from …path import name as local``, or the module itself."""
        # By the whole name, which is in memory anyway. And in 1.25 a relative import begins at whoever put himself
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
        if self._is_local(name):
            self._stayed.add(name)
            return name
        new = self._here.get(name, name)
        if new != name and any(new in scope for scope in self._scopes):
            raise JoinError(f"{self._module.path}: {name} becomes {new}, which a function has already: rename one")
        return new

    def visit_Name(self, node: ast.Name) -> ast.AST:
        self._see(node)
        if node.id in self._modules and not self._is_local(node.id):
            target = self._names.target(self._modules[node.id])
            if target == self._target:
                raise self._error(node, f"{node.id} is a module that is joined with this one")
            if target is not None and isinstance(node.ctx, ast.Load):
                raise self._error(node, f"{node.id} is a module that is joined with others: only name what it has")
            return node
        node.id = self._new(node.id)
        return node

    def _see(self, node: ast.Name) -> None:
        """A class that sets a name may have read it before, from outside."""
        scope = self._scopes[-1] if self._scopes else None
        if not isinstance(scope, ClassScope) or not isinstance(node.ctx, ast.Load):
            return
        is_other = self._here.get(node.id, node.id) != node.id or node.id in self._modules
        if node.id in scope and node.id not in scope.set_by_now and is_other:
            raise self._error(node, f"{node.id} is a name of this class, and one outside: rename one")

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
        names = [self._here.get(name, name) for name in node.names]
        for name, new in zip(node.names, names, strict=True):
            if name != new and self._is_local(name):
                raise self._error(node, f"{name} is a name of a function around this one, too: rename one")
        node.names = names
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = self._new(node.name) if node.name else None
        return self.generic_visit(node)

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
        if not self._gone:
            self._stayed = set()
        self._scopes = [*self._outside(), locals_of(node)]
        self._gone.append(set())
        self._fixed.append(fixed_of(node))
        node.body = self._body(node.body) or [ast.Pass()]
        self._gone.pop()
        self._fixed.pop()
        self._scopes, self._modules, self._here = scopes, modules, here
        return node

    def _outside(self) -> list[set[str]]:
        """The names that a function sees of what is around it."""
        return [scope for scope in self._scopes if not isinstance(scope, ClassScope)]

    def _in_class(self) -> bool:
        return bool(self._scopes) and isinstance(self._scopes[-1], ClassScope)

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        visit_defaults(self, node.args)
        scopes = self._scopes
        self._scopes = [*self._outside(), {each.arg for each in arguments_of(node.args)}]
        node.body = self.visit(node.body)
        self._scopes = scopes
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._new(node.name) if not self._in_class() else node.name
        node.bases = [self.visit(each) for each in node.bases]
        node.keywords = [self.visit(each) for each in node.keywords]
        node.decorator_list = [self.visit(each) for each in node.decorator_list]
        scopes, scope = self._scopes, ClassScope(node.body)
        self._scopes = [*scopes, scope]
        node.body = self._body(node.body, scope.set_by_now) or [ast.Pass()]
        self._scopes = scopes
        return node

    def _body(self, body: list[ast.stmt], set_by_now: set[str] | None = None) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for statement in body:
            names = [name for each in outermost([statement]) for name in bound(each)]
            new = self.visit(statement)
            found += new if isinstance(new, list) else [new] if new is not None else []
            if set_by_now is not None:
                set_by_now.update(names)
        return found

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, COMPREHENSIONS):
            scopes = self._scopes
            targets = {
                each.id for one in node.generators for each in ast.walk(one.target) if isinstance(each, ast.Name)
            }
            first = node.generators[0]
            first.iter = self.visit(first.iter)  # it is not inside
            known, first.iter = first.iter, ast.Constant(None)
            self._scopes = [*self._outside(), targets]
            super().generic_visit(node)
            first.iter = known
            self._scopes = scopes
            return node
        super().generic_visit(node)
        if isinstance(node, ast.Try) and not node.handlers:
            node.finalbody = node.finalbody or [ast.Pass()]
        if isinstance(node, ast.stmt | ast.ExceptHandler) and getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[union-attr]
        return node


def _place(node: ast.ImportFrom) -> tuple[int, str | None]:
    return node.level, node.module
