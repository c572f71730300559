"""Networks that a recipe can name: each a function from an input's shape to a Keras model, with options of its own.

Every network takes what its data set gives (float32, in the unit of the model's card) and holds only operators that
all back ends have. Batch normalisation is merged into the convolutions when a model is converted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from device_runtime.errors import CygnetError
from device_runtime.host.board_file import key


class ArchitectureError(CygnetError):
    """A network cannot be made for this input or with these options."""


@dataclass(frozen=True, slots=True)
class DsCnn:
    """Options of ``ds_cnn``."""

    filters: int = key("channels of every convolution", 64, 1, 1024)
    blocks: int = key("pairs of a depthwise and a pointwise convolution after the first", 4, 0, 32)
    kernel: tuple[int, ...] = key("of the first convolution: rows, channels", (10, 4), 1, 200)
    stride: tuple[int, ...] = key("of the first convolution: rows, channels", (2, 2), 1, 100)
    gather: int = key(
        "the block whose depthwise convolution weighs all frequencies at once; later ones are of time", 0, 0, 32
    )
    time_kernel: int = key("rows of the depthwise convolutions of blocks from `gather` on", 9, 1, 99)
    pool: Literal["average", "max"] = key("what is taken over time and frequency at the end", "average")
    dropout: float = key("of what goes into the last layer", 0.2, 0.0, 0.9)
    scale: float = key("features are divided by this; merged into the first convolution", 10.0, 1e-6, 1e6)


@dataclass(frozen=True, slots=True)
class SmallCnn:
    """Options of ``small_cnn``."""

    filters: tuple[int, ...] = key("channels of each stage", (16, 32), 1, 1024)
    separable: bool = key("convolutions after the first are depthwise and pointwise", True)
    kernel: int = key("rows and columns of the convolutions", 3, 1, 15)
    dense: int = key("units of a layer before the last; 0 is none", 0, 0, 4096)
    dropout: float = key("of what goes into the last layer", 0.3, 0.0, 0.9)
    scale: float = key("pixels are divided by this; merged into the first convolution", 1.0, 1e-6, 1e6)


@dataclass(frozen=True, slots=True)
class Mlp:
    """Options of ``mlp``."""

    units: tuple[int, ...] = key("of each hidden layer", (32,), 1, 4096)
    dropout: float = key("of what goes into the last layer", 0.0, 0.0, 0.9)


@dataclass(frozen=True, slots=True)
class Autoencoder:
    """Options of ``autoencoder``."""

    units: tuple[int, ...] = key("of each layer of the encoder; the decoder mirrors it", (32, 8), 1, 4096)


Objective = Literal["classification", "reconstruction"]


@dataclass(frozen=True, slots=True)
class Architecture:
    """An entry of :data:`ARCHITECTURES`.

    Attributes:
        build: ``(input shape without the batch, number of outputs, options) -> keras.Model``. One output is the
            probability of a single label (sigmoid), more are those of each (softmax).
        options: the class of its options.
        objective: ``classification``: the labels are learned; ``reconstruction``: the input is.
        about: one line for people, with the paper.
    """

    build: Callable[[tuple[int, ...], int, Any], Any]
    options: type[Any]
    objective: Objective
    about: str


def _ds_cnn(shape: tuple[int, ...], outputs: int, options: DsCnn) -> Any:
    """DS-CNN; ``shape`` is ``[rows, channels]`` or ``[rows, channels, 1]``."""
    from keras import layers

    if len(options.kernel) != 2 or len(options.stride) != 2:
        raise ArchitectureError("ds_cnn: kernel and stride are two numbers each, rows and channels")
    inputs, x = _picture("ds_cnn", shape, options.scale)
    x = _convolution(x, layers.Conv2D(options.filters, options.kernel, options.stride, padding="same", use_bias=False))
    for block in range(1, options.blocks + 1):
        if options.gather and block == options.gather:
            depthwise = layers.DepthwiseConv2D((1, x.shape[2]), use_bias=False)
        elif options.gather and block > options.gather:
            depthwise = layers.DepthwiseConv2D((options.time_kernel, 1), padding="same", use_bias=False)
        else:
            depthwise = layers.DepthwiseConv2D(3, padding="same", use_bias=False)
        x = _convolution(x, depthwise)
        x = _convolution(x, layers.Conv2D(options.filters, 1, use_bias=False))
    pool = layers.AveragePooling2D if options.pool == "average" else layers.MaxPooling2D
    x = layers.Flatten()(pool(x.shape[1:3])(x))
    return _classifier(inputs, x, outputs, options.dropout)


def _small_cnn(shape: tuple[int, ...], outputs: int, options: SmallCnn) -> Any:
    """Stages of a convolution and max pooling; ``shape`` is ``[rows, columns]`` or ``[rows, columns, channels]``."""
    from keras import layers

    inputs, x = _picture("small_cnn", shape, options.scale)
    for stage, filters in enumerate(options.filters):
        if stage and options.separable:
            x = _convolution(x, layers.DepthwiseConv2D(options.kernel, padding="same", use_bias=False))
            x = _convolution(x, layers.Conv2D(filters, 1, use_bias=False))
        else:
            x = _convolution(x, layers.Conv2D(filters, options.kernel, padding="same", use_bias=False))
        if min(x.shape[1:3]) >= 2:
            x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    if options.dense:
        x = layers.Dense(options.dense, activation="relu")(x)
    return _classifier(inputs, x, outputs, options.dropout)


def _mlp(shape: tuple[int, ...], outputs: int, options: Mlp) -> Any:
    """Fully connected layers; any shape."""
    from keras import Input, layers

    inputs = Input(shape)
    x = layers.Flatten()(inputs) if len(shape) > 1 else inputs
    for units in options.units:
        x = layers.Dense(units, activation="relu")(x)
    return _classifier(inputs, x, outputs, options.dropout)


def _autoencoder(shape: tuple[int, ...], outputs: int, options: Autoencoder) -> Any:  # noqa: ARG001 (the input's own)
    """Fully connected, through a narrow middle and back; any shape. The output has the input's shape."""
    import math

    from keras import Input, Model, layers

    if not options.units:
        raise ArchitectureError("autoencoder: units must name at least one layer")
    inputs = Input(shape)
    x = layers.Flatten()(inputs) if len(shape) > 1 else inputs
    for units in (*options.units, *reversed(options.units[:-1])):
        x = layers.Dense(units, activation="relu")(x)
    x = layers.Dense(math.prod(shape))(x)
    return Model(inputs, layers.Reshape(shape)(x) if len(shape) > 1 else x)


