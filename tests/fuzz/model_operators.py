"""Operators of .tflite files: any bytes are counted or a CountError that names the model."""

from collections.abc import Callable, Mapping
from pathlib import Path

from firmware_tools.training.macs import CountError, count_operators
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal

_MODEL = Path("models/digits/digits.tflite").read_bytes()
SEEDS = [b"\0" + _MODEL]
EXAMPLES = 150


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(2) == 0:
        check(choices.rest())
    else:
        changed = bytearray(_MODEL)
        for _ in range(1 + choices.below(12)):
            # Offsets and counts of a FlatBuffer are at its beginning and at its end; between them are weights.
            place = choices.below(2048) - (1024 if choices.chance(2) else 0)
            changed[place % len(changed)] = choices.byte()
        check(bytes(changed[: len(changed) - choices.below(256) * choices.below(64)]))


def check(data: bytes) -> None:
    try:
        found = count_operators(data, "model of the fuzzer")
    except CountError as error:
        check_refusal(error, names="model of the fuzzer")
        return
    assert all(isinstance(operator.name, str) for operator in (*found.operators, *found.once))


def _with(place: int, piece: bytes) -> Callable[[], bytes]:
    return lambda: _MODEL[:place] + piece + _MODEL[place + len(piece) :]


CASES: Mapping[str, Callable[[], bytes]] = {
    "a root beyond the end": _with(0, b"\xff\xff\xff\x7f"),
    "a root before the beginning": _with(0, b"\xff\xff\xff\xff"),
    "nothing but its type": lambda: b"\0\0\0\0TFL3",
    "no bytes": lambda: b"",
}
