"""A device's end of erasing: it asks the fleet, and believes only a receipt that the fleet has signed for it."""

import asyncio
from collections.abc import Awaitable, Callable

from device_runtime.errors import CygnetError
from device_runtime.keys import KeyRing
from device_runtime.sync.erase_messages import EraseAnswer, EraseRequest, verify_receipt

ANSWER_SECONDS = 30.0


class ErasingError(CygnetError):
    """Nothing is known to be erased yet; the request is to be sent again."""


class Erasing:
    """``send`` publishes a request, and raises :class:`CygnetError` where there is no connection."""

    def __init__(
        self,
        fleet: str,
        device: str,
        trusted: KeyRing,
        send: Callable[[EraseRequest], Awaitable[None]],
        online: Callable[[], Awaitable[None]],
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        """``trusted`` are keys of the fleet; ``online`` waits for a connection; an answer is waited for ``seconds``."""
        self._fleet, self._device, self._trusted = fleet, device, trusted
        self._send, self._online, self._seconds = send, online, seconds
        self._waiting: dict[str, asyncio.Future[EraseAnswer]] = {}

    async def ask(self, request: EraseRequest) -> bytes:
        """Wait for a connection, ask once, and give the fleet's receipt.

        Raises:
            CygnetError: it did not come, or is not for this request: ask again.
        """
        await self._online()
        answer: asyncio.Future[EraseAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = answer
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(request)
                found = await answer
        except TimeoutError as error:
            raise ErasingError("the fleet does not answer; it is asked again") from error
        finally:
            del self._waiting[request.id]
        if found.error:
            raise ErasingError(f"the fleet did not erase: {found.error}")
        receipt = verify_receipt(found.envelope, self._trusted, self._fleet, self._device)
        if (receipt.id, receipt.app_id, receipt.before) != (request.id, request.app_id, request.before):
            raise ErasingError("the fleet's receipt is for something else that was asked")
        return found.envelope

    def hear(self, answer: EraseAnswer) -> None:
        """An answer of the fleet; one to nothing is passed over."""
        waiting = self._waiting.get(answer.id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)
