"""What devices say, as the broker brings it: from whom it is heard at all, and where it goes."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from device_runtime.sync.identity_messages import ClaimRequest
from device_runtime.sync.messages import (
    Channel,
    DesiredRequest,
    ProtocolError,
    decode_reported,
    decode_request,
    decode_state,
    parse_topic,
)
from firmware_tools.fleet.answering import Answering
from firmware_tools.fleet.connections import ORDERED, SPOKEN, Flow
from firmware_tools.fleet.counters import Counters
from firmware_tools.fleet.feed import LiveFeed
from firmware_tools.fleet.inbox import Inbox
from firmware_tools.fleet.presence import Presence
from firmware_tools.fleet.strangers import Strangers
from firmware_tools.fleet.team import Team
from firmware_tools.fleet.traffic.counting import Traffic

log = logging.getLogger(__name__)

LISTENED: tuple[Channel, ...] = (*SPOKEN, "telemetry")
_OLD_SECONDS = 60.0
SAME_SECONDS = 60.0
"""So long a report that says the same again is only a sign of life."""


@dataclass(frozen=True, slots=True)
class _Report:
    """The report that a device made last: the hash of its bytes, its session, and when it was read (monotonic)."""

    said: int
    session: int
    at: float


class Hearing:
    """Puts states and reports into the presence, telemetry into the inbox, and has requests answered.

    Attributes:
        enrolled: who is heard.
        strangers: who speaks, and is not enrolled.
        on_screen: takes a device's messages about its screen; they come only where somebody has subscribed to them.
        on_away: told of a device that has gone, or has a new connection.
    """

    def __init__(
        self,
        fleet: str,
        team: Team,
        presence: Presence,
        inbox: Inbox,
        answering: Answering,
        flow: Flow,
        feed: LiveFeed,
        counters: Counters,
        traffic: Traffic,
    ) -> None:
        self._fleet, self._team, self._presence, self._inbox = fleet, team, presence, inbox
        self._answering, self._flow, self._feed, self._counters = answering, flow, feed, counters
        self._traffic = traffic
        self.enrolled: set[str] = set()
        self.strangers = Strangers()
        self._reports: dict[str, _Report] = {}
        self.on_screen: Callable[[str, bytes], None] | None = None
        self.on_away: Callable[[str], None] = lambda _device: None
        self._held_until = 0.0

    def let_in(self, device: str) -> None:
        """It is enrolled now."""
        self.enrolled.add(device)
        self.strangers.forget(device)
        self._reports.pop(device, None)

    def on_message(self, name: str, payload: bytes, retained: bool) -> None:
        """One message from the broker; ``retained`` when it was said some time before we subscribed."""
        self._counters.messages += 1
        try:
            fleet, device, channel = parse_topic(name)
        except ProtocolError as error:
            self.note_malformed("", error)
            return
        if fleet != self._fleet or channel not in (*LISTENED, "screen"):
            return
        identities = self._answering.identities
        if identities is not None and (identities.bars(device) or identities.hears(device)):
            self._hear_claim(device, channel, payload)
            return
        if device not in self.enrolled:
            if self.strangers.note(device, time.time()):
                log.warning("device %s is not enrolled in fleet %s; what it says is refused", device, self._fleet)
                self._feed.announce({"type": "strangers"})
            self._counters.refused += 1
            return
        if not payload and retained:
            return
        # Of what every process hears, the one whose device it is counts.
        heard_once = channel == "screen" or (self._team.shared and channel not in ORDERED)
        if not retained and (heard_once or self._team.owns(device)):
            self._traffic.sent(device, channel, len(name) + len(payload))
        now = time.time()
        try:
            self._hear(device, channel, payload, None if retained else now)
        except ProtocolError as error:
            self.note_malformed(device, error)

    def _hear_claim(self, device: str, channel: Channel, payload: bytes) -> None:
        """Of who has no identity that counts, nothing is heard but a claim."""
        if not (self._team.shared or self._team.owns(device)):
            return
        try:
            request = decode_request(payload) if channel == "request" else None
        except ProtocolError as error:
            self.note_malformed(device, error)
            return
        if isinstance(request, ClaimRequest):
            self._answering.hear(device, request)
        else:
            self._counters.refused += 1

    def _hear(self, device: str, channel: Channel, payload: bytes, now: float | None) -> None:
        presence = self._presence
        if channel == "screen":
            if self.on_screen is not None and now is not None:
                self.on_screen(device, payload)
        elif channel == "state":
            if presence.hear_state(device, decode_state(payload), now):
                self.on_away(device)
        elif channel == "reported":
            session = self._hear_reported(device, payload, now or time.time())
            if now is not None:
                presence.hear_sign_of_life(device, session, now)
        elif self._team.shared or self._team.owns(device):
            if channel == "telemetry":
                if not self._inbox.put_batch(device, payload):
                    self._counters.dropped += 1
                if self._inbox.is_full:
                    self._flow.hold()
                    self._held_until = time.monotonic() + _OLD_SECONDS
            elif isinstance(request := decode_request(payload), DesiredRequest):
                self._inbox.put_held(device, request.have)
            else:
                self._answering.hear(device, request)
            # What the broker has kept for a while says nothing of now; and of another process's device that one hears.
            late = channel == "telemetry"
            brings_back = self._team.owns(device) and not (late and time.monotonic() < self._held_until)
            if now is not None:
                presence.hear_sign_of_life(device, None, now, late=late, brings_back=brings_back)

    def _hear_reported(self, device: str, payload: bytes, now: float) -> int:
        """The session of a report. What was said a moment ago is not read again: devices repeat their reports when they
        hear their fleet, which may have come back to a broker that kept none. Later it is: the database may have lost
        it."""
        said, moment = hash(payload), time.monotonic()
        known = self._reports.get(device)
        if known is None or known.said != said or moment - known.at >= SAME_SECONDS:
            reported = decode_reported(payload)
            self._presence.hear_reported(device, reported, len(payload), now)
            known = self._reports[device] = _Report(said, reported.session, moment)
        return known.session

    def read_anew(self) -> None:
        """What was said may not be stored: all that is said again is read."""
        self._reports.clear()

    def note_malformed(self, device: str, error: ProtocolError) -> None:
        """Count what cannot be read, and tell the first of each device."""
        count = self._counters.malformed.get(device, 0)
        self._counters.malformed[device] = count + 1
        if count == 0:
            log.warning("dropped a message of %s: %s (further ones are only counted)", device or "nobody", error)
