"""The operators of a TensorFlow Lite model, and whether our back ends have them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware_tools.training.workplace import LabError


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a model's main graph.

    Attributes:
        kind: TensorFlow Lite's name of it; ``custom NAME`` and ``number N`` are none of its own.
        inputs: indices of the tensors that go in, without those that are left out.
        outputs: indices of those that come out.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_operators(content: bytes, *, all_graphs: bool = False) -> list[Operator]:
    """The operators of the main graph, in the order in which they run; of every one with ``all_graphs``.

    Raises:
        LabError: these are no bytes of a TensorFlow Lite model.
    """
    from ai_edge_litert import schema_py_generated as schema

    if content[4:8] != b"TFL3":
        raise LabError("this is no TensorFlow Lite model: bytes 4 to 8 are not 'TFL3'")
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    try:
        return _operators(schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0)), names, all_graphs)
    except Exception as error:  # a damaged file fails anywhere in the flatbuffer library, in any way
        raise LabError(f"this TensorFlow Lite model is damaged: {error}") from error


def _operators(model: Any, names: Mapping[int, str], all_graphs: bool) -> list[Operator]:
    kinds = []
    for code in model.operatorCodes or ():
        builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
        custom = code.customCode.decode("utf-8", "replace") if code.customCode else ""
        kinds.append(f"custom {custom}" if names.get(builtin) == "CUSTOM" else names.get(builtin, f"number {builtin}"))
    graphs = model.subgraphs or []
    return [
        Operator(
            kinds[each.opcodeIndex],
            tuple(int(index) for index in _list(each.inputs) if index >= 0),
            tuple(int(index) for index in _list(each.outputs)),
        )
        for graph in (graphs if all_graphs else graphs[:1])
        for each in _list(graph.operators)
    ]


def _list(found: Any) -> Any:
    """What the schema gives for an empty list is None."""
    return () if found is None else found


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
