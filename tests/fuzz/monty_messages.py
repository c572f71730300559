"""What Monty says to its worker: any bytes are an event or a WireError, and cost no more than they have bytes."""

from collections.abc import Callable, Mapping

from device_runtime.engine.python.wire import Event, WireError, read_event
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal


def _field(number: int, data: bytes) -> bytes:
    size = len(data)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return (bytes([number << 3 | 2]) if number < 16 else bytes([number << 3 & 127 | 130, number >> 4])) + length + data


def call(*nodes: bytes) -> bytes:
    """A call of ``log`` with the first node as its argument."""
    graph = b"".join(_field(2, node) for node in nodes)
    return _field(
        2, _field(1, b"log") + _field(2, b"\0") + _field(7, graph) + _field(8, _field(1, b"<string>") + b"\x10\5")
    )


def _twice(depth: int) -> list[bytes]:
    """Lists that hold the next one twice: a few bytes a level, and twice as many values."""
    return [_field(11, _field(1, bytes([n + 1, n + 1]))) for n in range(depth)] + [b"\x28\2"]


SEEDS = [
    call(_field(8, b"text")),
    call(_field(11, _field(1, b"\1\2")), b"\x28\2", _field(14, _field(1, b"\x08\3\x10\1")), _field(8, b"k")),
    _field(7, _field(1, _field(1, b"ValueError") + _field(2, b"no") + _field(3, _field(1, b"<string>")))),
]
_PIECES = (b"\x12", b"\x3a", b"\xff" * 11, b"\x0a\x80", b"\x12\0", b"\x08\1", b"\x42\1\xff", b"\x39" + b"\xff" * 8)


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(2) == 0:
        check(choices.rest())
        return
    message = bytearray(choices.pick(SEEDS))
    for _ in range(choices.below(6)):
        at = choices.below(len(message))
        message[at : at + choices.below(3)] = choices.pick(_PIECES)
    check(bytes(message))


def check(data: bytes) -> None:
    try:
        event = read_event(data)
    except WireError as error:
        check_refusal(error, "Monty")
        return
    assert isinstance(event, Event)
    assert len(repr(event.arguments)) < 1_000_000


CASES: Mapping[str, Callable[[], bytes]] = {
    "lists that hold the same list twice, and so on": lambda: call(*_twice(18)),
    "a list that holds itself": lambda: call(_field(11, _field(1, b"\0\0\0"))),
    "an argument that is not there": lambda: call(),
    "a number without an end": lambda: b"\x12" + b"\xff" * 30,
}
