"""Broken and malicious models: a sentence at build time, an error on the board, never a crash."""

import random
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware_tools.build.micro_model import MicroModelError, compile_model, describe
from tests.micro.inference.one_operator import Random
from tests.micro.inference.operators import OPERATORS
from tests.micro.inference.running import RUNTIME
from tests.micro.inference.test_models import wake_word
from tests.micro.inference.tflite_models import Maker, options

_DIGITS = (Path(__file__).parents[3] / "models/digits/digits.tflite").read_bytes()
_SCRIPT = """
import sys, json
sys.path[:0] = [{runtime!r}]
from micro.inference.model import Model, ModelError
sizes = json.load(open({folder!r} + "/sizes.json"))
data = open({folder!r} + "/broken.bin", "rb")
ran = refused = 0
for size in sizes:
    content = data.read(size)
    try:
        model = Model(content)
    except (ModelError, MemoryError) as error:
        assert len(str(error)) < 200
        refused += 1
        continue
    for entry in model.inputs:
        assert len(entry) == 5
    for step in range(2):
        for number in range(len(model.inputs)):
            view = model.input(number)
            for at in range(len(view)):
                view[at] = (at * 37 + step) & 255
        model.invoke()
    model.reset()
    ran += 1
print(ran, refused)
"""


def run_broken(micropython: str, contents: list[bytes], folder: Path) -> tuple[int, int]:
    """How many of compact files MicroPython ran, and how many it refused; it must not crash."""
    (folder / "sizes.json").write_text(str([len(each) for each in contents]))
    (folder / "broken.bin").write_bytes(b"".join(contents))
    script = _SCRIPT.format(runtime=str(RUNTIME), folder=str(folder))
    done = subprocess.run(
        [micropython, "-X", "heapsize=4m", "-c", script], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-1000:] + done.stderr[-1000:])
    ran, refused = done.stdout.split()
    return int(ran), int(refused)


