"""Keys of the roles: in files with a passphrase, in an HSM or a cloud's KMS, each named by a URI of securesystemslib.

``pem:PATH`` is a PKCS#8 file in PEM, with a passphrase or without; it is ours, since securesystemslib's ``file2:``
knows no passphrases. ``hsm:``, ``awskms:``, ``gcpkms:``, ``azurekms:`` and ``hv:`` are securesystemslib's. Secrets come
from the environment, a file named there, or a prompt; never from an argument.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, HSMSigner, Key, Signer, SSlibKey

from firmware_tools.fleet.errors import FleetError

PASSPHRASE, PIN = "CYGNET_KEY_PASSPHRASE", "CYGNET_HSM_PIN"
NAME = "x-cygnet-name"
"""Member of a public key: what people call its holder."""

Secrets = Callable[[str], str]
"""Gives the secret of this name (``passphrase``, ``pin``)."""


def secret_of_environment(name: str) -> str:
    """``$CYGNET_KEY_PASSPHRASE`` or ``$CYGNET_HSM_PIN``, or the first line of the file that the same with ``_FILE``
    names; empty where there is none."""
    variable = PIN if name == "pin" else PASSPHRASE
    if value := os.environ.get(variable):
        return value
    if file := os.environ.get(f"{variable}_FILE"):
        try:
            return (Path(file).read_text(encoding="utf-8").splitlines() or [""])[0]
        except (OSError, UnicodeDecodeError) as error:
            raise FleetError(f"${variable}_FILE names {file}, which cannot be read: {error}") from error
    return ""


def unattended(name: str) -> str:
    """The secrets of a service: of the environment, or none."""
    return secret_of_environment(name)


def make_key(path: Path, name: str, passphrase: str) -> Key:
    """Make an Ed25519 key for ``name`` and write it to ``path``, mode 0600; without a ``passphrase`` in clear.

    Raises:
        FleetError: the file exists (a key is never overwritten) or cannot be written.
    """
    private = Ed25519PrivateKey.generate()
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase.encode())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(descriptor)
    except FileExistsError as error:
        raise FleetError(f"{path} exists; a key is never overwritten: move it away first") from error
    except OSError as error:
        raise FleetError(f"the key {path} cannot be written: {error.strerror}") from error
    return named(SSlibKey.from_crypto(private.public_key()), name)


def named(key: Key, name: str) -> Key:
    """The same key with its holder's name."""
    key.unrecognized_fields[NAME] = name
    return key


def holder(key: Key) -> str:
    """What people call the holder of a key."""
    return str(key.unrecognized_fields.get(NAME, key.keyid[:8]))


def write_public_key(path: Path, key: Key) -> None:
    """Write a public key for others, as :func:`read_public_key` reads it.

    Raises:
        FleetError: it cannot be written.
    """
    document = {"keyid": key.keyid, **key.to_dict()}
    try:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise FleetError(f"{path} cannot be written: {error.strerror}") from error


def read_public_key(path: Path, name: str = "") -> Key:
    """A public key of :func:`write_public_key`, or in PEM as a KMS exports it; ``name`` is its holder, else the file's.

    Raises:
        FleetError: it is neither.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FleetError(f"the public key {path} cannot be read: {error.strerror}") from error
    try:
        if data.lstrip().startswith(b"-----"):
            return named(SSlibKey.from_crypto(load_pem_public_key(data)), name or path.stem)
        document: dict[str, Any] = json.loads(data)
        key = Key.from_dict(str(document.pop("keyid")), document)
    except (ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm) as error:
        raise FleetError(
            f"{path} is no public key; `cygnet fleet trust key` writes one, and PEM is taken too ({error})"
        ) from error
    return named(key, name or holder(key))


def key_of_hsm(uri: str, name: str, secrets: Secrets) -> tuple[str, Key]:
    """The URI and public key of a key in an HSM, such as ``hsm:2?label=vault``; ``$PYKCS11LIB`` names its library.

    Raises:
        FleetError: there is none.
    """
    from urllib.parse import parse_qs, urlsplit

    parts = urlsplit(uri)
    label = parse_qs(parts.query).get("label", [None])[0]
    try:
        found, key = HSMSigner.import_(int(parts.path) if parts.path else None, label, secrets)
    except Exception as error:  # a PKCS#11 library raises whatever it likes
        raise FleetError(f"the key {uri} of the HSM cannot be used: {error or type(error).__name__}") from error
    return found, named(key, name)


def open_signer(uri: str, public: Key | None, base: Path, secrets: Secrets) -> Signer:
    """Whoever signs with the key of this URI; relative ``pem:`` paths begin at ``base``. ``public`` may be None for
    ``pem:``.

    Raises:
        FleetError: the key cannot be used; the sentence names it and never a secret.
    """
    scheme, _, rest = uri.partition(":")
    if scheme == "pem":
        return _pem_signer(base / rest, public, secrets)
    if public is None:
        raise FleetError(f"for the key {uri}, name its public key too: --public FILE")
    try:
        return Signer.from_priv_key_uri(uri, public, secrets)
    except Exception as error:  # each kind of signer raises its own
        raise FleetError(f"the key {uri} cannot be used: {error or type(error).__name__}") from error


def _pem_signer(path: Path, public: Key | None, secrets: Secrets) -> Signer:
    try:
        if path.stat().st_mode & 0o077:
            raise FleetError(f"the key {path} is readable by others; run: chmod 600 {path}")
        data = path.read_bytes()
    except OSError as error:
        raise FleetError(f"the key {path} cannot be read: {error.strerror}") from error
    try:
        try:
            private = load_pem_private_key(data, password=None)
        except TypeError:  # it has a passphrase
            if not (passphrase := secrets("passphrase")):
                raise FleetError(
                    f"the key {path} has a passphrase: give it in ${PASSPHRASE}, or in a file that "
                    f"${PASSPHRASE}_FILE names"
                ) from None
            private = load_pem_private_key(data, password=passphrase.encode())
        signer = CryptoSigner(private)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FleetError(f"the key {path} cannot be used: the passphrase is wrong, or it is no key in PEM") from error
    if public is not None and signer.public_key.keyid != public.keyid:
        raise FleetError(f"the key {path} is not the one of {holder(public)} ({public.keyid[:8]})")
    return signer
