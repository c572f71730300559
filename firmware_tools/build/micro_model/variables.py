"""Streaming: CALL_ONCE, VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE.

A variable is a place in the arena that keeps its content from run to run; what CALL_ONCE assigns is what is in it at
first. Reading takes no step where nothing writes the variable while what was read is still needed.
"""

from collections.abc import Mapping

from firmware_tools.build.micro_model.compact import View
from firmware_tools.build.micro_model.errors import MicroModelError
from firmware_tools.build.micro_model.tflite import Graph, Operator
from firmware_tools.build.micro_model.work import Work, as_bytes

Key = tuple[str, str]
ALIASES = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "QUANTIZE")
"""Operators that may hand on their input's place."""


class Variables:
    """The variables of one model.

    Raises:
        MicroModelError: what fills them at first is no constant.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._places: dict[Key, View] = {}
        self._keys = handles(work.graph)
        self._held: dict[Key, int] = {}
        """The tensor that a variable is known to hold."""
        for operator in work.graph.operators:
            if operator.code == "CALL_ONCE":
                self._initialise(operator)

    def _initialise(self, call: Operator) -> None:
        number, work = call.option(0), self._work
        if not 0 < number < len(work.source.graphs):
            work.refuse(
                call, None, f"calls subgraph {number}; expected one of {len(work.source.graphs)}, not the first"
            )
        graph = work.source.graphs[number]
        keys = handles(graph)
        for operator in graph.operators:
            if operator.code == "VAR_HANDLE":
                continue
            index = operator.inputs[1] if operator.code == "ASSIGN_VARIABLE" and len(operator.inputs) == 2 else -1
            tensor = graph.tensors[index] if index >= 0 else None
            key = keys.get(operator.inputs[0]) if operator.inputs else None
            if tensor is None or key is None or tensor.content is None or tensor.dtype not in ("int8", "uint8"):
                raise MicroModelError(
                    f"{work.source.name}: subgraph {number}, operator {operator.number} ({operator.code}): what fills "
                    "variables at first must be ASSIGN_VARIABLE of constant int8"
                )
            self._places[key] = View(work.place(tensor.size, as_bytes(tensor.content, tensor.dtype)))

    def _place(self, operator: Operator, size: int) -> tuple[Key, View]:
        key = self._keys.get(operator.inputs[0]) if operator.inputs else None
        if key is None:
            self._work.refuse(operator, None, "names no variable of VAR_HANDLE")
        if key not in self._places:
            self._work.refuse(operator, None, f"uses the variable {key[1][:80]!r}, which CALL_ONCE does not fill")
        view = self._places[key]
        if view.place.size != size:
            self._work.refuse(operator, None, f"needs {size} bytes; the variable {key[1][:80]!r} has {view.place.size}")
        return key, view

    def read(self, operator: Operator) -> None:
        """READ_VARIABLE."""
        work = self._work
        work.check_counts(operator, (1,))
        index = operator.outputs[0]
        work.quantized(operator, index)
        key, view = self._place(operator, work.tensor(index).size)
        if self._outlives(operator, key):
            work.copy(view, work.output(operator), work.tensor(index).size)
        else:
            work.views[index] = view
        self._held[key] = index

    def assign(self, operator: Operator) -> None:
        """ASSIGN_VARIABLE; nothing is done when the variable holds that tensor anyway."""
        work = self._work
        work.check_counts(operator, (2,), 0)
        index = operator.inputs[1]
        work.quantized(operator, index)
        key, view = self._place(operator, work.tensor(index).size)
        if self._held.get(key) == index:
            return
        work.copy(work.input(operator, 1), view, work.tensor(index).size)
        self._held[key] = index

    def _outlives(self, read: Operator, key: Key) -> bool:
        """Whether what was read, under whatever name, is needed after the variable is written again."""
        graph = self._work.graph
        mine = {read.outputs[0]}
        last = len(graph.operators) if mine & set(graph.outputs) else -1
        written = len(graph.operators)
        for operator in graph.operators[read.number + 1 :]:
            if mine & set(operator.inputs):
                last = max(last, operator.number)
                if operator.code in ALIASES:
                    mine.update(operator.outputs)
                    last = len(graph.operators) if mine & set(graph.outputs) else last
            if operator.code == "ASSIGN_VARIABLE" and operator.inputs and self._keys.get(operator.inputs[0]) == key:
                written = min(written, operator.number)
        return last > written


def handles(graph: Graph) -> Mapping[int, Key]:
    """What variables the handles of a graph stand for, by the number of the handle's tensor."""
    return {
        operator.outputs[0]: (operator.text(0), operator.text(1))
        for operator in graph.operators
        if operator.code == "VAR_HANDLE" and operator.outputs
    }
