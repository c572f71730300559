"""What devices should have, on its way to them: signed, retained at the broker, the newest last."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from device_runtime.sync.messages import Channel, Desired
from firmware_tools.fleet.database import Database
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.outgoing import Outgoing
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.signing import SignedAll, Signer
from firmware_tools.fleet.team import Team

T = TypeVar("T")

_AT_ONCE = 50
_RETRY_SECONDS = 1.0


class Teller(Protocol):
    """Sends to one device; whether the broker has it."""

    async def __call__(self, device: str, channel: Channel, payload: bytes, *, qos: int, retain: bool) -> bool: ...


class Publisher:
    """Publishes desired documents of one fleet. :meth:`run` it; :meth:`put_all` what is to be published."""

    def __init__(
        self,
        fleet: str,
        database: Database,
        signer: Signer,
        tell: Teller,
        report_trouble: Callable[[str], None],
        team: Team,
        check_signing: Callable[[Connection], None],
    ) -> None:
        """``report_trouble`` hears why documents cannot be signed; ``check_signing``: see :class:`FleetService`."""
        self._fleet, self._database, self._signer = fleet, database, signer
        self._tell, self._report_trouble = tell, report_trouble
        self._team, self._check_signing = team, check_signing
        self._outgoing = Outgoing()
        self._thread = ThreadPoolExecutor(1, "fleet-publisher")

    def put_all(self, documents: Iterable[Desired]) -> None:
        """Publish these, except where something newer waits or went out."""
        self._outgoing.put_all(documents)

    def put_answers(self, documents: Iterable[Desired], held: Mapping[str, int]) -> None:
        """Publish these to devices that ask, by the versions that they hold; see :meth:`Outgoing.put_answers`."""
        self._outgoing.put_answers(documents, held)

    def begin_anew(self, *, remembers: bool) -> None:
        """The broker may have forgotten everything; see :meth:`Outgoing.begin_anew`."""
        self._outgoing.begin_anew(remembers=remembers)

    async def publish_everything(self) -> None:
        """Publish what every device should have: the broker may have forgotten it.

        Raises:
            StorageError: the database refuses.
        """
        self.put_all(await self._read(lambda registry: registry.desired.all(self._fleet, time.time())))

    async def run(self) -> None:
        """Publish, until cancelled."""
        try:
            while True:
                documents = await self._outgoing.take(_AT_ONCE)
                try:
                    signed = await self._in_thread(partial(self._sign, documents))
                except StorageError as error:
                    signed = SignedAll({}, documents, str(error))
                sent = await asyncio.gather(
                    *(
                        self._tell(device, "desired", payload, qos=1, retain=True)
                        for device, payload in signed.envelopes.items()
                    )
                )
                there = {device for device, is_there in zip(signed.envelopes, sent, strict=True) if is_there}
                self._outgoing.note_sent(document for document in documents if document.device in there)
                failed, trouble = [*signed.failed], signed.trouble
                if not self._team.is_alone:
                    trouble = await self._put_newer(documents) or trouble
                if failed or trouble:
                    self._report_trouble(trouble)
                    self.put_all(failed)
                    await asyncio.sleep(_RETRY_SECONDS)
        finally:
            self._thread.shutdown(wait=False)

    async def _put_newer(self, documents: Sequence[Desired]) -> str:
        """Another process may have published a newer document just before this one published an older one, which the
        broker has retained now; so whoever has published looks whether there is a newer one. Why that could not be
        seen, if so: then these are published once more."""
        try:
            self.put_all(await self._read(lambda registry: registry.desired.newer(self._fleet, documents, time.time())))
        except StorageError as error:
            self.put_all(documents)
            return str(error)
        return ""

    def _sign(self, documents: Sequence[Desired]) -> SignedAll:
        with self._database.transaction() as connection:
            self._check_signing(connection)
            keys = Registry(connection).runtimes.keys(document.device for document in documents)
        return self._signer.sign_all(documents, keys)

    async def _read(self, work: Callable[[Registry], T]) -> T:
        def in_transaction() -> T:
            with self._database.transaction() as connection:
                return work(Registry(connection))

        return await self._in_thread(in_transaction)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
