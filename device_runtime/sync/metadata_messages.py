"""How a device asks for files of signed metadata, and what it is given; no sockets, no files, no clocks.

Metadata is asked for by name, not by hash, since nobody knows the hash of what is newest. So nothing in an answer is
believed: :mod:`device_runtime.trust` checks signatures, versions and times. ``docs/protocol.md`` shows examples.
"""

import re
from dataclasses import dataclass

from device_runtime.sync.fields import Fields, ProtocolError
from device_runtime.sync.share_messages import REQUEST_ID

METADATA_NAME = re.compile(r"(?:[1-9][0-9]{0,9}\.)?[a-z0-9][a-z0-9_-]{0,31}\.json")
"""``timestamp.json``, ``3.root.json``, ``12.acme.json``: a role, and before it the version where that is told apart."""
METADATA_BLOCK_BYTES = 64 * 1024
"""The most bytes of metadata in one response."""
MAX_METADATA_BYTES = 4 * 1024 * 1024
"""The largest file of metadata."""
MAX_METADATA_ERROR = 200


@dataclass(frozen=True, slots=True)
class MetadataRequest:
    """Give me at most ``length`` bytes of a file of metadata, from ``offset``; fewer where it ends before."""

    id: str
    name: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class MetadataBlock:
    """The answer to a :class:`MetadataRequest`; ``size`` is that of the whole file. With ``error``, a sentence, there
    are no bytes; ``missing`` then says that there is no such file, as of a root that was not made yet."""

    id: str
    name: str
    offset: int
    size: int
    data: bytes = b""
    error: str = ""
    missing: bool = False


def read_metadata_request(fields: Fields) -> MetadataRequest:
    """A checked request. Raises :class:`ProtocolError`."""
    return MetadataRequest(
        id=_id(fields),
        name=_name(fields),
        offset=fields.integer("offset", high=MAX_METADATA_BYTES),
        length=fields.integer("length", low=1, high=METADATA_BLOCK_BYTES),
    )


def read_metadata_block(fields: Fields, data: bytes) -> MetadataBlock:
    """A checked answer with the bytes behind its line. Raises :class:`ProtocolError`."""
    block = MetadataBlock(
        id=_id(fields),
        name=_name(fields),
        offset=fields.integer("offset", high=MAX_METADATA_BYTES),
        size=fields.integer("size", high=MAX_METADATA_BYTES),
        data=data,
        error=fields.text("error", MAX_METADATA_ERROR, default=""),
        missing=fields.boolean("missing", default=False),
    )
    if block.error and data:
        raise ProtocolError("response carries both an error and a block of metadata")
    if not block.error and not 1 <= len(data) <= min(METADATA_BLOCK_BYTES, block.size - block.offset):
        raise ProtocolError(
            f"response carries {len(data)} bytes of metadata at offset {block.offset} of {block.size}; a block holds 1 "
            f"to {METADATA_BLOCK_BYTES} bytes and ends within its file"
        )
    return block


def _id(fields: Fields) -> str:
    return fields.form("id", REQUEST_ID, "1 to 64 letters, digits, hyphens and underscores")


def _name(fields: Fields) -> str:
    return fields.form("name", METADATA_NAME, "the name of a file of metadata, such as timestamp.json or 3.root.json")
