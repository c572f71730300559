"""What the API asks and answers about bytes. Times are Unix seconds."""

from collections.abc import Sequence
from typing import Annotated, TypedDict

from msgspec import Meta, Struct


class LastDays(Struct, frozen=True):
    """Of how many days, today among them."""

    days: Annotated[int, Meta(ge=1, le=366)] = 30


class SentBytes(TypedDict):
    """Bytes that a device sent, by channel, and in how many ``messages``."""

    telemetry: int
    state: int
    reported: int
    request: int
    screen: int
    messages: int


class ReceivedBytes(TypedDict):
    """Bytes that were sent to a device: its ``desired`` document, blocks of ``content``, and in ``response`` receipts
    and all other answers; and in how many ``messages``."""

    desired: int
    content: int
    response: int
    messages: int


class TrafficDay(TypedDict):
    """A day (UTC) that begins at ``time``."""

    time: float
    sent: SentBytes
    received: ReceivedBytes


class DeviceTraffic(TypedDict):
    """Bytes of payloads and topics, by day, oldest first; days without any are left out. ``since`` is when the
    first day begins of which anything is kept, null where nothing is. Figures are up to a minute old."""

    since: float | None
    days: Sequence[TrafficDay]
