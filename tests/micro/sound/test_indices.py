"""What MicroPython 1.27 gets wrong on a Cortex-M0+ is not written in the kernels."""

import ast
from pathlib import Path

import pytest

from device_runtime.micro import sound

_FOLDER = Path(sound.__path__[0])


@pytest.mark.parametrize("name", ["spectrum.py", "channels.py", "rows.py"])
def test_no_wide_pointer_is_indexed_by_a_bare_variable(name: str) -> None:
    for function in ast.parse((_FOLDER / name).read_text()).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        wide = {each.arg for each in function.args.args if ast.unparse(each.annotation or each) in ("ptr16", "ptr32")}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith(("ptr16(", "ptr32(")):
                wide.update(ast.unparse(target) for target in node.targets)
        for node in ast.walk(function):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) in wide:
                assert not isinstance(node.slice, ast.Name), f"{function.name}: {ast.unparse(node)}"
