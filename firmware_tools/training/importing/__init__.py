"""Models of other frameworks as int8 TensorFlow Lite models: Keras, ONNX, PyTorch and PaddlePaddle.

PyTorch and PaddlePaddle go through ONNX, ONNX through onnx2tf. What comes out is run against what the original answers
before it is quantised. ``docs/models.md`` has the versions that are known to work.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from firmware_tools.training.dataset import Progress
from firmware_tools.training.determinism import start_tensorflow
from firmware_tools.training.importing.examples import in_order, read_examples
from firmware_tools.training.importing.formats import TITLES, Format, find_format
from firmware_tools.training.importing.steps import (
    load_facts,
    load_reference,
    run_step,
    save_examples,
    save_reference,
)
from firmware_tools.training.layers import LayerDifference, layer_differences
from firmware_tools.training.recipe import Quantization
from firmware_tools.training.workplace import need_tensorflow

_COMPARED = 50
_FIRST_STEPS: dict[Format, str] = {"torch-export": "from_torch", "torch-script": "from_torch", "paddle": "from_paddle"}


@dataclass(frozen=True, slots=True)
class Imported:
    """An imported model.

    Attributes:
        kind: what it came from.
        content: the quantised model; ``twin``: in float32; both .tflite files.
        error: how far the twin's answers are from the original's, as a fraction of the largest answer.
        layers: where int8 differs from float32.
        inputs: each input's name and shape, ``[1, *shape]``, in the layout that the model takes.
        moved: the inputs whose channels are last here and were first.
    """

    kind: Format
    content: bytes
    twin: bytes
    error: float
    layers: list[LayerDifference]
    inputs: list[tuple[str, tuple[int, ...]]]
    moved: list[str]


def import_model(path: Path, representative: Path, how: Quantization, progress: Progress, name: str) -> Imported:
    """Convert and quantise the model at ``path``, with the examples in ``representative`` (see :mod:`.examples`).

    Raises:
        LabError: of no known format, would run code when it is read, a library is missing, the examples do not fit, or
            conversion fails or changes what the network answers.
    """
    from firmware_tools.training.importing.network import arranged, converted_network, keras_network
    from firmware_tools.training.quantize import convert

    kind = find_format(path)
    need_tensorflow()
    arrays = read_examples(representative, how.representative)
    progress.stage(f"importing from {TITLES[kind]}", 3)
    with tempfile.TemporaryDirectory(prefix="cygnet-import-") as temporary:
        folder = Path(temporary)
        if kind in ("keras", "h5", "saved-model"):
            tf = start_tensorflow(0)
            network, given, reference = keras_network(tf, path, kind, arrays)
            original = [given[0][at].shape for at in range(len(given[0]))]
            save_reference(folder, [[each[at] for each in reference] for at in range(len(reference[0]))])
            error = 0.0
        else:
            from firmware_tools.training.importing.from_onnx import SAVED_MODEL

            save_examples(folder, arrays)
            source = path
            if kind in _FIRST_STEPS:
                run_step(_FIRST_STEPS[kind], path, folder, TITLES[kind])
                source = folder / "model.onnx"
            progress.advance()
            run_step("from_onnx", source, folder, "ONNX")
            facts = load_facts(folder)
            tf = start_tensorflow(0)
            network = converted_network(tf, folder / SAVED_MODEL, facts["inputs"])
            ordered = in_order(arrays, [each for each, _ in facts["inputs"]], path.name)
            given, error = arranged(network, ordered, load_reference(folder))
            original = [(1, *array.shape[1:]) for array in ordered]
        progress.advance()
        content, twin = convert(tf, network.function, given, how, name)
        progress.advance()
    compared = given[:_COMPARED]
    progress.stage("comparing int8 with float32, layer by layer", len(compared))
    layers = layer_differences(content, twin, compared, progress.advance)
    inputs = list(zip(network.names, network.shapes, strict=True))
    moved = [each for (each, shape), before in zip(inputs, original, strict=True) if tuple(shape) != tuple(before)]
    return Imported(kind, content, twin, error, layers, inputs, moved)
