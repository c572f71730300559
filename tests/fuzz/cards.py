"""Model cards: any TOML is a card or a CardError that names the file."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from device_runtime.inference.card import CardError, read_card
from tests.fuzz.boards import PIECES, spliced
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal

_FILES = [path.read_text() for path in sorted(Path("models").glob("*/card.toml"))]
_FILES = [text.replace(f'name = "{path.parent.name}"', 'name = "a"', 1) for text, path in zip(
    _FILES, sorted(Path("models").glob("*/card.toml")), strict=True)]  # fmt: skip
SEEDS = [b"\0" + text.encode() for text in _FILES]
_PIECES = (*PIECES, "[[inputs]]\n", "shape", "scale", "[parameters]\n", "[source]\n", "file", "sha256")
_PLACE = Path(tempfile.mkdtemp(prefix="cygnet-fuzz-")) / "a"


def feed(data: bytes) -> None:
    choices = Choices(data)
    if choices.below(2) == 0:
        check(choices.rest())
    else:
        check(spliced(_FILES, _PIECES, choices).encode(errors="surrogatepass"))


def check(data: bytes) -> None:
    _PLACE.mkdir(exist_ok=True)
    path = _PLACE / "card.toml"
    path.write_bytes(data)
    try:
        card = read_card(path)
        for name in card.parameters:
            card.number(name)
    except CardError as error:
        check_refusal(error, names=str(path))
        return
    assert not card.source.file.is_absolute()
    assert all(tensor.scale >= 0 for tensor in (*card.inputs, *card.outputs))


def _card(before: str = "", after: str = "") -> Callable[[], bytes]:
    text = (
        'name = "a"\ntask = "t"\ndescription = "d"\nlicence = "l"\ndata = "d"\nrecipe = "r"\n'
        f'{before}[source]\nfile = "a.tflite"\nsha256 = "{"0" * 64}"\n{after}'
    )
    return lambda: text.encode()


_TENSOR = '[[inputs]]\nname = "i"\nshape = [1]\ndtype = "int8"\nunits = "u"\n'

CASES: Mapping[str, Callable[[], bytes]] = {
    "a scale of 400 digits": _card(after=f"{_TENSOR}scale = {'1' * 400}\n"),
    "a scale that is no number": _card(after=f"{_TENSOR}scale = nan\n"),
    "a scale without end": _card(after=f"{_TENSOR}scale = inf\n"),
    "a parameter of 400 digits": _card(after=f"[parameters]\na = {'1' * 400}\n"),
    "a parameter of 5000 digits": _card(after=f"[parameters]\na = {'1' * 5000}\n"),
    "a key of two lines": _card(before='"a\\nb" = 1\n'),
    "a parameter of two lines": _card(after='[parameters]\n"a\\nb" = []\n'),
    "lists 1000 deep": lambda: b"a = " + b"[" * 1000 + b"]" * 1000,
    "tables 2000 deep": lambda: b"[" + b"a." * 2000 + b"a]\n",
}