def _picture(name: str, shape: tuple[int, ...], scale: float) -> tuple[Any, Any]:
    """The input, and it with a channel and divided by ``scale``."""
    from keras import Input, layers

    if len(shape) not in (2, 3):
        raise ArchitectureError(f"{name} takes examples of two or three dimensions; these have the shape {list(shape)}")
    inputs = Input(shape)
    x = layers.Reshape((*shape, 1))(inputs) if len(shape) == 2 else inputs
    return inputs, layers.Rescaling(1 / scale, name=SCALE_LAYER)(x) if scale != 1 else x


SCALE_LAYER = "input_scale"
"""The layer that divides the input, by which conversion finds it."""


def _convolution(x: Any, layer: Any) -> Any:
    from keras import layers

    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layer(x)))


def _classifier(inputs: Any, x: Any, outputs: int, dropout: float) -> Any:
    from keras import Model, layers

    if dropout:
        x = layers.Dropout(dropout)(x)
    return Model(inputs, layers.Dense(outputs, activation="sigmoid" if outputs == 1 else "softmax")(x))


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "ds_cnn": Architecture(
            _ds_cnn, DsCnn, "classification",
            "Depthwise-separable network on audio features (Zhang et al., Hello Edge: Keyword Spotting on "
            "Microcontrollers, 2017).",
        ),
        "small_cnn": Architecture(
            _small_cnn, SmallCnn, "classification",
            "Small pictures: convolutions, depthwise-separable after the first (Howard et al., MobileNets, 2017), and "
            "max pooling.",
        ),
        "mlp": Architecture(
            _mlp, Mlp, "classification",
            "Fully connected layers with ReLU (Rumelhart et al., Learning Representations by Back-propagating "
            "Errors, 1986).",
        ),
        "autoencoder": Architecture(
            _autoencoder, Autoencoder, "reconstruction",
            "Fully connected, through a narrow middle; what it cannot rebuild is an anomaly (Sakurada and Yairi, "
            "Anomaly Detection Using Autoencoders with Nonlinear Dimensionality Reduction, 2014).",
        ),
    }
)  # fmt: skip
"""By the name that ``train.architecture`` gives."""
