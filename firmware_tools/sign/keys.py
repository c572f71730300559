"""Private keys in files: Ed25519, PKCS#8 PEM, readable by their owner alone."""

import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from device_runtime.errors import CygnetError


class PrivateKeyError(CygnetError):
    """A private key cannot be read or made; the message names the file."""


def developer_key_path() -> Path:
    """Where a developer's own key is: ``$XDG_CONFIG_HOME/cygnet/developer.key``, by default under ``~/.config``."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "cygnet" / "developer.key"


def create_private_key(path: Path) -> Ed25519PrivateKey:
    """Make a key and write it to ``path`` with mode 0600.

    Raises:
        PrivateKeyError: the file exists (a key is never overwritten) or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise PrivateKeyError(f"{path} exists; a key is never overwritten: move it away first") from error
    except OSError as error:
        raise PrivateKeyError(f"the key {path} cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(descriptor)
    return key


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """Read a key.

    Raises:
        PrivateKeyError: no such file, readable by others, or no Ed25519 key in PEM.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise PrivateKeyError(f"the key {path} is readable by others; run: chmod 600 {path}")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise PrivateKeyError(f"the key {path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise PrivateKeyError(f"{path} is not an unencrypted private key in PEM") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise PrivateKeyError(f"{path} holds a key of another kind; Cygnet signs with Ed25519")
    return key


def load_or_create_private_key(path: Path) -> Ed25519PrivateKey:
    """The key in ``path``, made now if there is none."""
    return load_private_key(path) if path.exists() else create_private_key(path)
