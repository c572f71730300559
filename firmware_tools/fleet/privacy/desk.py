"""Answers devices that want something erased, and erases for operators; the same request again gets the same answer."""

import asyncio
import base64
import logging
import secrets
import time
from collections.abc import Callable

from device_runtime.errors import CygnetError
from device_runtime.sync.erase_messages import EraseAnswer, EraseReceipt, EraseRequest
from firmware_tools.fleet.audit.log import ITSELF, record
from firmware_tools.fleet.errors import StorageError
from firmware_tools.fleet.privacy.erasing import Erasure, erase, erasure
from firmware_tools.fleet.privacy.kept_list import KeptList
from firmware_tools.fleet.registry import Registry
from firmware_tools.fleet.service import FleetService

log = logging.getLogger(__name__)

SignReceipt = Callable[[str, str, EraseReceipt], bytes]
"""Makes the envelope of a fleet's receipt for a device."""
_NOT_NOW = "the fleet cannot erase now; ask again later"


class ErasureDesk:
    """One process's. It changes the database through the service, in the service's one writer.

    Args:
        service: the fleet.
        sign: signs receipts.
        kept: the list of erasures beside the database; None in a process that does not keep it.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        service: FleetService,
        sign: SignReceipt,
        kept: KeptList | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._service, self._sign, self._kept, self._clock = service, sign, kept, clock

    async def answer(self, device: str, request: EraseRequest) -> EraseAnswer:
        """The answer to a device; whatever goes wrong is in it."""
        try:
            done = await self._service.change(lambda registry: self._erase_for(registry, device, request))
            await self._keep(done)
        except StorageError as error:
            log.error("%s", error)
            return EraseAnswer(request.id, error=_NOT_NOW)
        except CygnetError as error:
            log.info("%s is refused an erasure: %s", device, error)
            return EraseAnswer(request.id, error=str(error)[:200])
        return EraseAnswer(request.id, base64.b64decode(done.receipt))

    def _erase_for(self, registry: Registry, device: str, request: EraseRequest) -> Erasure:
        connection = registry.connection
        registry.device(device)
        if (before := erasure(connection, device, request.id)) is not None:
            return before
        now = self._clock()

        def sign(records: int) -> str:
            receipt = EraseReceipt(request.id, request.app_id, request.before, records, round(now * 1000))
            return base64.b64encode(self._sign(self._service.fleet, device, receipt)).decode()

        wanted = Erasure(device, request.id, request.app_id, "device", request.before / 1000, now, 0)
        done = erase(connection, wanted, sign)
        detail = {"request": request.id, "records": done.records, "asked_by": "device"}
        record(connection, ITSELF, "privacy.erase", subject(device, request.app_id), detail)
        return done

    async def erase(self, device: str, app_id: str) -> Erasure:
        """Erase for an operator what is held now; a device that tells more goes on to be heard.

        Raises:
            NotFoundError: there is no such device.
            StorageError: the database or the list beside it refuses.
        """

        def work(registry: Registry) -> Erasure:
            registry.device(device)
            now = self._clock()
            return erase(registry.connection, Erasure(device, secrets.token_hex(8), app_id, "operator", now, now, 0))

        done = await self._service.change(work)
        await self._keep(done)
        return done

    async def _keep(self, done: Erasure) -> None:
        if self._kept is not None:
            await asyncio.to_thread(self._kept.add, [done])


def subject(device: str, app_id: str) -> str:
    """What was erased, for the audit log."""
    return f"{device}/{app_id}" if app_id else device
