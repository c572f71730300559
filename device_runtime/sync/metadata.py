"""Files of signed metadata pulled from the fleet by name, in blocks, into memory.

How long a file may be is the caller's to say, and nothing longer is asked for: an answer that promises more ends the
transfer before a second block. Whether the bytes are to be believed is for :mod:`device_runtime.trust`.
"""

import asyncio
import logging
import secrets
from typing import Protocol

from device_runtime.errors import CygnetError
from device_runtime.sync.link import TransportError
from device_runtime.sync.metadata_messages import METADATA_BLOCK_BYTES, MetadataBlock, MetadataRequest

log = logging.getLogger(__name__)


class MetadataUnavailableError(CygnetError):
    """The fleet does not answer, or cannot give the file now."""


class MetadataMissingError(CygnetError):
    """The fleet says that there is no such file."""


class MetadataTooLongError(CygnetError):
    """The file would be longer than it may be."""


class MetadataCarrier(Protocol):
    """How requests reach the fleet; answers come to :meth:`MetadataPuller.on_block`."""

    async def online(self) -> None:
        """Wait until there is a connection."""

    async def ask_metadata(self, request: MetadataRequest) -> None:
        """Send a request. Raises :class:`TransportError`."""


class MetadataPuller:
    """Fetches one file at a time, or several. All of it runs on the event loop."""

    def __init__(self, carrier: MetadataCarrier, *, patience: float = 10.0, tries: int = 4) -> None:
        """``patience``: seconds after which an answer counts as lost; ``tries``: how often a block is asked for."""
        self._carrier, self._patience, self._tries = carrier, patience, tries
        self._waiting: dict[str, asyncio.Future[MetadataBlock]] = {}

    def on_block(self, block: MetadataBlock) -> None:
        """An answer from the fleet; late and repeated ones are ignored."""
        future = self._waiting.get(block.id)
        if future is not None and not future.done():
            future.set_result(block)

    def on_disconnected(self) -> None:
        """What was asked on the connection that ended is asked again on the next."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(TransportError("the connection ended before the answer came"))

    async def fetch(self, name: str, most: int) -> bytes:
        """The file ``name``, of at most ``most`` bytes.

        Raises:
            MetadataMissingError: there is none.
            MetadataTooLongError: it is longer.
            MetadataUnavailableError: no answer that helps.
        """
        received = b""
        size = None
        while size is None or len(received) < size:
            # One byte more than it may have is never asked for, whatever its size is said to be.
            length = min(METADATA_BLOCK_BYTES, most if size is None else size - len(received))
            block = await self._block(name, len(received), length)
            if block.missing:
                raise MetadataMissingError(f"the fleet has no metadata called {name}")
            if block.error:
                raise MetadataUnavailableError(f"the fleet does not give its metadata {name}: {block.error}")
            if block.size > most:
                raise MetadataTooLongError(
                    f"the metadata {name} would have {block.size} bytes, but it may have {most} at most"
                )
            expected = min(length, block.size - len(received))
            if (block.name, block.offset, len(block.data)) != (name, len(received), expected) or block.size != (
                block.size if size is None else size
            ):
                raise MetadataUnavailableError(
                    f"the fleet gave {len(block.data)} bytes at {block.offset} of {block.size} of {block.name}, asked "
                    f"for {expected} at {len(received)} of the metadata {name}"
                )
            size = block.size
            received += block.data
        return received

    async def _block(self, name: str, offset: int, length: int) -> MetadataBlock:
        """One answer; asked for again while it does not come."""
        for attempt in range(self._tries):
            request = MetadataRequest(secrets.token_hex(8), name, offset, length)
            try:
                async with asyncio.timeout(self._patience * (attempt + 1)):
                    await self._carrier.online()
                    return await self._answer(request)
            except TransportError as error:
                log.debug("a request for metadata is sent again: %s", error)
                await asyncio.sleep(min(1.0, self._patience))
            except TimeoutError:
                continue
        raise MetadataUnavailableError(f"the fleet did not answer {self._tries} requests for its metadata {name}")

    async def _answer(self, request: MetadataRequest) -> MetadataBlock:
        future: asyncio.Future[MetadataBlock] = asyncio.get_running_loop().create_future()
        self._waiting[request.id] = future
        try:
            await self._carrier.ask_metadata(request)
            return await future
        finally:
            del self._waiting[request.id]
            if future.done() and not future.cancelled():
                future.exception()  # read, where asking failed first
