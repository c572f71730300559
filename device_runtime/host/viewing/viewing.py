"""One look at a time: asked of the person, marked while it lasts, written down, and ended by whoever wants it ended."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from device_runtime.errors import CygnetError
from device_runtime.host.dialogs import Dialogs
from device_runtime.host.screen.server import ScreenServer
from device_runtime.host.viewing.log import Look, ViewLog, ViewLogError
from device_runtime.host.viewing.packing import Packer, Parcels
from device_runtime.host.viewing.rules import OwnerRule
from device_runtime.host.viewing.scene import SceneKeeper
from device_runtime.sync.link import TransportError
from device_runtime.sync.screen_messages import Reason, ScreenOrder, ScreenUpdate
from device_runtime.sync.viewing import Viewing
from device_runtime.values import Value

logger = logging.getLogger(__name__)

_SHOWN_LOOKS = 20
_MAX_NAME = 64
_GOODBYE_SECONDS = 2.0
# What each update costs on the wire beside payload and topic.
_ENVELOPE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take, in seconds, and how much goes out."""

    ask: float = 45.0
    """For the person to answer."""
    view: float = 300.0
    """A look, at most."""
    update: float = 0.5
    """Between two updates, at least."""
    look: float = 1.0
    """Until it is noticed that the owner's word in its file has changed."""
    quiet: float = 60.0
    """After a no, in which nobody is asked again."""
    most_bytes: int = 4 * 1024 * 1024
    """Of one look on the wire; 0: any number."""


class Surroundings(Protocol):
    """What a look needs of the device."""

    def attach(self, target: str) -> None:
        """Send the stack and every page of each running program to this target."""

    def resource(self, app_id: str, version: int, path: str) -> bytes | None:
        """A file of a program's package."""

    def program_name(self, app_id: str) -> str:
        """What people call a program."""

    def is_private(self, app_id: str) -> bool:
        """Whether a program says that it has pages that are for nobody else."""

    def size(self) -> Mapping[str, Any]:
        """The screen: ``{width, height, rpx}`` in CSS pixels."""


class Meter(Protocol):
    """What a day may use on a link that is paid by the byte; :class:`~device_runtime.sync.telemetry.TelemetryQueue`."""

    def spend(self, count: int) -> None:
        """So many bytes went over the wire."""

    def has_bytes(self) -> bool:
        """Whether more may."""


