"""The looks that are open now, in memory alone: who asked, what the device says, and who watches.

A device's messages are heard only while a look at it is open: the fleet subscribes for that long to that one topic, so
what nobody asked for does not even arrive. With several fleet workers, the one that was asked hears the device.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from device_runtime.sync.fields import ProtocolError
from device_runtime.sync.messages import topic
from device_runtime.sync.screen_messages import (
    ORDER_SECONDS,
    Act,
    Reason,
    ScreenOrder,
    ScreenUpdate,
    ViewState,
    decode_update,
    unpack_picture,
)
from device_runtime.sync.transport import TransportError
from firmware_tools.fleet.errors import FleetError
from firmware_tools.fleet.screen.answers import ScreenEvent
from firmware_tools.fleet.screen.pictures import check_messages

log = logging.getLogger(__name__)

HEARD_SECONDS = 10.0
"""A device that has not said by then that it asks its person does not know how, or is not there."""
ANSWER_SECONDS = 90.0
"""The longest that a device may take over the person's answer."""
UNWATCHED_SECONDS = 15.0
"""A look that nobody watches any more is ended after so long."""
LONGEST_SECONDS = 3600.0
"""The longest look that is passed on, whatever a device says."""
MOST_VIEWS = 64
"""Open looks of one fleet."""
MOST_BYTES_A_SECOND = 192 * 1024
"""What one device may send over some seconds; a device sends two updates of at most 64 KiB a second."""
_BURST_SECONDS = 4
_MOST_WAITING = 64
_AGAIN_SECONDS = 2.0


class Line(Protocol):
    """What is needed of the way to the broker."""

    async def hear(self, topic: str) -> None:
        """Hear a topic now. Raises :class:`TransportError`."""

    def unhear(self, topic: str) -> None:
        """Hear it no more."""

    async def order(self, order: ScreenOrder) -> None:
        """Sign an order and send it to its device. Raises :class:`TransportError`."""


@dataclass(slots=True, eq=False)
class View:
    """One look."""

    id: str
    device: str
    by: str
    asked: float
    state: ViewState = "asked"
    reason: Reason = ""
    until: int = 0
    heard: bool = False
    sequence: int = 0
    gap: bool = False
    again_at: float = 0.0
    unwatched_since: float = 0.0
    allowance: float = 0.0
    filled: float = 0.0
    watchers: set["asyncio.Queue[Mapping[str, Any] | None]"] = field(default_factory=set)

    @property
    def open(self) -> bool:
        """Whether it is asked or shown."""
        return self.state in ("asked", "shown")


