"""A newer certificate for the key that a device has: how microcontrollers renew.

Nothing in the request is signed, and nothing has to be: who asks in a device's place gets a certificate that is of use
to nobody but who has the device's key. So what is left to guard is how many are issued: of one key, the next when the
newest is due, and the same again to whoever did not get it.
"""

from collections.abc import Callable
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from device_runtime.sync.certificates import Holder, public_bytes
from device_runtime.sync.reissue_messages import CertificateAnswer, ReissueRequest
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.claims import DAY
from firmware_tools.fleet.identity.profiles import issue_client
from firmware_tools.fleet.identity.settings import IdentitySettings
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.runtimes import RuntimeRegistry

DUE = 1 / 3
"""The part of its lifetime that is left when a certificate may be renewed."""
NOT_YOURS = "this certificate cannot be renewed; claim the device anew"
_NOT_THIS = "this certificate cannot be renewed; provision the board anew"
_NOT_DUE = "this certificate is not due for renewal"

SignCertificate: TypeAlias = Callable[[str, str, bytes, bytes | None], bytes]
"""Makes the envelope of a fleet's, a device's certificate in DER; with a device's key, if it has one."""


class Reissue:
    """One fleet's. ``sign`` makes what the answer carries."""

    def __init__(self, fleet: str, authority: Authority, settings: IdentitySettings, sign: SignCertificate) -> None:
        self._fleet, self._authority, self._settings, self.sign = fleet, authority, settings, sign

    def answer(
        self, registry: Registry, device: str, request: ReissueRequest, now: float
    ) -> tuple[CertificateAnswer, bool]:
        """The answer to what came over the topics of ``device``, and whether a certificate was issued for it.

        Raises:
            FleetError: the CA of its certificate is trusted no more.
        """
        certificates = Certificates(registry.connection)
        found = certificates.good(request.serial, device, now)
        if found is None or not registry.is_enrolled(device):
            return CertificateAnswer(request.id, error=_NOT_THIS), False
        present, by = found
        newest = certificates.with_key(device, public_bytes(present.public_key()), now)
        if newest is not None and newest.not_valid_after_utc > present.not_valid_after_utc:
            return self._signed(registry, device, request, newest), False  # what it was told was lost
        begins, ends = present.not_valid_before_utc.timestamp(), present.not_valid_after_utc.timestamp()
        # One that is good for longer than a new one would be stays: lifetimes were made shorter since.
        if now < ends - (ends - begins) * DUE or now + self._settings.device_days * DAY <= ends:
            return CertificateAnswer(request.id, error=_NOT_DUE, retry_after=DAY), False
        # Of the CA that it has: it trusts no other, and a new one comes to it by cable alone.
        issuer = next((each for each in self._authority.issuers() if each.id == by), None)
        if issuer is None:
            raise FleetError("the CA of this board's certificate is trusted no more; provision the board anew")
        holder = Holder(self._fleet, "device", device)
        made = issue_client(issuer, holder, present.public_key(), now, self._settings.device_days)  # type: ignore[arg-type]
        certificates.record(made, issuer.id, now)
        return self._signed(registry, device, request, made), True

    def _signed(
        self, registry: Registry, device: str, request: ReissueRequest, certificate: x509.Certificate
    ) -> CertificateAnswer:
        key = RuntimeRegistry(registry.connection).keys([device]).get(device)
        envelope = self.sign(self._fleet, device, certificate.public_bytes(Encoding.DER), key)
        return CertificateAnswer(request.id, envelope)
