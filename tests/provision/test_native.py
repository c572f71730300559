"""What boards compile themselves: how it is packed."""

import ast

import pytest

from firmware_tools.provision.packing.joining import JoinError
from firmware_tools.provision.packing.native import is_native, native_source
from firmware_tools.provision.runtime import compiled_runtime, packed, runtime_sources

_KERNEL = '''"""About."""
import micropython
from ..sound.tables import WINDOW
try:
    from .shapes import ptr8
except ImportError:
    pass

@micropython.viper
def doubled(values: ptr8, count: int) -> int:
    """Double them."""
    for place in range(count):
        # a comment
        values[place] = 2 * values[place]
    return count
'''


def test_texts_and_types_for_people_go_and_viper_s_own_stay() -> None:
    tree = ast.parse(_KERNEL)
    assert is_native(tree)
    assert native_source(tree, "micro/sound/double.py") == (
        "import micropython\nfrom ..sound.tables import WINDOW\n@micropython.viper\n"
        "def doubled(values: ptr8, count: int) -> int:\n for place in range(count):\n"
        "  values[place] = 2 * values[place]\n return count\n"
    )


def test_an_import_that_the_guard_of_programs_would_lead_astray_is_refused() -> None:
    tree = ast.parse(_KERNEL.replace("..sound.tables", ".tables"))
    with pytest.raises(JoinError, match=r"double.py: it imports from its own folder by one dot: write `from ..sound`"):
        native_source(tree, "micro/sound/double.py")


def test_native_modules_of_the_runtime_travel_as_source_with_the_names_that_others_call_them_by() -> None:
    sources = runtime_sources()
    natives = {name for name, text in sources.items() if is_native(ast.parse(text))}
    assert {"micro/sound/spectrum.py", "micro/sound/channels.py", "micro/inference/kernels/conv.py"} <= natives
    files = compiled_runtime(sources)
    assert {_on_boards(name) for name in natives} == {name for name in files if name.endswith(".py")}
    short, _ = packed(sources)
    called = {
        alias.name
        for node in ast.walk(ast.parse(short["micro/listener.py"]))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {"windowed", "butterflies", "channels", "levels"} <= called


def _on_boards(path: str) -> str:
    """What a file is called there: there are no folders."""
    return f"micro/{path.rpartition('/')[2]}"
