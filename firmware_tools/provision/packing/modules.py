"""Sources of the micro runtime, read for being made small: what a module defines, imports and means."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Module:
    """One source."""

    path: str
    tree: ast.Module
    own: set[str] = field(default_factory=set)
    """What it defines at its outermost level."""
    outer: dict[str, str] = field(default_factory=dict)
    """By the names that ``import json as j`` gives there, the whole of it."""
    inner: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By the names that ``from .link import send as s`` gives there, ``own.link`` and ``send``."""
    changed: set[str] = field(default_factory=set)
    """What functions set of it."""

    @property
    def dotted(self) -> str:
        """Its name: ``micro.sync.link``."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def package(self) -> list[str]:
        """Where its relative imports begin: ``["micro", "sync"]``."""
        parts = self.path.removesuffix(".py").split("/")
        return parts[:-1]

    @property
    def stem(self) -> str:
        """Its last name."""
        return self.dotted.rpartition(".")[2]


def without_types(tree: ast.Module) -> None:
    """Take out what is imported for annotations only, and the annotations."""
    _WithoutTypes().visit(tree)


class _WithoutTypes(ast.NodeTransformer):
    def visit_Try(self, node: ast.Try) -> ast.AST | None:
        is_guarded = [ast.unparse(handler) for handler in node.handlers] == ["except ImportError:\n    pass"]
        if is_guarded and all(_is_for_types(each) for each in node.body):
            return None
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.generic_visit(ast.copy_location(ast.Assign([node.target], node.value), node))

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: Function) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)


def _is_for_types(node: ast.stmt) -> bool:
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return True
    return isinstance(node, ast.ImportFrom) and (node.level > 0 or node.module in ("typing", "collections.abc"))


def read_module(path: str, text: str) -> Module:
    """Parse a source, without what only types need. Raises :class:`SyntaxError`."""
    tree = ast.parse(text, path)
    without_types(tree)
    module = Module(path, tree)
    for node in outermost(tree.body):
        if isinstance(node, ast.Import):
            for name, alias in zip(bound(node), node.names, strict=True):
                _outer(module, name, f"import {alias.name if alias.asname else name}")
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for name, alias in zip(bound(node), node.names, strict=True):
                _outer(module, name, f"from {node.module} import {alias.name}")
        elif isinstance(node, ast.ImportFrom):
            for name, alias in zip(bound(node), node.names, strict=True):
                what = resolve(module, node), alias.name
                if module.inner.setdefault(name, what) != what:
                    module.own.add(name)  # it stands for two things, as what is set again does
        else:
            module.own.update(bound(node))
    for each in ast.walk(tree):
        if isinstance(each, ast.Global):
            module.changed.update(each.names)
    module.own |= module.changed
    module.own -= set(module.outer)
    return module


def _outer(module: Module, name: str, what: str) -> None:
    before = module.outer.get(name, what)
    module.outer[name] = what if before == what else f"{before} or {what}"


def outermost(body: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """Statements and expressions, but not those inside functions and classes."""
    for node in body:
        yield from _shallow(node)


def _shallow(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(
        node, Function | ast.ClassDef | ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ):
        return
    for child in ast.iter_child_nodes(node):
        yield from _shallow(child)


def bound(node: ast.AST) -> Iterator[str]:
    """The names that one node binds where it stands."""
    if isinstance(node, Function | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        yield node.id
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        whole = isinstance(node, ast.ImportFrom)
        yield from (alias.asname or (alias.name if whole else alias.name.partition(".")[0]) for alias in node.names)


def resolve(module: Module, node: ast.ImportFrom) -> str:
    """The whole name of what a relative import names: ``micro.sync.messages``."""
    base = module.package[: len(module.package) - node.level + 1]
    return ".".join([*base, *([node.module] if node.module else [])])


class ClassScope(set[str]):
    """Names that a class's body sees, and its methods do not; before it has set one, it sees what is outside."""

    def __init__(self, body: Iterable[ast.stmt]) -> None:
        super().__init__(name for each in outermost(body) for name in bound(each))
        self.set_by_now: set[str] = set()


def locals_of(node: Function) -> set[str]:
    """The names that are a function's own."""
    found = {each.arg for each in arguments_of(node.args)}
    elsewhere: set[str] = set()
    for each in outermost(node.body):
        found.update(bound(each))
        if isinstance(each, ast.Global | ast.Nonlocal):
            elsewhere.update(each.names)
    return found - elsewhere


def fixed_of(node: Function) -> set[str]:
    """Those of a function's own names that it has from elsewhere than relative imports."""
    found = {each.arg for each in arguments_of(node.args)}
    for each in outermost(node.body):
        is_relative = isinstance(each, ast.ImportFrom) and each.level
        is_deleted = isinstance(each, ast.Name) and isinstance(each.ctx, ast.Del)
        if not (is_relative or is_deleted):
            found.update(bound(each))
    return found


def arguments_of(arguments: ast.arguments) -> list[ast.arg]:
    """All of them, with those that take the rest."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return every + [each for each in (arguments.vararg, arguments.kwarg) if each is not None]


def visit_defaults(visitor: ast.NodeTransformer, arguments: ast.arguments) -> None:
    """Transform the default values, which are no part of the function that they belong to."""
    arguments.defaults = [visitor.visit(each) for each in arguments.defaults]
    arguments.kw_defaults = [visitor.visit(each) if each is not None else None for each in arguments.kw_defaults]
