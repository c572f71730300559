"""The folder of a device's identity: its key, its certificate, whom it trusts, and the provisioning file naming them.

```
provisioning.toml      which of the others count; written last and whole, so that a power cut leaves the old or the new
device-SERIAL.key      made here, never sent anywhere; mode 0600
device-SERIAL.pem      the certificate, then that of the CA that issued it
ca-SERIAL.pem          the roots that the broker's certificate may lead to
pending.key            the key that a certificate was asked for and has not come: the next try is with the same
```
"""

import contextlib
import re
from dataclasses import replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from device_runtime.errors import CygnetError
from device_runtime.host.provisioning import Provisioning, load_provisioning, parse_root, provisioning_text
from device_runtime.keys import decode_public_key
from device_runtime.sealed.durable import disk_sentence, sync_directory, write_secret, write_whole
from device_runtime.sync.certificates import (
    Holder,
    certificates_from_pem,
    certificates_to_pem,
    holder_of,
    key_from_pem,
    key_to_pem,
    new_key,
    public_bytes,
)
from device_runtime.sync.identity import IdentityDocument
from device_runtime.sync.transport import TlsFiles

PROVISIONING = "provisioning.toml"
_OURS = re.compile(r"(?:device-[0-9a-f]+\.(?:key|pem)|ca-[0-9a-f]+\.pem)(?:\.new)?")


class IdentityFolderError(CygnetError):
    """The folder cannot be read or written; the message names the file."""


class IdentityFolder:
    """One folder; what is in it is read anew each time."""

    def __init__(self, folder: Path, provisioning: str = PROVISIONING) -> None:
        self._folder = folder
        self.provisioning_file = folder / provisioning

    @property
    def claimed(self) -> bool:
        """Whether there is an identity."""
        return self.provisioning_file.exists()

    def pending_key(self) -> ec.EllipticCurvePrivateKey:
        """The key to ask a certificate for: made now, or the one that was asked for in vain.

        Raises:
            IdentityFolderError: the disk refuses.
        """
        path = self._folder / "pending.key"
        if path.exists():
            with contextlib.suppress(CygnetError, OSError):
                return key_from_pem(path.read_bytes(), str(path))
        key = new_key()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_secret(path, key_to_pem(key))
        except OSError as error:
            raise IdentityFolderError(f"{path} cannot be written: {disk_sentence(error)}") from error
        return key

    def stage(self, document: IdentityDocument, key: ec.EllipticCurvePrivateKey) -> TlsFiles:
        """Write what a believed document brings beside what counts now.

        Raises:
            IdentityFolderError: the disk refuses; what counts stays.
        """
        serial = f"{document.certificates[0].serial_number:x}"
        own, ca = self._folder / f"device-{serial}.pem", self._folder / f"ca-{serial}.pem"
        secret = self._folder / f"device-{serial}.key"
        try:
            write_secret(secret, key_to_pem(key))
            write_whole(own, certificates_to_pem(*document.certificates))
            write_whole(ca, certificates_to_pem(*document.authorities))
        except OSError as error:
            raise IdentityFolderError(f"{self._folder} cannot be written: {disk_sentence(error)}") from error
        return TlsFiles(ca, own, secret)

    def found(self, document: IdentityDocument, files: TlsFiles, broker: str = "") -> Provisioning:
        """Make a document that was staged this device's identity; ``broker`` in place of the fleet's URL of it.

        Raises:
            IdentityFolderError: the disk refuses; the device is as before.
            CygnetError: the document names a key or a root that is none.
        """
        root = parse_root(self.provisioning_file, document.root) if document.root else None
        made = Provisioning(
            document.fleet,
            document.device,
            broker or document.broker,
            decode_public_key(document.fleet_key),
            ca=files.ca,
            cert=files.certificate,
            key=files.key,
            root=root,
            path=self.provisioning_file,
        )
        self._switch(made)
        return made

    def keep(self, files: TlsFiles) -> None:
        """Let staged files of a renewal count; all else that the provisioning file says stays.

        Raises:
            IdentityFolderError: the disk refuses; the files of before count.
            ProvisioningError: the provisioning file cannot be read any more.
        """
        before = load_provisioning(self.provisioning_file)
        self._switch(replace(before, ca=files.ca, cert=files.certificate, key=files.key))

    def _switch(self, provisioning: Provisioning) -> None:
        text = provisioning_text(provisioning, self._folder)
        try:
            write_whole(self.provisioning_file, text.encode())
        except OSError as error:
            raise IdentityFolderError(f"{self.provisioning_file} cannot be written: {disk_sentence(error)}") from error
        with contextlib.suppress(OSError):
            (self._folder / "pending.key").unlink()
        self.tidy()

    def tidy(self) -> None:
        """Take away what the provisioning file does not name: of renewals that came to nothing, or of before."""
        with contextlib.suppress(CygnetError, OSError):
            named = load_provisioning(self.provisioning_file)
            kept = {path.name for path in (named.ca, named.cert, named.key) if path is not None}
            for path in self._folder.iterdir():
                if _OURS.fullmatch(path.name) and path.name not in kept:
                    path.unlink()
            sync_directory(self._folder)