class ScreenViewing:
    """Answers the orders of a fleet about this device's screen.

    Args:
        name: what the screens call the device.
        fleet: the fleet's id.
        screen: the screens.
        dialogs: asks the person.
        around: the rest of the device.
        rule: whether anybody may ask.
        log: keeps who looked.
        record: takes telemetry: source, name, values.
        meter: a metered link's bytes.
        say: says a sentence aloud, where the board can.
        pace: how long things take.
    """

    def __init__(
        self,
        name: str,
        fleet: str,
        screen: ScreenServer,
        dialogs: Dialogs,
        around: Surroundings,
        rule: OwnerRule,
        log: ViewLog,
        record: Callable[[str, str, Mapping[str, Value]], object],
        meter: Meter,
        say: Callable[[str], Awaitable[None]] | None = None,
        pace: Pace = Pace(),
    ) -> None:
        self._name, self._fleet, self._screen, self._dialogs, self._around = name, fleet, screen, dialogs, around
        self._rule, self._log, self._record, self._meter, self._say = rule, log, record, meter, say
        self._pace = pace
        self._viewing: Viewing | None = None
        self._task: asyncio.Task[None] | None = None
        self._over: asyncio.Future[Reason] | None = None
        self._again = False
        self._changed = asyncio.Event()
        self._quiet_until = 0.0
        self._writing = asyncio.Lock()
        self._asides: set[asyncio.Task[None]] = set()
        self.tell_screens()

    def use(self, viewing: Viewing) -> None:
        """Take orders from here."""
        self._viewing = viewing
        viewing.on_order = self.receive
        viewing.on_disconnected = lambda: self.end("connection")

    def tell_screens(self) -> None:
        """Let every screen know who looked, and what holds."""
        self._screen.views(self._rule.read(), self._log.newest(_SHOWN_LOOKS))

    def receive(self, order: ScreenOrder) -> None:
        """An order that was checked."""
        if order.act == "end":
            self.end("operator")
        elif order.act == "again":
            self._again = True
            self._changed.set()
        elif self._task is not None and self._over is not None and not self._task.done() and not self._over.done():
            self._aside(self._tell(ScreenUpdate(order.id, 1, "refused", "busy")))
        else:
            self._over = asyncio.get_running_loop().create_future()
            self._again = False
            self._task = asyncio.create_task(self._serve(order, self._over, self._task), name="screen view")
            self._task.add_done_callback(_log_fault)

    def end(self, reason: Reason) -> None:
        """End what is asked or shown; nothing, where there is none."""
        if self._over is not None and not self._over.done():
            self._over.set_result(reason)
            self._changed.set()

    def screen_gone(self) -> None:
        """A screen has gone. Without any, nobody sees the mark, and nobody can end it."""
        if not self._screen.screens:
            self.end("nobody")

    def set_rule(self, setting: Literal["ask", "never"]) -> None:
        """A person at a screen says whether anybody may ask.

        Raises:
            CygnetError: it cannot be kept.
        """
        self._rule.write(setting)
        if setting == "never":
            self.end("never")
        self.tell_screens()

    async def stop(self) -> None:
        """The device stops."""
        self.end("stopped")
        tasks = [task for task in (self._task, *self._asides) if task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=_GOODBYE_SECONDS)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- one look ---------------------------------------------------------------------------------------------------

    async def _serve(self, order: ScreenOrder, over: asyncio.Future[Reason], before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            await asyncio.wait([before])  # it is ending
        look = Look(order.id, order.by[:_MAX_NAME], int(time.time()))
        sequence = _Sequence(order.id)
        reason = self._objection()
        if not reason:
            try:
                await self._write(look)
            except ViewLogError as error:
                logger.error("nobody may look at the screen, since it cannot be written down: %s", error)
                await self._tell(sequence.next("refused", "log"))
                return
            reason = await self._asked(order, sequence, over)
        if reason:
            _settle(over, reason)
            logger.info("%s may not look at the screen: %s", look.by, reason)
            await self._close(replace(look, outcome=reason))
            await self._tell(sequence.next("refused", reason))
            return
        started = time.monotonic()
        show = _Show(sequence)
        reason = "stopped"
        try:
            reason = await self._show(look.by, show, over)
        except Exception:  # whatever it is, the look is over, and both ends must know
            logger.exception("a look at the screen ended by a fault")
            reason = "fault"
        finally:
            _settle(over, reason)
            self._screen.unwatch(show.target)
            self._screen.viewed()
            # Beside this task, which may be being cancelled.
            self._aside(
                self._close(replace(look, outcome=reason, seconds=round(time.monotonic() - started), bytes=show.sent))
            )
        await self._tell(sequence.next("ended", reason))

    def _objection(self) -> Reason:
        """Why nobody is even asked; empty where somebody is."""
        front = self._screen.front
        if self._rule.read() == "never":
            return "never"
        if not self._screen.screens:
            return "nobody"
        if front is not None and self._around.is_private(front):
            return "private"
        if not self._meter.has_bytes():
            return "bytes"
        if time.monotonic() < self._quiet_until and self._rule.read() != "always":
            return "soon"
        return ""

    async def _asked(self, order: ScreenOrder, sequence: "_Sequence", over: asyncio.Future[Reason]) -> Reason:
        """Ask the person; gives why not, empty for a yes."""
        if self._rule.read() == "always":
            return ""
        await self._tell(sequence.next("asked"))
        who = f"“{order.by[:_MAX_NAME]}” of the fleet {order.fleet}"
        minutes = max(1, round(self._pace.view / 60))
        size = f" At most {self._pace.most_bytes // 1024} KB are sent." if self._pace.most_bytes else ""
        question: dict[str, Value] = {
            "title": "Show this screen?",
            "content": f"{who} wants to see this screen, live, for {minutes} minutes at most. You can end it at any "
            f"time. What is in password fields is not sent.{size}",
            "confirmText": f"Allow for {minutes} minutes",
            "cancelText": "No",
            "guarded": True,
        }
        asking = asyncio.create_task(self._dialogs.ask(question, self._pace.ask))
        if self._say is not None:
            self._aside(self._announce(f"{order.by[:_MAX_NAME]} wants to see this screen. Please press allow, or no."))
        try:
            either: set[asyncio.Future[Any]] = {asking, over}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                return over.result()
            answer = asking.result()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        if isinstance(answer, dict) and answer.get("confirm") is True:
            return self._objection()  # much can have happened meanwhile
        self._quiet_until = time.monotonic() + self._pace.quiet
        return "unanswered" if answer is None else "no"

    async def _show(self, by: str, show: "_Show", over: asyncio.Future[Reason]) -> Reason:
        until = time.time() + self._pace.view
        self._screen.viewed(by, self._fleet, until)
        self._changed.set()
        keeper = SceneKeeper(show.target, set(), self._changed.set)
        packer = Packer(self._around.resource, self._name, self._around.program_name)
        self._screen.watch(keeper)
        self._around.attach(show.target)
        await self._tell(show.sequence.next("shown", until=int(until), limit=self._pace.most_bytes))
        try:
            async with asyncio.timeout(self._pace.view):
                while not over.done():
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._pace.look):
                            await self._changed.wait()
                    self._changed.clear()
                    if self._rule.read() == "never":
                        return "never"
                    await self._send_changes(show, keeper, packer, int(until), over)
        except TimeoutError:
            return "time"
        except TransportError:
            return "connection"
        return over.result()

    async def _send_changes(
        self, show: "_Show", keeper: SceneKeeper, packer: Packer, until: int, over: asyncio.Future[Reason]
    ) -> None:
        while not over.done():
            if self._again:
                self._again = False
                packer.begin()
                show.parcels.clear()
                show.whole = True
            # Of a program whose pages are still on their way, there is nothing to show yet.
            if not show.parcels and keeper.front not in keeper.behind:
                if keeper.front is not None and self._around.is_private(keeper.front):
                    return self.end("private")
                show.parcels.put(packer.messages(keeper.scene(), self._around.size()))
            if not show.parcels:
                return None
            await self._send(show, until)
            if not over.done():  # what changes meanwhile goes out as one
                await asyncio.wait({over}, timeout=self._pace.update)
        return None

    async def _send(self, show: "_Show", until: int) -> None:
        """One update, if there are bytes for it; else the end."""
        picture = show.parcels.take()
        update = show.sequence.next("shown", until=until, limit=self._pace.most_bytes)
        update = replace(update, whole=show.whole, picture=picture, sent=show.sent + len(picture))
        most = self._pace.most_bytes
        if (most and update.sent > most) or not self._meter.has_bytes():
            self.end("bytes")
            return
        if self._viewing is None:
            raise TransportError("there is no way to the fleet")
        count = await self._viewing.send(update) + _ENVELOPE_BYTES
        self._meter.spend(count)
        show.sent += count
        show.whole = False

    # -- small matters ----------------------------------------------------------------------------------------------

    async def _announce(self, sentence: str) -> None:
        if self._say is not None:
            await self._say(sentence)

    async def _tell(self, update: ScreenUpdate) -> None:
        """Send it, or let it be: the fleet hears by the silence, too."""
        if self._viewing is None:
            return
        try:
            self._meter.spend(await self._viewing.send(update) + _ENVELOPE_BYTES)
        except TransportError as error:
            logger.debug("the fleet is not told of a view: %s", error)

    async def _write(self, look: Look) -> None:
        async with self._writing:
            await asyncio.to_thread(self._log.write, look)
        self.tell_screens()

    async def _close(self, look: Look) -> None:
        values: dict[str, Value] = {
            "by": look.by, "outcome": look.outcome, "seconds": look.seconds, "bytes": look.bytes,
        }  # fmt: skip
        self._record("device", "screen_viewed", values)
        try:
            await self._write(look)
        except ViewLogError as error:
            logger.error("how the look at the screen ended cannot be written down: %s", error)

    def _aside(self, work: Any) -> None:
        task = asyncio.create_task(work, name="screen view aside")
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)
        task.add_done_callback(_log_fault)


class _Sequence:
    """Numbers the updates of a look."""

    def __init__(self, number: str) -> None:
        self._id, self._last = number, 0

    def next(
        self, state: Literal["asked", "refused", "shown", "ended"], reason: Reason = "", until: int = 0, limit: int = 0
    ) -> ScreenUpdate:
        self._last += 1
        return ScreenUpdate(self._id, self._last, state, reason, until, limit=limit)


class _Show:
    """What goes out of a look."""

    def __init__(self, sequence: _Sequence) -> None:
        self.target = f"view-{secrets.token_hex(6)}"
        self.sequence = sequence
        self.parcels = Parcels()
        self.whole = True
        self.sent = 0


def _settle(over: asyncio.Future[Reason], reason: Reason) -> None:
    """It is over, whoever ended it: another may ask."""
    if not over.done():
        over.set_result(reason)


def _log_fault(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error(
            "a look at the screen ended by a fault", exc_info=None if isinstance(error, CygnetError) else error
        )
