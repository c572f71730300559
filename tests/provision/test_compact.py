"""Short names for boards: the same behaviour, and everybody else's names as they are."""

import ast
import builtins
import json
import subprocess
import symtable
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from firmware_tools.provision.packing.compact import compact
from firmware_tools.provision.packing.firmware_names import FIRMWARE_NAMES
from firmware_tools.provision.packing.joining import join
from firmware_tools.provision.runtime import runtime_sources

SOURCES = {
    "own/__init__.py": '"""What it is."""\n',
    "own/counter.py": '''
"""Counts."""
import json
try:
    from typing import Any
except ImportError:
    pass
_STEP_WIDTH = 3
LIMIT_OF_ALL = 20

class Counter:
    """Counts in steps."""
    kind: str = "counter"

    def __init__(self, beginning: int, label: "Any" = None) -> None:
        self._counted = beginning
        self.label = label
        self.unused: int

    def advance(self, times: int = 1) -> "Any":
        """Go on."""
        def bounded(times, amount=_STEP_WIDTH):
            return min(times * amount, LIMIT_OF_ALL)
        self._counted += bounded(times)
        try:
            raise ValueError(self._counted)
        except ValueError as reason:
            return json.dumps({"counted": self._counted, "reason": str(reason)}, separators=(",", ":"))

    def other_one(self, named): return getattr(self, named)

    def stands_in_a_text(self): return [entry * self._counted for entry in (1, 2)]
''',
    "own/using.py": """
class CounterError(ValueError): pass

from . import counter
from .counter import LIMIT_OF_ALL as most, Counter
_seen = []

def main(root):
    global _seen
    made = Counter(1, label=root)
    other_one = 1  # a local variable that is called as a member is
    _seen = [made.advance(), made.advance(times=100), most, counter.LIMIT_OF_ALL, made.label]
    _seen += [other_one, CounterError("x").args[0]]
    return _seen + made.other_one("stands_in_a_text")() + [f"{made.advance(2)!r:>3}"]
""",
}


def run(sources: dict[str, str], folder: Path) -> object:
    for name, text in sources.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    code = "import json; from own.using import main; print(json.dumps(main('x')))"
    return json.loads(subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, check=True).stdout)


def test_code_with_short_names_does_what_it_did(tmp_path: Path) -> None:
    short = compact(SOURCES)
    assert run(short, tmp_path / "short") == run(SOURCES, tmp_path / "long")
    everything = "".join(short.values())
    for gone in ("_counted", "advance", "_STEP_WIDTH", "Counts", "typing", "unused", "beginning", "_seen", "Counter("):
        assert gone not in everything
    for kept in ("CounterError", "label", "times", "main", "stands_in_a_text", "dumps", "separators"):
        assert kept in everything


WAYS = {
    "a class of another file's class": "from .base import Base\nclass Sub(Base):\n    def __init__(self):\n"
    "        super().__init__()\n        self.second_thing = 2\n    def of_sub(self):\n"
    "        return self.second_thing\n"
    "def main(root):\n    made = Sub()\n    return [made.of_sub(), use_base(made)]\nfrom .user import use_base\n",
    "a member that another file gives": "from .base import Base\ndef main(root):\n    made = Base()\n"
    "    made.extra_thing = 7\n    return [made.extra_thing, use_base(made)]\nfrom .user import use_base\n",
    "a class in a function": "def main(kind_of):\n    class Local:\n        kind_of = 3\n"
    "        def advance(self, by_some):\n"
    "            return self.kind_of + by_some\n    return [kind_of, Local().advance(1)]\n",
    "a property that is set": "class Other:\n    def setter(self):\n        return 1\nclass Has:\n    @property\n"
    "    def value_of(self):\n        return self._value\n    @value_of.setter\n    def value_of(self, new_value):\n"
    "        self._value = new_value\ndef main(root):\n    made = Has()\n    made.value_of = 4\n"
    "    return [made.value_of, Other().setter()]\n",
    "what is called as a constant is": "from .base import VALUE as _SAME\n_STEP = _STEPS = _LAST = 3\n_STEP_ONE = 1\n"
    "_STEP_TWO = 2\ndef taken(_STEP_ONE):\n    return _STEP_ONE\ndef late():\n"
    "    from .base import VALUE as _STEP_TWO\n"
    "    return _STEP_TWO\ndef main(root):\n    return [taken(5), late(), _SAME]\n",
    "a constant that is named by a text": "from . import base\ndef main(root):\n"
    "    return getattr(base, 'UNSEEN', 0)\n",
    "an error without a use": "def work(first, second, third, fourth, fifth):\n    try:\n        1 / 0\n"
    "    except ZeroDivisionError as e:\n        return [first, second, third, fourth, (lambda sixth: fifth)(1)]\n"
    "def main(root):\n    return work(1, 2, 3, 4, 5)\n",
    "texts and types that do nothing": "def main(root):\n    if root:\n        'nothing'\n    try:\n        kind: int\n"
    "    finally:\n        'nothing'\n    return 1\n",
    "functions in functions": "def outer(begin_at):\n    counted = begin_at\n    def inner(by_much):\n"
    "        nonlocal counted, begin_at\n        counted += by_much\n        begin_at += 1\n"
    "        def third(begin_at=counted):\n            return begin_at\n        return [third(), begin_at]\n"
    "    return inner\n"
    "def main(root):\n    made = outer(4)\n    return [made(1), made(2)]\n",
    "arguments of every kind": "def work(first, *rest, named_one=1, **others):\n"
    "    return [first, rest, named_one, sorted(others.items())]\ndef main(root):\n    late = {'named_one': 5}\n"
    "    return [work(1, 2, named_one=3, strange_one=5), work(0, **late)]\n",
}


