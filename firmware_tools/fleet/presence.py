"""Who is there, as their messages say it, and what of that this process stores.

Every process of a fleet hears the state and the reports of all devices, in the order in which they were said, and each
stores those of its own. What the others should store is kept for a while: if one of them ends, nothing of it is
missing when its devices are distributed anew.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from device_runtime.sync.messages import Reported, State
from firmware_tools.fleet.inbox import Inbox
from firmware_tools.fleet.records import Device
from firmware_tools.fleet.team import Team

KEPT_SECONDS = 30.0
"""How long what others should store is kept, at least: several times as long as it takes to see that one is gone."""
_MOST_BYTES = 64 * 1024 * 1024
_SEEN_EVERY = 5.0
_LATE_SECONDS = 10.0


@dataclass(slots=True)
class _Heard:
    """What one device of another process said last: ``at`` on the monotonic clock."""

    at: float
    size: int = 0
    state: tuple[State, float | None] | None = None
    reported: tuple[Reported, float] | None = None


class Presence:
    """The state of every device as it was heard last, stored or not."""

    def __init__(self, inbox: Inbox, team: Team) -> None:
        self._inbox, self._team = inbox, team
        self.states: dict[str, State] = {}
        self.heard: set[str] = set()
        """Who was heard since :meth:`begin_anew`."""
        self._seen: dict[str, float] = {}
        self._gone_at: dict[str, float] = {}
        self._elsewhere: OrderedDict[str, _Heard] = OrderedDict()
        self._bytes = 0

    def load(self, devices: Iterable[Device]) -> None:
        """Begin with what the database knows."""
        for device in devices:
            if device.status != "never":
                self.states[device.id] = State(device.status, device.session)

    def begin_anew(self) -> None:
        """The broker has forgotten who was there."""
        self.heard.clear()

    def is_online(self, device: str) -> bool:
        """Whether a device was last heard to be there."""
        state = self.states.get(device)
        return state is not None and state.status == "online"

    def hear_state(self, device: str, state: State, now: float | None) -> bool:
        """What the state channel says; ``now`` is None for what was retained. Whether the device has gone, or has
        another connection than before."""
        known = self.states.get(device)
        if known is not None and state.status != "online":
            # A will that comes late, of a connection that the device has replaced since.
            stale = state.session < known.session if now is None else state.session != known.session
            if stale:
                return False
        if state.status == "online":
            self.heard.add(device)
        # A will is the broker's word, and retained messages are old: neither says that the device is there now.
        self._note_state(device, state, None if state.status == "lost" else now)
        return state.status != "online" or (known is not None and state.session != known.session)

    def hear_reported(self, device: str, reported: Reported, size: int, now: float) -> None:
        """What a device has; ``size`` is that of the message in bytes."""
        if self._team.owns(device):
            self._inbox.put_reported(device, reported, now)
        else:
            kept = self._keep(device, size)
            kept.reported = (reported, now)

    def hear_sign_of_life(
        self, device: str, session: int | None, now: float, *, late: bool = False, brings_back: bool = True
    ) -> None:
        """A device has said something. ``late``: as telemetry, on another connection than its state, so that it may
        come after what was said later; then it does not bring back a device that is only just gone. Not
        ``brings_back``: it brings back none."""
        self.heard.add(device)
        if late and time.monotonic() - self._gone_at.get(device, -math.inf) < _LATE_SECONDS:
            brings_back = False
        known = self.states.get(device)
        if brings_back and (known is None or known.status != "online"):
            self._note_state(device, State("online", session or (known.session if known else 0)), now)
        elif now - self._seen.get(device, 0.0) >= _SEEN_EVERY and (session is None or self._team.owns(device)):
            self._seen[device] = now
            self._inbox.put_seen(device, now)

    def note_lost(self, devices: Iterable[str]) -> None:
        """These are lost, by the database."""
        for device in devices:
            self.states[device] = State("lost", self.states[device].session if device in self.states else 0)

    def take_over(self) -> None:
        """Devices were distributed anew: store what is kept of those that are this process's now."""
        for device in [device for device in self._elsewhere if self._team.owns(device)]:
            kept = self._elsewhere.pop(device)
            self._bytes -= kept.size
            if kept.state is not None:
                self._inbox.put_state(device, *kept.state)
            if kept.reported is not None:
                self._inbox.put_reported(device, *kept.reported)

    def forget_old(self) -> None:
        """The others are there, and have stored what they had to."""
        before = time.monotonic() - KEPT_SECONDS
        while self._elsewhere and next(iter(self._elsewhere.values())).at < before:
            self._bytes -= self._elsewhere.popitem(last=False)[1].size

    def _note_state(self, device: str, state: State, now: float | None) -> None:
        self.states[device] = state
        if state.status == "online":
            self._gone_at.pop(device, None)
        else:
            self._gone_at[device] = time.monotonic()
        if self._team.owns(device):
            self._inbox.put_state(device, state, now)
        else:
            self._keep(device, 0).state = (state, now)

    def _keep(self, device: str, size: int) -> _Heard:
        kept = self._elsewhere.setdefault(device, _Heard(0.0))
        kept.at = time.monotonic()
        if size:
            self._bytes += size - kept.size
            kept.size = size
        self._elsewhere.move_to_end(device)
        while self._bytes > _MOST_BYTES and len(self._elsewhere) > 1:
            self._bytes -= self._elsewhere.popitem(last=False)[1].size
        return kept
