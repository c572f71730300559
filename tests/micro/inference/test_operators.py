"""Each operator on MicroPython, byte for byte as the reference kernels of LiteRT have it; the heap locked meanwhile."""

from pathlib import Path

import numpy as np
import pytest

from tests.micro.inference.one_operator import Random
from tests.micro.inference.operators import OPERATORS
from tests.micro.inference.running import Case, answers
from tests.micro.inference.tflite_models import Maker, options, reference_outputs

SEEDS = 40


def different(micropython: str, cases: list[Case], folder: Path) -> list[str]:
    """The cases that MicroPython answers otherwise than the reference."""
    said = answers(micropython, cases, folder)
    return [
        f"{case.name} {number}"
        for number, (case, ours) in enumerate(zip(cases, said, strict=True))
        for mine, theirs in zip(ours, reference_outputs(case.tflite, case.steps), strict=True)
        if not all(np.array_equal(one, other) for one, other in zip(mine, theirs, strict=True))
    ]


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_answers_as_the_reference_does(operator: str, micropython: str, tmp_path: Path) -> None:
    cases = [OPERATORS[operator](Random(seed)) for seed in range(SEEDS)]
    assert not different(micropython, cases, tmp_path)


def test_words_of_32_bits_give_the_same(micropython_32: str, tmp_path: Path) -> None:
    cases = [make(Random(1000 + seed)) for make in OPERATORS.values() for seed in range(12)]
    assert not different(micropython_32, cases, tmp_path)


def requantizing(scale: float, weight: float, out_scale: float, biases: "list[int]", code: str) -> Case:
    """A layer that does nothing but rescale its biases."""
    maker, channels = Maker(), len(biases)
    zeros, bias = np.zeros((channels, 1), np.int8), np.array(biases, np.int32)
    if code == "FULLY_CONNECTED":
        given, shape = maker.tensor([1, 1], "int8", scale), [channels, 1]
        chosen, out = options("FullyConnected"), [1, channels]
    else:
        given, shape = maker.tensor([1, 1, 1, 1], "int8", scale), [channels, 1, 1, 1]
        chosen = options("Conv2D", strideH=1, strideW=1, dilationHFactor=1, dilationWFactor=1)
        out = [1, 1, 1, channels]
    weights = maker.tensor(shape, "int8", weight, 0, zeros)
    made = maker.tensor(out, "int8", out_scale)
    maker.add(code, [given, weights, maker.tensor([channels], "int32", scale * weight, 0, bias)], [made], chosen)
    tflite = maker.finish([given], [made])
    return Case(code, tflite, [[np.zeros(maker.graph.tensors[given].shape, np.int8)]] * 2)


@pytest.mark.parametrize("port", ["micropython", "micropython_32"])
def test_sums_of_all_32_bits_are_rescaled_exactly(port: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    random = Random(7)
    cases = []
    for _ in range(150):
        factor = random.real(1e-9, 0.9)
        most = min(int(200 / factor), (1 << 31) - 1)
        biases = [0, 1, -1, most, -most, (1 << 31) - 1, -(1 << 31), *(random.whole(-most, most) for _ in range(57))]
        # Halves are where roundings differ.
        biases += [min(max(round((random.whole(-128, 127) + 0.5) / factor), -most), most) for _ in range(64)]
        weight = random.real(0.0001, 0.01)
        out_scale = float(np.float32(0.05 * weight / factor))
        cases += [requantizing(0.05, weight, out_scale, biases, code) for code in ("CONV_2D", "FULLY_CONNECTED")]
    assert not different(request.getfixturevalue(port), cases, tmp_path)