class ScreenViews:
    """The open looks of one fleet, at most one a device.

    Args:
        fleet: its id.
        line: the way to the broker.
        announce: tells everybody who watches the fleet how looks begin and end; never what is shown.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        fleet: str,
        line: Line,
        announce: Callable[[ScreenEvent], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._fleet, self._line, self._announce, self._clock = fleet, line, announce, clock
        self._views: dict[str, View] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, device: str, by: str) -> View:
        """Ask a device's person.

        Raises:
            FleetError: a look at it is open, too many are, or the broker is away.
        """
        known = self._views.get(device)
        if known is not None and known.open:
            raise FleetError(f"{known.by} looks at {device} already, or is just asking; end that first", 409)
        if sum(view.open for view in self._views.values()) >= MOST_VIEWS:
            raise FleetError(f"{MOST_VIEWS} screens are being looked at; end one of them first", 409)
        view = self._views[device] = View(secrets.token_hex(16), device, by, self._clock())
        view.unwatched_since = view.asked
        try:
            await self._line.hear(self._topic(device))
            await self._send(view, "ask")
        except TransportError as error:
            self._finish(view, "ended", "connection")
            raise FleetError(f"{device} cannot be asked: {error}", 503) from error
        self._tell(view)
        self._keep(self._watch_over(view))
        return view

    async def end(self, device: str, by: str) -> None:
        """End whatever look at a device is open, here or at another worker.

        Raises:
            FleetError: the broker is away; the device ends it by itself when its time is over.
        """
        view = self._views.get(device)
        order = view if view is not None and view.open else View(secrets.token_hex(16), device, by, self._clock())
        try:
            await self._send(order, "end")
        except TransportError as error:
            raise FleetError(f"{device} cannot be told that the look ends: {error}", 503) from error
        if view is not None and view.open:
            self._finish(view, "ended", "operator")

    @asynccontextmanager
    async def watch(
        self, device: str, number: str, by: str
    ) -> AsyncIterator[Callable[[float], Awaitable[Mapping[str, Any] | None]]]:
        """Watch a look that one has asked for; gives a function that waits for the next event, or for so many seconds:
        then it gives an empty one. ``None`` is the end.

        Raises:
            FleetError: there is no such look, or it is somebody else's.
        """
        view = self._views.get(device)
        if view is None or not secrets.compare_digest(view.id, number) or view.by != by:
            raise FleetError(f"there is no such look at {device}; ask for one", 404)
        events: asyncio.Queue[Mapping[str, Any] | None] = asyncio.Queue(_MOST_WAITING)
        events.put_nowait(self._event(view))
        if not view.open:
            events.put_nowait(None)
        view.watchers.add(events)
        if view.state == "shown":
            self._keep(self._again(view))

        async def following(idle: float) -> Mapping[str, Any] | None:
            try:
                async with asyncio.timeout(idle):
                    return await events.get()
            except TimeoutError:
                return {}

        try:
            yield following
        finally:
            view.watchers.discard(events)
            view.unwatched_since = self._clock()

    def hear(self, device: str, payload: bytes) -> None:
        """One message of a device's channel ``screen``.

        Raises:
            ProtocolError: it is none, or belongs to no look that is open.
        """
        view = self._views.get(device)
        if view is None or not view.open:
            return  # the last ones of a look that has just ended
        self._check_rate(view, len(payload))
        update = decode_update(payload)
        if update.id != view.id:
            raise ProtocolError("screen: an update of a look that nobody asked for")
        if update.sequence <= view.sequence:
            return  # it came twice, or late
        missing = update.sequence > view.sequence + 1
        view.sequence, view.heard = update.sequence, True
        if update.state in ("refused", "ended"):
            self._finish(view, update.state, update.reason)
            return
        if update.state == "asked" and view.state == "shown":
            return
        self._note(view, update)
        if update.whole:
            view.gap = False
        elif missing and view.state == "shown":
            view.gap = True
        if view.gap:  # what follows changes a picture that nobody has
            self._keep(self._again(view))
        elif update.picture:
            self._pass_on(view, update)

    def device_gone(self, device: str) -> None:
        """The broker says that the device is away, or that it connects anew: what it showed has ended."""
        view = self._views.get(device)
        if view is not None and view.open:
            self._finish(view, "ended", "connection")

    def close(self) -> None:
        """The fleet stops, or has lost its broker: end all here; the devices end by themselves."""
        for view in self._views.values():
            if view.open:
                self._finish(view, "ended", "connection")
        for task in self._tasks:
            task.cancel()

    # -- how a look goes on -----------------------------------------------------------------------------------------

    def _note(self, view: View, update: ScreenUpdate) -> None:
        if update.state != view.state:
            view.state = update.state
            view.until = int(min(update.until, self._clock() + LONGEST_SECONDS))
            self._tell(view)

    def _pass_on(self, view: View, update: ScreenUpdate) -> None:
        messages = check_messages(unpack_picture(update.picture))
        event = self._event(view) | {
            "whole": update.whole, "sent": update.sent, "limit": update.limit, "messages": messages,
        }  # fmt: skip
        for events in view.watchers:
            self._offer(view, events, event)

    def _offer(self, view: View, events: "asyncio.Queue[Mapping[str, Any] | None]", event: Mapping[str, Any]) -> None:
        """Who reads too slowly gets the whole picture anew, once there is room."""
        if events.full():
            while not events.empty():
                events.get_nowait()
            view.gap = True
            self._keep(self._again(view))
        else:
            events.put_nowait(event)

    def _check_rate(self, view: View, size: int) -> None:
        now = self._clock()
        most = MOST_BYTES_A_SECOND * _BURST_SECONDS
        if view.filled == 0.0:
            view.allowance = most
        view.allowance = min(most, view.allowance + max(0.0, now - view.filled) * MOST_BYTES_A_SECOND)
        view.filled = now
        if view.allowance < size:
            raise ProtocolError("screen: a device sends more of its screen than it may; it is dropped")
        view.allowance -= size

    async def _again(self, view: View) -> None:
        """Have the picture sent from its beginning, not too often."""
        now = self._clock()
        if now < view.again_at:
            return
        view.again_at = now + _AGAIN_SECONDS
        try:
            await self._send(view, "again")
        except TransportError as error:
            log.debug("%s is not asked for its picture again: %s", view.device, error)

    async def _watch_over(self, view: View) -> None:
        """End a look that nobody answers, watches or has the time for."""
        while view.open:
            await asyncio.sleep(1.0)
            now = self._clock()
            if not view.open:
                return
            if view.state == "asked" and now - view.asked > (ANSWER_SECONDS if view.heard else HEARD_SECONDS):
                await self._give_up(view, "refused", "silent")
            elif view.state == "shown" and now > view.until + HEARD_SECONDS:
                await self._give_up(view, "ended", "time")
            elif not view.watchers and now - view.unwatched_since > UNWATCHED_SECONDS:
                await self._give_up(view, "ended", "unwatched")
            elif view.gap and view.state == "shown":
                await self._again(view)

    async def _give_up(self, view: View, state: ViewState, reason: Reason) -> None:
        try:
            await self._send(view, "end")
        except TransportError as error:
            log.debug("%s is not told that the look ends: %s", view.device, error)
        self._finish(view, state, reason)

    def _finish(self, view: View, state: ViewState, reason: Reason) -> None:
        if not view.open:
            return
        view.state, view.reason = state, reason
        self._line.unhear(self._topic(view.device))
        self._tell(view)
        for events in view.watchers:
            if events.full():
                events.get_nowait()
            events.put_nowait(None)

    def _tell(self, view: View) -> None:
        """How it goes, to those who watch it, and without its id to all who watch the fleet."""
        event = self._event(view)
        for events in view.watchers:
            self._offer(view, events, event)
        self._announce(event)

    def _event(self, view: View) -> ScreenEvent:
        return {
            "type": "screen",
            "device": view.device,
            "state": view.state,
            "by": view.by,
            "reason": view.reason,
            "until": view.until,
        }

    async def _send(self, view: View, act: Act) -> None:
        now = int(self._clock())
        await self._line.order(ScreenOrder(self._fleet, view.device, act, view.id, view.by, now, now + ORDER_SECONDS))

    def _topic(self, device: str) -> str:
        return topic(self._fleet, device, "screen")

    def _keep(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a look at a screen is no longer kept: %s", error, exc_info=error)
