"""From a trained network to ``.tflite``: in float32, and in whole numbers by the ranges of representative examples."""

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firmware_tools.training.architectures import SCALE_LAYER
from firmware_tools.training.dataset import Split
from firmware_tools.training.determinism import silenced, start_tensorflow
from firmware_tools.training.operators import check_operators
from firmware_tools.training.recipe import Quantization, Recipe
from firmware_tools.training.workplace import LabError, write_whole

MODEL = "model.tflite"
FLOAT_MODEL = "model_float.tflite"
Examples = Sequence[tuple[NDArray[np.float32], ...]]


def quantize_model(recipe: Recipe, trained: Path, train: Split, folder: Path) -> None:
    """Convert ``trained`` (``float.keras``) to ``model.tflite`` and ``model_float.tflite`` in ``folder``.

    Raises:
        LabError: it cannot be converted, or has operators that no back end of ours has.
        OSError: the disk is full.
    """
    tf = start_tensorflow(recipe.seed)
    model = _mergeable(recipe, tf.keras.models.load_model(trained, compile=False))
    examples = representative(train, recipe.quantize.representative, recipe.seed)
    function = concrete(tf, model, [(1, *train.x.shape[1:])])
    content, twin = convert(tf, function, examples, recipe.quantize, recipe.name)
    write_whole(folder / FLOAT_MODEL, twin)
    write_whole(folder / MODEL, content)


def representative(split: Split, count: int, seed: int) -> Examples:
    """So many examples ``[1, *shape]`` of a split, drawn by the seed; all, if it has no more."""
    chosen = np.random.default_rng(seed).permutation(len(split))[:count]
    return [(np.asarray(split.x[index : index + 1], np.float32),) for index in sorted(chosen)]


def concrete(tf: Any, model: Any, shapes: Sequence[tuple[int, ...]]) -> Any:
    """A Keras model as a function of tensors of exactly these shapes, so that no operator works out a shape later."""
    several = len(model.inputs) > 1
    names = [re.sub(r"\W", "_", tensor.name) if several else "input" for tensor in model.inputs]
    specs = [tf.TensorSpec(shape, tf.float32, name=name) for shape, name in zip(shapes, names, strict=True)]

    @tf.function(input_signature=specs)  # type: ignore[untyped-decorator]
    def answer(*inputs: Any) -> Any:
        return model(inputs[0] if len(inputs) == 1 else list(inputs), training=False)

    return answer.get_concrete_function()


def convert(tf: Any, function: Any, examples: Examples, how: Quantization, name: str) -> tuple[bytes, bytes]:
    """``(quantised, float32)`` TensorFlow Lite models of a concrete function, whose variables become constants.

    Raises:
        LabError: the converter refuses it, or an operator is left that no back end of ours has.
    """
    twin = _converted(name, _converter(tf, function))
    converter = _converter(tf, function)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _fed(examples)
    sets = tf.lite.OpsSet
    converter.target_spec.supported_ops = [
        sets.TFLITE_BUILTINS_INT8
        if how.activations == "int8"
        else sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    ]
    converter.inference_input_type = getattr(tf, how.input)
    converter.inference_output_type = getattr(tf, how.output)
    content = _converted(name, converter)
    for each in (content, twin):
        check_operators(each, name)
    return content, twin


def _converter(tf: Any, function: Any) -> Any:
    return tf.lite.TFLiteConverter.from_concrete_functions([function])


def _converted(name: str, converter: Any) -> bytes:
    try:
        with silenced():
            content: bytes = converter.convert()
    except Exception as error:  # its passes raise ConverterError, ValueError, RuntimeError and others
        said = next((line for line in str(error).splitlines() if "error:" in line), " ".join(str(error).split()))
        raise LabError(f"TensorFlow Lite's converter refuses {name}: {said.strip()[:400]}") from error
    return content


def _fed(examples: Examples) -> Iterator[list[NDArray[np.float32]]]:
    for example in examples:
        yield list(example)


def _mergeable(recipe: Recipe, model: Any) -> Any:
    """The same network without the layer that divides its input: the first convolution's weights are divided."""
    scale = getattr(recipe.options, "scale", 1.0)
    if scale == 1 or not any(layer.name == SCALE_LAYER for layer in model.layers):
        return model
    build: Callable[..., Any] = recipe.architecture.build
    options = dataclasses.replace(recipe.options, scale=1.0)
    merged = build(tuple(model.input_shape[1:]), model.output_shape[-1], options)
    weights = model.get_weights()
    weights[0] = weights[0] / np.float32(scale)
    merged.set_weights(weights)
    return merged
