"""Devices that speak without being enrolled: refused, counted, and shown, so that an operator can let them in."""

from collections import OrderedDict
from dataclasses import dataclass

_MOST = 200


@dataclass(slots=True)
class Stranger:
    """A device that is not enrolled. Times are Unix seconds."""

    device: str
    first_heard: float
    last_heard: float
    messages: int


class Strangers:
    """The ones heard of last; how many are kept is bounded, since anybody can make up ids."""

    def __init__(self) -> None:
        self._heard: OrderedDict[str, Stranger] = OrderedDict()

    def note(self, device: str, now: float) -> bool:
        """Count a message; true when this device was not known."""
        stranger = self._heard.get(device)
        if stranger is not None:
            stranger.messages += 1
            stranger.last_heard = now
            self._heard.move_to_end(device)
            return False
        self._heard[device] = Stranger(device, now, now, 1)
        if len(self._heard) > _MOST:
            self._heard.popitem(last=False)
        return True

    def forget(self, device: str) -> None:
        """It was enrolled."""
        self._heard.pop(device, None)

    def all(self) -> list[Stranger]:
        """Those heard of last come first."""
        return list(reversed(self._heard.values()))
