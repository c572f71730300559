"""A device's end of sharing: it asks the fleet who has a program, sends a page there, and hears what is sent here."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

from device_runtime.errors import CygnetError
from device_runtime.sync.fields import one_line
from device_runtime.sync.share_messages import (
    MAX_TITLE,
    Peers,
    PeersRequest,
    Share,
    ShareReceipt,
    ShareRequest,
    SharingRequest,
    SharingResponse,
)

ANSWER_SECONDS = 5.0
_Answer = TypeVar("_Answer", Peers, ShareReceipt)


class SharingError(CygnetError):
    """A page cannot be shared now; the message is for the person who shares."""


class Sharing:
    """``send`` publishes a request, and raises :class:`CygnetError` where there is no connection."""

    def __init__(self, send: Callable[[SharingRequest], Awaitable[None]], seconds: float = ANSWER_SECONDS) -> None:
        self._send = send
        self._seconds = seconds
        self._waiting: dict[str, asyncio.Future[Peers | ShareReceipt]] = {}
        self.on_share: Callable[[Share], None] = lambda _share: None
        """Told of each page that another device wants to be opened here."""

    async def peers(self, app_id: str) -> tuple[str, ...]:
        """The other devices of the fleet that are there and have this program.

        Raises:
            SharingError: the fleet cannot be reached, or does not answer.
        """
        return (await self._ask(PeersRequest(_name(), app_id), Peers)).devices

    async def share(self, to: str, app_id: str, path: str, title: str) -> None:
        """Ask another device to open a page; a person there decides, and nothing comes back of that.

        Raises:
            SharingError: it could not be passed on.
        """
        request = ShareRequest(_name(), to, app_id, path, one_line(title, MAX_TITLE))
        receipt = await self._ask(request, ShareReceipt)
        if receipt.error:
            raise SharingError(receipt.error)

    def hear(self, response: SharingResponse) -> None:
        """An answer of the fleet, or another device's page; an answer to nothing is passed over."""
        if isinstance(response, Share):
            self.on_share(response)
            return
        waiting = self._waiting.get(response.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(response)

    async def _ask(self, request: SharingRequest, kind: type[_Answer]) -> _Answer:
        answer: asyncio.Future[Peers | ShareReceipt] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = answer
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(request)
                response = await answer
        except TimeoutError as error:
            raise SharingError("the fleet does not answer; try again when the device is connected") from error
        finally:
            del self._waiting[request.id]
        if not isinstance(response, kind):
            raise SharingError("the fleet answered something else")
        return response


def _name() -> str:
    return secrets.token_hex(8)
