"""Quantised models on stock MicroPython on an emulated Pico W: exact, without allocation, in little memory."""

from pathlib import Path

import numpy as np
import pytest

from firmware_tools.build.micro_model import compile_model
from tests.boards.models import run_on_pico
from tests.micro.inference.test_models import before_the_end, case, wake_word
from tests.micro.inference.tflite_models import reference_outputs

pytestmark = [pytest.mark.boards, pytest.mark.timeout(1200), pytest.mark.xdist_group("boards")]

_DIGITS = Path(__file__).parents[2] / "models" / "digits" / "digits.tflite"
_KB = 1024


@pytest.mark.parametrize(("name", "kilobytes"), [("digits", 32), ("okay_nabu", 84), ("hey_jarvis", 64)])
def test_a_model_answers_on_a_pico_w_as_the_reference_does(name: str, kilobytes: int, tmp_path: Path) -> None:
    tflite = _DIGITS.read_bytes() if name == "digits" else before_the_end(wake_word(name))
    steps = case(name, tflite).steps[:4]
    compact = compile_model(tflite, name)
    ran = run_on_pico(tmp_path, compact, [b"".join(value.tobytes() for value in step) for step in steps])
    theirs = [b"".join(value.tobytes() for value in step) for step in reference_outputs(tflite, steps)]
    assert ran.outputs == theirs
    print(f"{name}: heap {ran.code} + {ran.model}, load {ran.load} us, runs {ran.microseconds} us")
    assert ran.code + ran.model < kilobytes * _KB
    assert np.all(np.array(ran.microseconds) > 0)
