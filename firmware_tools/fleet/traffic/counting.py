"""Bytes and messages of each device, added up in memory until they are stored.

Counting has to cost next to nothing: tens of thousands of messages a second pass here. One addition to one integer
counts a message and its bytes, since the two share that integer.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Literal

from device_runtime.sync.messages import Channel

Received = Channel | Literal["content"]
"""A channel to devices; blocks of content are counted apart from what else goes over ``response``."""
SENT: Final[tuple[Channel, ...]] = ("telemetry", "state", "reported", "request", "screen")
RECEIVED: Final[tuple[Received, ...]] = ("desired", "content", "response")
COLUMNS: Final = (
    *(f"sent_{channel}" for channel in SENT),
    *(f"received_{kind}" for kind in RECEIVED),
    "sent_messages",
    "received_messages",
)
"""In the order of the numbers of :data:`Sums`."""
Sums = list[int]

_MESSAGE = 1 << 48
"""What one message adds; the lower bits are bytes."""


class Traffic:
    """What passed since it was taken last. It belongs to one event loop."""

    __slots__ = ("_received", "_sent")

    def __init__(self) -> None:
        self._sent: Mapping[str, defaultdict[str, int]] = _nothing(SENT)
        self._received: Mapping[str, defaultdict[str, int]] = _nothing(RECEIVED)

    def sent(self, device: str, channel: Channel, size: int) -> None:
        """A device has sent a message of ``size`` bytes, payload and topic."""
        self._sent[channel][device] += _MESSAGE + size

    def received(self, device: str, kind: Received, size: int) -> None:
        """A message of ``size`` bytes, payload and topic, was sent to a device."""
        self._received[kind][device] += _MESSAGE + size

    def take(self) -> "Taken":
        """All that was counted, and begin at nothing."""
        taken = Taken(self._sent, self._received)
        self._sent, self._received = _nothing(SENT), _nothing(RECEIVED)
        return taken


class Taken:
    """What was counted for a while, to be added up in another thread."""

    __slots__ = ("_received", "_sent")

    def __init__(self, sent: Mapping[str, Mapping[str, int]], received: Mapping[str, Mapping[str, int]]) -> None:
        self._sent, self._received = sent, received

    def by_device(self) -> dict[str, Sums]:
        """The numbers of each device, in the order of :data:`COLUMNS`."""
        found: defaultdict[str, Sums] = defaultdict(lambda: [0] * len(COLUMNS))
        for column, devices in enumerate((*self._sent.values(), *self._received.values())):
            of_messages = -2 if column < len(SENT) else -1
            for device, counted in devices.items():
                messages, size = divmod(counted, _MESSAGE)
                found[device][column] += size
                found[device][of_messages] += messages
        return dict(found)


def _nothing(kinds: tuple[Received, ...]) -> dict[str, defaultdict[str, int]]:
    return {kind: defaultdict(int) for kind in kinds}
