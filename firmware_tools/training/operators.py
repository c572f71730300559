"""The operators of a TensorFlow Lite model, and whether our back ends have them.

The schema is LiteRT's (``ai_edge_litert/schema_py_generated.py``).
"""

import importlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from firmware_tools.training.workplace import LabError


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a graph.

    Attributes:
        kind: TensorFlow Lite's name of it; ``custom NAME`` and ``number N`` are none of its own.
        inputs: indices of the tensors that go in, without those that are left out.
        outputs: indices of those that come out.
        options: its entry of the schema's union ``BuiltinOptions``; None where it has none.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any = None


@dataclass(frozen=True, slots=True)
class Graph:
    """The operators of a subgraph in the order in which they run, and the shape of each tensor."""

    operators: tuple[Operator, ...]
    shapes: tuple[tuple[int, ...], ...]


def read_graphs(content: bytes) -> list[Graph]:
    """The subgraphs of a model, the main one first.

    Raises:
        LabError: these are no bytes of a TensorFlow Lite model, or LiteRT is not installed, which has the schema.
    """
    try:
        schema = importlib.import_module("ai_edge_litert.schema_py_generated")
    except ModuleNotFoundError as error:
        raise LabError(f"reading it needs {error.name}; run: pip install 'cygnet[inference]'") from error
    if content[4:8] != b"TFL3":
        raise LabError("this is no TensorFlow Lite model: bytes 4 to 8 are not 'TFL3'")
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    try:
        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        kinds = [_kind(code, names) for code in _list(model.operatorCodes)]
        graphs = [_graph(graph, kinds) for graph in _list(model.subgraphs)]
    except Exception as error:  # a damaged file fails anywhere in the flatbuffer library, in any way
        reason = f"its operators cannot be read ({type(error).__name__})"
        raise LabError(f"this TensorFlow Lite model is damaged: {reason}") from error
    if not graphs:
        raise LabError("this TensorFlow Lite model is damaged: it has no subgraph")
    return graphs


def _kind(code: Any, names: Mapping[int, str]) -> str:
    # Old files have only the one of one byte; newer ones both.
    builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
    custom = code.customCode.decode("utf-8", "replace") if code.customCode else ""
    return f"custom {custom}" if names.get(builtin) == "CUSTOM" else names.get(builtin, f"number {builtin}")


def _graph(graph: Any, kinds: Sequence[str]) -> Graph:
    operators = tuple(
        Operator(
            kinds[each.opcodeIndex],
            tuple(int(index) for index in _list(each.inputs) if index >= 0),
            tuple(int(index) for index in _list(each.outputs)),
            each.builtinOptions,
        )
        for each in _list(graph.operators)
    )
    return Graph(operators, tuple(tuple(int(size) for size in _list(each.shape)) for each in _list(graph.tensors)))


def _list(found: Any) -> Any:
    """What the schema gives for an empty list is None."""
    return () if found is None else found


def read_operators(content: bytes, *, all_graphs: bool = False) -> list[Operator]:
    """The operators of the main graph, in the order in which they run; of every one with ``all_graphs``.

    Raises:
        LabError: as :func:`read_graphs`.
    """
    graphs = read_graphs(content)
    return [each for graph in (graphs if all_graphs else graphs[:1]) for each in graph.operators]


def operators(content: bytes) -> Mapping[str, int]:
    """How often each operator is in the model, all graphs counted.

    Raises:
        LabError: these are no bytes of a TensorFlow Lite model.
    """
    return dict(Counter(each.kind for each in read_operators(content, all_graphs=True)))


def check_operators(content: bytes, name: str) -> None:
    """Refuse a model that no back end runs.

    Raises:
        LabError: it has an operator that is not TensorFlow Lite's own.
    """
    foreign = sorted(each for each in operators(content) if each.startswith(("custom", "number")))
    if foreign:
        raise LabError(
            f"the model {name} has operators that no back end has: {', '.join(foreign)}; "
            "build it from operators that TensorFlow Lite has itself"
        )
