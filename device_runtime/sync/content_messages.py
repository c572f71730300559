"""What a device and its fleet say about content: a block is asked for and given, and in which forms content comes."""

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from device_runtime.sync.desired import MAX_CONTENT_BYTES, SHA256
from device_runtime.sync.fields import Fields, ProtocolError
from device_runtime.sync.model_messages import MAX_ERROR
from device_runtime.sync.share_messages import REQUEST_ID

BLOCK_BYTES = 64 * 1024
"""The most bytes of content in one response."""
SMALL_BYTES = 16 * 1024
"""Where no more than this is missing, it is pulled as it is: a shorter form could save no message."""
MAX_BASES = 8
"""The most packages that a device names as what it has."""
MAX_ENCODINGS = 8
MAX_FORMS = 6
"""The most forms in one plan: its line must stay below the longest line of a response."""
MAX_RETRY_SECONDS = 60.0
_ENCODING = re.compile(r"[a-z0-9-]{1,32}")
_SHA256_WORDS = "64 lower-case hex digits"


@dataclass(frozen=True, slots=True)
class ContentRequest:
    """Give me ``length`` bytes of the content with this SHA-256 (hex), from ``offset``; or, where ``encodings`` says
    in which I can read it and ``have`` which packages I have, tell me of forms that are shorter."""

    id: str
    sha256: str
    offset: int
    length: int
    encodings: tuple[str, ...] = ()
    have: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContentBlock:
    """The answer to a :class:`ContentRequest`; ``error`` is a sentence, and then ``data`` is empty."""

    id: str
    sha256: str
    offset: int
    size: int
    data: bytes = b""
    error: str = ""


@dataclass(frozen=True, slots=True)
class ContentForm:
    """Something to pull in place of a content: ``sha256`` and ``size`` are its own, ``base`` (SHA-256) is what it
    builds on, empty for nothing."""

    encoding: str
    sha256: str
    size: int
    base: str = ""


@dataclass(frozen=True, slots=True)
class ContentPlan:
    """The answer to a :class:`ContentRequest` with ``encodings``: the forms that there are of this content, the best
    one first. A better one is being made where ``retry_after`` (seconds) is not 0."""

    id: str
    sha256: str
    size: int
    forms: tuple[ContentForm, ...] = ()
    retry_after: float = 0.0


ContentAnswer: TypeAlias = ContentBlock | ContentPlan


def request_document(document: dict[str, Any]) -> None:
    """Complete and check what is sent. Raises :class:`ProtocolError`."""
    document["type"] = "content"
    for name in ("encodings", "have"):
        if document[name]:
            document[name] = list(document[name])
        else:
            del document[name]
    read_content_request(Fields(document, "request"))


def plan_document(document: dict[str, Any]) -> None:
    """Complete and check what is sent. Raises :class:`ProtocolError`."""
    document["type"] = "plan"
    document["forms"] = list(document["forms"])
    for form in document["forms"]:
        if not form["base"]:
            del form["base"]
    read_plan(Fields(document, "response"), b"")


def read_content_request(fields: Fields) -> ContentRequest:
    """A request of the type ``content``."""
    return ContentRequest(
        id=_id(fields),
        sha256=fields.form("sha256", SHA256, _SHA256_WORDS),
        offset=fields.integer("offset", high=MAX_CONTENT_BYTES),
        length=fields.integer("length", low=1, high=BLOCK_BYTES),
        encodings=_texts(fields, "encodings", MAX_ENCODINGS, _ENCODING, "names of encodings"),
        have=_texts(fields, "have", MAX_BASES, SHA256, "SHA-256s"),
    )


def read_block(fields: Fields, data: bytes) -> ContentBlock:
    """A response of the type ``content``."""
    block = ContentBlock(
        id=_id(fields),
        sha256=fields.form("sha256", SHA256, _SHA256_WORDS),
        offset=fields.integer("offset", high=MAX_CONTENT_BYTES),
        size=fields.integer("size", high=MAX_CONTENT_BYTES),
        data=data,
        error=fields.text("error", MAX_ERROR, default=""),
    )
    if block.error and data:
        raise ProtocolError("response carries both an error and a block of content")
    if not block.error and not 1 <= len(data) <= min(BLOCK_BYTES, block.size - block.offset):
        raise ProtocolError(
            f"response carries {len(data)} bytes at offset {block.offset} of {block.size}; a block holds 1 to "
            f"{BLOCK_BYTES} bytes and ends within its content"
        )
    return block


def read_plan(fields: Fields, data: bytes) -> ContentPlan:
    """A response of the type ``plan``. Forms in encodings that nobody here knows are kept: who chooses ignores them."""
    if data:
        raise ProtocolError(f"response carries a plan and {len(data)} bytes, but a plan has none")
    size = fields.integer("size", low=1, high=MAX_CONTENT_BYTES)
    forms = []
    for item in fields.items("forms", MAX_FORMS):
        entry = Fields(item, "response: forms")
        forms.append(
            ContentForm(
                encoding=entry.form("encoding", _ENCODING, "the name of an encoding"),
                sha256=entry.form("sha256", SHA256, _SHA256_WORDS),
                # A form that is not shorter is of no use, and could only be meant to fill a disk.
                size=entry.integer("size", low=1, high=size - 1),
                base=entry.form("base", SHA256, _SHA256_WORDS) if entry.has("base") else "",
            )
        )
    return ContentPlan(
        id=_id(fields),
        sha256=fields.form("sha256", SHA256, _SHA256_WORDS),
        size=size,
        forms=tuple(forms),
        retry_after=fields.number("retry_after", 0, MAX_RETRY_SECONDS) if fields.has("retry_after") else 0.0,
    )


def _id(fields: Fields) -> str:
    return fields.form("id", REQUEST_ID, "1 to 64 letters, digits, hyphens and underscores")


def _texts(fields: Fields, name: str, most: int, pattern: re.Pattern[str], what: str) -> tuple[str, ...]:
    if not fields.has(name):
        return ()
    texts = fields.items(name, most)
    for text in texts:
        if not isinstance(text, str) or not pattern.fullmatch(text):
            raise ProtocolError(f"request: {name} must be a list of {what}")
    return tuple(texts)
