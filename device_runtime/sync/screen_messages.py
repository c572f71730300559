"""Looking at a device's screen: what the fleet may order, signed, and what the device answers on ``screen``.

An order comes on ``response``, since it is for one moment and not to be kept. It names its fleet, its device, who asks,
and until when it holds: at most :data:`ORDER_SECONDS`. ``ask`` begins a view with an id that was never used before;
``again`` has what is shown sent from its beginning; ``end`` ends whatever view is open. An update is a line of JSON, a
line feed, and then the picture, if there is one: a list of messages as JSON in zlib's format (RFC 1950).
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from device_runtime.keys import KeyRing
from device_runtime.sync.envelope import make_signatures, read_signed
from device_runtime.sync.fields import Fields, ProtocolError, canonical_json, parse_json, parse_object
from device_runtime.sync.share_messages import SEGMENT

ORDER_SECONDS = 60
"""The longest that an order holds, in seconds; and how far the clocks of fleet and device may be apart."""
MAX_UPDATE_BYTES = 64 * 1024
"""The longest update, with its head."""
MAX_PICTURE_BYTES = 1024 * 1024
"""The longest picture of one update, unpacked."""
MAX_NAME = 100
_MAX_HEAD_BYTES = 2048
_MAX_REASON = 32
_MAX_MESSAGES = 4096
_MAX_DEPTH = 200
VIEW_ID = re.compile(r"[0-9a-f]{32}")

Act = Literal["ask", "again", "end"]
ViewState = Literal["asked", "refused", "shown", "ended"]
Reason: TypeAlias = str
"""Why a view was refused or ended; ``docs/protocol.md`` lists them. One that is not known is shown as it is."""


@dataclass(frozen=True, slots=True)
class ScreenOrder:
    """What a fleet orders of a device: ``id`` is 32 hex digits, ``by`` the operator's name, ``issued`` and ``expires``
    Unix time in seconds."""

    fleet: str
    device: str
    act: Act
    id: str
    by: str
    issued: int
    expires: int


@dataclass(frozen=True, slots=True)
class SignedScreenOrder:
    """An order as it came: nothing of it may be believed before :func:`verify_screen_order`."""

    envelope: Fields


class OrderTimeError(ProtocolError):
    """An order is signed and meant for this device, but not for now; ``order`` is what it says."""

    def __init__(self, order: ScreenOrder, sentence: str) -> None:
        super().__init__(sentence)
        self.order = order


@dataclass(frozen=True, slots=True)
class ScreenUpdate:
    """One message of a device about a view.

    ``sequence`` rises by one with each. ``until`` (Unix time in seconds), ``sent`` and ``limit`` (bytes; 0: any number)
    are there while it is shown. ``whole``: ``picture`` begins anew, and what came before counts no more.
    """

    id: str
    sequence: int
    state: ViewState
    reason: Reason = ""
    until: int = 0
    sent: int = 0
    limit: int = 0
    whole: bool = False
    picture: bytes = b""


def sign_screen_order(order: ScreenOrder, keys: Sequence[Ed25519PrivateKey]) -> bytes:
    """The payload for the channel ``response``.

    Raises:
        ProtocolError: a member breaks its rule.
    """
    signed = {"type": "screen", **asdict(order)}
    _order(Fields(signed, "screen"))
    signatures = make_signatures(canonical_json(signed), keys)
    return canonical_json({"type": "screen", "signed": signed, "signatures": signatures}) + b"\n"


def verify_screen_order(
    signed: SignedScreenOrder, trusted: KeyRing, fleet: str, device: str, now: float
) -> ScreenOrder:
    """Check who signed an order, for whom, and for when.

    Raises:
        OrderTimeError: it has expired, holds for too long, or is of a time that this device's clock has not reached.
        ProtocolError: broken, not signed by a trusted key, or meant for another device or fleet.
    """
    order = _order(Fields(read_signed(signed.envelope, trusted, "screen"), "screen"))
    if (order.fleet, order.device) != (fleet, device):
        raise ProtocolError(
            f"screen is meant for device {order.device} of fleet {order.fleet}, not for {device} of {fleet}"
        )
    if not order.issued < order.expires <= order.issued + ORDER_SECONDS:
        raise OrderTimeError(order, f"screen: an order holds for 1 to {ORDER_SECONDS} s, not as long as this one")
    if now > order.expires:
        raise OrderTimeError(
            order, f"screen: the order expired {now - order.expires:.0f} s ago, by this device's clock"
        )
    if now < order.issued - ORDER_SECONDS:
        raise OrderTimeError(
            order,
            f"screen: the order is of a time {order.issued - now:.0f} s ahead of this device's clock: set the clock",
        )
    return order


def read_order_envelope(fields: Fields) -> SignedScreenOrder:
    """The head of a response of type ``screen``."""
    return SignedScreenOrder(fields)


def encode_update(update: ScreenUpdate) -> bytes:
    """The payload of an update.

    Raises:
        ProtocolError: a member breaks its rule, or it is longer than :data:`MAX_UPDATE_BYTES`.
    """
    head = asdict(update)
    del head["picture"]
    for name, nothing in (("reason", ""), ("until", 0), ("sent", 0), ("limit", 0), ("whole", False)):
        if head[name] == nothing:
            del head[name]
    _update(Fields(head, "screen"), b"")
    payload = canonical_json(head) + b"\n" + update.picture
    if len(payload) > MAX_UPDATE_BYTES:
        raise ProtocolError(f"a screen update of {len(payload)} bytes is longer than {MAX_UPDATE_BYTES} bytes")
    return payload


def decode_update(payload: bytes) -> ScreenUpdate:
    """Check an update; its picture is still packed. Raises :class:`ProtocolError`."""
    if len(payload) > MAX_UPDATE_BYTES:
        raise ProtocolError(f"a screen update of {len(payload)} bytes is longer than {MAX_UPDATE_BYTES} bytes")
    head, newline, picture = payload.partition(b"\n")
    if not newline:
        raise ProtocolError("screen has no line end after its JSON")
    return _update(parse_object(head, "screen", _MAX_HEAD_BYTES), picture)


def pack_picture(messages: Sequence[Mapping[str, Any]]) -> bytes:
    """Messages of a picture as an update carries them."""
    return zlib.compress(canonical_json(list(messages)), 6)


def unpack_picture(picture: bytes) -> list[dict[str, Any]]:
    """The messages of a picture: JSON objects with a ``type``, of which nothing else is known.

    Raises:
        ProtocolError: no zlib, longer than :data:`MAX_PICTURE_BYTES`, no JSON, too deep, or no list of objects.
    """
    if not picture:
        return []
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(picture, MAX_PICTURE_BYTES + 1)
    except zlib.error as error:
        raise ProtocolError("screen: the picture is not in zlib's format") from error
    if len(text) > MAX_PICTURE_BYTES or not unpacker.eof or unpacker.unused_data:
        raise ProtocolError(f"screen: the picture is cut short, or longer than {MAX_PICTURE_BYTES} bytes")
    messages = parse_json(text, "screen: the picture", MAX_PICTURE_BYTES)
    if not isinstance(messages, list) or len(messages) > _MAX_MESSAGES:
        raise ProtocolError(f"screen: the picture must be a list of at most {_MAX_MESSAGES} messages")
    for message in messages:
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ProtocolError("screen: the picture holds what is no message with a type")
    if _is_deep(messages):
        raise ProtocolError(f"screen: the picture nests more than {_MAX_DEPTH} levels deep")
    canonical_json(messages)  # refuses halves of characters, which no reader could be sent
    return messages


def _is_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH):
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below += item.values()
            elif isinstance(item, list):
                below += item
        if not below:
            return False
        level = below
    return True


def _order(fields: Fields) -> ScreenOrder:
    if fields.text("type", MAX_NAME) != "screen":
        raise ProtocolError("screen: what is signed is not of the type screen")
    act = fields.text("act", MAX_NAME)
    if act not in get_args(Act):
        raise ProtocolError(f"screen: act must be one of {', '.join(get_args(Act))}, not {act!a}")
    return ScreenOrder(
        fleet=fields.form("fleet", SEGMENT, "a fleet id"),
        device=fields.form("device", SEGMENT, "a device id"),
        act=act,  # type: ignore[arg-type]  # checked above
        id=_id(fields),
        by=fields.text("by", MAX_NAME),
        issued=fields.integer("issued"),
        expires=fields.integer("expires"),
    )


def _update(fields: Fields, picture: bytes) -> ScreenUpdate:
    state = fields.text("state", MAX_NAME)
    if state not in get_args(ViewState):
        raise ProtocolError(f"screen: state must be one of {', '.join(get_args(ViewState))}, not {state!a}")
    return ScreenUpdate(
        id=_id(fields),
        sequence=fields.integer("sequence", low=1),
        state=state,  # type: ignore[arg-type]  # checked above
        reason=fields.text("reason", _MAX_REASON, default=""),
        until=fields.integer("until", default=0),
        sent=fields.integer("sent", default=0),
        limit=fields.integer("limit", default=0),
        whole=fields.boolean("whole", default=False),
        picture=picture,
    )


def _id(fields: Fields) -> str:
    return fields.form("id", VIEW_ID, "32 hex digits")
