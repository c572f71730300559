"""A network of another framework as a TensorFlow function, and whether it answers as the original did."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.determinism import silenced
from firmware_tools.training.importing.examples import Arrays, in_order
from firmware_tools.training.importing.formats import Format
from firmware_tools.training.quantize import Examples, concrete
from firmware_tools.training.workplace import LabError

_FAITHFUL = 1e-3
"""The largest error against the original, as a fraction of its largest answer, that conversion may bring about."""


@dataclass(frozen=True)
class Network:
    """A concrete function of tensors ``[1, *shape]``; ``owner`` keeps its variables alive."""

    function: Any
    owner: Any
    names: list[str]
    shapes: list[tuple[int, ...]]


def keras_network(tf: Any, path: Path, kind: Format, examples: Arrays) -> tuple[Network, Examples, list[NDArray[Any]]]:
    """A model of Keras, examples in the order of its inputs, and what it answers to some of them.

    Raises:
        LabError: it cannot be loaded without running code from the file, or it does not take the examples.
    """
    if kind == "saved-model":
        return _saved_model(tf, path, examples)
    try:
        model = tf.keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises what its layers raise
        raise LabError(f"Keras cannot load {path}: {' '.join(str(error).split())[:400]}") from error
    arrays = in_order(examples, [tensor.name for tensor in model.inputs], path.name)
    for tensor, array in zip(model.inputs, arrays, strict=True):
        _check_shape(tensor.name, tuple(tensor.shape), array)
        if tensor.dtype != "float32":
            raise LabError(f"{path}: the input {tensor.name} is {tensor.dtype}; only float32 can be quantised")
    shapes = [(1, *array.shape[1:]) for array in arrays]
    given = _one_by_one(arrays)
    network = Network(concrete(tf, model, shapes), model, [tensor.name for tensor in model.inputs], shapes)
    answers = [model(each[0] if len(each) == 1 else list(each), training=False) for each in given[:8]]
    return network, given, _stacked([tf.nest.flatten(answer) for answer in answers])


def _saved_model(tf: Any, path: Path, examples: Arrays) -> tuple[Network, Examples, list[NDArray[Any]]]:
    loaded, signature = _signature(tf, path)
    specs = signature.structured_input_signature[1]
    names = list(specs)
    arrays = in_order(examples, names, path.name)
    for name, array in zip(names, arrays, strict=True):
        _check_shape(name, tuple(specs[name].shape), array)
    network = _of_signature(tf, loaded, signature, names, [(1, *array.shape[1:]) for array in arrays])
    given = _one_by_one(arrays)
    answers = [network.function(*(tf.constant(array) for array in each)) for each in given[:8]]
    return network, given, _stacked([tf.nest.flatten(answer) for answer in answers])


def converted_network(tf: Any, path: Path, inputs: Sequence[tuple[str, list[int]]]) -> Network:
    """The SavedModel that :mod:`from_onnx` made; ``inputs`` are names and shapes as ONNX had them."""
    loaded, signature = _signature(tf, path)
    specs = signature.structured_input_signature[1]
    names = [name for name, _ in inputs]
    missing = [name for name in names if name not in specs]
    if missing:
        raise LabError(f"conversion lost the input {missing[0]}; what is left takes {', '.join(specs)}")
    shapes = [tuple(size or 1 for size in specs[name].shape) for name in names]
    return _of_signature(tf, loaded, signature, names, shapes)


def arranged(
    network: Network, examples: Sequence[NDArray[np.float32]], reference: list[NDArray[Any]]
) -> tuple[Examples, float]:
    """Examples in the layout that the network takes, and its largest error against ``reference``.

    TensorFlow wants channels last, and the original may have had them first; which of both it was for each input is
    tried, where the shapes leave it open, by what the original answers.

    Raises:
        LabError: no layout fits the shapes, or none gives the original's answers.
    """
    options = []
    for array, shape, name in zip(examples, network.shapes, network.names, strict=True):
        fitting = [each for each in (array, _channels_last(array)) if each.shape[1:] == tuple(shape[1:])]
        if not fitting:
            raise LabError(f"conversion made the input {name} {list(shape)} of {[1, *array.shape[1:]]}")
        options.append(fitting)
    best: tuple[float, Examples] | None = None
    for chosen in product(*options):
        given = _one_by_one(list(chosen))
        error = _error(network, given[: len(reference[0])], reference)
        if best is None or error < best[0]:
            best = error, given
    if best is None or not best[0] <= _FAITHFUL:
        raise LabError(
            f"conversion does not keep what the network answers: it differs by {best[0] if best else 0:.2g} of the "
            "largest answer; the network has something that the converter takes for something else"
        )
    return best[1], best[0]


def _error(network: Network, given: Examples, reference: list[NDArray[Any]]) -> float:
    import tensorflow as tf

    answers = [tf.nest.flatten(network.function(*(tf.constant(array) for array in each))) for each in given]
    found = _stacked(answers)
    if len(found) != len(reference):
        return float("inf")
    worst = 0.0
    left = list(found)
    for wanted in reference:
        largest = float(np.max(np.abs(wanted), initial=0.0)) or 1.0
        errors = [min(_differences(wanted, each), default=float("inf")) for each in left]
        at = int(np.argmin(errors))  # a signature sorts its outputs by name
        left.pop(at)
        worst = max(worst, errors[at] / largest)
    return worst


def _differences(wanted: NDArray[Any], found: NDArray[Any]) -> list[float]:
    """Largest differences with the channels where they are and, if the shapes allow for it, last; [n, 1, *shape]."""
    layouts = [wanted] if wanted.ndim < 4 else [wanted, np.moveaxis(wanted, 2, -1)]
    return [float(np.max(np.abs(each - found), initial=0.0)) for each in layouts if each.shape == found.shape]


def _channels_last(array: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.moveaxis(array, 1, -1)) if array.ndim >= 3 else array


def _signature(tf: Any, path: Path) -> tuple[Any, Any]:
    try:
        with silenced():
            loaded = tf.saved_model.load(str(path))
        return loaded, loaded.signatures["serving_default"]
    except KeyError as error:
        raise LabError(f"{path} has no signature serving_default; write it with model.export(…)") from error
    except Exception as error:  # TensorFlow raises what its reader raises
        raise LabError(f"TensorFlow cannot load {path}: {' '.join(str(error).split())[:400]}") from error


def _of_signature(tf: Any, loaded: Any, signature: Any, names: list[str], shapes: list[tuple[int, ...]]) -> Network:
    specs = [tf.TensorSpec(shape, tf.float32, name=name) for name, shape in zip(names, shapes, strict=True)]

    @tf.function(input_signature=specs)  # type: ignore[untyped-decorator]
    def answer(*inputs: Any) -> Any:
        outputs = signature(**dict(zip(names, inputs, strict=True)))
        return [outputs[name] for name in sorted(outputs)]

    return Network(answer.get_concrete_function(), loaded, names, shapes)


def _check_shape(name: str, shape: tuple[int | None, ...], array: NDArray[Any]) -> None:
    if len(shape) != array.ndim or any(
        known not in (None, size) for known, size in zip(shape[1:], array.shape[1:], strict=True)
    ):
        told = [size or "n" for size in shape]
        raise LabError(f"the input {name} takes {told}, the examples are {list(array.shape)}")


def _one_by_one(arrays: Sequence[NDArray[np.float32]]) -> Examples:
    return [tuple(array[at : at + 1] for array in arrays) for at in range(len(arrays[0]))]


def _stacked(answers: Sequence[Sequence[Any]]) -> list[NDArray[Any]]:
    return [np.stack([np.array(each[at]) for each in answers]) for at in range(len(answers[0]))]
