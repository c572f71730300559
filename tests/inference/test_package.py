"""A model package is accepted whole and unaltered, or refused with one sentence."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from device_runtime.errors import CygnetError
from device_runtime.inference.package import (
    MAX_CARD_BYTES,
    MAX_MODEL_BYTES,
    MAX_PACKAGE_BYTES,
    ModelPackageError,
    collect_model,
    read_model_package,
    seal_model,
)
from device_runtime.keys import key_ring
from device_runtime.program.package import PackageError, read_package, seal_package
from device_runtime.resources import resource_directory
from device_runtime.sealed.archive import read_archive, write_archive
from device_runtime.sealed.seal import DIGESTS, SIGNATURE
from tests.inference.model_packages import KEY, digits_entries, digits_folder

TRUSTED = key_ring([KEY.public_key()])
ENTRIES = digits_entries(code=3)
SEALED = seal_model(ENTRIES, KEY)
MODEL = ENTRIES["digits.tflite"]


def altered(name: str, data: bytes) -> bytes:
    return write_archive({**read_archive(SEALED), name: data})


def sealed(**entries: bytes) -> bytes:
    """Signed by who may sign, with other entries."""
    return seal_model({**ENTRIES, **{name.replace("__", "."): data for name, data in entries.items()}}, KEY)


def with_card(old: str, new: str) -> bytes:
    text = ENTRIES["card.toml"].decode()
    assert old in text
    return sealed(card__toml=text.replace(old, new).encode())


def with_model(model: bytes) -> bytes:
    was, becomes = (hashlib.sha256(data).hexdigest().encode() for data in (MODEL, model))
    card = ENTRIES["card.toml"].replace(was, becomes)
    return sealed(card__toml=card, digits__tflite=model)


def test_a_package_is_read_back_with_its_card_and_signer() -> None:
    package = read_model_package(SEALED, "digits", TRUSTED)
    assert (package.card.name, package.card.version.code, package.card.version.name) == ("digits", 3, "3.0")
    assert package.content == MODEL
    assert package.key_id in TRUSTED
    assert (package.sha256, package.size) == (hashlib.sha256(SEALED).hexdigest(), len(SEALED))


def test_the_same_model_makes_the_same_bytes() -> None:
    assert seal_model(dict(reversed(ENTRIES.items())), KEY) == SEALED


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(lambda: write_archive(ENTRIES), "not signed; publish its folder", id="never signed"),
        pytest.param(lambda: seal_model(ENTRIES, Ed25519PrivateKey.generate()), "does not trust", id="stranger's key"),
        pytest.param(lambda: seal_package(ENTRIES, KEY), "signature does not match", id="sealed as a program"),
        pytest.param(lambda: altered("digits.tflite", MODEL[:-1] + b"\0"), "was altered", id="altered model"),
        pytest.param(lambda: altered("more.bin", b""), "was altered, added", id="added entry"),
        pytest.param(lambda: altered(DIGESTS, b"{}"), "signature does not match", id="altered digests"),
        pytest.param(lambda: altered(SIGNATURE, b"[1]"), "signature.json is damaged", id="damaged signature"),
        pytest.param(lambda: SEALED[:-30], "truncated", id="end cut off"),
        pytest.param(lambda: b"", "truncated", id="empty"),
        pytest.param(lambda: SEALED + b"tail", "altered", id="bytes behind the end"),
        pytest.param(lambda: bytes(MAX_PACKAGE_BYTES + 1), "at most 32 MiB", id="too large"),
        pytest.param(lambda: seal_model({"digits.tflite": MODEL}, KEY), "holds no card.toml", id="no card"),
        pytest.param(lambda: sealed(card__toml=b"\xff"), "not TOML", id="card of other bytes"),
        pytest.param(lambda: sealed(card__toml=b"x = " + b"[" * 5000), "not TOML", id="card of many brackets"),
        pytest.param(lambda: sealed(card__toml=b"#" * (MAX_CARD_BYTES + 1)), "larger than 64 KiB", id="large card"),
        pytest.param(lambda: with_card('name = "digits"', 'name = "../digits"'), "name", id="name that leaves"),
        pytest.param(lambda: with_card('name = "digits"', "name = 7"), "name", id="name that is a number"),
        pytest.param(lambda: with_card('"digits.tflite"', '"../digits.tflite"'), "source.file", id="file that leaves"),
        pytest.param(lambda: with_card('"digits.tflite"', '"other.tflite"'), "neither the card nor", id="other file"),
        pytest.param(lambda: with_card('"digits.tflite"', f'"{DIGESTS}"'), "neither the card nor", id="seal as model"),
        pytest.param(lambda: with_card('"digits.tflite"', '"card.toml"'), "neither the card nor", id="card as model"),
        pytest.param(lambda: sealed(run__py=b"evil"), "'run.py', which is neither the card nor", id="another file"),
        pytest.param(
            lambda: with_card('file = "digits.tflite"', 'file = "digits.tflite"\npackage = "evil"'),
            "'evil' carries the model; here it has to be itself",
            id="model elsewhere",
        ),
        pytest.param(
            lambda: with_card('file = "digits.tflite"', 'file = "digits.tflite"\nformat = "pickle"'),
            "'pickle' file; devices run tflite",
            id="another format",
        ),
        pytest.param(lambda: sealed(digits__tflite=MODEL + b"\0"), "has SHA-256", id="another model than the card's"),
        pytest.param(lambda: with_model(b"no model at all"), "is no tflite model", id="no model"),
        pytest.param(
            lambda: with_model(b"\0" * 4 + b"TFL3" + bytes(MAX_MODEL_BYTES)), "larger than 32 MiB", id="large model"
        ),
    ],
)
def test_a_package_that_is_not_whole_and_ours_is_refused_in_one_sentence(
    make: Callable[[], bytes], sentence: str
) -> None:
    with pytest.raises(ModelPackageError) as refusal:
        read_model_package(make(), "bad", TRUSTED)
    message = str(refusal.value)
    assert message.startswith("model package bad is refused: ")
    assert sentence in message
    assert "\n" not in message


@given(position=st.integers(0, len(SEALED) - 1), bit=st.integers(0, 7))
def test_a_single_flipped_bit_anywhere_is_refused(position: int, bit: int) -> None:
    data = bytearray(SEALED)
    data[position] ^= 1 << bit
    with pytest.raises(ModelPackageError):
        read_model_package(bytes(data), "bad", TRUSTED)


@given(card=st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_a_card_of_any_bytes_is_refused_in_one_sentence(card: bytes) -> None:
    with pytest.raises(ModelPackageError) as refusal:
        read_model_package(sealed(card__toml=card), "bad", TRUSTED)
    assert "\n" not in str(refusal.value)


def test_a_model_is_no_program() -> None:
    with pytest.raises(PackageError, match="signature does not match"):
        read_package(SEALED, "digits", TRUSTED)


def test_a_folder_gives_what_devices_need_and_no_more(tmp_path: Path) -> None:
    folder = digits_folder(tmp_path)
    (folder / "digits_float.tflite").write_bytes(b"large")
    (folder / "recipe.toml").write_text("")
    assert sorted(collect_model(folder)) == ["card.toml", "digits.tflite"]


def broken(folder: Path) -> None:
    (folder / "digits.tflite").write_bytes(b"\0" * 4 + b"TFL3")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        pytest.param(shutil.rmtree, "card.toml: the model card cannot be read", id="no folder"),
        pytest.param(lambda folder: (folder / "digits.tflite").unlink(), "digits.tflite cannot be read", id="no model"),
        pytest.param(broken, "has SHA-256", id="another model"),
    ],
)
def test_a_folder_that_is_no_model_is_refused_in_one_sentence(
    tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    folder = digits_folder(tmp_path)
    spoil(folder)
    with pytest.raises(CygnetError, match=sentence):
        collect_model(folder)


def test_a_model_that_a_package_of_python_carries_is_not_for_the_fleet() -> None:
    with pytest.raises(ModelPackageError, match="carried by the package pymicro-wakeword, which devices install"):
        collect_model(resource_directory("models") / "okay_nabu")
