"""Blocks of content asked for and waited for, and appended to a file whose length is where to go on."""

import asyncio
import logging
import os
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from device_runtime.errors import CygnetError
from device_runtime.sync.content_messages import BLOCK_BYTES, ContentAnswer, ContentBlock, ContentPlan, ContentRequest
from device_runtime.sync.link import TransportError

log = logging.getLogger(__name__)

_PLAN_TRIES = 2


class ContentError(CygnetError):
    """A download failed for now; the sentence says why. What has arrived is kept unless it was wrong.

    ``cause`` is ``space`` where the disk has no room for it, ``refused`` where it is not what was promised, and else
    ``unreachable``: it does not come for now.
    """

    def __init__(self, message: str, cause: Literal["unreachable", "space", "refused"] = "unreachable") -> None:
        super().__init__(message)
        self.cause = cause


class NoAnswerError(ContentError):
    """The fleet does not answer."""


class ContentCarrier(Protocol):
    """How requests reach the fleet; answers come to :meth:`Blocks.on_block` and :meth:`Blocks.on_plan`."""

    async def online(self) -> None:
        """Wait until there is a connection."""

    async def ask(self, request: ContentRequest) -> None:
        """Send a request. Raises :class:`TransportError`."""


class Blocks:
    """Asks for blocks, a few at a time, and for each again while its answer does not come."""

    def __init__(self, carrier: ContentCarrier, block_bytes: int, in_flight: int, patience: float, tries: int) -> None:
        """As :class:`~device_runtime.sync.content.ContentPuller`."""
        self._carrier, self._block_bytes, self._in_flight = carrier, min(block_bytes, BLOCK_BYTES), in_flight
        self._patience, self._tries = patience, tries
        self._waiting: dict[str, asyncio.Future[ContentAnswer]] = {}
        self._planning: set[str] = set()

    def on_block(self, block: ContentBlock) -> None:
        """An answer from the fleet; late and repeated ones are ignored."""
        future = self._waiting.get(block.id)
        if future is not None and not future.done():
            future.set_result(block)

    def on_plan(self, plan: ContentPlan) -> None:
        """An answer from the fleet; one that was not asked for is ignored."""
        future = self._waiting.get(plan.id)
        if future is not None and not future.done() and plan.id in self._planning:
            future.set_result(plan)

    def on_disconnected(self) -> None:
        """What was asked on the connection that ended is asked again on the next."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_ConnectionEndedError())

    async def plan(
        self, sha256: str, size: int, offset: int, encodings: Sequence[str], have: Sequence[str]
    ) -> ContentPlan | None:
        """In which forms the fleet has a content, which is here up to ``offset``; None where it has none or knows none.

        One byte is asked for beside: that is what a fleet gives that knows of no forms, and so it answers at once.
        """
        for unanswered in range(_PLAN_TRIES):
            request = ContentRequest(secrets.token_hex(8), sha256, offset, 1, tuple(encodings), tuple(have))
            self._planning.add(request.id)
            try:
                answer = await self._connected(request, self._patience * (unanswered + 1))
            except TransportError as error:
                log.debug("a request for the forms of content is sent again: %s", error)
                await asyncio.sleep(min(1.0, self._patience))
            except TimeoutError:
                continue
            else:
                fits = isinstance(answer, ContentPlan) and (answer.sha256, answer.size) == (sha256, size)
                return answer if fits and isinstance(answer, ContentPlan) else None
            finally:
                self._planning.discard(request.id)
        return None

    async def download(self, part: Path, sha256: str, size: int, progress: Callable[[int], None]) -> None:
        """Append to ``part`` what is missing of this content; ``progress`` hears how many bytes there are.

        Raises:
            NoAnswerError: the fleet does not answer.
            ContentError: it does not give the content, or something else.
            OSError: the disk does not take it.
        """
        file = await asyncio.to_thread(part.open, "ab")
        blocks: deque[asyncio.Task[ContentBlock]] = deque()
        received = next_offset = file.tell()
        try:
            while received < size:
                while next_offset < size and len(blocks) < self._in_flight:
                    length = min(self._block_bytes, size - next_offset)
                    request = self._block(sha256, size, next_offset, length)
                    blocks.append(asyncio.get_running_loop().create_task(request))
                    next_offset += length
                block = await blocks[0]
                blocks.popleft()
                await asyncio.to_thread(_append, file, block.data)
                received += len(block.data)
                progress(received)
            await asyncio.to_thread(_flush, file)
        finally:
            for task in blocks:
                task.cancel()
            await asyncio.gather(*blocks, return_exceptions=True)
            await asyncio.shield(asyncio.to_thread(file.close))

    async def _block(self, sha256: str, size: int, offset: int, length: int) -> ContentBlock:
        """One block, asked for again while its answer does not come."""
        unanswered = 0
        while unanswered < self._tries:
            request = ContentRequest(secrets.token_hex(8), sha256, offset, length)
            try:
                block = await self._connected(request, self._patience * (unanswered + 1))
            except TransportError as error:
                log.debug("a request for content is sent again: %s", error)
                unanswered += 1
                await asyncio.sleep(min(1.0, self._patience))
                continue
            except TimeoutError:
                unanswered += 1
                continue
            assert isinstance(block, ContentBlock)  # noqa: S101 - on_plan lets nothing else through
            if block.error:
                raise ContentError(f"the fleet does not give the content {sha256[:12]}: {block.error}")
            if (block.sha256, block.offset, block.size, len(block.data)) != (sha256, offset, size, length):
                raise ContentError(
                    f"the fleet gave {len(block.data)} bytes at {block.offset} of {block.size}, asked for {length} "
                    f"at {offset} of {size} of the content {sha256[:12]}"
                )
            return block
        raise NoAnswerError(f"the fleet did not answer {self._tries} requests for the content {sha256[:12]}")

    async def _connected(self, request: ContentRequest, patience: float) -> ContentAnswer:
        """The answer. Where the connection ends first, which is no fault of the fleet's, it is asked on the next."""
        while True:
            await self._carrier.online()
            try:
                return await self._answer(request, patience)
            except _ConnectionEndedError:
                continue

    async def _answer(self, request: ContentRequest, patience: float) -> ContentAnswer:
        future: asyncio.Future[ContentAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = future
        try:
            await self._carrier.ask(request)
            async with asyncio.timeout(patience):
                return await future
        finally:
            del self._waiting[request.id]
            if future.done() and not future.cancelled():
                future.exception()  # read, where asking failed first


class _ConnectionEndedError(Exception):
    """The answer cannot come any more; ask again on the next connection."""


def _append(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()  # to the kernel: killing the process loses nothing of it


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
