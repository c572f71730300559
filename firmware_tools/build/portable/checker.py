"""Checks that a module of a program keeps to the portable subset, and finds out what others need to know of it."""
# ruff: noqa: N802 methods are called after the types of nodes

import ast
import symtable
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from firmware_tools.build.portable.declarations import COMPREHENSIONS, CheckedModule, Declarations
from firmware_tools.build.portable.reading import read_differently
from firmware_tools.build.portable.subset import (
    BASES,
    BUILTIN_HINTS,
    BUILTINS,
    CALLED_ONLY,
    KEYWORDS,
    METHOD_HINTS,
    METHOD_KEYWORDS,
    MOST_CHARACTERS,
    MOST_POWER,
    NEVER,
    NODE_REASONS,
    NODES,
    ONLY_CALLED,
    ORDER_DOES_NOT_MATTER,
    ORDERED_BY_CHANCE,
)


def check_module(path: str, text: str, own_methods: Iterable[str] = ()) -> CheckedModule:
    """Check one source file; what is wrong is in ``faults``, each ``path:line: reason``. ``own_methods`` are names of
    methods that classes of the program's other modules have."""
    found = CheckedModule(path)
    if len(text) > MOST_CHARACTERS:
        found.faults.append(f"{path}:1: it has more than {MOST_CHARACTERS:,} characters, more than any board can load")
        return found
    for mark in "\r\f\0":
        if mark in text:
            line = text[: text.index(mark)].count("\n") + 1
            found.faults.append(f"{path}:{line}: it holds the control character {mark!r}; lines end with a newline")
    if found.faults:
        return found
    try:
        with warnings.catch_warnings(action="ignore", category=SyntaxWarning):
            tree = ast.parse(text, path)
            table = symtable.symtable(text, path, "exec")
    except SyntaxError as error:
        found.faults.append(f"{path}:{error.lineno or 1}: {error.msg}")
        return found
    except (ValueError, RecursionError, MemoryError) as error:
        found.faults.append(f"{path}:1: it cannot be read: {error}")
        return found
    try:
        _Checker(found, text, set(own_methods) | defined_methods(tree)).check(tree, table, text)
    except RecursionError:
        found.faults.append(f"{path}:1: its expressions are nested too deeply")
    found.faults.sort(key=_line_of)
    return found


def defined_methods(tree: ast.Module) -> set[str]:
    """The names of all methods that a module's classes have."""
    return {
        part.name
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for part in node.body
        if isinstance(part, ast.FunctionDef)
    }


