"""A model package: one model as it travels to devices, hostile until every byte of it is accounted for.

The same sealed archive as a program's (``device_runtime/sealed``), with the model's ``card.toml``, the file that the
card names as its ``source``, and nothing else; the float twin and the recipe stay with the developer. Its seal is over
another context than a program's, so that neither passes for the other.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.errors import CygnetError
from device_runtime.inference.card import CARD_FILE, CardError, ModelCard, parse_card, read_card
from device_runtime.keys import KeyRing
from device_runtime.sealed.archive import ArchiveError, read_archive
from device_runtime.sealed.durable import disk_sentence, size_of
from device_runtime.sealed.seal import SealError, check_seal, seal, unsealed

MAX_MODEL_BYTES = 32 * 1024 * 1024
"""The largest model file."""
MAX_CARD_BYTES = 64 * 1024
MAX_PACKAGE_BYTES = MAX_MODEL_BYTES + MAX_CARD_BYTES + 16 * 1024
"""The largest package: a model, its card, the seal and the headers."""

_CONTEXT = b"cygnet model 1\n"
_REMEDY = "publish its folder with `cygnet model publish`, which signs it"
_FORMATS = {"tflite": (4, b"TFL3")}  # where the file says what it is; other bytes can crash a runtime


class ModelPackageError(CygnetError):
    """A model package is refused; the message names it and says why in one sentence."""


@dataclass(frozen=True, slots=True)
class ModelPackage:
    """A model package whose every byte was checked. ``content`` is the model's file; ``sha256`` (hex) and ``size``
    (bytes) are those of the package; the card's ``path`` is none of a disk."""

    card: ModelCard
    content: bytes
    entries: Mapping[str, bytes]
    key_id: str
    sha256: str
    size: int


def collect_model(folder: Path) -> dict[str, bytes]:
    """What goes into the package of the model in ``folder``.

    Raises:
        CardError: the card breaks its schema.
        ModelPackageError: the file is missing, too large, not what the card says, or nothing that devices run.
    """
    card_path = folder.resolve() / CARD_FILE
    card = read_card(card_path)
    if card.source.package:
        raise ModelPackageError(
            f"{card_path}: the file of model {card.name} is carried by the package {card.source.package}, which "
            "devices install by themselves; a fleet carries models whose file lies beside their card"
        )
    file = card_path.parent / card.source.file
    if size_of(file) > MAX_MODEL_BYTES:
        raise ModelPackageError(f"{file} is larger than the {MAX_MODEL_BYTES >> 20} MiB that a model may have")
    try:
        entries = {CARD_FILE: card_path.read_bytes(), str(card.source.file): file.read_bytes()}
    except OSError as error:
        raise ModelPackageError(
            f"model {card.name}: {error.filename} cannot be read: {disk_sentence(error)}"
        ) from error
    check_model(entries, str(folder))
    return entries


def seal_model(entries: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """The bytes of a signed package of ``entries``; a seal that is among them is replaced.

    Raises:
        ArchiveError: an entry's name or the size is not allowed.
    """
    return seal(entries, key, _CONTEXT)


def read_model_package(data: bytes, name: str, trusted: KeyRing) -> ModelPackage:
    """Check the bytes of a package; ``name`` is what messages call it. The model itself is not parsed.

    Raises:
        ModelPackageError: truncated, altered, unsigned, signed by nobody trusted, too large, without a valid card, or
            with other files than the card's.
    """
    entries = read_model_archive(data, name)
    try:
        signer = check_seal(entries, trusted, _CONTEXT, _REMEDY)
    except SealError as error:
        raise ModelPackageError(f"model package {name} is refused: {error}") from error
    card, content = check_model(entries, name)
    return ModelPackage(card, content, entries, signer, hashlib.sha256(data).hexdigest(), len(data))


def read_model_archive(data: bytes, name: str) -> dict[str, bytes]:
    """The entries of a package, whose seal and content are not checked yet.

    Raises:
        ModelPackageError: larger than a package, or no archive.
    """
    if len(data) > MAX_PACKAGE_BYTES:
        raise ModelPackageError(
            f"model package {name} is refused: it is {len(data)} bytes; a model has at most {MAX_MODEL_BYTES >> 20} MiB"
        )
    try:
        return read_archive(data)
    except ArchiveError as error:
        raise ModelPackageError(f"model package {name} is refused: {error}") from error


def check_model(entries: Mapping[str, bytes], name: str) -> tuple[ModelCard, bytes]:
    """The card and the model's file of a package, which are what they say of each other.

    Raises:
        ModelPackageError: the card is missing or breaks its schema, or the file is missing, not the card's, or not
            alone.
    """
    try:
        card = _read_card(entries)
        return card, _model_file(entries, card)
    except (CardError, ModelPackageError) as error:
        raise ModelPackageError(f"model package {name} is refused: {error}") from error


def _read_card(entries: Mapping[str, bytes]) -> ModelCard:
    raw = entries.get(CARD_FILE)
    if raw is None:
        raise ModelPackageError(f"it holds no {CARD_FILE}")
    if len(raw) > MAX_CARD_BYTES:
        raise ModelPackageError(f"its {CARD_FILE} is larger than {MAX_CARD_BYTES >> 10} KiB")
    try:
        text = raw.decode()
        name = tomllib.loads(text).get("name")
    except (ValueError, RecursionError) as error:
        raise ModelPackageError(f"its {CARD_FILE} is not TOML: {' '.join(str(error).split())}") from error
    # Whose card it is, it says itself; who asked for the model compares.
    return parse_card(text, Path(CARD_FILE), name if isinstance(name, str) else "")


def _model_file(entries: Mapping[str, bytes], card: ModelCard) -> bytes:
    source = card.source
    if source.package:
        raise ModelPackageError(
            f"its card says that {source.package[:60]!a} carries the model; here it has to be itself"
        )
    if source.format not in _FORMATS:
        raise ModelPackageError(f"it is a {source.format[:40]!a} file; devices run {', '.join(_FORMATS)}")
    file = PurePosixPath(source.file)
    strange = sorted(unsealed(entries).keys() - {CARD_FILE, str(file)})
    if strange:
        raise ModelPackageError(f"it holds {strange[0]!a}, which is neither the card nor the file that the card names")
    if str(file) not in unsealed(entries) or str(file) == CARD_FILE:
        raise ModelPackageError(f"it does not hold {str(file)[:100]!a}, the file that its card names")
    content = entries[str(file)]
    if len(content) > MAX_MODEL_BYTES:
        raise ModelPackageError(f"its model is larger than {MAX_MODEL_BYTES >> 20} MiB")
    digest = hashlib.sha256(content).hexdigest()
    if digest != source.sha256:
        raise ModelPackageError(f"its {str(file)!a} has SHA-256 {digest}, and its card says {source.sha256}")
    at, mark = _FORMATS[source.format]
    if content[at : at + len(mark)] != mark:
        raise ModelPackageError(
            f"its {str(file)!a} is no {source.format} model: bytes {at} to {at + 4} are not {mark!r}"
        )
    return content
