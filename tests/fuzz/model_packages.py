"""The reader of model packages: any bytes are a package that reads the same again, or a refusal."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.inference.package import ModelPackageError, read_model_package, seal_model
from device_runtime.keys import key_ring
from device_runtime.sealed.archive import ArchiveError
from tests.fuzz.boards import PIECES, spliced
from tests.fuzz.choices import Choices
from tests.fuzz.refusals import check_refusal

# Not a secret: whoever fuzzes wants the same bytes again.
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
TRUSTED = key_ring([KEY.public_key()])
MODEL = b"\x1c\0\0\0TFL3" + b"\0" * 40
CARD = (
    'name = "a"\nversion = {code = 2, name = "1.1.0"}\ntask = "t"\ndescription = "d"\nlicence = "l"\ndata = "d"\n'
    f'recipe = "r"\n[source]\nfile = "a.tflite"\nsha256 = "{hashlib.sha256(MODEL).hexdigest()}"\n'
    '[[inputs]]\nname = "i"\nshape = [1]\ndtype = "int8"\nunits = "u"\n'
)
ENTRIES = {"card.toml": CARD.encode(), "a.tflite": MODEL}
SEALED = seal_model(ENTRIES, KEY)
SEEDS = [b"\0" + SEALED]
_CARDS = [CARD, *(path.read_text() for path in sorted(Path("models").glob("*/card.toml")))]
_PIECES = (
    *PIECES,
    "version = ",
    "code = 0",
    "file = ",
    '"../a"',
    '"card.toml"',
    '"META-INF/digests.json"',
    "package = ",
)
_NAMES = ("b.tflite", "META-INF/x", "card.toml", "A.TFLITE", "a/a", "a.tflite")


def feed(data: bytes) -> None:
    choices = Choices(data)
    match choices.below(4):
        case 0:
            check(choices.rest())
        case 1:
            made = bytearray(SEALED)
            for _ in range(1 + choices.below(4)):
                made[choices.below(len(made))] = choices.byte()
            check(bytes(made))
        case 2:
            card = spliced(_CARDS, _PIECES, choices).encode(errors="surrogatepass")
            check(_sealed({**ENTRIES, "card.toml": card}))
        case _:
            name = choices.pick(_NAMES)
            check(_sealed({**ENTRIES, name: choices.rest()}))


def _sealed(entries: Mapping[str, bytes]) -> bytes:
    """By somebody with the fleet's key, who can sign anything that an archive holds."""
    try:
        return seal_model(entries, KEY)
    except ArchiveError as error:
        check_refusal(error)
        return SEALED


def check(data: bytes) -> None:
    try:
        package = read_model_package(data, "a", TRUSTED)
    except ModelPackageError as error:
        check_refusal(error)
        return
    assert package.key_id in TRUSTED
    assert hashlib.sha256(package.content).hexdigest() == package.card.source.sha256
    assert package.card.version.code >= 1
    again = read_model_package(seal_model(package.entries, KEY), "a", TRUSTED)
    assert (again.card, again.content) == (package.card, package.content)


def _with(old: str, new: str) -> Callable[[], bytes]:
    assert old in CARD
    return lambda: seal_model({**ENTRIES, "card.toml": CARD.replace(old, new).encode()}, KEY)


CASES: Mapping[str, Callable[[], bytes]] = {
    "a file of two lines": _with('"a.tflite"', '"a\\nb"'),
    "a file with a null": _with('"a.tflite"', '"a\\u0000b"'),
    "a name of two lines": _with('name = "a"', 'name = "a\\nb"'),
    "a format of two lines": _with('file = "a.tflite"', 'file = "a.tflite"\nformat = "a\\nb"'),
    "a package of two lines": _with('file = "a.tflite"', 'file = "a.tflite"\npackage = "a\\nb"'),
    "a version of 5000 digits": _with("code = 2", f"code = {'1' * 5000}"),
    "lists 5000 deep": lambda: seal_model({**ENTRIES, "card.toml": b"a = " + b"[" * 5000}, KEY),
}
