"""Keeps a device's certificate from expiring: a new key and certificate, and the old ones until these have connected.

The fleet decides when a renewal is due, by its own clock; the device asks once a day, and soon after it connected where
by its clock a third of the lifetime is left. So a device whose clock is wrong, or that has none, renews in time as long
as it meets its fleet now and then, and learns of a new CA within a day.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Mapping
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from device_runtime.errors import CygnetError
from device_runtime.sync.certificates import Holder, certification_request, sign
from device_runtime.sync.fields import one_line
from device_runtime.sync.identity import IdentityDocument, believe
from device_runtime.sync.identity_messages import IdentityAnswer, RenewRequest, renew_bytes
from device_runtime.sync.link import TransportError
from device_runtime.sync.model_messages import MAX_ERROR
from device_runtime.sync.transport import TlsFiles
from device_runtime.values import Value

log = logging.getLogger(__name__)

DUE = 1 / 3
"""The part of its lifetime that is left when a certificate is renewed."""


class IdentityStore(Protocol):
    """Where the present identity is kept, and the next one."""

    holder: Holder
    files: TlsFiles

    def certificate(self) -> x509.Certificate:
        """The present one."""

    def key(self) -> ec.EllipticCurvePrivateKey:
        """Its key."""

    def trusted(self) -> list[x509.Certificate]:
        """The roots that are trusted now."""

    def pending_key(self) -> ec.EllipticCurvePrivateKey:
        """The key of the next one: the same until there is one."""

    def stage(self, document: IdentityDocument, key: ec.EllipticCurvePrivateKey) -> TlsFiles:
        """Write the next one beside the present one."""

    def keep(self) -> None:
        """The next one is the present one."""

    def drop(self) -> None:
        """There is no next one."""


class RenewalCarrier(Protocol):
    """How requests reach the fleet; answers come to :meth:`Renewal.on_answer`."""

    async def online(self) -> None:
        """Wait until there is a connection."""

    async def ask_renewal(self, request: RenewRequest) -> None:
        """Send a request. Raises :class:`TransportError`."""

    def connect_with(self, files: TlsFiles) -> None:
        """Connect anew, showing these files. Raises :class:`TransportError`."""


class Renewal:
    """Renews one device's certificate. All of it runs on the event loop."""

    def __init__(
        self,
        store: IdentityStore,
        now: Callable[[], float],
        record: Callable[[str, str, Mapping[str, Value]], object],
        *,
        every: float = 86_400.0,
        soon: float = 60.0,
        patience: float = 30.0,
        proving: float = 300.0,
    ) -> None:
        """
        Args:
            store: the present identity.
            now: Unix time in seconds that it is at least.
            record: takes telemetry: source, name, values.
            every: seconds between two questions.
            soon: seconds within which to ask where a renewal is due by this device's clock; spread by chance.
            patience: seconds to wait for an answer before asking again.
            proving: seconds in which a new certificate has to connect, or the old one goes on. Some brokers learn of
                it a few seconds after the device.
        """
        self._store, self._now, self._record = store, now, record
        self._every, self._soon, self._patience, self._proving = every, soon, patience, proving
        self._carrier: RenewalCarrier | None = None
        self._waiting: tuple[str, asyncio.Future[IdentityAnswer]] | None = None
        self._proven = asyncio.Event()
        self._candidate: TlsFiles | None = None

    def use(self, carrier: RenewalCarrier) -> None:
        """Ask the fleet through this."""
        self._carrier = carrier

    def on_answer(self, answer: IdentityAnswer) -> None:
        """An answer of the fleet; one that was not asked for is ignored."""
        if self._waiting is not None and self._waiting[0] == answer.id and not self._waiting[1].done():
            self._waiting[1].set_result(answer)

    def on_connected(self, shown: TlsFiles | None) -> None:
        """A connection stands that was made with these files."""
        if shown is not None and shown == self._candidate:
            self._proven.set()

    def is_due(self) -> bool:
        """Whether a third of the lifetime is left by this device's clock."""
        certificate = self._store.certificate()
        begins, ends = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
        return self._now() >= ends - (ends - begins) * DUE

    async def run(self) -> None:
        """Renew for ever, until cancelled."""
        if self._carrier is None:
            return
        pause = self._first_pause()
        while True:
            await self._carrier.online()
            await asyncio.sleep(pause)
            try:
                pause = await self._renew(self._carrier)
            except CygnetError as error:
                self._refused(str(error))
                pause = self._every

    def _first_pause(self) -> float:
        """Drawn, so that devices that came back together do not ask together."""
        try:
            most = self._soon if self.is_due() else self._every
        except CygnetError as error:
            self._refused(str(error))
            most = self._every
        return random.uniform(0, most)  # noqa: S311 - no secret

    async def _renew(self, carrier: RenewalCarrier) -> float:
        """Ask once; the seconds until it makes sense to ask again."""
        holder, key = self._store.holder, self._store.pending_key()
        csr = certification_request(key, holder.name)
        present = self._store.certificate()
        signature = sign(self._store.key(), renew_bytes(holder.fleet, holder.name, csr))
        request = RenewRequest(secrets.token_hex(8), csr, f"{present.serial_number:x}", signature)
        answer = await self._answer(carrier, request)
        if answer.error:
            log.debug("the certificate is not renewed: %s", answer.error)
            if not answer.retry_after:
                self._refused(answer.error)
            return answer.retry_after or self._every
        document = believe(answer, holder.fleet, key.public_key(), self._store.trusted(), holder.name)
        files = await asyncio.to_thread(self._store.stage, document, key)
        await self._prove(carrier, files)
        return self._every

    async def _answer(self, carrier: RenewalCarrier, request: RenewRequest) -> IdentityAnswer:
        while True:
            await carrier.online()
            future: asyncio.Future[IdentityAnswer] = asyncio.get_running_loop().create_future()
            self._waiting = request.id, future
            try:
                async with asyncio.timeout(self._patience):
                    await carrier.ask_renewal(request)
                    return await future
            except TimeoutError:
                continue  # the answer was lost, or the fleet is older than renewals
            except TransportError as error:
                log.debug("a renewal is asked for again: %s", error)
                await asyncio.sleep(min(1.0, self._patience))
            finally:
                self._waiting = None

    async def _prove(self, carrier: RenewalCarrier, files: TlsFiles) -> None:
        before = self._store.files
        self._candidate = files
        self._proven.clear()
        try:
            carrier.connect_with(files)
            async with asyncio.timeout(self._proving):
                await self._proven.wait()
        except (TimeoutError, TransportError) as error:
            reason = str(error) or f"no connection stood with it within {self._proving:g} s"
            carrier.connect_with(before)
            await asyncio.to_thread(self._store.drop)
            self._refused(f"the new certificate was put back: {reason}")
            return
        finally:
            self._candidate = None
        await asyncio.to_thread(self._store.keep)
        certificate = self._store.certificate()
        until = int(certificate.not_valid_after_utc.timestamp())
        log.info("the certificate is renewed, and good until %s", certificate.not_valid_after_utc.date())
        self._record("sync", "certificate_renewed", {"serial": f"{certificate.serial_number:x}", "not_after": until})

    def _refused(self, reason: str) -> None:
        log.warning("the certificate could not be renewed: %s", reason)
        self._record("sync", "certificate_refused", {"reason": one_line(reason, MAX_ERROR)})
