"""Where a quantised model differs from its float32 twin: layer by layer, on the same examples.

Both run on the reference kernels with all tensors kept. A layer's values in the quantised model are put back into real
numbers and compared with the twin's: the signal-to-quantisation-noise ratio, and the largest error in its unit.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.operators import Operator, read_operators
from firmware_tools.training.workplace import LabError

PERFECT_DB = 200.0
"""What is told where there is no error at all."""
_CASTS = {"QUANTIZE", "DEQUANTIZE"}


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """One layer's output, quantised against float32.

    Attributes:
        name: of the tensor, as the model has it.
        operator: TensorFlow Lite's name of what makes it; ``input`` for what goes into the model.
        sqnr_db: 10 log10 of the power of the float values over that of the errors; :data:`PERFECT_DB` at most.
        max_error: the largest absolute error, in the unit of the tensor.
        scale: of the quantised tensor: half of it is what rounding alone may cost. 0 where it is stored in float32.
        added_db: how much worse than the worst of what went into the layer: where it is large, the layer is to blame
            and not what came before.
    """

    name: str
    operator: str
    sqnr_db: float
    max_error: float
    scale: float
    added_db: float = 0.0


def layer_differences(
    content: bytes,
    twin: bytes,
    examples: Sequence[tuple[NDArray[np.float32], ...]],
    advance: Callable[[], None] = lambda: None,
) -> list[LayerDifference]:
    """The layers that both models have, in the order in which they run.

    Args:
        content: the quantised model, a .tflite file.
        twin: the same model in float32.
        examples: each an array an input, ``[1, *shape]``, float32.
        advance: called after each example.

    Raises:
        LabError: these are no models, or not two of the same network.
    """
    quantised, real = _Run(content), _Run(twin)
    pairs = _matched(quantised, real)
    power, noise, worst = dict.fromkeys(pairs, 0.0), dict.fromkeys(pairs, 0.0), dict.fromkeys(pairs, 0.0)
    for example in examples:
        quantised.invoke(example)
        real.invoke(example)
        for ours, theirs in pairs.items():
            wanted, found = real.value(theirs), quantised.value(ours)
            if wanted.shape != found.shape:
                raise LabError(
                    f"these are not two models of one network: {quantised.names[ours]} is {list(found.shape)} in the "
                    f"one and {list(wanted.shape)} in the other"
                )
            error = found.astype(np.float64) - wanted
            power[ours] += float(np.sum(wanted.astype(np.float64) ** 2))
            noise[ours] += float(np.sum(error**2))
            worst[ours] = max(worst[ours], float(np.max(np.abs(error), initial=0.0)))
        advance()
    made_by = {output: operator for operator in quantised.operators for output in operator.outputs}
    ratio = {tensor: _decibel(power[tensor], noise[tensor]) for tensor in pairs}
    differences = []
    for tensor in pairs:
        operator = made_by.get(tensor)
        sources = [ratio[each] for each in _sources(operator, made_by, ratio)] if operator else []
        added = max(0.0, min(sources) - ratio[tensor]) if sources else 0.0
        kind = operator.kind if operator else "input"
        differences.append(
            LayerDifference(
                quantised.names[tensor], kind, ratio[tensor], worst[tensor], quantised.scales[tensor], added
            )
        )
    return differences


def worst_layers(differences: Sequence[LayerDifference], count: int) -> list[LayerDifference]:
    """Those that add most to the error, the worst first."""
    return sorted(differences, key=lambda each: (-each.added_db, each.sqnr_db))[:count]


def layer_table(differences: Sequence[LayerDifference]) -> str:
    """The layers as text, a line each."""
    width = max([len(_short(each.name)) for each in differences] + [5])
    lines = [f"{'layer':{width}}  {'operator':18} {'SQNR':>8} {'added':>8} {'max error':>10} {'scale':>10}"]
    lines += [
        f"{_short(each.name):{width}}  {each.operator[:18]:18} {each.sqnr_db:5.1f} dB {each.added_db:5.1f} dB "
        f"{each.max_error:10.4g} {each.scale:10.4g}"
        for each in differences
    ]
    return "\n".join(lines)


def _short(name: str) -> str:
    """The converter names a merged layer by all that went into it, with a ``;`` between."""
    return name.split(";")[0].replace("functional_1/", "").replace("functional/", "")[-48:]


def _decibel(power: float, noise: float) -> float:
    if noise == 0:
        return PERFECT_DB
    return min(PERFECT_DB, 10 * math.log10(power / noise)) if power else -PERFECT_DB


class _Run:
    """A model with all its tensors to look at."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self.operators = read_operators(content)
        try:
            self._interpreter = Interpreter(
                model_content=content, experimental_preserve_all_tensors=True,
                experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
            )  # fmt: skip
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise LabError(f"the model cannot be loaded: {' '.join(str(error).split())[:300]}") from error
        self.inputs: list[dict[str, Any]] = self._interpreter.get_input_details()
        self.names: dict[int, str] = {}
        self.scales: dict[int, float] = {}
        self._zero_points: dict[int, int] = {}
        for detail in self._interpreter.get_tensor_details():
            index = int(detail["index"])
            scale, zero_point = detail["quantization"]
            self.names[index], self.scales[index] = str(detail["name"]), float(scale)
            self._zero_points[index] = int(zero_point)

    def invoke(self, example: tuple[NDArray[np.float32], ...]) -> None:
        if len(example) != len(self.inputs):
            raise LabError(f"the model takes {len(self.inputs)} inputs, the examples have {len(example)}")
        for detail, array in zip(self.inputs, example, strict=True):
            if tuple(detail["shape"]) != array.shape:
                raise LabError(
                    f"the input {detail['name']} takes {list(detail['shape'])}, the examples are {list(array.shape)}"
                )
            scale, zero_point = detail["quantization"]
            stored = array
            if scale:
                limits = np.iinfo(detail["dtype"])
                stored = np.clip(np.round(array / np.float32(scale)) + zero_point, limits.min, limits.max)
            self._interpreter.set_tensor(detail["index"], stored.astype(detail["dtype"]))
        self._interpreter.invoke()

    def value(self, index: int) -> NDArray[np.float32]:
        stored: NDArray[Any] = self._interpreter.get_tensor(index)
        if not self.scales[index]:
            return stored.astype(np.float32)
        real: NDArray[np.float32] = (stored.astype(np.float32) - self._zero_points[index]) * np.float32(
            self.scales[index]
        )
        return real


