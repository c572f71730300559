"""The part of the checker that looks at imports, functions and classes, and keeps what was found."""
# ruff: noqa: N802 methods are called after the types of nodes

import ast
from dataclasses import dataclass, field
from typing import Final

from firmware_tools.build.portable.subset import (
    BASES,
    CYGNET_NAMES,
    MODULE_HINTS,
    MODULES,
    PAGE_METHODS,
)

COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LIB: Final = "lib."


@dataclass(slots=True)
class CheckedModule:
    """What a module was found to be. ``page`` is the class that a page or ``app.py`` defines; ``imports`` are the
    program's own modules by their names (``lib.colours``), with the names wanted of each and the line; ``calls`` are
    the capabilities that it names, with the line."""

    path: str
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    bases: list[tuple[str, str, int]] = field(default_factory=list)
    methods: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    imports: list[tuple[str, str, int]] = field(default_factory=list)
    calls: list[tuple[str, int]] = field(default_factory=list)


class Declarations:
    """Checks what declares names. ``methods`` are names that classes of the program give to methods."""

    def __init__(self, found: CheckedModule, text: str, methods: set[str]) -> None:
        self._found = found
        self._lines = text.splitlines()
        self._methods = methods
        self._modules: dict[str, str] = {}
        self._cygnet: dict[str, str] = {}
        self._told: set[tuple[int, str]] = set()

    def _refuse(self, node: ast.AST | int, reason: str) -> None:
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        if (line, reason) not in self._told:
            self._told.add((line, reason))
            self._found.faults.append(f"{self._found.path}:{line}: {reason}")

    def _warn(self, node: ast.AST, text: str) -> None:
        self._found.warnings.append(f"{self._found.path}:{getattr(node, 'lineno', 1)}: {text}")

    # -- imports -------------------------------------------------------------------------------------------------

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        line = self._lines[node.lineno - 1] if node.lineno <= len(self._lines) else ""
        if node.col_offset or node.end_lineno != node.lineno or ";" in line.split("#")[0] or "(" in line.split("#")[0]:
            self._refuse(node, "an import stands alone on its line, without parentheses")
        if isinstance(node, ast.Import):
            for name in node.names:
                if name.name == "cygnet" or name.name.startswith(_LIB):
                    self._refuse(node, f"say from {name.name} import …, with the names")
                elif name.name not in MODULES:
                    self._refuse(node, _unknown_module(name.name))
                else:
                    self._modules[name.asname or name.name] = name.name
            return
        module = node.module or ""
        if node.level:
            self._refuse(node, "imports are told from the program's root: from lib.colours import mix")
            return
        for name in node.names:
            if name.name == "*":
                self._refuse(node, "import * hides which names there are; name them")
            elif module == "cygnet":
                if name.name not in CYGNET_NAMES:
                    self._refuse(node, f"cygnet has no {name.name!r}; it has {', '.join(sorted(CYGNET_NAMES))}")
                self._cygnet[name.asname or name.name] = name.name
            elif module in MODULES:
                self._member(node, module, name.name)
            elif module.startswith(_LIB) and module.count(".") == 1:
                if name.name.startswith("_"):
                    self._refuse(node, f"{name.name!r} is {module}'s own: its name begins with an underscore")
                self._found.imports.append((module, name.name, node.lineno))
            else:
                self._refuse(node, _unknown_module(module))

    def _member(self, node: ast.AST, module: str, name: str) -> None:
        if name in MODULES[module]:
            return
        full = f"{module}.{name}"
        why = MODULE_HINTS.get(
            full, f"not all engines have it; of {module} there is {', '.join(sorted(MODULES[module]))}"
        )
        self._refuse(node, f"{full} may not be used: {why}")

    def _on_Import(self, node: ast.Import, around: list[ast.AST]) -> None:
        if len(around) > 1:
            self._refuse(node, "imports stand at the top of the file, not inside of anything")

    def _on_ImportFrom(self, node: ast.ImportFrom, around: list[ast.AST]) -> None:
        if len(around) > 1:
            self._refuse(node, "imports stand at the top of the file, not inside of anything")

    # -- names ---

    def _name(self, node: ast.AST, name: str) -> None:
        if name.startswith("__"):
            self._refuse(node, f"{name} may not be used: names that begin with two underscores reach into the engine")
        elif name in ("_tick", "Stopped"):
            self._refuse(node, f"{name} may not be used: the name belongs to the runtime")

    # -- functions and classes -------------------------------------------------------------------------------------

    def _on_FunctionDef(self, node: ast.FunctionDef, around: list[ast.AST]) -> None:
        if node.decorator_list:
            self._refuse(node, "Monty has no decorators for methods; say what they do in the function")
        if node.name.startswith("__") and not (
            node.name == "__init__" and isinstance(around[-1], ast.ClassDef) and not around[-1].bases
        ):
            self._refuse(node, f"{node.name} may not be defined: of such names only __init__, in a class without base")
        elif node.name in ("_tick", "Stopped"):
            self._refuse(node, f"{node.name} may not be used: the name belongs to the runtime")
        if getattr(node, "type_params", None):
            self._refuse(node, "MicroPython has no type parameters")
        self._arguments(node.args)
        self._does_something(node)

    def _on_For(self, node: ast.For, _: list[ast.AST]) -> None:
        self._does_something(node)

    def _does_something(self, node: ast.FunctionDef | ast.For | ast.Try) -> None:
        """Where else would the tick go that stops it?"""
        if all(isinstance(part, ast.FunctionDef) for part in node.body):
            self._refuse(node, "a block that only defines functions does nothing; say what it does")

    def _on_Lambda(self, node: ast.Lambda, _: list[ast.AST]) -> None:
        self._arguments(node.args)

    def _arguments(self, arguments: ast.arguments) -> None:
        if arguments.posonlyargs:
            self._refuse(arguments.posonlyargs[0], "MicroPython has no / among arguments")
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None and any(
                isinstance(part, (ast.Call, ast.Await, *COMPREHENSIONS)) for part in ast.walk(default)
            ):
                self._refuse(default, "a default value calls nothing; say None, and make the value in the function")

    def _on_ClassDef(self, node: ast.ClassDef, around: list[ast.AST]) -> None:
        if len(around) > 1:
            self._refuse(node, "classes stand at the top of the file, not inside of anything")
        if node.decorator_list:
            self._refuse(node, "Monty has no decorators for classes")
        if node.keywords or getattr(node, "type_params", None):
            self._refuse(node, "classes have no metaclass and no parameters")
        self._name(node, node.name)
        base = self._base(node)
        if base:
            self._found.bases.append((base, node.name, node.lineno))
            self._found.methods |= {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        for part in node.body:
            self._class_part(node, part, base)

    def _base(self, node: ast.ClassDef) -> str:
        if not node.bases:
            return ""
        match node.bases:
            case [ast.Name(id=name)] if self._cygnet.get(name) in BASES:
                head = f"class {node.name}({name}):"
                if not self._lines[node.lineno - 1].startswith(head):
                    self._refuse(node, f"it is written as {head}")
                return self._cygnet[name]
        self._refuse(node, "Monty has no inheritance: a class has no base, or Page or App of cygnet")
        return ""

    def _class_part(self, node: ast.ClassDef, part: ast.stmt, base: str) -> None:
        match part:
            case ast.FunctionDef(name=name):
                if base and (name in PAGE_METHODS or name == "__init__"):
                    self._refuse(part, f"{name} is what {base} has; give it another name")
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if base == "Page" and name == "data":
                    self._data(value)
                elif base and name in PAGE_METHODS:
                    self._refuse(part, f"{name} is what {base} has; give it another name")
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case _:
                self._refuse(part, f"a class holds methods and values: name = value; this is none, in {node.name}")

    def _data(self, value: ast.expr) -> None:
        if not isinstance(value, ast.Dict):
            self._refuse(value, 'data is written out: data = {"count": 0}')
            return
        for part in ast.walk(value):
            match part:
                case ast.Dict(keys=keys):
                    if not all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys):
                        self._refuse(part, "the names in data are texts")
                case ast.Constant(value=constant) if not isinstance(constant, str | int | float | bool | None):
                    self._refuse(part, "data hold texts, numbers, True, False, None, lists and dictionaries")
                case (
                    ast.List()
                    | ast.Constant()
                    | ast.UnaryOp(operand=ast.Constant())
                    | ast.expr_context()
                    | ast.unaryop()
                ):
                    pass
                case _:
                    self._refuse(
                        part, "data are written out: texts, numbers, True, False, None, lists and dictionaries"
                    )

    # -- what would catch that a program is stopped ------------------------------------------------------------------

    def _on_Try(self, node: ast.Try, _: list[ast.AST]) -> None:
        self._does_something(node)
        if node.finalbody:
            self._refuse(
                node.finalbody[0],
                "what finally does could hide that the program is stopped; say it after try, and in except",
            )


def _unknown_module(name: str) -> str:
    known = ", ".join(["cygnet", *MODULES, "lib.…"])
    return f"the module {name} may not be imported; there are {known}"
