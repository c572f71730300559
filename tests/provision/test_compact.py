"""Short names for boards: the same behaviour, and everybody else's names as they are."""

import ast
import builtins
import json
import subprocess
import symtable
import sys
from collections.abc import Mapping
from pathlib import Path

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
                if each.get_name() not in ("__name__", "const")
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
