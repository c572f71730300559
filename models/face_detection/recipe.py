"""Makes ``face_detection.tflite`` and its float32 twin from the weights that mediapipe 0.10.21 carries (Apache-2.0).

    pip download --no-deps --only-binary=:all: --python-version 3.11 --dest /tmp mediapipe==0.10.21
    python models/face_detection/recipe.py /tmp/mediapipe-0.10.21-*.whl

Nothing is trained: the network is built anew in Keras, filled with the half floats of the package, and its ranges are
measured on the training split of the data set ``faces``. Then the biases of the boxes are corrected: int8 boxes came
out 6 % too large, so what int8 adds to each number on the average, where there is a face in that split, is taken from
its bias (bias correction after Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
2019). Needs the extra ``train``.
"""

import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from device_runtime.inference.backend import find_backend
from firmware_tools.training import blazeface
from firmware_tools.training.datasets.faces import Builder
from firmware_tools.training.determinism import start_tensorflow
from firmware_tools.training.quantize import concrete, convert, representative
from firmware_tools.training.recipe import Quantization

SEED = 7
MEMBER = "mediapipe/modules/face_detection/face_detection_short_range.tflite"


class Quiet:
    """Tells nobody how far the work is: it takes seconds."""

    def stage(self, title: str, total: int) -> None:
        """See :class:`firmware_tools.training.dataset.Progress`."""

    def advance(self, steps: int = 1) -> None:
        """See :class:`firmware_tools.training.dataset.Progress`."""


def run(content: bytes, pictures: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Boxes ``[n, 896, 16]`` and scores ``[n, 896, 1]`` of a converted model, real numbers."""
    model = find_backend().load(content, "face_detection")
    boxes, scores = [], []
    for picture in pictures:
        box, score = model.invoke(model.inputs[0].quantize(picture[None]))
        boxes.append(model.outputs[0].dequantize(box)[0])
        scores.append(model.outputs[1].dequantize(score)[0])
    return np.stack(boxes), np.stack(scores)


def main(wheel: Path, folder: Path) -> None:
    """Write both models into ``folder``."""
    tf = start_tensorflow(SEED)
    model = blazeface.build()
    with zipfile.ZipFile(wheel) as package:
        blazeface.load_weights(model, package.read(MEMBER))
    builder = Builder({}, SEED)
    cache = Path.home() / ".cache" / "cygnet" / "models" / "face_detection" / builder.fingerprint()
    builder.build(cache, Quiet())
    train = builder.load(cache).train
    examples = representative(train, len(train), SEED)
    content, twin = convert(tf, concrete(tf, model, [(1, 128, 128, 3)]), examples, Quantization(), "face_detection")
    blazeface.correct_biases(model, run(twin, train.x), run(content, train.x))
    content, _ = convert(tf, concrete(tf, model, [(1, 128, 128, 3)]), examples, Quantization(), "face_detection")
    (folder / "face_detection.tflite").write_bytes(content)
    (folder / "face_detection_float.tflite").write_bytes(twin)
    print(f"{len(content):,} bytes, {len(twin):,} in float32")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
