"""No program that is built reaches what it may not: attempts that once did, or nearly, on MicroPython."""

import json
import random
from pathlib import Path

import pytest

from firmware_tools.build.micropython import BytecodeError
from firmware_tools.build.portable.bytecode import ReadDifferentlyError, check_reading
from firmware_tools.build.portable.checker import check_module
from firmware_tools.build.portable.publishing import BytecodeMismatchError, check_bytecode
from firmware_tools.build.portable.sources import PythonSources
from firmware_tools.build.project_json import SourceError

PAGE = """from cygnet import Page, call, log
class Index(Page):
    data = {}
    def tap(self, event):
        """
_NEVER_RUN = "if False:\n    %s = 0\n"
_HIDDEN = '''f"{'}{event:'}{'+str(globals())+'}{'}{event:'}"'''

ATTEMPTS = {
    "a variable that is never assigned stands for what the engine has": (
        _NEVER_RUN % "globals" + PAGE + "log(globals())", ":2: globals may not be used"),
    "a loop over nothing assigns it": ("for eval in []:\n    pass\n" + PAGE + "log(eval('1'))", ":1: eval may not"),
    "an exception that is never raised": (
        "try:\n    x = 1\nexcept ValueError as exec:\n    pass\n" + PAGE + "exec('1')", ":9: exec may not be used"),
    "an import that is called so": ("from math import sin as open\n" + PAGE + "open('x')", ":6: open may not be used"),
    "a class body looks further": ("class A:\n    globals = globals\n" + PAGE + "A.globals()", ":2: globals may not"),
    "a walrus in two comprehensions binds elsewhere in MicroPython": (
        PAGE + "x = [[(globals := 1) for a in [1]] for b in []]\n        globals()", ":5: globals may not be used"),
    "what ends a program is caught": (
        _NEVER_RUN % "BaseException" + PAGE + "\n        try:\n            pass\n        except BaseException:\n"
        "            pass", ":2: BaseException may not be used"),
    "what ends the runtime is raised": (
        _NEVER_RUN % "SystemExit" + PAGE + "raise SystemExit", ":2: SystemExit may not"),
    "getattr under another name": ("g = getattr\n" + PAGE + "g(event, 'x')", ":1: getattr can only be called"),
    "getattr by map": (PAGE + "list(map(getattr, [event], ['__cl' + 'ass__']))", ":5: getattr can only be called"),
    "getattr as a default": (PAGE + "f = lambda g=getattr: g", ":5: getattr can only be called"),
    "getattr with what a list holds": (
        PAGE + "log(getattr(*[log, '__glo' + 'bals__'], 'x'))", ":5: the name that getattr asks for"),
    "setattr with what a list holds": (
        PAGE + "setattr(*[log, '__na' + 'me__'], 'x')", ":5: the name that setattr asks for"),
    "a type makes a class": ("t = type(int)\n" + PAGE + "t('X', (), {})", ":1: a type is only compared"),
    "a type of a type": (PAGE + "type(type(1))('X', (), {})", ":5: a type is only compared"),
    "letters that CPython takes for others": ("\uff47lobals = 0\n" + PAGE + "globals()", ":1: globals may not be used"),
    "code in an f-string that only MicroPython sees": (PAGE + f"log({_HIDDEN})", ":5: MicroPython reads an expression"),
    "a backslash before a brace": (PAGE + "log(rf'\\{event}')", ":5: MicroPython reads"),
    "an f-string beside a text with braces": (PAGE + "log('{0}' f'{event}')", ":5: an f-string is not put together"),
    "an f-string in an f-string": (PAGE + '''log(f"{f'{event}'}")''', ":5: MicroPython has no f-string in an f-string"),
    "a line that begins with a backslash": (PAGE + "pass\n        \\\n  log(1)\n", ":6: a line does not begin"),
    "a module is changed": ("import time\n" + PAGE + "time.time = log", ":6: time.time may not be changed"),
    "annotations": (PAGE + "x: globals() = 1", ":5: globals may not be used"),
    "a power that takes hours to compile": (PAGE + "x = 9 ** 9 ** 9", ":5: a power of powers is worked out"),
    "a power that is as large": (PAGE + "x = 9 ** 99999999", ":5: a power of numbers that are written out"),
    "a source without end": ("x = 1\n" * 40_000 + PAGE, ":1: it has more than 200,000 characters"),
    "the runtime's tick": (PAGE + "global _tick\n        _tick = 1", ":6: _tick may not be used"),
}  # fmt: skip


@pytest.mark.parametrize("case", ATTEMPTS)
def test_an_attempt_is_refused_with_its_line(case: str) -> None:
    text, expected = ATTEMPTS[case]
    faults = check_module("pages/a.py", text).faults
    assert any(fault.startswith(f"pages/a.py{expected}") for fault in faults), faults


