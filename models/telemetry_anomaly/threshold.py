"""Chooses the card's ``threshold`` for ``telemetry_anomaly``, after ``cygnet model data|train|quantize``.

    python models/telemetry_anomaly/threshold.py [CACHE]

It is the score that 99.7 % of the usual windows of the validation devices stay below, by the int8 model.
"""

import sys
from pathlib import Path

import numpy as np

from device_runtime.inference.backend import find_backend
from device_runtime.inference.telemetry import score
from firmware_tools.training.recipe import find_recipe
from firmware_tools.training.workplace import Workplace

QUANTILE = 0.997


def main(cache: Path | None) -> None:
    """Print the threshold."""
    workplace = Workplace.of(find_recipe(str(Path(__file__).parent)), cache)
    validation = workplace.builder.load(workplace.folder("data")).validation
    model = find_backend().load(Path(__file__).with_name("telemetry_anomaly.tflite"), "telemetry_anomaly")
    scores = []
    for x in validation.x[validation.y == 0]:
        (stored,) = model.invoke(model.inputs[0].quantize(x[None]))
        scores.append(score(x.tolist(), model.outputs[0].dequantize(stored)[0].tolist()))
    print(f"{np.quantile(scores, QUANTILE):.2f}, over {len(scores):,} usual windows of the validation devices")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
