"""The rooms of docs/architecture.md: imports run one way, and there are no cycles."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# room -> the rooms of device_runtime that it may import; `values`, `errors`, `keys` and `resources` are for all.
ALLOWED: dict[str, set[str]] = {
    "view": set(),
    "sealed": set(),
    "engine": set(),
    "inference": {"engine", "sealed"},  # its frames and its isolation: models live in confined processes
    "program": {"engine", "view", "capability", "sealed", "inference"},  # inference for a face detector's numbers
    "capability": {"program", "inference", "sealed"},
    "voice": {"engine", "inference", "program"},  # engine for its frames: voice is a worker, too
    "update": {"sealed"},
    "sync": {"update"},
    "trust": {"sync", "sealed", "update"},  # it is a gate of sync's, which does not know it
    "privacy": {"program"},
    "micro": set(),  # MicroPython has none of the other rooms
    "host": {"program", "capability", "sync", "trust", "voice", "inference", "engine", "view", "sealed", "update"},
}
COMMON = {"values", "errors", "keys", "resources"}


def modules(package: str) -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (ROOT / package).rglob("*.py")
        if "_resources" not in path.parts
    }


def imports_of(path: Path, *, at_import_time: bool) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    nodes = tree.body if at_import_time else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            # On a board the room is a package of its own, named `micro`.
            assert "micro" in path.parts, f"{path} imports relatively"
            package = ".".join(path.relative_to(ROOT).parts[: -node.level])
            module = f"{package}.{node.module}" if node.module else package
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_what_runs_on_a_device_imports_nothing_of_the_tools() -> None:
    for name, path in modules("device_runtime").items():
        assert not [item for item in imports_of(path, at_import_time=False) if item.startswith("firmware_tools")], name


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    for name, path in modules(f"device_runtime/{room}").items():
        for item in imports_of(path, at_import_time=False):
            parts = item.split(".")
            if parts[0] == "device_runtime" and len(parts) > 1:
                assert parts[1] in ALLOWED[room] | COMMON | {room}, f"{name} imports {item}"


def test_every_room_has_its_rule() -> None:
    rooms = {path.name for path in (ROOT / "device_runtime").iterdir() if (path / "__init__.py").is_file()}
    assert rooms == set(ALLOWED)


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = {**modules("device_runtime"), **modules("firmware_tools")}
    graph = {
        name: {item for item in imports_of(path, at_import_time=True) if item in known and item != name}
        for name, path in known.items()
    }
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name not in done:
            for target in sorted(graph[name]):
                visit(target, (*way, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


@pytest.mark.parametrize(
    "module",
    ["device_runtime/sync/messages.py", *(f"device_runtime/view/{name}" for name in ("page.py", "template.py"))],
)
def test_protocol_and_view_know_neither_sockets_nor_files(module: str) -> None:
    forbidden = {"socket", "asyncio", "os", "pathlib", "io", "sqlite3", "paho", "aiohttp", "subprocess"}
    assert not {item.split(".")[0] for item in imports_of(ROOT / module, at_import_time=False)} & forbidden
