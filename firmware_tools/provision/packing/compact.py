"""The micro runtime's sources with short names, for boards: a name costs a board memory for as long as it runs.

MicroPython keeps each name (of a function, an argument, an attribute) that its firmware has not got in a table that
only grows. The runtime is a closed world: what only it names may be named otherwise, everywhere alike. What others say
keeps its name: what programs see, what the loader calls, words that stand in the code as texts, the classes of errors
(messages show them), and whatever Python's or a board's own modules have. What is renamed is called as something that
the firmware knows anyway, as far as that goes (:mod:`.firmware_names`).

Annotations, docstrings and constants of one module, which do nothing on a board, are left out.
"""

import ast
import asyncio
import binascii
import builtins
import gc
import hashlib
import io
import itertools
import json
import keyword
import math
import os
import random
import socket
import ssl
import string
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping

from firmware_tools.provision.packing.firmware_names import FIRMWARE_NAMES
from firmware_tools.provision.packing.modules import arguments_of, without_types
from firmware_tools.provision.packing.native import is_native, native_source, shared_names
from firmware_tools.provision.packing.uses import Uses

_OPEN_MODULES = ("program/api.py",)
"""What programs see."""
_OPEN_NAMES = frozenset({"main", "choose", "root", "slot", "safe", "_tick", "start", "stop", "running", "on_failure"})
_PYTHON = (
    builtins, str, bytes, bytearray, memoryview, dict, list, set, tuple, int, float, BaseException, OSError, object,
    asyncio, asyncio.Task, asyncio.Event, asyncio.Lock, asyncio.StreamReader, asyncio.StreamWriter, binascii, gc,
    hashlib, hashlib.sha256(), io, io.BytesIO, io.StringIO, json, math, os, random, socket, socket.socket, ssl,
    ssl.SSLContext, struct, sys, time, sys.implementation, (lambda: (yield))(), io.FileIO, asyncio.Lock(),
    property,
)  # fmt: skip
_BOARD = """
readinto readexactly awrite wait_closed drain e s ioctl poll ticks_ms ticks_us ticks_diff ticks_add sleep_ms sleep_us
fill pixel hline vline line rect fill_rect ellipse poly text scroll blit FrameBuffer MONO_VLSB MONO_HLSB RGB565 GS8
Pin OUT IN PULL_UP PULL_DOWN value on off toggle init irq PWM freq duty duty_u16 duty_ns deinit ADC read_u16 I2C SPI
scan readfrom writeto readfrom_mem writeto_mem readfrom_into readfrom_mem_into readinto write_readinto WDT feed timeout
reset unique_id bitstream RTC datetime Timer NeoPixel write network WLAN STA_IF AP_IF active connect isconnected
status config ifconfig disconnect country hostname rp2 ntptime settime host mem_free mem_alloc threshold collect
print_exception const micropython sync mount umount statvfs ilistdir stat mktime localtime gmtime
""".split()  # noqa: SIM905 - a list of this length is not for reading