def broken(content: bytes, count: int, chance: random.Random) -> Iterator[bytes]:
    """Copies of a file with a few changed bits, words and ends; most change its numbers, which are its first part."""
    split = int.from_bytes(content[12:16], "little")
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            at = chance.randrange(4, split) & ~3
            how = chance.randrange(5)
            if how == 0:
                changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            elif how == 1:
                changed[at] ^= 1 << chance.randrange(8)
            elif how == 2:
                value = chance.choice((0, 1, -1, 127, 255, 32767, 65535, 65536, 1 << 24, (1 << 31) - 1, -(1 << 31)))
                changed[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
            elif how == 3:
                value = int.from_bytes(changed[at : at + 4], "little") + chance.choice((-4, -1, 1, 2, 4, 100))
                changed[at : at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
            else:
                other = chance.randrange(4, split) & ~3
                changed[at : at + 4] = content[other : other + 4]
        yield bytes(changed)


@pytest.mark.parametrize("port", ["micropython", "micropython_32"])
def test_broken_compact_files_never_crash_micropython(
    port: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    chance = random.Random(20)  # noqa: S311 - the same each time
    contents = [content[:size] for content in [compile_model(_DIGITS, "digits")] for size in range(0, len(content), 61)]
    for make in OPERATORS.values():
        for seed in range(3):
            compact = compile_model(make(Random(seed)).tflite, "one")
            contents += broken(compact, 60, chance)
    contents += broken(compile_model(_DIGITS, "digits"), 200, chance)
    contents += broken(compile_model(wake_word("hey_jarvis"), "streaming"), 60, chance)
    ran, refused = run_broken(request.getfixturevalue(port), contents, tmp_path)
    assert ran + refused == len(contents)
    assert min(ran, refused) > len(contents) // 10, "both should be seen"


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_nothing_can_be_divided_by_is_refused(micropython: str, tmp_path: Path, scale: float) -> None:
    content = bytearray(compile_model(_DIGITS, "digits"))
    (ports_at,) = struct.unpack_from("<i", content, 36)
    struct.pack_into("<f", content, ports_at + 32, scale)
    assert run_broken(micropython, [bytes(content)], tmp_path) == (0, 1)


def test_a_file_that_would_never_end_is_refused_or_ends(micropython: str, tmp_path: Path) -> None:
    contents = []
    for name, kind in (("transpose", 5), ("mean", 8), ("softmax", 9), ("pad", 5)):
        content = bytearray(compile_model(OPERATORS[name](Random(3)).tflite, name))
        steps_at, count = (int.from_bytes(content[at : at + 4], "little") for at in (40, 28))
        for number in range(count):
            place = steps_at + 8 * number
            if content[place] != kind:
                continue
            at = int.from_bytes(content[place + 4 : place + 8], "little")
            if kind == 9:  # a table of nothing: the sum of exponentials is 0
                table = int.from_bytes(content[at + 16 : at + 20], "little")
                content[table : table + 1024] = bytes(1024)
            else:  # many times the same byte
                words = range(3, 7) if kind == 5 else range(5, 8)
                for word in words:
                    content[at + 4 * word : at + 4 * word + 4] = (1 << 24).to_bytes(4, "little")
                for word in range(7, 15) if kind == 5 else range(11, 14):
                    content[at + 4 * word : at + 4 * word + 4] = bytes(4)
        contents.append(bytes(content))
    assert run_broken(micropython, contents, tmp_path) == (1, 3)


def small() -> tuple[Maker, int, int]:
    """A model in the making, an input and an output."""
    maker = Maker()
    return maker, maker.tensor([1, 4, 4, 2], "int8", 0.5, 0), maker.tensor([1, 4, 4, 2], "int8", 0.5, 0)


def unknown_operator() -> bytes:
    maker, given, made = small()
    maker.add("HARD_SWISH", [given], [made])
    return maker.finish([given], [made])


def float_model() -> bytes:
    maker = Maker()
    given, made = maker.tensor([1, 4], "float32"), maker.tensor([1, 4], "float32")
    maker.add("RELU", [given], [made])
    return maker.finish([given], [made])


def unknown_operator_beside_tensors_of_no_size() -> bytes:
    """As LSTMs have them."""
    maker, given, made = small()
    maker.tensor([0], "int8", 0.5, 0)
    maker.add("UNIDIRECTIONAL_SEQUENCE_LSTM", [given], [made])
    return maker.finish([given], [made])


def custom_operator() -> bytes:
    from tests.inference.making import custom

    return custom("ethos-u", "int8")


def tensor_of_no_size() -> bytes:
    maker, given, made = small()
    empty = maker.tensor([0], "int8", 0.5, 0)
    maker.add("ADD", [given, empty], [made], options("Add"))
    return maker.finish([given], [made])


def computed_weights() -> bytes:
    maker, given, made = small()
    weights = maker.tensor([2, 1, 1, 2], "int8", 0.1, 0)
    bias = maker.tensor([2], "int32", 0.05, 0, np.zeros(2, np.int32))
    maker.add("CONV_2D", [given, weights, bias], [made], options("Conv2D", strideH=1, strideW=1))
    return maker.finish([given, weights], [made])


def huge_tensor() -> bytes:
    maker, given, _made = small()
    made = maker.tensor([1, 1 << 20, 1 << 10, 2], "int8", 0.5, 0)
    maker.add("PAD", [given, maker.ints([0] * 8, [4, 2])], [made], options("Pad"))
    return maker.finish([given], [made])


def too_large() -> bytes:
    maker = Maker()
    given, made = maker.tensor([1, 3000, 3000, 1], "int8", 0.5, 0), maker.tensor([1, 3000, 3000, 1], "int8", 0.5, 0)
    maker.add("ADD", [given, given], [made], options("Add"))
    return maker.finish([given], [made])


def int16_activations() -> bytes:
    maker = Maker()
    given, made = maker.tensor([1, 4], "int16", 0.5, 0), maker.tensor([1, 4], "int16", 0.5, 0)
    maker.add("LOGISTIC", [given], [made])
    return maker.finish([given], [made])


def wrong_shape() -> bytes:
    maker, given, _made = small()
    made = maker.tensor([1, 3, 3, 2], "int8", 0.5, 0)
    maker.add(
        "AVERAGE_POOL_2D", [given], [made], options("Pool2D", strideH=2, strideW=2, filterHeight=2, filterWidth=2)
    )
    return maker.finish([given], [made])


def no_variable() -> bytes:
    maker, given, made = small()
    handle = maker.tensor([], "resource")
    maker.add("VAR_HANDLE", [], [handle], options("VarHandle", container="", sharedName="lost"))
    maker.add("READ_VARIABLE", [handle], [made], options("ReadVariable"))
    return maker.finish([given], [made])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (unknown_operator, r"m: operator 0 \(HARD_SWISH\): does not run on a microcontroller; these do: ADD, .*"),
        (
            unknown_operator_beside_tensors_of_no_size,
            r"m: operator 0 \(UNIDIRECTIONAL_SEQUENCE_LSTM\): does not run on a microcontroller; these do: ADD, .*",
        ),
        (custom_operator, r"m: operator 0 \(CUSTOM ethos-u\): does not run on a microcontroller; these do: ADD, .*"),
        (tensor_of_no_size, r"m: tensor 't2': has the shape \[0\]; expected at most 6 dimensions, each above 0, .*"),
        (float_model, r"m: input 't0' is float32 without a scale; a microcontroller takes int8 or uint8 .*"),
        (computed_weights, r"m: operator 0 \(CONV_2D\), tensor 't2': is int8 and computed; expected constant int8"),
        (huge_tensor, r"m: tensor 't2': has the shape \[1, 1048576, 1024, 2\]; expected at most 6 dimensions, .*"),
        (too_large, r"m: needs \d+ bytes while it runs; no microcontroller has more than 8388608"),
        (int16_activations, r"m: input 't0' is int16 with one scale; a microcontroller takes int8 or uint8 .*"),
        (wrong_shape, r"m: operator 0 \(AVERAGE_POOL_2D\), tensor 't2': has the shape .*; expected \[1, 2, 2, 2\]"),
        (no_variable, r"m: operator 1 \(READ_VARIABLE\): uses the variable 'lost', which CALL_ONCE does not fill"),
    ],
)
def test_what_cannot_run_is_refused_in_a_sentence(make: "object", said: str) -> None:
    assert callable(make)
    with pytest.raises(MicroModelError, match=said) as raised:
        compile_model(make(), "m")
    assert "\n" not in str(raised.value)


def sentence_of(tflite: bytes) -> str:
    """What a file is refused with; nothing when it is taken."""
    try:
        describe(compile_model(tflite, "m"))
    except MicroModelError as error:
        return str(error)
    return ""


def test_broken_tflite_files_end_in_a_sentence_or_a_model_soon() -> None:
    chance = random.Random(21)  # noqa: S311 - the same each time
    sources = [_DIGITS, wake_word("hey_jarvis"), *(make(Random(1)).tflite for make in OPERATORS.values())]
    taken = refused = 0
    for source in sources:
        for _ in range(60):
            changed = bytearray(source)
            for _ in range(chance.choice((1, 2, 8))):
                # The tables lie at both ends, the weights between them.
                at = (
                    chance.randrange(min(4096, len(changed)))
                    if chance.random() < 0.5
                    else chance.randrange(len(changed))
                )
                changed[at] = chance.choice((0, 1, 127, 128, 255, changed[at] ^ 1 << chance.randrange(8)))
            if chance.random() < 0.2:
                del changed[chance.randrange(len(changed)) :]
            begun = time.monotonic()
            said = sentence_of(bytes(changed))
            taken, refused = taken + (not said), refused + bool(said)
            assert not said or (said.startswith("m: ") and len(said) < 600 and "\n" not in said)
            assert time.monotonic() - begun < 30, "far from what it takes"
    assert taken > 100
    assert refused > 100
