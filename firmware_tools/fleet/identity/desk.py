"""Answers devices that claim an identity or renew one. Who is refused learns that, and not which part was wrong."""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from device_runtime.errors import CygnetError
from device_runtime.program.allowance import Allowance
from device_runtime.sync.certificates import (
    Holder,
    is_signed_by,
    public_bytes,
    requested_key,
    sign,
)
from device_runtime.sync.identity import IdentityDocument
from device_runtime.sync.identity_messages import (
    ClaimRequest,
    IdentityAnswer,
    RenewRequest,
    answer_bytes,
    claim_bytes,
    renew_bytes,
)
from device_runtime.sync.reissue_messages import CertificateAnswer, ReissueRequest
from firmware_tools.fleet.enroll import Provisioning
from firmware_tools.fleet.errors import FleetError, StorageError
from firmware_tools.fleet.identity.asking import Asking
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.claims import DAY, Claims
from firmware_tools.fleet.identity.naming import check_device
from firmware_tools.fleet.identity.profiles import Issuer, issue_client
from firmware_tools.fleet.identity.reissue import DUE, NOT_YOURS, Reissue, SignCertificate
from firmware_tools.fleet.identity.settings import IdentitySettings
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.rollouts.groups import GroupRegistry
from firmware_tools.fleet.service import FleetService

log = logging.getLogger(__name__)

_WRONG = "this claim code is not good here: it is mistyped, used, expired or revoked; ask your fleet's operator"
_AT_ONCE, _A_SECOND, _LATER = 20.0, 1 / 3, 60
_NOT_NOW = "the fleet cannot answer now; try again later"
_BUSY = "too many wrong claim codes came in; try again in a minute"
_TOO_OFTEN = "this device asks for certificates too often; it is not answered until later"


@dataclass(slots=True)
class ClaimCounters:
    """What came of claims and renewals since the service started."""

    granted: int = 0
    repeated: int = 0
    wrong: int = 0
    held_back: int = 0
    renewed: int = 0
    renewals_held_back: int = 0


