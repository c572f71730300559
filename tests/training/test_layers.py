"""Layer by layer: what was broken on purpose is found, and what is whole is not blamed."""

import random
import re
from typing import Any

import numpy as np
import pytest

from firmware_tools.cli.model_quantize import say_boards
from firmware_tools.training.layers import PERFECT_DB, layer_differences, layer_table, worst_layers
from firmware_tools.training.operators import check_operators, operators, read_operators
from firmware_tools.training.workplace import LabError
from tests.training.models import FLOAT, INT8, changed, pictures, spoil_weights

TWIN = FLOAT.read_bytes()
WEIGHTED = [
    at
    for at, operator in enumerate(read_operators(INT8.read_bytes()))
    if operator.kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
]


def test_a_good_model_differs_little_in_any_layer() -> None:
    layers = layer_differences(INT8.read_bytes(), TWIN, pictures(20))
    assert [each.operator for each in layers] == ["input", *(each.kind for each in read_operators(INT8.read_bytes()))]
    assert min(each.sqnr_db for each in layers) > 20
    first = layers[0]
    assert first.max_error <= first.scale * 0.51  # rounding alone


@pytest.mark.parametrize("operator", WEIGHTED)
def test_the_layer_that_was_broken_on_purpose_is_found(operator: int) -> None:
    broken = changed(INT8, spoil_weights(operator))
    layers = layer_differences(broken, TWIN, pictures(20))
    (worst, *_) = worst_layers(layers, 1)
    assert worst.name == layers[operator + 1].name
    assert worst.added_db > 20
    assert all(each.sqnr_db > 20 for each in layers[: operator + 1])  # what comes before is whole


def test_a_wrong_scale_is_found_in_its_tensor() -> None:
    def stretch(model: Any) -> None:
        graph = model.subgraphs[0]
        graph.tensors[graph.operators[4].outputs[0]].quantization.scale = np.array([0.5], np.float32)

    layers = layer_differences(changed(INT8, stretch), TWIN, pictures(20))
    (worst, *_) = worst_layers(layers, 1)
    assert worst.name == layers[5].name
    assert worst.scale == 0.5


def test_a_model_does_not_differ_from_itself() -> None:
    layers = layer_differences(TWIN, TWIN, pictures(3))
    assert {each.sqnr_db for each in layers} == {PERFECT_DB}
    assert {each.max_error for each in layers} == {0.0}
    assert [each.name for each in worst_layers(layers, 3)] == [layers[0].name]


def test_the_table_has_a_line_for_each_layer() -> None:
    layers = layer_differences(INT8.read_bytes(), TWIN, pictures(3))
    lines = layer_table(layers).splitlines()
    assert lines[0].split() == ["layer", "operator", "SQNR", "added", "max", "error", "scale"]
    assert len(lines) == len(layers) + 1
    assert len({line.index("dB") for line in lines[1:]}) == 1


def test_steps_are_told() -> None:
    steps: list[int] = []
    layer_differences(INT8.read_bytes(), TWIN, pictures(3), lambda: steps.append(1))
    assert len(steps) == 3


def _drop_half(model: Any) -> None:
    model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shape = [1, 8, 8, 2]


@pytest.mark.parametrize(
    ("content", "examples", "told"),
    [
        (b"nothing", pictures(1), r"no TensorFlow Lite model"),
        (b"\x10\x00\x00\x00TFL3" + b"\xff" * 40, pictures(1), r"damaged|cannot be loaded"),
        (
            INT8.read_bytes(),
            [(np.zeros((1, 4, 4, 1), np.float32),)],
            r"takes \[1, 8, 8, 1\], the examples are \[1, 4, 4, 1\]",
        ),
        (INT8.read_bytes(), [(), ()], r"takes 1 inputs, the examples have 0"),
    ],
)
def test_what_cannot_be_compared_is_told(content: bytes, examples: Any, told: str) -> None:
    with pytest.raises(LabError, match=told):
        layer_differences(content, TWIN, examples)


def test_operators_are_counted() -> None:
    counted = operators(INT8.read_bytes())
    assert counted["CONV_2D"] == 3
    assert counted["SOFTMAX"] == 1


def test_an_operator_that_no_back_end_has_is_refused() -> None:
    def foreign(model: Any) -> None:
        code = model.operatorCodes[0]
        code.builtinCode, code.deprecatedBuiltinCode, code.customCode = 32, 32, b"TheirOwn"

    with pytest.raises(LabError, match=r"the model x has operators that no back end has: custom TheirOwn"):
        check_operators(changed(INT8, foreign), "x")


def test_a_damaged_file_ends_in_a_sentence() -> None:
    chance = random.Random(1)  # noqa: S311 the same ones each time
    refused = 0
    for _ in range(1500):
        content = bytearray(INT8.read_bytes())
        for _ in range(chance.choice((1, 3, 10))):
            content[chance.randrange(8, len(content))] = chance.randrange(256)
        try:
            operators(bytes(content))
        except LabError as error:
            refused += "this TensorFlow Lite model is damaged" in str(error)
    assert refused > 10


def test_what_a_model_is_on_a_microcontroller_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    def floor(model: Any) -> None:
        model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 8

    say_boards(INT8.read_bytes(), "digits")
    assert re.search(r"On a microcontroller: [\d,]+ bytes, and [\d,]+ to run in", capsys.readouterr().out)
    say_boards(changed(INT8, floor), "digits")
    assert re.search(
        r"Not for microcontrollers: digits: operator 0 \(FLOOR\): does not run on a microcontroller",
        capsys.readouterr().out,
    )
