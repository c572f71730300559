"""Keeps what the service and its broker know of certificates in step with the database, from wherever it is changed."""

import asyncio
import hashlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias

from cryptography.hazmat.primitives.serialization import Encoding

from device_runtime.errors import CygnetError
from firmware_tools.fleet.going_on import going_on
from firmware_tools.fleet.identity.authority import Authority
from firmware_tools.fleet.identity.brokers.rights import Rights, rights_of
from firmware_tools.fleet.identity.brokers.writing import outdated, tell_broker, write_changing
from firmware_tools.fleet.identity.certificates import Certificates
from firmware_tools.fleet.identity.desk import IdentityDesk
from firmware_tools.fleet.identity.profiles import Issuer, Revoked, revocation_list
from firmware_tools.fleet.identity.settings import IdentitySettings
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService

log = logging.getLogger(__name__)

RevokedBy: TypeAlias = Sequence[tuple[Issuer, Sequence[Revoked]]]
"""What each CA issued and is good no more."""
LOOK_EVERY = 5.0
"""Seconds after which a change by another process is noticed."""


class IdentityKeeper:
    """One fleet's. ``on_trouble`` hears a sentence when the broker cannot be told, and an empty one when it can."""

    def __init__(
        self,
        service: FleetService,
        desk: IdentityDesk,
        authority: Authority,
        settings: IdentitySettings,
        on_trouble: Callable[[str], None],
        *,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._service, self._desk, self._authority = service, desk, authority
        self._broker, self._on_trouble, self._look_every = settings.broker, on_trouble, look_every
        self._mark: tuple[object, ...] | None = None
        self._written = b""
        self._trouble = ""
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Something changed: do not wait for the next look."""
        self._changed.set()

    async def run(self) -> None:
        """Look now and then, until cancelled."""
        while True:
            self._changed.clear()
            begun = time.monotonic()
            await self.refresh()
            # Where many are issued one after the other, looking takes a tenth of the time, and not all of it.
            await asyncio.sleep((time.monotonic() - begun) * 10)
            try:
                async with asyncio.timeout(self._look_every):
                    await self._changed.wait()
            except TimeoutError:
                continue

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep it for the length of an ``async with`` block; whom not to hear is known before anybody is heard."""
        await self.refresh()
        async with going_on(self.run(), "identity"):
            yield

    async def refresh(self) -> None:
        """Look once; what goes wrong is told, and tried again at the next look."""
        if not self._authority.exists:
            return
        try:
            await self._refresh()
        except (CygnetError, OSError) as error:
            self._tell(str(error))
        else:
            self._tell("")

    async def _refresh(self) -> None:
        mark = await self._service.read(lambda registry, _: self._mark_of(registry))
        if mark == self._mark:
            return
        rights, revoked = await self._service.read(lambda registry, _: self._known(registry))
        self._desk.learn(rights.barred, [claimer.user for claimer in rights.claimers])
        if self._broker is not None:
            await asyncio.to_thread(self._write, rights, revoked)
        self._mark = mark

    def _mark_of(self, registry: Registry) -> tuple[object, ...]:
        ca = self._authority.ca_file
        return (*Certificates(registry.connection).mark(), ca.read_bytes() if ca.exists() else b"")

    def _known(self, registry: Registry) -> tuple[Rights, RevokedBy]:
        now = time.time()
        certificates = Certificates(registry.connection)
        revoked = [(issuer, certificates.revoked_by(issuer.id, now)) for issuer in self._authority.issuers()]
        listed = self._broker is not None and self._broker.kind != "mosquitto"
        return rights_of(registry.connection, self._service.fleet, now, with_devices=listed), revoked

    def _write(self, rights: Rights, revoked: RevokedBy) -> None:
        """Write and tell the broker, if anything that it has to know is new: it has better to do than to read again."""
        broker = self._broker
        if broker is None:
            return
        entries = [(issuer.id, listed) for issuer, listed in revoked]
        told = repr((entries, rights.services, rights.claimers, rights.barred, rights.devices))
        written = hashlib.sha256(told.encode() + self._authority.ca_file.read_bytes()).digest()
        if written == self._written:
            return
        lists = revocation_lists(revoked)
        broker.folder.mkdir(parents=True, exist_ok=True)
        write_changing(broker.kind, broker.folder, self._authority, rights, lists)
        if not self._written and (sentence := outdated(broker.kind, broker.folder)):
            log.warning("%s", sentence)
        if broker.pid_file is not None:
            tell_broker(broker.kind, broker.pid_file)
        self._written = written

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._on_trouble(trouble)


def revocation_lists(revoked: RevokedBy) -> bytes:
    """The lists of these CAs, in PEM."""
    now = time.time()
    lists = [revocation_list(issuer, entries, int(now), now) for issuer, entries in revoked]
    return b"".join(each.public_bytes(Encoding.PEM) for each in lists)