class DeviceIdentity:
    """The identity that a provisioning file names, for :class:`Renewal`: an :class:`IdentityStore`."""

    def __init__(self, provisioning: Provisioning, holder: Holder) -> None:
        if provisioning.path is None or provisioning.cert is None or provisioning.ca is None:
            raise IdentityFolderError("this device's provisioning names no certificate")
        self._folder = IdentityFolder(provisioning.path.parent, provisioning.path.name)
        self.holder = holder
        self.files = TlsFiles(provisioning.ca, provisioning.cert, provisioning.key)
        self._staged: TlsFiles | None = None
        self._folder.tidy()

    def certificate(self) -> x509.Certificate:
        """The present one. Raises :class:`CygnetError` where it cannot be read."""
        return _certificates(self.files.certificate)[0]

    def key(self) -> ec.EllipticCurvePrivateKey:
        """The present one. Raises :class:`CygnetError` where it cannot be read."""
        path = self.files.key or self.files.certificate
        return key_from_pem(_read(path), str(path))

    def trusted(self) -> list[x509.Certificate]:
        """The roots of now. Raises :class:`CygnetError` where they cannot be read."""
        return _certificates(self.files.ca)

    def pending_key(self) -> ec.EllipticCurvePrivateKey:
        """See :meth:`IdentityFolder.pending_key`."""
        return self._folder.pending_key()

    def stage(self, document: IdentityDocument, key: ec.EllipticCurvePrivateKey) -> TlsFiles:
        """See :meth:`IdentityFolder.stage`."""
        self._staged = self._folder.stage(document, key)
        return self._staged

    def keep(self) -> None:
        """What was staged counts from now on."""
        if self._staged is not None:
            self._folder.keep(self._staged)
            self.files, self._staged = self._staged, None

    def drop(self) -> None:
        """What was staged is taken away."""
        self._staged = None
        self._folder.tidy()


def identity_of(provisioning: Provisioning) -> DeviceIdentity | None:
    """The identity of a device whose certificate its fleet's CA issued; None where there is none, or it is another's.

    Raises:
        CygnetError: a file cannot be read, or certificate and key are not for each other.
    """
    if provisioning.cert is None or provisioning.ca is None or provisioning.path is None:
        return None
    certificate = _certificates(provisioning.cert)[0]
    holder = holder_of(certificate)
    if holder is None or (holder.fleet, holder.kind, holder.name) != (
        provisioning.fleet,
        "device",
        provisioning.device,
    ):
        return None
    identity = DeviceIdentity(provisioning, holder)
    if public_bytes(identity.key().public_key()) != public_bytes(certificate.public_key()):
        raise IdentityFolderError(f"{provisioning.cert} is not the certificate of the key {provisioning.key}")
    return identity


def _certificates(path: Path | None) -> list[x509.Certificate]:
    return certificates_from_pem(_read(path), str(path))


def _read(path: Path | None) -> bytes:
    if path is None:
        raise IdentityFolderError("this device's provisioning names no certificate")
    try:
        return path.read_bytes()
    except OSError as error:
        raise IdentityFolderError(f"{path} cannot be read: {error.strerror}") from error
