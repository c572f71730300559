"""Whatever a program that is taken does on MicroPython, it never holds a part of the engine or of the runtime."""

import random
from pathlib import Path
from typing import Any

from firmware_tools.build.micropython import BytecodeError
from firmware_tools.build.portable.bytecode import ReadDifferentlyError, check_reading
from firmware_tools.build.portable.checker import check_module
from firmware_tools.build.portable.instrument import instrument
from tests.micro.board import run_json

_HEAD = "import json\nimport math\nimport time\nfrom cygnet import CapabilityError, Page, call, log\nkept = []\nx = 1\n"
_NAMES = ["x", "y", "globals", "eval", "getattr", "type", "open", "object", "dir", "locals", "setattr", "e", "str"]
_ATOMS = [
    "x", "y", "log", "call", "Page", "kept", "'a'", "1", "[x]", "{'a': x}", "(x,)", "len", "str", "list", "dict",
    "json", "math", "time", "CapabilityError", "ValueError('a')", "log.x", "math.pi", "json.loads", "time.time",
    "Page.set_data", "Page()", "iter([1])", "getattr", "type", "globals", "int", "Exception",
    "(i for i in [1])", "None",
    "__name__",
]  # fmt: skip
_FORMS = [
    "globals()", "getattr({a}, 'data')", "getattr({a}, '__class__')", "getattr(*[{a}, '__globals__'], 'x')",
    "getattr({a}, '__glo' 'bals__')", "getattr({a}, *['__class__'])", "type({a})", "type({a})('X', (), {{}})",
    "type({a}) is type({b})", "type(type({a}))", "{a}.__class__", "'{{0.__class__}}'.format({a})",
    "('{{0.__cl' + 'ass__}}').format({a})",
    "f'{{{a}}}'", "f'{{x:{{x}}}}'", '''f"{{'}}{{x:'}}{{'+str(kept.append(globals()))+'}}{{'}}{{x:'}}"''', "eval('x')",
    "f\"{{'}}'}}\"", "(globals := {a})", "(y := {a})", "[getattr][0]({a}, '__class__')", "open('/etc/passwd')",
    "list(map(getattr, [{a}], ['__cl' + 'ass__']))", "__import__('os')", "dir({a})", "{a}.data", "(lambda g={a}: g)()",
    "[y for y in [{a}]]", "[[(eval := y) for y in [1]] for y in [{a}]]", "setattr({a}, 'q', {b})", "{a} if {b} else 0",
    "{a}({b})", "{a}[{b}]", "{a} + {b}", "hasattr({a}, '__dict__')", "sorted([{a}], key={b})", "\uff47lobals()",
    "list(map({a}, [{b}]))", "{a}.args", "{a}.append", "{a}.format", "str({a})", "repr({a})", "super()", "vars({a})",
]  # fmt: skip
_STATEMENTS = [
    "x = {e}", "kept.append({e})", "for {n} in [{e}]:\n    kept.append({n})", "if False:\n    {n} = 1",
    "try:\n    kept.append({e})\nexcept Exception as {n}:\n    kept.append({n})", "{n} = {e}\nkept.append({n})",
    "def {n}():\n    return {e}\nkept.append({n}())", "class A:\n    {n} = {e}\nkept.append(A.{n})",
    "def f({n}={e}):\n    return {n}\nkept.append(f())", "import math as {n}", "y = [{n} for {n} in [{e}]]",
    "def g():\n    global {n}\n    {n} = {e}\ng()", "kept.append({n})", "class A:\n    {n} = {n}\nkept.append(A.{n})",
    "from math import pi as {n}\nkept.append({n})", "Page.{n} = {e}", "kept.append(lambda {n}=1: {n})",
]  # fmt: skip

_RUN = """
import sys
from micro.program import api, guard
run = exec
taken = type(sys)
guard.install(api.Cygnet())
FUNCTIONS = [open, run, eval, globals, locals, dir, getattr, setattr, __import__, super]
def found(value, depth):
    if isinstance(value, taken):
        return "a module"
    if isinstance(value, type) and value is type:
        return "the type of types"
    for each in FUNCTIONS:
        if value is each:
            return "a function of the engine: " + str(each)
    if isinstance(value, dict) and ("__name__" in value or "__file__" in value):
        return "the names of a module"
    if isinstance(value, BaseException) and not isinstance(value, Exception):
        return "what ends the program"
    if depth and isinstance(value, (list, tuple, dict)):
        for inner in (list(value.values()) if isinstance(value, dict) else value):
            reached = found(inner, depth - 1)
            if reached:
                return reached
    return ""
held = []
for number, text in enumerate(given):
    names = {"__name__": "lib.a"}
    try:
        guard.call(300, run, text, names)
    except BaseException as error:
        pass
    reached = found(names.get("kept", []), 4)
    if reached:
        held.append([number, reached])
answer(held)
"""


def _text(drawn: random.Random) -> str:
    def expression(depth: int) -> str:
        if not depth or drawn.random() < 0.3:
            return drawn.choice(_ATOMS)
        return drawn.choice(_FORMS).format(a=expression(depth - 1), b=expression(depth - 1))

    text = _HEAD
    for _ in range(drawn.randrange(1, 5)):
        statement = drawn.choice(_STATEMENTS)
        text += statement.replace("{e}", expression(2)).replace("{n}", drawn.choice(_NAMES)) + "\n"
    return text


def test_a_program_that_is_taken_holds_nothing_of_the_engine(micropython: str, tmp_path: Path) -> None:
    drawn = random.Random(7)  # noqa: S311 no secret
    texts: list[str] = []
    for _ in range(6000):
        text = _text(drawn)
        if check_module("lib/a.py", text).faults:
            continue
        try:
            ticking = instrument(text, "lib/a.py")
            check_reading(ticking, "lib/a.py")
        except (ReadDifferentlyError, BytecodeError):
            continue
        texts.append(ticking)
    assert len(texts) > 150
    held: Any = run_json(micropython, _RUN, texts, tmp_path, heap="32m")
    assert held == [], "\n\n".join(f"{texts[number]}: {what}" for number, what in held[:5])
