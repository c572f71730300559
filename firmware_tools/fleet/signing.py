"""Desired documents as they are published: with the fleet's signature, and for some boards a MAC beside it."""

import hashlib
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.program.archive import ArchiveError, read_archive
from device_runtime.program.package import DIGESTS
from device_runtime.sync.messages import Desired, sign_desired
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.errors import StorageError


class Signer:
    """Signs with the fleet's key. Used from any thread."""

    def __init__(self, key: Ed25519PrivateKey, content: ContentStore) -> None:
        self._key, self._content = key, content
        self._digests: dict[str, str] = {}

    def sign(self, desired: Desired, device_key: bytes | None) -> bytes:
        """The envelope; with a ``device_key`` for a device that checks MACs and, of packages, a digest.

        Raises:
            ProtocolError: the document is larger than a message.
            StorageError: a package that it names cannot be read.
        """
        if device_key is None:
            return sign_desired(desired, self._key)
        programs = {
            app_id: replace(target, digests=self._digest(target.sha256)) for app_id, target in desired.programs.items()
        }
        runtime = desired.runtime and replace(desired.runtime, digests=self._digest(desired.runtime.sha256))
        return sign_desired(replace(desired, programs=programs, runtime=runtime), self._key, device_key)

    def _digest(self, sha256: str) -> str:
        """The SHA-256 of a package's list of files, by which such a device knows that the package is right."""
        known = self._digests.get(sha256)
        if known is None:
            try:
                listed = read_archive(self._content.read(sha256))[DIGESTS]
            except (ArchiveError, KeyError) as error:
                raise StorageError(f"the content {sha256[:16]}… is damaged on the fleet's disk") from error
            known = self._digests[sha256] = hashlib.sha256(listed).hexdigest()
        return known