class IdentityDesk:
    """One fleet's. It changes the database through the service, in the service's one writer.

    Args:
        service: the fleet.
        authority: its CA.
        settings: how long certificates are good.
        joining: what a device must be told beside its certificate.
        sign: signs the newer certificate of a device that keeps its key.
        clock: Unix time in seconds.
        monotonic: seconds, for the limits on wrong codes and on renewals.
    """

    def __init__(
        self,
        service: FleetService,
        authority: Authority,
        settings: IdentitySettings,
        joining: Callable[[str], Awaitable[Provisioning]],
        sign: SignCertificate,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service, self._authority, self._settings = service, authority, settings
        self.on_change: Callable[[], None] = lambda: None
        """Called when a certificate was issued."""
        self._joining, self._clock, self._monotonic = joining, clock, monotonic
        self._reissue = Reissue(service.fleet, authority, settings, sign)
        self._barred: frozenset[str] = frozenset()
        self._claimers: frozenset[str] = frozenset()
        self._wrong: dict[str, Allowance] = {}
        self._asking = Asking(monotonic)
        self.counters = ClaimCounters()

    # What the service asks

    def hears(self, device: str) -> bool:
        """Whether it is no device that speaks, but who has a provisioning certificate."""
        return device in self._claimers

    def bars(self, device: str) -> bool:
        """Whether a device is not to be heard, since its certificates are revoked."""
        return device in self._barred

    def bar(self, device: str) -> None:
        """Do not hear this device from now on."""
        self._barred |= {device}

    def learn(self, barred: Iterable[str], claimers: Iterable[str]) -> None:
        """Devices that are not to be heard from now on, and provisioning certificates that are good."""
        self._barred, self._claimers = frozenset(barred), frozenset(claimers)

    async def answer(self, device: str, request: ClaimRequest | RenewRequest) -> IdentityAnswer:
        """The answer to a request; whatever goes wrong is in it."""
        try:
            if isinstance(request, ClaimRequest):
                return await self._claim(device, request)
            if wait := self._held_back(device):
                return IdentityAnswer(request.id, error=_TOO_OFTEN, retry_after=wait)
            return await self._renew(device, request)
        except StorageError as error:
            log.error("%s", error)
            return IdentityAnswer(request.id, error=_NOT_NOW, retry_after=60)
        except CygnetError as error:
            log.info("%s is refused: %s", device, error)  # no warning: who asks could fill the log with them
            return IdentityAnswer(request.id, error=str(error)[:200])

    async def reissue(self, device: str, request: ReissueRequest) -> CertificateAnswer:
        """The answer to who renews for the key that it has; whatever goes wrong is in it."""
        if wait := self._held_back(device):
            return CertificateAnswer(request.id, error=_TOO_OFTEN, retry_after=wait)
        try:
            answer, renewed = await self._service.change(
                lambda registry: self._reissue.answer(registry, device, request, self._clock())
            )
        except StorageError as error:
            log.error("%s", error)
            return CertificateAnswer(request.id, error=_NOT_NOW, retry_after=60)
        except CygnetError as error:
            log.info("%s is refused: %s", device, error)
            return CertificateAnswer(request.id, error=str(error)[:200])
        self.counters.renewed += renewed
        if renewed:
            self.on_change()
        return answer

    # Claims

    async def _claim(self, claimer: str, request: ClaimRequest) -> IdentityAnswer:
        allowance = self._wrong.setdefault(claimer, Allowance(_A_SECOND, _AT_ONCE, self._monotonic))
        if allowance.left < 1:
            self.counters.held_back += 1
            return IdentityAnswer(request.id, error=_BUSY, retry_after=_LATER)
        if not _signed_with_code(self._service.fleet, request):
            return self._wrong_code(claimer, request)
        key = requested_key(request.csr)
        joining = await self._joining(request.device)
        devices: list[str] = []

        def work(registry: Registry) -> tuple[IdentityAnswer | None, bool]:
            return self._claim_in(registry, claimer, request, key, joining, devices)

        answer, again = await self._service.change(work, devices)
        if answer is None:
            return self._wrong_code(claimer, request)
        self.counters.repeated += again
        self.counters.granted += not again
        if devices:
            self._barred -= set(devices)
            self.on_change()
            log.info("%s is claimed", devices[0])
        return answer

    def _wrong_code(self, claimer: str, request: ClaimRequest) -> IdentityAnswer:
        self._wrong[claimer].owe(1.0)
        self.counters.wrong += 1
        log.warning("a wrong claim code came over %s (%d in all)", claimer, self.counters.wrong)
        return IdentityAnswer(request.id, error=_WRONG)

    def _claim_in(
        self,
        registry: Registry,
        claimer: str,
        request: ClaimRequest,
        key: ec.EllipticCurvePublicKey,
        joining: Provisioning,
        devices: list[str],
    ) -> tuple[IdentityAnswer | None, bool]:
        claims, certificates, now = Claims(registry.connection), Certificates(registry.connection), self._clock()
        row = claims.find(request.verifier)
        if row is None or row["revoked_at"] is not None:
            return None, False
        shown = certificates.issuer_of("claim", claimer, now) or self._authority.issuer().id
        if row["used_at"] is not None:
            # Its answer was lost: the same key is given the same certificate, and any other nothing.
            found = certificates.certificate(row["serial"])
            if found is None or public_bytes(found[0].public_key()) != public_bytes(key):
                return None, False
            return self._answer(request.id, row["used_by"], found[0], found[1], shown, joining), True
        if row["expires_at"] <= now:
            return None, False
        device = _device_of(row, request, registry)
        issuer = self._authority.issuer()
        holder = Holder(self._service.fleet, "device", device)
        certificate = issue_client(issuer, holder, key, now, self._settings.device_days)
        if not claims.use(row["id"], device, f"{certificate.serial_number:x}", now):
            return None, False
        registry.enroll(device, "", now)
        certificates.revoke("device", device, "claimed anew", now)
        certificates.record(certificate, issuer.id, now)
        if row["tags"]:
            GroupRegistry(registry.connection).tag(device, row["tags"], [])
        devices.append(device)
        return self._answer(request.id, device, certificate, issuer.id, shown, joining), False

    # Renewals

    def _held_back(self, device: str) -> int:
        """For how many seconds this device is given nothing, before anything is looked up or signed for it."""
        wait = self._asking.wait(device)
        self.counters.renewals_held_back += wait > 0
        return wait

    async def _renew(self, device: str, request: RenewRequest) -> IdentityAnswer:
        key = requested_key(request.csr)
        joining = await self._joining(device)

        def work(registry: Registry) -> tuple[IdentityAnswer, bool]:
            return self._renew_in(registry, device, request, key, joining)

        answer, renewed = await self._service.change(work)
        self.counters.renewed += renewed
        if renewed:
            self.on_change()
        return answer

    def _renew_in(
        self,
        registry: Registry,
        device: str,
        request: RenewRequest,
        key: ec.EllipticCurvePublicKey,
        joining: Provisioning,
    ) -> tuple[IdentityAnswer, bool]:
        certificates, now = Certificates(registry.connection), self._clock()
        found = certificates.good(request.serial, device, now)
        told = renew_bytes(self._service.fleet, device, request.csr)
        if found is None or not is_signed_by(found[0], request.signature, told):
            return IdentityAnswer(request.id, error=NOT_YOURS), False
        present, shown = found
        if (same := certificates.with_key(device, public_bytes(key), now)) is not None:
            issuer = certificates.certificate(f"{same.serial_number:x}")
            return self._answer(request.id, device, same, issuer[1] if issuer else shown, shown, joining), False
        issuer_now = self._authority.issuer()
        begins, ends = present.not_valid_before_utc.timestamp(), present.not_valid_after_utc.timestamp()
        if now < ends - (ends - begins) * DUE and shown == issuer_now.id:
            return IdentityAnswer(request.id, error="this certificate is not due for renewal", retry_after=DAY), False
        holder = Holder(self._service.fleet, "device", device)
        certificate = issue_client(issuer_now, holder, key, now, self._settings.device_days)
        certificates.record(certificate, issuer_now.id, now)
        return self._answer(request.id, device, certificate, issuer_now.id, shown, joining), True

    def _answer(
        self, id_: str, device: str, certificate: x509.Certificate, by: str, shown: str, joining: Provisioning
    ) -> IdentityAnswer:
        """Signed by the CA that the device trusts already: that of the certificate that it shows."""
        issuers = {issuer.id: issuer for issuer in self._authority.issuers()}
        issuer, signer = issuers.get(by), issuers.get(shown)
        if issuer is None or signer is None:
            raise FleetError("the CA of this device's certificate is trusted no more; claim the device anew")
        document = IdentityDocument(
            self._service.fleet,
            device,
            joining.broker,
            joining.fleet_key,
            joining.root,
            (certificate, issuer.certificate),
            tuple(self._authority.roots()),
        ).to_bytes()
        return _signed(id_, document, signer)


def _signed(id_: str, document: bytes, signer: Issuer) -> IdentityAnswer:
    signature = sign(signer.key, answer_bytes(id_, document))
    return IdentityAnswer(id_, document, signer.certificate.public_bytes(Encoding.DER), signature)


def _signed_with_code(fleet: str, request: ClaimRequest) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(request.verifier)
        key.verify(request.signature, claim_bytes(fleet, request.device, request.csr))
    except (InvalidSignature, ValueError):
        return False
    return True


def _device_of(row: Mapping[str, Any], request: ClaimRequest, registry: Registry) -> str:
    """The id that a device gets. Who reads these sentences has the code."""
    named: str | None = row["device"]
    if named is not None:
        if request.device not in ("", named):
            raise FleetError(f"this claim code is for another device than {request.device}; it is not used up")
        return named
    if not request.device:
        raise FleetError("this claim code lets the device choose its id: give one with --device; it is not used up")
    check_device(request.device)
    if registry.is_enrolled(request.device):
        raise FleetError(
            f"{request.device} is taken; choose another id, or ask for a claim code for that device; it is not used up"
        )
    return request.device
