"""Content (packages) pulled from the fleet in blocks, into a file that survives reconnects, restarts and power cuts.

What has arrived lies in ``<sha256>.part``, without holes, so that its length is where to go on; checked content is
``<sha256>.ma``. Only the SHA-256 of the whole decides: whoever can publish on the response topic can spoil a
download, but not what is installed.
"""

import asyncio
import hashlib
import logging
import os
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, Protocol

from device_runtime.errors import CygnetError
from device_runtime.sync.link import TransportError
from device_runtime.sync.messages import BLOCK_BYTES, Cause, ContentBlock, ContentRequest
from device_runtime.update.stages import cause_of

log = logging.getLogger(__name__)

RESERVE_BYTES = 16 * 1024 * 1024
"""What a download leaves free on the disk for everything else."""


class ContentError(CygnetError):
    """A download failed for now; the sentence says why. What has arrived is kept unless it was wrong."""

    cause: Cause = "unreachable"


class ContentSpaceError(ContentError):
    """The disk has no room for it."""

    cause: Cause = "space"


class ContentSpoiledError(ContentError):
    """What arrived is not what was promised."""

    cause: Cause = "refused"


class ContentCarrier(Protocol):
    """How requests reach the fleet; answers come to :meth:`ContentPuller.on_block`."""

    async def online(self) -> None:
        """Wait until there is a connection."""

    async def ask(self, request: ContentRequest) -> None:
        """Send a request. Raises :class:`TransportError`."""


class ContentPuller:
    """Downloads into one folder, one content at a time or several."""

    def __init__(
        self,
        folder: Path,
        carrier: ContentCarrier,
        *,
        block_bytes: int = BLOCK_BYTES,
        in_flight: int = 4,
        patience: float = 10.0,
        tries: int = 6,
        reserve: int = RESERVE_BYTES,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """
        Args:
            folder: where files go; made when missing.
            carrier: asks the fleet.
            block_bytes: bytes a request, at most ``BLOCK_BYTES``.
            in_flight: requests that wait for their answer at a time; with ``block_bytes`` it bounds the memory.
            patience: seconds after which an answer counts as lost.
            tries: how often a block is asked for while connected, before the download fails.
            reserve: bytes that must stay free on the disk.
            free: the bytes that are free on the disk of a folder.

        Raises:
            ContentError: the folder cannot be made.
        """
        self._folder, self._carrier, self._reserve, self._free = folder, carrier, reserve, free
        self._block_bytes, self._in_flight, self._patience, self._tries = block_bytes, in_flight, patience, tries
        self._waiting: dict[str, asyncio.Future[ContentBlock]] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ContentError(f"the download folder {folder} cannot be made: {error.strerror}") from error

    def on_block(self, block: ContentBlock) -> None:
        """An answer from the fleet; late and repeated ones are ignored."""
        future = self._waiting.get(block.id)
        if future is not None and not future.done():
            future.set_result(block)

    def on_disconnected(self) -> None:
        """What was asked on the connection that ended is asked again on the next."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_ConnectionEndedError())

    async def fetch(self, sha256: str, size: int, progress: Callable[[int], None]) -> Path:
        """Give the file with this SHA-256 (hex) and size in bytes, downloading what is missing of it.

        ``progress`` hears the number of bytes that have arrived. Without a connection this waits for one.
        The file is the caller's until :meth:`discard`.

        Raises:
            ContentError: the fleet does not have it or does not answer, it is not what was promised, or the disk
                does not take it.
        """
        whole, part = self._folder / f"{sha256}.ma", self._folder / f"{sha256}.part"
        try:
            if await asyncio.to_thread(_matches, whole, sha256, size):
                progress(size)
                return whole
            received = await asyncio.to_thread(self._prepare, part, size)
            progress(received)
            if received < size:
                await self._download(part, sha256, received, size, progress)
            await asyncio.to_thread(_accept, part, whole, sha256, size)
        except OSError as error:
            refused = ContentSpaceError if cause_of(error, "fault") == "space" else ContentError
            raise refused(f"the content {sha256[:12]} cannot be written: {error.strerror}") from error
        return whole

    def discard(self, sha256: str) -> None:
        """Delete what there is of a content."""
        for ending in (".ma", ".part"):
            (self._folder / f"{sha256}{ending}").unlink(missing_ok=True)

    def keep_only(self, wanted: Iterable[str]) -> None:
        """Delete every content that is not among these SHA-256s."""
        kept = set(wanted)
        for path in self._folder.iterdir():
            if path.suffix in (".ma", ".part") and path.stem not in kept:
                path.unlink(missing_ok=True)

    def _prepare(self, part: Path, size: int) -> int:
        """How much of it is here; there is room for the rest."""
        received = part.stat().st_size if part.exists() else 0
        if received > size:
            part.unlink()
            received = 0
        free = self._free(self._folder)
        needed = size - received + self._reserve
        if free < needed:
            raise ContentSpaceError(
                f"the disk has {free // 1024} KiB free, but the download needs {needed // 1024} KiB "
                f"(with {self._reserve // 1024} KiB that stay free): free some space"
            )
        return received

    async def _download(
        self, part: Path, sha256: str, received: int, size: int, progress: Callable[[int], None]
    ) -> None:
        next_offset = received
        blocks: deque[asyncio.Task[ContentBlock]] = deque()
        file = await asyncio.to_thread(part.open, "ab")
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
            await self._carrier.online()
            try:
                block = await self._answer(request, self._patience * (unanswered + 1))
            except _ConnectionEndedError:
                continue  # no fault of the fleet's
            except TransportError as error:
                log.debug("a request for content is sent again: %s", error)
                unanswered += 1
                await asyncio.sleep(min(1.0, self._patience))
                continue
            except TimeoutError:
                unanswered += 1
                continue
            if block.error:
                raise ContentError(f"the fleet does not give the content {sha256[:12]}: {block.error}")
            if (block.sha256, block.offset, block.size, len(block.data)) != (sha256, offset, size, length):
                raise ContentError(
                    f"the fleet gave {len(block.data)} bytes at {block.offset} of {block.size}, asked for {length} "
                    f"at {offset} of {size} of the content {sha256[:12]}"
                )
            return block
        raise ContentError(f"the fleet did not answer {self._tries} requests for the content {sha256[:12]}")

    async def _answer(self, request: ContentRequest, patience: float) -> ContentBlock:
        future: asyncio.Future[ContentBlock] = asyncio.get_running_loop().create_future()
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


def _accept(part: Path, whole: Path, sha256: str, size: int) -> None:
    if not _matches(part, sha256, size):
        part.unlink(missing_ok=True)
        raise ContentSpoiledError(
            f"what arrived is not the content {sha256[:12]} that was promised: it is deleted and fetched again"
        )
    part.replace(whole)


def _matches(path: Path, sha256: str, size: int) -> bool:
    if not path.exists() or path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _append(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    file.flush()  # to the kernel: killing the process loses nothing of it


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
