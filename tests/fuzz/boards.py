"""Board configurations: any TOML is a board or a BoardError that names the file."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from device_runtime.host.board import BoardError, load_any_board
from device_runtime.host.microboard import MicroBoard, board_document
from device_runtime.resources import resource_directory
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal

_FILES = [path.read_text() for path in sorted(resource_directory("board_configs").glob("*.toml"))]
SEEDS = [b"\0" + text.encode() for text in _FILES]
PIECES = (
    "\n", "[", "]", "[[", "]]", "=", ".", '"', "'", '"""', "#", "{", "}", ",", "1", "-1", "1e400", "1" * 400,
    "1" * 5000,
    "nan", "inf", "true", "1979-05-27", "07:32:00", "\\ud800", "\\u0000", "\0", "\x1b", "a", "screen", "[screen]\n",
    "width",
    "limits", "memory_mb", "hosts", '""', "[" * 300, "a." * 300, "name = ", " ", "0x" + "f" * 400, "request = 1\n",
)  # fmt: skip
_PLACE = Path(tempfile.mkdtemp(prefix="cygnet-fuzz-"))


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(2) == 0:
        check(choices.rest())
    else:
        check(spliced(_FILES, PIECES, choices).encode(errors="surrogatepass"))


def spliced(texts: list[str], pieces: tuple[str, ...], choices: Choices) -> str:
    """One of the texts with pieces put in, taken out, repeated, or brought from another one."""
    text = choices.pick(texts)
    for _ in range(choices.below(6) + 1):
        at, count = choices.below(len(text) + 1), choices.below(40)
        match choices.below(5):
            case 0 | 1:
                text = text[:at] + choices.pick(pieces) + text[at:]
            case 2:
                text = text[:at] + text[at + count :]
            case 3:
                text = text[:at] + text[at : at + count] * choices.below(40) + text[at:]
            case _:
                other = choices.pick(texts)
                start = choices.below(len(other) + 1)
                text = text[:at] + other[start : start + 4 * count] + text[at:]
    return text


def check(data: bytes) -> None:
    path = _PLACE / "board.toml"
    path.write_bytes(data)
    try:
        board = load_any_board(path)
    except BoardError as error:
        check_refusal(error, names=str(path))
        return
    repr(board).encode()
    if isinstance(board, MicroBoard):
        json.dumps(board_document(board))


def _screen(line: str) -> Callable[[], bytes]:
    return lambda: f'name = "a"\ndescription = "b"\n[screen]\nwidth = 800\nheight = 480\n{line}\n'.encode()


CASES: Mapping[str, Callable[[], bytes]] = {
    "a length of 400 digits": _screen("rpx = " + "1" * 400),
    "a length of 5000 digits": _screen("rpx = " + "1" * 5000),
    "a length that is no number": _screen("rpx = nan"),
    "a key of two lines": _screen('"a\\nb" = 1'),
    "a value of a bell and a line end": _screen('port = "\\u0007\\n"'),
    "lists 1000 deep": lambda: b"a = " + b"[" * 1000 + b"]" * 1000,
    "tables 2000 deep": lambda: b"[" + b"a." * 2000 + b"a]\n",
    "a kind that is a list": lambda: b"kind = []",
    "a kind of MicroPython without the rest": lambda: b'kind = "micropython"',
    "not UTF-8": lambda: b"\xff",
    "a header of brackets": _screen("[" * 3000),
    "a header of blanks": _screen('listen = """\n[' + " " * 100_000 + '\n"""\nx = 1'),
}