def test_a_module_that_another_module_imported_is_not_to_be_had_from_it() -> None:
    files = {"pages/a.py": "from lib.b import json\n" + PAGE + "json.load", "lib/b.py": "import json\nx = 1\n"}
    with pytest.raises(SourceError, match=r"pages/a\.py:1: json is a module"):
        PythonSources(("pages/a",), files, files.get)


PUBLISHED = {
    "modules in a chain": {f"lib/m{i}.py": f"from lib.m{i + 1} import x{i + 1}\nx{i} = 1\n" for i in range(1500)},
    "a sum without end": {"pages/a.py": PAGE + "x = " + " + ".join(["f'{event:{event}}'"] * 900)},
    "a number without end": {"pages/a.py": PAGE + "x = 0x" + "f" * 100_000},
    "memory without end": {"pages/a.py": PAGE + "x = " + "(" * 30 + "1 << 9999999" + ") * (1 << 9999999)" * 30},
}


@pytest.mark.parametrize("case", PUBLISHED)
def test_what_a_publisher_cannot_compile_is_refused_in_a_sentence(case: str) -> None:
    first = "from lib.m0 import x0\n" if "lib/m0.py" in PUBLISHED[case] else ""
    files = {"pages/a.py": first + PAGE + "pass\n", "lib/m1500.py": "x1500 = 1\n", **PUBLISHED[case]}
    manifest = json.dumps({"pages": ["pages/a"], "cygnet": {"language": "python"}}).encode()
    with pytest.raises(BytecodeMismatchError):
        check_bytecode({"manifest.json": manifest, **{name: text.encode() for name, text in files.items()}})


READ_OTHERWISE = {
    "hidden code": f"event = 1\nlog({_HIDDEN})",
    "identifiers": "\uff47 = 1",
    "a backslash in an f-string": "x = rf'\\{1}'",
    "texts side by side": "x = '{0}' f'{1}'",
}


@pytest.mark.parametrize("case", READ_OTHERWISE)
def test_what_mpy_cross_reads_otherwise_is_refused_whatever_the_checker_says(case: str) -> None:
    with pytest.raises(ReadDifferentlyError, match=r"^a\.py:1: MicroPython reads it otherwise"):
        check_reading(READ_OTHERWISE[case], "a.py")


def test_the_runtime_s_own_modules_are_read_alike() -> None:
    for path in sorted(Path("device_runtime/micro/program").glob("*.py")):
        check_reading(path.read_text(encoding="utf-8"), path.name)


_WORDS = [
    "x", "getattr", "(", ")", "[", "]", "{", "}", "'", '"', "f'", 'f"', "rf'", "'''", ":", "!r", "!", "=", ",", ".",
    "\\", "\n", "\n    ", "\n\t", ";", " ", "if ", "for x in ", "lambda: ", "def f(): ", "class A: ", "1", "0x1", "1_0",
    "+", "and ", "not ", "\uff45val", "é", "#", "b'", "\\N{DASH}", "\\x41", "else: ", "pass", "\u2028", ":=", "*",
]  # fmt: skip


def test_any_text_that_both_read_is_read_alike_or_refused() -> None:
    """Whatever passes the checker compiles from a tree that is the same for both, or is refused in one sentence."""
    drawn = random.Random(5)  # noqa: S311 no secret
    taken = 0
    for _ in range(4000):
        text = "x = 1\n" + "".join(drawn.choice(_WORDS) for _ in range(drawn.randrange(1, 14)))
        module = check_module("a.py", text)
        for fault in module.faults:
            assert fault.startswith("a.py:"), fault
            assert "\n" not in fault
        if not module.faults:
            taken += 1
            try:
                check_reading(text, "a.py")
            except (ReadDifferentlyError, BytecodeError) as error:
                assert str(error).startswith("a.py:")  # noqa: PT017 - most are taken
    assert taken > 20


@pytest.mark.parametrize("deep", ["(" * 5000, "-" * 100_000 + "1", "x = " + "[" * 300 + "]" * 300, "a" + ".a" * 20_000])
def test_what_is_nested_without_end_is_refused(deep: str) -> None:
    faults = check_module("a.py", "a = 1\nx = 1\n" + deep).faults
    assert faults
    assert faults[0].startswith("a.py:")


@pytest.mark.parametrize("same", [
    "a, b = b, a", "(a, b) = (b, a)", "x = (24 * 60) * a", "if a:\n    x = 1\nelse:\n    if b:\n        x = 2\n",
    "if a:\n    x = 1\nelif b:\n    x = 2\n", "x = f\"{a:03d}<{'b' + str(a):>5}>{0.5:.2f}{{}}\" 'c' \"d\"",
    "x = f'{a!r:>{b}}'",
    "x = [2 ** -1, (-2) ** 2, 2 ** 70, a ** 9 ** b, -7 // 2]",
    "x = f'''a\n{b[1:2]} {a != b}\n'''", "x = [f'{i}' for i in a if i]", "def f(a, *b, c=1, **d): return a, b",
])  # fmt: skip
def test_ordinary_text_is_read_alike(same: str) -> None:
    check_reading(same, "a.py")