@pytest.mark.parametrize("using", WAYS.values(), ids=WAYS)
def test_each_way_to_name_things_keeps_its_meaning(using: str, tmp_path: Path) -> None:
    sources = {
        "own/__init__.py": "",
        "own/base.py": "UNSEEN = 9\nVALUE = 8\nclass Base:\n    def __init__(self):\n        self.first_thing = 1\n"
        "    def of_base(self):\n        return self.first_thing\n",
        "own/user.py": "def use_base(given):\n    return given.of_base()\n",
        "own/using.py": using,
    }
    assert run(compact(sources), tmp_path / "short") == run(sources, tmp_path / "long")


def test_what_programs_and_the_loader_name_keeps_its_names() -> None:
    short = compact(runtime_sources())
    trees = {name: ast.parse(text) for name, text in short.items()}
    api = {node.name for node in ast.walk(trees["micro/program/api.py"]) if isinstance(node, ast.FunctionDef)}
    assert {"set_data", "after", "every", "cancel", "navigate_to", "redirect_to", "navigate_back", "call"} <= api
    (main,) = [node for node in trees["micro/runtime.py"].body if getattr(node, "name", "") == "main"]
    assert isinstance(main, ast.FunctionDef)
    assert [each.arg for each in main.args.args] == ["root", "slot", "safe"]


def test_every_name_of_the_runtime_is_still_there() -> None:
    joined = join(runtime_sources())
    assert unknown_names(joined) == []
    assert unknown_names(compact(joined)) == []


def unknown_names(sources: Mapping[str, str]) -> list[str]:
    """Names that a function reads and nobody has made."""
    found = []
    for file, text in sources.items():
        module = symtable.symtable(text, file, "exec")
        made = {each.get_name() for each in module.get_symbols() if each.is_assigned() or each.is_imported()}
        tables = module.get_children()
        while tables:
            table = tables.pop()
            tables += table.get_children()
            found += [
                f"{file}:{table.get_lineno()}: {each.get_name()}"
                for each in table.get_symbols()
                # `is_global` takes a function called `top` for the module (bpo-46200)
                if each.is_global() and not each.is_local() and not each.is_parameter()
                if each.get_name() not in made and not hasattr(builtins, each.get_name())
                if each.get_name() not in ("__name__", "const", "ptr8", "ptr16", "ptr32", "uint")
            ]
    return found


def test_most_names_are_ones_that_the_firmware_has() -> None:
    members = {
        node.attr
        for text in compact(join(runtime_sources())).values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute) and len(node.attr) == 2
    }
    assert len(members - {*FIRMWARE_NAMES}) < 30


def test_names_are_few() -> None:
    names = {
        name: {
            node.attr if isinstance(node, ast.Attribute) else node.name
            for text in sources.values()
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Attribute | ast.FunctionDef | ast.AsyncFunctionDef)
        }
        for name, sources in (("long", runtime_sources()), ("short", compact(runtime_sources())))
    }
    assert len(names["short"]) < len(names["long"]) * 0.75
