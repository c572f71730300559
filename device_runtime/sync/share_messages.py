"""What devices of one fleet say to each other through it: which of them has a program, and "open this page there"."""

import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from device_runtime.sync.fields import Fields, ProtocolError

MAX_PEERS = 24
MAX_PATH = 512
MAX_TITLE = 80
MAX_REASON = 200
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
SEGMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# The same as an app_id in a manifest: no slash and no leading dot, so that it can name a file.
APP_ID = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True)
class PeersRequest:
    """Which other devices are there that have this program?"""

    id: str
    app_id: str


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """Ask the device ``to`` to open a page of a program; ``title`` is what its owner is shown."""

    id: str
    to: str
    app_id: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Peers:
    """The answer to a :class:`PeersRequest`."""

    id: str
    devices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """Another device asks this one to open a page; a person here decides."""

    id: str
    sender: str
    app_id: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class ShareReceipt:
    """The answer to a :class:`ShareRequest`: it was passed on, or ``error`` says why not."""

    id: str
    error: str = ""


SharingRequest: TypeAlias = PeersRequest | ShareRequest
SharingResponse: TypeAlias = Peers | Share | ShareReceipt

REQUEST_KINDS = ("peers", "share")
RESPONSE_KINDS = ("peers", "share", "shared")
_WIRE = {PeersRequest: "peers", ShareRequest: "share", Peers: "peers", Share: "share", ShareReceipt: "shared"}


def kind_of(message: SharingRequest | SharingResponse) -> str:
    """The member ``type`` of a message."""
    return _WIRE[type(message)]


def check(message: SharingRequest | SharingResponse, document: dict[str, Any]) -> None:
    """Refuse to send what the peer would not take.

    Raises:
        ProtocolError: a member breaks its rule.
    """
    if isinstance(message, Peers):
        document["devices"] = list(message.devices)
    read = read_request if isinstance(message, PeersRequest | ShareRequest) else read_response
    read(Fields(document, "sharing"), kind_of(message))


def read_request(fields: Fields, kind: str) -> SharingRequest:
    """A request of one of ``REQUEST_KINDS``."""
    if kind == "peers":
        return PeersRequest(_id(fields), _app_id(fields))
    return ShareRequest(_id(fields), _device(fields, "to"), _app_id(fields), _path(fields), _title(fields))


def read_response(fields: Fields, kind: str) -> SharingResponse:
    """A response of one of ``RESPONSE_KINDS``."""
    if kind == "shared":
        return ShareReceipt(_id(fields), fields.text("error", MAX_REASON, default=""))
    if kind == "share":
        return Share(_id(fields), _device(fields, "sender"), _app_id(fields), _path(fields), _title(fields))
    names = fields.items("devices", MAX_PEERS)
    for name in names:
        if not isinstance(name, str) or not SEGMENT.fullmatch(name):
            raise ProtocolError("response: devices must be a list of device ids")
    return Peers(_id(fields), tuple(names))


def _id(fields: Fields) -> str:
    return fields.form("id", REQUEST_ID, "1 to 64 letters, digits, hyphens and underscores")


def _app_id(fields: Fields) -> str:
    return fields.form("app_id", APP_ID, "the id of a program")


def _device(fields: Fields, name: str) -> str:
    return fields.form(name, SEGMENT, "the id of a device")


def _path(fields: Fields) -> str:
    return fields.text("path", MAX_PATH)


def _title(fields: Fields) -> str:
    return fields.text("title", MAX_TITLE)
