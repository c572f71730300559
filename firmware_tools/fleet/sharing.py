"""Sharing between the devices of a fleet: who has a program, and passing a page on to one of them."""

import time
from collections import deque
from collections.abc import Mapping, Sequence

from device_runtime.sync.messages import State
from device_runtime.sync.share_messages import (
    MAX_PEERS,
    Peers,
    PeersRequest,
    Share,
    ShareReceipt,
    ShareRequest,
    SharingRequest,
    SharingResponse,
)
from firmware_tools.fleet.records import Device

SHARES = 10
"""How many pages one device may send..."""
SHARE_SECONDS = 60.0
"""...in this time."""
_HERE = ("installed", "running", "trial")


class ShareDesk:
    """Answers requests about sharing; it keeps only when each device last shared."""

    def __init__(self) -> None:
        self._shared: dict[str, deque[float]] = {}

    def answer(
        self, sender: str, request: SharingRequest, devices: Sequence[Device], states: Mapping[str, State]
    ) -> list[tuple[str, SharingResponse]]:
        """What is to be told to whom."""
        peers = [
            device.id
            for device in devices
            if device.id != sender and _present(states.get(device.id)) and _has(device, request.app_id)
        ]
        if isinstance(request, PeersRequest):
            return [(sender, Peers(request.id, tuple(peers[:MAX_PEERS])))]
        error = self._refusal(sender, request, peers)
        receipt: tuple[str, SharingResponse] = (sender, ShareReceipt(request.id, error))
        if error:
            return [receipt]
        return [(request.to, Share(request.id, sender, request.app_id, request.path, request.title)), receipt]

    def _refusal(self, sender: str, request: ShareRequest, peers: Sequence[str]) -> str:
        if request.to not in peers:
            return f"{request.to} is away, or has not got the program"
        shared = self._shared.setdefault(sender, deque(maxlen=SHARES))
        now = time.monotonic()
        if len(shared) == SHARES and now - shared[0] < SHARE_SECONDS:
            return f"a device may share {SHARES} pages in {SHARE_SECONDS:g} s; wait a moment"
        shared.append(now)
        return ""


def _present(state: State | None) -> bool:
    return state is not None and state.status == "online"


def _has(device: Device, app_id: str) -> bool:
    report = device.has.get(app_id)
    return report is not None and report.phase in _HERE