def methods_of(text: str) -> set[str]:
    """:func:`defined_methods` of a text; none where it cannot be read, which :func:`check_module` tells."""
    try:
        return defined_methods(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()


def _line_of(fault: str) -> int:
    number = fault.split(":", 2)[1]
    return int(number) if number.isdigit() else 0


class _Checker(Declarations):
    def check(self, tree: ast.Module, table: symtable.SymbolTable, text: str) -> None:
        for statement in tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                self._import(statement)
        self._found.names = {
            symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()
        }
        self._found.modules = set(self._modules)
        self._walk(tree, [])
        self._free_names(tree, table)
        for line, reason in read_differently(tree, text):
            self._refuse(line, reason)

    def _walk(self, node: ast.AST, around: list[ast.AST]) -> None:
        if not isinstance(node, NODES):
            name = type(node).__name__
            self._refuse(node, NODE_REASONS.get(name, f"{name} is not in the subset that all engines have"))
            return
        visit: Callable[[Any, list[ast.AST]], None] | None = getattr(self, f"_on_{type(node).__name__}", None)
        if visit is not None:
            visit(node, around)
        around.append(node)
        for child in ast.iter_child_nodes(node):
            self._walk(child, around)
        around.pop()

    # -- names and attributes --------------------------------------------------------------------------------------

    def _free_names(self, tree: ast.Module, table: symtable.SymbolTable) -> None:
        """Names that are no variables must be those that all engines have."""
        unknown = {name for name in _global_names(table) if name not in self._found.names} - BUILTINS - NEVER
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id in unknown:
                why = BUILTIN_HINTS.get(node.id, "there is no such variable, and no such function in all engines")
                self._refuse(node, f"{node.id} may not be used: {why}")

    def _on_Name(self, node: ast.Name, around: list[ast.AST]) -> None:
        self._name(node, node.id)
        if node.id in NEVER:
            why = BUILTIN_HINTS.get(node.id, "a program may not reach into the engine")
            self._refuse(node, f"{node.id} may not be used: {why}")
        elif node.id in ONLY_CALLED and not (isinstance(around[-1], ast.Call) and around[-1].func is node):
            self._refuse(node, f"{node.id} can only be called, and is no value and no variable")
        if node.id in self._modules and not (isinstance(around[-1], ast.Attribute) and isinstance(node.ctx, ast.Load)):
            self._refuse(node, f"the module {node.id} can only be asked for its members, as in {node.id}.name")
        elif node.id in self._cygnet:
            self._imported(node, around[-1])
        elif node.id in CALLED_ONLY and node.id not in self._found.names:
            parent = around[-1]
            if not (isinstance(parent, ast.Call) and parent.func is node):
                self._refuse(node, f"{node.id} is called where it stands, and not handed on")

    def _imported(self, node: ast.Name, parent: ast.AST) -> None:
        """A name of cygnet keeps its meaning, and the classes of the runtime stay as they are."""
        if not isinstance(node.ctx, ast.Load):
            self._refuse(node, f"{node.id} is what it was imported as; give this another name")
        elif isinstance(parent, ast.Attribute):
            self._refuse(node, f"{node.id} has no members of its own")
        elif self._cygnet[node.id] in BASES and not isinstance(parent, ast.ClassDef):
            self._refuse(node, f"{node.id} is a base, and nothing else: class Index({node.id}):")

    def _on_arg(self, node: ast.arg, _: list[ast.AST]) -> None:
        self._name(node, node.arg)

    def _on_keyword(self, node: ast.keyword, _: list[ast.AST]) -> None:
        self._name(node, node.arg or "")

    def _on_alias(self, node: ast.alias, _: list[ast.AST]) -> None:
        self._name(node, node.asname or "")

    def _on_ExceptHandler(self, node: ast.ExceptHandler, _: list[ast.AST]) -> None:
        if node.type is None:
            self._refuse(node, "a bare except would catch that the program is stopped; say except Exception")
        self._name(node, node.name or "")

    def _on_Attribute(self, node: ast.Attribute, _: list[ast.AST]) -> None:
        if node.attr.startswith("_"):
            self._refuse(node, f".{node.attr} may not be used: members that begin with an underscore are the runtime's")
        elif isinstance(node.value, ast.Name) and node.value.id in self._modules:
            self._member(node, self._modules[node.value.id], node.attr)
            if not isinstance(node.ctx, ast.Load):
                self._refuse(node, f"{node.value.id}.{node.attr} may not be changed: the module is not the program's")
        elif node.attr in METHOD_HINTS and node.attr not in self._methods:
            self._refuse(node, f".{node.attr} may not be used: {METHOD_HINTS[node.attr]}")

    # -- calls -----------------------------------------------------------------------------------------------------

    def _on_Call(self, node: ast.Call, around: list[ast.AST]) -> None:
        if isinstance(node.func, ast.Name):
            self._call_of_name(node, node.func.id, around)
        elif isinstance(node.func, ast.Attribute):
            self._call_of_method(node, node.func, around)

    def _call_of_name(self, node: ast.Call, name: str, around: list[ast.AST]) -> None:
        if self._cygnet.get(name) == "call":
            match node.args:
                case [ast.Constant(value=str(capability))]:
                    self._found.calls.append((capability, node.lineno))
                case _:
                    self._refuse(
                        node, 'the capability of call(…) is told as a text: call("led.set", name="lamp", on=True)'
                    )
        if name not in BUILTINS or (name in self._found.names and name not in ONLY_CALLED):
            return
        if name in ("getattr", "setattr", "hasattr"):
            match node.args:
                case [first, ast.Constant(value=str(member)), *_] if not isinstance(first, ast.Starred):
                    if member.startswith("_"):
                        self._refuse(
                            node, f"{member} may not be used: members that begin with an underscore are the runtime's"
                        )
                case _:
                    self._refuse(node, f"the name that {name} asks for is told as a text, not made by the program")
        if name == "type" and (len(node.args) != 1 or isinstance(node.args[0], ast.Starred)):
            self._refuse(node, "type(…) tells the type of one value; classes are written with class")
        elif name == "type" and not isinstance(around[-1], ast.Compare):
            self._refuse(node, "a type is only compared: type(value) is int; the type of a type makes classes")
        if name == "iter" and (len(node.args) != 1 or isinstance(node.args[0], ast.Starred)):
            self._refuse(node, "iter(…) takes one value")
        self._keywords(node, name, KEYWORDS[name])

    def _call_of_method(self, node: ast.Call, method: ast.Attribute, around: list[ast.AST]) -> None:
        name = method.attr
        if name in METHOD_KEYWORDS and name not in self._methods:
            self._keywords(node, name, METHOD_KEYWORDS[name])
        if name == "format" and isinstance(method.value, ast.Constant) and isinstance(method.value.value, str):
            reaches = any(mark in part for part in _fields(method.value.value) for mark in ".[")
            if reaches:
                self._refuse(node, "format takes no members of its values ({0.name}); say an f-string")
        if name in ORDERED_BY_CHANCE and not node.args and name not in self._methods:
            user = next(
                (one for one in reversed(around) if isinstance(one, ast.Call | ast.For | ast.comprehension)), None
            )
            if not (
                isinstance(user, ast.Call) and isinstance(user.func, ast.Name) and user.func.id in ORDER_DOES_NOT_MATTER
            ):
                self._warn(node, f"a dictionary has no order on boards: .{name}() comes in another one; say sorted(…)")

    def _keywords(self, node: ast.Call, name: str, known: frozenset[str]) -> None:
        for keyword in node.keywords:
            if "*" not in known and keyword.arg not in known:
                told = keyword.arg or "**"
                self._refuse(node, f"{name}(…) takes no keyword {told} in all engines")

    def _on_BinOp(self, node: ast.BinOp, _: list[ast.AST]) -> None:
        """A compiler works out powers of numbers when it reads them; some would keep it busy for hours."""
        if isinstance(node.op, ast.Pow) and all(map(_is_arithmetic, (*ast.walk(node.left), *ast.walk(node.right)))):
            power = _written_number(node.right)
            if _written_number(node.left) is None or power is None:
                self._refuse(node, "a power of powers is worked out in steps: give the inner one a name first")
            elif power > MOST_POWER:
                self._refuse(node, f"a power of numbers that are written out goes up to {MOST_POWER}")

    # -- expressions -----------------------------------------------------------------------------------------------

    def _on_Slice(self, node: ast.Slice, _: list[ast.AST]) -> None:
        if node.step is not None:
            self._refuse(node, "MicroPython has no steps in slices; say reversed(…) or range(…)")

    def _on_Starred(self, node: ast.Starred, around: list[ast.AST]) -> None:
        if isinstance(around[-1], ast.List | ast.Tuple | ast.Set) and isinstance(node.ctx, ast.Load):
            self._refuse(node, "MicroPython has no * in lists; say a + b")

    def _on_Dict(self, node: ast.Dict, _: list[ast.AST]) -> None:
        if None in node.keys:
            self._refuse(node, "MicroPython has no ** in dictionaries; say copy() and update()")

    def _on_JoinedStr(self, node: ast.JoinedStr, _: list[ast.AST]) -> None:
        for part in ast.walk(node):
            if isinstance(part, (ast.Lambda, *COMPREHENSIONS)):
                self._refuse(node, "an f-string holds no lambda and no comprehension; give the value a name first")

    def _on_comprehension(self, node: ast.comprehension, around: list[ast.AST]) -> None:
        if node.is_async:
            self._refuse(around[-1], NODE_REASONS["AsyncFor"])

    def _on_Constant(self, node: ast.Constant, _: list[ast.AST]) -> None:
        if isinstance(node.value, complex):
            self._refuse(node, "complex numbers are not there on small boards")


def _global_names(table: symtable.SymbolTable) -> set[str]:
    """The names that a module asks of its globals or of the engine, in all its functions."""
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced()
        and (symbol.is_global() or (table.get_type() == "module" and not symbol.is_assigned()))
    }
    for child in table.get_children():
        names |= _global_names(child)
    return names


def _is_arithmetic(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant | ast.UnaryOp | ast.BinOp | ast.operator | ast.unaryop)


def _written_number(node: ast.expr) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None


def _fields(text: str) -> list[str]:
    """What stands in the braces of a format text."""
    return [part.split("}")[0].split(":")[0] for part in text.replace("{{", "").split("{")[1:]]
