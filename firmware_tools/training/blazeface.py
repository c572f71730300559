"""BlazeFace (Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019) as a Keras
model.

The weights are those of the short-range detector that the package mediapipe carries (Apache-2.0; half floats in a
.tflite whose tensors are float32). They are read from that file, so nothing is trained here.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.errors import CygnetError

CHANNELS = (24, 28, 32, 36, 42, 48, 56, 64, 72, 80, 88, 96, 96, 96, 96, 96)
"""Channels after each block."""

SCORE_GAIN, SCORE_ZERO = 2.0, 3.0
"""Of the second output: ``logit = (score - SCORE_ZERO) * SCORE_GAIN``."""

_STRIDED = (2, 5, 11)  # blocks that halve the picture
_FINE = 10  # the block whose output the fine anchors are predicted from: 16 x 16 places of two
_SIZE = 128


class WeightsError(CygnetError):
    """A file does not hold the weights of this network."""


def build() -> Any:
    """A Keras model without its weights: ``[1, 128, 128, 3]`` in -1 to 1 to ``[1, 896, 16]`` and ``[1, 896, 1]``.

    The first output has, for each anchor, the box's centre and size and six points of the face, in pixels from the
    anchor; the second how sure it is that there is a face: ``logit / SCORE_GAIN + SCORE_ZERO``, cut to 0 and 6. As a
    plain logit it reaches from -400 to 3, of which int8 could tell three steps around a cut-off apart. Anchors:
    :mod:`device_runtime.inference.faces`.
    """
    import keras
    from keras import layers

    inputs = keras.Input((_SIZE, _SIZE, 3), name="picture")
    x = layers.ReLU()(layers.Conv2D(CHANNELS[0], 5, 2, padding="same", name="conv_0")(inputs))
    fine = x
    for block, channels in enumerate(CHANNELS):
        x = _block(x, block, channels, 2 if block in _STRIDED else 1)
        if block == _FINE:
            fine = x
    scores, boxes = [], []
    for name, features, anchors in (("fine", fine, 2), ("coarse", x, 6)):
        score = layers.ReLU(6)(layers.Conv2D(anchors, 1, name=f"score_{name}")(features))
        scores.append(layers.Reshape((-1, 1))(score))
        box = layers.Conv2D(anchors * 16, 1, name=f"box_{name}")(features)
        boxes.append(layers.Reshape((-1, 16))(box))
    outputs = [layers.Concatenate(1, name="boxes")(boxes), layers.Concatenate(1, name="scores")(scores)]
    return keras.Model(inputs, outputs, name="blazeface")


def _block(x: Any, block: int, channels: int, stride: int) -> Any:
    """A depthwise and a pointwise convolution beside a short cut that gets channels of zeros where it lacks some."""
    from keras import layers, ops

    short = layers.MaxPooling2D()(x) if stride == 2 else x
    more = channels - x.shape[-1]
    y = layers.DepthwiseConv2D(3, stride, padding="same", name=f"depthwise_{block}")(x)
    y = layers.Conv2D(channels, 1, name=f"pointwise_{block}")(y)
    if more:
        short = ops.pad(short, ((0, 0), (0, 0), (0, 0), (0, more)))
    return layers.ReLU()(layers.Add()([short, y]))


def load_weights(model: Any, content: bytes) -> None:
    """Fill ``model`` from the bytes of mediapipe's ``face_detection_short_range.tflite``.

    Raises:
        WeightsError: the file's convolutions are not those of this network.
    """
    import keras

    order = ["conv_0"]
    for block in range(len(CHANNELS)):
        order += [f"depthwise_{block}", f"pointwise_{block}"]
    order += ["score_fine", "score_coarse", "box_fine", "box_coarse"]
    found = list(_convolutions(content))
    if len(found) != len(order):
        raise WeightsError(f"the file has {len(found)} convolutions; BlazeFace short range has {len(order)}")
    for name, (kernel, bias) in zip(order, found, strict=True):
        layer = model.get_layer(name)
        # TensorFlow Lite: [out, rows, columns, in], depthwise [1, rows, columns, channels];
        # Keras: [rows, columns, in, out], depthwise [rows, columns, channels, 1].
        depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
        kernel = kernel.transpose(1, 2, 3, 0)
        wanted = [tuple(weight.shape) for weight in layer.get_weights()]
        if [kernel.shape, bias.shape] != wanted:
            kind = "depthwise convolution" if depthwise else "convolution"
            raise WeightsError(f"{kind} {name}: the file has {kernel.shape} and {bias.shape}, expected {wanted}")
        if name.startswith("score_"):
            kernel, bias = kernel / SCORE_GAIN, bias / SCORE_GAIN + SCORE_ZERO
        layer.set_weights([kernel, bias])


def correct_biases(
    model: Any, right: tuple[NDArray[Any], NDArray[Any]], quantised: tuple[NDArray[Any], NDArray[Any]], least: int = 50
) -> None:
    """Take from the biases of the boxes what quantising adds to them on the average, where there is a face.

    Args:
        model: of :func:`build`, with its weights.
        right, quantised: boxes ``[n, 896, 16]`` and scores ``[n, 896, 1]`` of the same pictures, by the float32 model
            and by the quantised one. least: numbers with fewer faces than this stay as they are.
    """
    fine = 2 * (_SIZE // 8) ** 2
    for name, anchors, part in (("box_fine", 2, slice(0, fine)), ("box_coarse", 6, slice(fine, None))):
        layer = model.get_layer(name)
        kernel, bias = layer.get_weights()
        boxes, is_face = right[0][:, part], right[1][:, part, 0] > SCORE_ZERO
        added = quantised[0][:, part] - boxes
        for anchor in range(anchors):  # anchors of a place follow each other
            here = is_face[:, anchor::anchors]
            if here.sum() >= least:
                bias[anchor * 16 : anchor * 16 + 16] -= added[:, anchor::anchors][here].mean(0)
        layer.set_weights([kernel, bias])


def _convolutions(content: bytes) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Kernel and bias of each convolution in the file's order, as float32."""
    from ai_edge_litert import schema_py_generated as schema

    if content[4:8] != b"TFL3":
        raise WeightsError("not a TensorFlow Lite model: bytes 4 to 8 are not 'TFL3'")
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    graph = model.subgraphs[0]
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    half = {  # what a DEQUANTIZE makes of stored half floats
        operator.outputs[0]: operator.inputs[0]
        for operator in graph.operators
        if codes[operator.opcodeIndex] == schema.BuiltinOperator.DEQUANTIZE
    }

    def constant(index: int) -> NDArray[np.float32]:
        tensor = graph.tensors[half.get(index, index)]
        dtype = {schema.TensorType.FLOAT16: np.float16, schema.TensorType.FLOAT32: np.float32}.get(tensor.type)
        data = model.buffers[tensor.buffer].data
        if dtype is None or data is None:
            raise WeightsError(f"tensor {tensor.name!r} is no stored float32 or float16")
        return np.frombuffer(bytes(data), dtype).reshape(tensor.shape).astype(np.float32)

    for operator in graph.operators:
        if codes[operator.opcodeIndex] in (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.DEPTHWISE_CONV_2D):
            yield constant(operator.inputs[1]), constant(operator.inputs[2])