def _matched(quantised: _Run, real: _Run) -> dict[int, int]:
    """Tensors of the quantised model and the same ones of the twin: the inputs, then what each operator puts out."""
    if len(quantised.inputs) != len(real.inputs):
        raise LabError(
            f"these are not two models of one network: one takes {len(quantised.inputs)} inputs, the other "
            f"{len(real.inputs)}"
        )
    pairs = {
        int(ours["index"]): int(theirs["index"]) for ours, theirs in zip(quantised.inputs, real.inputs, strict=True)
    }
    ours, theirs = ([each for each in run.operators if each.kind not in _CASTS] for run in (quantised, real))
    same = SequenceMatcher(None, [each.kind for each in ours], [each.kind for each in theirs], autojunk=False)
    for block in same.get_matching_blocks():
        for at in range(block.size):
            one, other = ours[block.a + at], theirs[block.b + at]
            if len(one.outputs) == len(other.outputs):
                pairs |= dict(zip(one.outputs, other.outputs, strict=True))
    if ours and len(pairs) == len(quantised.inputs):
        raise LabError("these are not two models of one network: no operator of the one is in the other")
    return pairs


def _sources(operator: Operator, made_by: Mapping[int, Operator], known: Mapping[int, float]) -> list[int]:
    """The compared tensors that an operator's result is made of, through those that were not compared."""
    found: list[int] = []
    waiting, seen = list(operator.inputs), set()
    while waiting:
        tensor = waiting.pop()
        if tensor in seen:
            continue
        seen.add(tensor)
        if tensor in known:
            found.append(tensor)
        elif tensor in made_by:
            waiting += made_by[tensor].inputs
    return found
