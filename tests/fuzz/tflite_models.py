"""Models for microcontrollers: any bytes become a compact file, always the same one, or a MicroModelError."""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from firmware_tools.build.micro_model import MicroModelError, compile_model, describe
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal

_DIGITS = Path("models/digits/digits.tflite").read_bytes()
_COUNTER = Path("tests/inference/data/counter.tflite").read_bytes()
_SAMPLES = (_DIGITS, _COUNTER)
SEEDS = [bytes([0, 1]) + bytes(20), bytes([1, 2]) + bytes(20)]
_WORDS = (0, 1, 2, 127, 128, 255, 256, 65535, 1 << 20, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)


def feed(data: bytes) -> None:
    choices = Choices(data)
    sample = bytearray(choices.pick(_SAMPLES))
    for _ in range(choices.below(6) + 1):
        # The tables lie at both ends, the weights between them.
        reach = choices.below(len(sample)) if choices.chance(2) else choices.below(2048)
        at = min(reach, len(sample) - 4) & ~3
        match choices.below(4):
            case 0:
                sample[at + choices.below(4)] = choices.byte()
            case 1:
                struct.pack_into("<I", sample, at, choices.pick(_WORDS))
            case 2:
                sample[at : at + 4] = sample[-at - 4 :][:4]
            case _:
                del sample[max(at, 64) + choices.below(4096) :]
    check(bytes(sample))


def check(data: bytes) -> None:
    """What is taken is made into the same bytes again."""
    try:
        made = compile_model(data, "the model")
    except MicroModelError as error:
        check_refusal(error, names="the model")
        return
    assert made == compile_model(data, "the model")
    assert describe(made).size == len(made)


def _shared() -> bytes:
    """All operators are one table with one long list of inputs."""
    text = bytearray(_COUNTER)
    return bytes(text[:8]) + bytes(16) + bytes(text[24:])


CASES: Mapping[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "only its mark": lambda: b"\0\0\0\0TFL3",
    "a root outside": lambda: b"\xff\xff\xff\xffTFL3" + bytes(64),
    "a table in itself": lambda: b"\x08\0\0\0TFL3" + bytes(64),
    "a head of zeros": _shared,
}
