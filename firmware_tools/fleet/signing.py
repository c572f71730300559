"""Desired documents as they are published: with the digests of what they name, the fleet's signature, and for some
boards a MAC beside it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.program.package import DIGESTS
from device_runtime.sync.erase_messages import EraseReceipt, sign_receipt
from device_runtime.sync.messages import Desired, RootTarget, sign_desired
from device_runtime.sync.reissue_messages import sign_certificate
from device_runtime.sync.screen_messages import ScreenOrder, sign_screen_order
from firmware_tools.fleet.content import ContentStore
from firmware_tools.fleet.errors import StorageError


@dataclass(frozen=True, slots=True)
class SignedAll:
    """Envelopes by device; and the documents for which there is none, with why."""

    envelopes: Mapping[str, bytes]
    failed: Sequence[Desired]
    trouble: str


class Signer:
    """Signs with the fleet's key, and with its former ones for devices that know no other. Used from any thread.

    Attributes:
        root: named to devices that may have been told of none; microcontrollers have no use for it.
    """

    def __init__(
        self, key: Ed25519PrivateKey, content: ContentStore, former_keys: Sequence[Ed25519PrivateKey] = ()
    ) -> None:
        self._key, self._content, self._former = key, content, former_keys
        self.root: RootTarget | None = None
        self._digests: dict[str, str] = {}

    def sign(self, desired: Desired, device_key: bytes | None) -> bytes:
        """The envelope; with a ``device_key`` for a device that checks MACs.

        Raises:
            ProtocolError: the document is larger than a message.
            StorageError: a package that it names cannot be read.
        """
        programs = {
            app_id: replace(target, digests=self._digest(target.sha256)) for app_id, target in desired.programs.items()
        }
        models = {name: replace(target, digests=self._digest(target.sha256)) for name, target in desired.models.items()}
        runtime = desired.runtime and replace(desired.runtime, digests=self._digest(desired.runtime.sha256))
        root = self.root if device_key is None else None
        whole = replace(desired, programs=programs, models=models, runtime=runtime, root=root)
        return sign_desired(whole, self._key, device_key, self._former)

    def sign_order(self, order: ScreenOrder) -> bytes:
        """The payload of an order about a device's screen.

        Raises:
            ProtocolError: a member breaks its rule.
        """
        return sign_screen_order(order, (self._key, *self._former))

    def sign_receipt(self, fleet: str, device: str, receipt: EraseReceipt) -> bytes:
        """The envelope of a receipt for what was erased of a device."""
        return sign_receipt(fleet, device, receipt, (self._key, *self._former))

    def sign_certificate(self, fleet: str, device: str, certificate: bytes, device_key: bytes | None) -> bytes:
        """The envelope of a newer certificate (DER) of a device; with a ``device_key`` for one that checks MACs."""
        return sign_certificate(fleet, device, certificate, (self._key, *self._former), device_key)

    def sign_all(self, documents: Sequence[Desired], keys: Mapping[str, bytes]) -> SignedAll:
        """Sign what can be signed: a package that the disk lost holds up the devices that should have it, no others.

        Raises:
            ProtocolError: a document is larger than a message.
        """
        envelopes: dict[str, bytes] = {}
        failed: list[Desired] = []
        trouble = ""
        for document in documents:
            try:
                envelopes[document.device] = self.sign(document, keys.get(document.device))
            except StorageError as error:
                failed.append(document)
                trouble = str(error)
        return SignedAll(envelopes, failed, trouble)

    def _digest(self, sha256: str) -> str:
        """The SHA-256 of a package's list of files, by which a board that never has the whole file knows it."""
        known = self._digests.get(sha256)
        if known is None:
            listed = self._content.read_entry(sha256, DIGESTS)
            known = self._digests[sha256] = hashlib.sha256(listed).hexdigest()
        return known