def compact(sources: Mapping[str, str]) -> dict[str, str]:
    """Sources by their file names, all of the package at once: the same that does the same, with short names.

    Raises:
        SyntaxError: a source is no Python.
    """
    trees = {name: ast.parse(text, name) for name, text in sources.items()}
    natives = {name: trees.pop(name) for name in sources if is_native(trees[name])}
    shared = {name for tree in natives.values() for name in shared_names(tree)}
    shared.update(part for name in natives for part in name.removesuffix(".py").split("/"))
    for tree in trees.values():
        without_types(tree)
        _WithoutTexts().visit(tree)
    imported = {
        name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for name in (alias.name for alias in node.names)
    } | {node.attr for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    imported |= _said(trees) | shared
    for tree in trees.values():
        _inline(tree, imported)
    kept = _kept(trees) | shared
    uses = Uses()
    for tree in trees.values():
        uses.visit(tree)
    names = _names(trees, kept, uses)
    for name, tree in trees.items():
        _Rename(names[name], uses, _globals(tree)).visit(tree)
    short = {name: ast.unparse(ast.fix_missing_locations(tree)) + "\n" for name, tree in trees.items()}
    short |= {name: native_source(tree, name) for name, tree in natives.items()}
    return {name: short[name] for name in sources}


class _WithoutTexts(ast.NodeTransformer):
    """Takes out docstrings."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.stmt | ast.ExceptHandler) and getattr(node, "body", None) == []:
            node.body = [ast.Pass()]  # type: ignore[union-attr]
        if isinstance(node, ast.Try) and not (node.handlers or node.finalbody):
            node.finalbody = [ast.Pass()]
        return node


def _inline(tree: ast.Module, imported: set[str]) -> None:
    """Put whole numbers that only a module itself names where they are used."""
    stores = Counter(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    )
    other = imported | set(_bound_otherwise(tree))
    values: dict[str, int] = {}
    for node in list(tree.body):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            value = node.value.value if isinstance(node.value, ast.Constant) else None
            if name not in other and name.isupper() and stores[name] == 1 and type(value) is int:
                values[name] = value
                tree.body.remove(node)

    class Inline(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.Constant(values[node.id]) if node.id in values else node

    Inline().visit(tree)


def _bound_otherwise(tree: ast.AST) -> Iterator[str]:
    """The names that are bound, but not as variables are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def _kept(trees: Mapping[str, ast.Module]) -> set[str]:
    """The names that stay."""
    kept = {*_OPEN_NAMES, *_BOARD, *keyword.kwlist, *_said(trees)}
    for known in _PYTHON:
        kept.update(dir(known))
    return kept


def _said(trees: Mapping[str, ast.Module]) -> set[str]:
    """The names that stay because of what the sources say beside code."""
    kept: set[str] = set()
    for name, tree in trees.items():
        kept.update(name.removesuffix(".py").split("/"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                kept.update(part for part in node.value.split(".") if part.isidentifier())
            elif isinstance(node, ast.ClassDef) and _is_error(node):
                kept.add(node.name)
            elif isinstance(node, ast.keyword) and node.arg:
                kept.add(node.arg)
            elif isinstance(node, ast.Import | ast.ImportFrom) and not _is_own(node, trees):
                kept.update(alias.name for alias in node.names)
                kept.update(alias.asname for alias in node.names if alias.asname)
        if name.endswith(_OPEN_MODULES):
            kept.update(_defined(tree))
            kept.update(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return kept


def _is_own(node: ast.Import | ast.ImportFrom, trees: Mapping[str, ast.Module]) -> bool:
    """Whether an import names modules of the package, relatively or by their whole names."""
    if isinstance(node, ast.Import):
        return False
    return node.level > 0 or any(name.startswith(f"{(node.module or '').split('.')[0]}/") for name in trees)


def _is_error(node: ast.ClassDef) -> bool:
    """Whether messages may show the name of a class."""
    return any(ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases)


def _defined(tree: ast.AST) -> Iterator[str]:
    """The names that code makes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
            yield from (each.arg for each in arguments_of(node.args))
        elif isinstance(node, ast.Lambda):
            yield from (each.arg for each in arguments_of(node.args))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _names(trees: Mapping[str, ast.Module], kept: set[str], uses: Uses) -> dict[str, dict[str, str]]:
    """By file, a short name for each name that may have one; an argument's may be its own.

    A name that stands in one file only gets one that others of other files have too, and what only ever stands after a
    dot one that a function or class has: so there are few names in all. Names of local variables cost nothing.
    """
    places: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for file, tree in trees.items():
        for name in _mentioned(tree):
            places.setdefault(name, set()).add(file)
            counts[name] += 1
        for name in _of_others(tree):
            places.setdefault(name, set()).add("")
    letters, more = string.ascii_letters + "_", string.ascii_letters + string.digits
    said = _said(trees)
    free = [name for name in FIRMWARE_NAMES if name not in said and name not in places]
    free += [a + b for a, b in itertools.product(letters, more) if a + b not in kept and a + b not in places]
    made = {name for tree in trees.values() for name in _defined(tree)}
    renamed = [
        name
        for name, _ in counts.most_common()
        if name in made and name not in kept and len(name) > 2 and name[:2] != "__"
    ]
    shared: dict[str, str] = {name: name for name in renamed if name in uses.arguments}
    _assign([name for name in renamed if len(places[name]) > 1], uses, free, shared)
    names = {file: dict(shared) for file in trees}
    for file in trees:
        _assign([name for name in renamed if places[name] == {file}], uses, free, names[file])
    return names


def _assign(wanted: list[str], uses: Uses, free: list[str], names: dict[str, str]) -> None:
    """Give each of ``wanted`` that costs something a name that ``names`` has not yet for its use."""
    for is_member in (False, True):
        taken = {
            short for name, short in names.items() if name in (uses.members if is_member else uses.names | uses.members)
        }
        given = [short for name, short in names.items() if name in uses.names and name not in uses.members]
        left = iter([short for short in dict.fromkeys((given if is_member else []) + free) if short not in taken])
        for name in wanted:
            if name in uses.members and name not in uses.names if is_member else name in uses.names:
                names[name] = next(left)


def _mentioned(tree: ast.AST) -> Iterator[str]:
    """All names in code, as often as they stand there."""
    yield from _defined(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias | ast.ExceptHandler) and node.name:
            yield node.name


def _of_others(tree: ast.Module) -> Iterator[str]:
    """The members that objects of other files' classes may get here: set from outside, or of a class that inherits.

    A short name that is given in each file anew would make two members of one object the same.
    """
    here = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)} | set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not {ast.unparse(base) for base in node.bases} <= here:
            yield from _defined(node)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) != "self":
            yield node.attr


def _globals(tree: ast.Module) -> set[str]:
    """What a function of the module may mean that is not its own."""
    found = set(dir(builtins))
    for statement in tree.body:
        if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.update(_defined(statement))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found.update(node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
    return found


class _Rename(ast.NodeTransformer):
    """Gives names; the arguments of each function are ``a``, ``b``, ``c`` again, so far as it has no such names."""

    def __init__(self, names: Mapping[str, str], uses: Uses, shared: set[str]) -> None:
        self._members = {name: short for name, short in names.items() if name in uses.members}
        # A local variable is not called as a member of the same name is, which may be as something else is called.
        self._names = {name: short for name, short in names.items() if name in uses.names}
        self._arguments = {name for name in names if name in uses.arguments}
        self._shared = shared
        self._own: dict[str, str] = {}
        self._depth = 0
        self._in_class = False

    def _new(self, name: str) -> str:
        return self._own.get(name) or self._names.get(name, name)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._new(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._members.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._new(node.arg)
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        node.name = self._names.get(node.name, node.name)
        if node.asname is not None:
            node.asname = self._new(node.asname)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._new(name) for name in node.names]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        node.names = [self._new(name) for name in node.names]
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.name = self._new(node.name) if node.name else None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._new(node.name)
        outside, self._in_class = self._in_class, True
        self.generic_visit(node)
        self._in_class = outside
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        is_method, self._in_class = self._in_class, False
        outermost = not self._own and not self._depth
        if outermost:
            self._own = self._arguments_of(node)
        self._depth += 1
        names = self._members if is_method else self._names
        node.name = names.get(node.name, node.name) if outermost or is_method else self._new(node.name)
        self.generic_visit(node)
        self._depth -= 1
        self._in_class = is_method
        if outermost:
            self._own = {}
        return node

    def _arguments_of(self, node: ast.AST) -> dict[str, str]:
        used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} | set(_defined(node)) | self._shared
        used |= {each.name for each in ast.walk(node) if isinstance(each, ast.ExceptHandler) and each.name}
        free = (letter for letter in string.ascii_letters if letter not in used)
        own: dict[str, str] = {}
        for each in ast.walk(node):
            if isinstance(each, ast.ClassDef):
                own.update((name, self._names.get(name, name)) for name in _defined(each))  # also of its members
        for each in ast.walk(node):
            is_argument = isinstance(each, ast.arg) and each.arg in self._arguments and each.arg not in self._shared
            if isinstance(each, ast.arg) and is_argument and each.arg not in own:
                own[each.arg] = next(free, "") or self._names.get(each.arg, each.arg)
        return own
