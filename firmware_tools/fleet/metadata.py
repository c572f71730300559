"""Files of signed metadata, given to devices in blocks."""

from typing import Protocol

from device_runtime.sync.messages import MetadataBlock, MetadataRequest
from device_runtime.sync.metadata_messages import MAX_METADATA_ERROR
from firmware_tools.fleet.errors import FleetError, NotFoundError


class MetadataFiles(Protocol):
    """Where they are."""

    def read_block(self, name: str, offset: int, length: int) -> tuple[bytes, int]:
        """Up to ``length`` bytes and the whole size. Raises :class:`FleetError`; its 404 when there is no such file."""


def metadata_block(files: MetadataFiles | None, request: MetadataRequest) -> MetadataBlock:
    """The answer to a request; what is wrong is said in it."""
    try:
        if files is None:
            raise NotFoundError("this fleet has no signed metadata")
        data, size = files.read_block(request.name, request.offset, request.length)
    except FleetError as error:
        sentence = str(error)[:MAX_METADATA_ERROR]
        return MetadataBlock(
            request.id, request.name, request.offset, 0, b"", sentence, isinstance(error, NotFoundError)
        )
    return MetadataBlock(request.id, request.name, request.offset, size, data)
