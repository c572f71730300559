"""Sources of programs in Python: any text is refused with file and line, or gets its ticks and stays as it was."""

import ast
from collections.abc import Callable, Mapping

from firmware_tools.build.portable.checker import check_module
from firmware_tools.build.portable.instrument import instrument
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_sentence

SEEDS = [
    b"from cygnet import Page\n\n\nclass Index(Page):\n    data = {'n': 0}\n\n    def tap(self, event):\n        x\n",
    b"for i in range(3):\n    for j in [k for k in [i] if k]: pass\n",
]
EXAMPLES = 150
_PIECES = (
    "for i in x:\n", "while x:\n", "    ", "        ", "if (a):\n", "try:\n", "except Exception as e:\n", "finally:\n",
    "def f(a, b=1):\n", "lambda: 0", "[i for i in x if i]", "{a: b for a, b in x}", "(i for j in i for i in j)",
    "x = 1\n",
    "pass\n", "else:\n", "'''a\nb'''", "\u00e9", "\n", ";", "\\\n", "return\n", "f'{x!r:>{n}}'", "*a, b = c\n",
    "#", "(", ")",
    "class A:\n", "import math\n", "from lib.a import b\n", "x = yield\n", "async ", "del x\n", "\x0c", "\0", "_tick",
)  # fmt: skip


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(4) == 0:
        check(choices.rest().decode(errors="replace"))
    else:
        check("".join(choices.pick(_PIECES) for _ in range(choices.below(30))))


def check(text: str) -> None:
    found = check_module("p.py", text)
    for fault in found.faults:
        check_sentence(fault)
        assert fault.startswith("p.py:")
        assert fault.split(":")[1].isdigit()
    if found.faults:
        return
    ticked = instrument(text, "p.py")
    assert ticked.count("\n") == text.count("\n")
    assert _without_ticks(ticked) == ast.dump(ast.parse(text))


class _Ticks(ast.NodeTransformer):
    """Takes the ticks out of a tree again."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if _is_tick(node.value) else self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        return node.values[1] if _is_tick(node.values[0]) else node


def _is_tick(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_tick"


def _without_ticks(text: str) -> str:
    return ast.dump(_Ticks().visit(ast.parse(text)))


CASES: Mapping[str, Callable[[], str]] = {
    "brackets in brackets": lambda: "x = " + "(" * 150 + "1" + ")" * 150,
    "a sum of thousands": lambda: "x = " + "+".join(["1"] * 5000),
    "a loop whose test is in brackets, over lines": lambda: "while (1 and\n  (2)):\n    pass\n",
    "a walrus in a comprehension": lambda: "x = [(y := i) for i in [1] if (z := i)]\n",
    "a generator as the only argument": lambda: "x = sum(i for i in [1])\n",
    "an if whose test is a tuple": lambda: "for i in 1, 2:\n    if (i, 2): pass\n",
}
