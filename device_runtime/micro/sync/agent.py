"""Keeps a board in step with its fleet: hears what is desired, says what is, sends telemetry until it is stored.

The counterpart of ``device_runtime/sync/agent.py``. One task tells, one checks documents; what is desired is brought
about by :mod:`.work`.
"""

import asyncio
import binascii
import gc
import os

from .. import clock
from .link import split_response
from .messages import MAX_DESIRED_BYTES, MAX_ERROR, SyncError, busy, encode, one_line, unload
from .mqtt import MqttError

try:
    from collections.abc import Callable
    from typing import Any

    from .link import Link
    from .memory import Memory
    from .telemetry import Telemetry
    from .work import Work
except ImportError:
    pass

_TURN = 0.2
"""Seconds between two looks at what is to be told."""
_MOST_REFUSALS = 20
_SHORT = 2
"""Seconds that a shortage of memory is given to pass."""
_MOST_SHORT = 3
"""So often in a row; after that only a start gives the memory back: names, once read, stay in it."""


class Agent:
    """The telling and hearing of one board."""

    def __init__(
        self,
        name: str,
        link: "Link",
        memory: "Memory",
        telemetry: "Telemetry",
        work: "Work",
        pace: "dict[str, int]",
        log: "Callable[[str, str, str], None]",
    ) -> None:
        """``name`` is the board's, for the operator."""
        self._name, self._link, self._memory, self._telemetry = name, link, memory, telemetry
        self._work, self._pace, self._log = work, pace, log
        self._documents: list[bytes] = []
        self._refused: list[str] = []
        self._greet = self._report_due = False
        self._asked = self._reported = clock.ticks_ms()
        self._sent = clock.ticks_add(self._asked, -1000 * pace["batch"])  # the first go as soon as they can
        self._checked = b""
        self._awaited = 0
        self._tries = 0
        self._short = 0
        self._gave_way = False
        self.certificate: tuple[dict[str, Any], bytes] | None = None
        """The answer to the question for a newer one whose id is ``asked``."""
        self.asked = ""
        self.renewal = 0
        """What :mod:`.renewal` does next."""
        self._renew_at = 0
        self.renew_in(os.urandom(1)[0] * pace.get("renew_soon", 60) >> 8)
        self.heard_fleet = False
        """Whether something that the fleet signed has come since the start; receipts may be any broker's."""
        link.hear = self.hear
        link.on_connected = self._on_connected
        work.on_change = self._on_change

    # Hearing

    def hear(self, channel: str, payload: "memoryview | None") -> None:
        """A message came; None: it was too long."""
        if channel == "desired":
            if payload is None:
                self.refuse(
                    "desired_refused", f"desired is longer than the {MAX_DESIRED_BYTES} bytes that a board takes"
                )
            elif len(payload):
                self._documents = [bytes(payload)]  # the newest is enough
            return
        try:
            if payload is None:
                raise SyncError("a response is longer than was asked for")  # noqa: TRY301 - one way out
            self._hear_response(payload)
        except SyncError as error:
            self.refuse("response_refused", str(error))

    def _hear_response(self, payload: memoryview) -> None:
        header, data = split_response(payload)
        kind = header.get("type")
        if kind == "content":
            self._link.hear_block(header, data)
        elif kind == "telemetry":
            epoch, sequence = header.get("epoch"), header.get("sequence")
            if not isinstance(epoch, str) or not isinstance(sequence, int):
                raise SyncError("a receipt has no epoch or sequence")
            self._telemetry.acknowledge(epoch, sequence)
            if sequence >= self._awaited:
                self._awaited = self._tries = 0

        elif kind == "certificate" and self.asked and header.get("id") == self.asked:
            self.certificate = header, bytes(data)

    async def check_documents(self) -> None:
        """Take what is desired as it comes, for ever."""
        while True:
            while not self._documents:
                await asyncio.sleep(_TURN)
            payload = self._documents[-1]
            first = self._memory.desired is None
            changed = False
            try:
                async with busy:
                    changed = payload != self._checked and await self._check(payload)
                self._checked, self._short = payload, 0
            except MemoryError:
                await self._make_room()
                continue
            except OSError as error:
                self.refuse("desired_refused", f"desired cannot be kept: {error}")
            except SyncError as error:
                self._checked = payload  # the broker may repeat it; nothing else is said of it
                self.refuse("desired_refused", str(error))
            if self._documents[-1] is payload:
                self._documents.clear()
            self._give_back()
            if changed and self._memory.desired is not None:
                self._log("info", "sync", f"desired version {self._memory.desired['version']} is accepted")
                self._refused.clear()
                self._report_due = True
                self._greet = self._greet or first  # a fleet that has only just let us in did not listen before
                self._work.wake()

    def _give_back(self) -> None:
        """The program may start again that made room."""
        if self._gave_way:
            self._gave_way, self._work.woken = False, True

    async def _make_room(self) -> None:
        """There is no memory for what the fleet has to say: first the program gives way, and then everything."""
        gc.collect()
        self._short += 1
        if self._work.host is not None and self._work.host.running:
            self._log("warning", "sync", "the program makes room for what the fleet has to say, and starts again after")
            await self._work.host.stop()
            self._work.good_at = None
            self._gave_way = True
        elif self._short >= _MOST_SHORT:
            self._log("warning", "sync", "the board is short of memory: it starts anew to hear its fleet")
            self._work.restart_wanted = True
        else:
            self._log("warning", "sync", "desired is checked again soon: the board is short of memory")
        await asyncio.sleep(_SHORT)

    async def _check(self, payload: bytes) -> bool:
        from .desired import accept

        try:
            changed = await accept(self._memory, payload)
        finally:
            del accept  # it would keep its module in memory
            unload()
        self.heard_fleet = True
        return changed

    # Telling

    async def tell(self) -> None:
        """Say what there is to say as long as there is a connection, for ever."""
        while True:
            await asyncio.sleep(_TURN)
            try:
                self._telemetry.tidy()
            except OSError as error:
                self.refuse("records_held", f"telemetry waits in memory: the disk does not take it ({error})")
            if not self._link.connected:
                continue
            try:
                await self._tell()
            except (MqttError, MemoryError) as error:
                self._log("info", "sync", f"sent again: {error}")
                await asyncio.sleep(_SHORT)

    async def _tell(self) -> None:
        if self._greet or _passed(self._asked, self._pace["ask"]):
            self._greet = False
            try:
                await self._link.publish(
                    "state", [encode({"status": "online", "session": self._link.session})], retain=True
                )
                desired = self._memory.desired
                have = desired["version"] if desired else 0
                request = {"type": "desired", "id": _draw(), "have": have}
                await self._link.publish("request", [encode(request)])
            except MqttError:
                self._greet = True
                raise
            self._asked = clock.ticks_ms()
        await self._tell_report()
        await self._tell_telemetry()
        await self._renew()

    async def _tell_report(self) -> None:
        if not _passed(self._reported, self._pace["report"]):
            return
        if not self._report_due:
            return
        from .reporting import report

        payload = report(self._name, self._link.session, self._memory, self._work)
        del report
        unload("reporting")
        self._report_due = False
        try:
            await self._link.publish("reported", [payload], retain=True)
        except MqttError:
            self._report_due = True
            raise
        self._reported = clock.ticks_ms()

    async def _tell_telemetry(self) -> None:
        if self._awaited:
            if not _passed(self._sent, self._pace["receipt"] * min(2**self._tries, 16)):
                return
            self._awaited, self._tries = 0, min(self._tries + 1, 4)
        if not self._telemetry.pending():
            return
        if not self._telemetry.is_full() and not _passed(self._sent, self._pace["batch"]):
            return
        try:
            last, parts = self._telemetry.batch()
        except OSError as error:
            self.refuse("records_unreadable", f"telemetry cannot be read: {error}")
            return
        self._sent, self._awaited = clock.ticks_ms(), last
        try:
            await self._link.publish("telemetry", parts)
        except MqttError:
            self._awaited = 0
            raise

    async def _renew(self) -> None:
        link = self._link
        if not link.shows or busy.locked():
            return
        if link.shows < 2 and self.certificate is None and clock.ticks_diff(clock.ticks_ms(), self._renew_at) < 0:
            return
        self.renew_in(self._pace["ask"])
        try:
            async with busy:
                await self._renew_now()
        except MemoryError:
            self.renew_in(0)
            unload()  # an import may have stopped half-way
            await self._make_room()
        else:
            self._short = 0
            self._give_back()

    async def _renew_now(self) -> None:
        from .renewal import turn

        try:
            await turn(self, self._link, self._work, self._pace)
        finally:
            del turn
            unload()

    def renew_in(self, seconds: int) -> None:
        """Look after the certificate again after so long."""
        self._renew_at = clock.ticks_add(clock.ticks_ms(), seconds * 1000)

    def refuse(self, name: str, reason: str) -> None:
        """Tell of a refusal once: a broker that repeats itself must not fill the log and the telemetry."""
        if reason not in self._refused and len(self._refused) < _MOST_REFUSALS:
            self._refused.append(reason)
            self._log("warning", "sync", reason)
            self._telemetry.record("sync", name, {"reason": one_line(reason, MAX_ERROR)})

    def _on_connected(self) -> None:
        self._greet = self._report_due = True
        self._awaited = 0

    def _on_change(self) -> None:
        self._report_due = True


def _passed(since: int, seconds: int) -> bool:
    return clock.ticks_diff(clock.ticks_ms(), since) >= seconds * 1000


def _draw() -> str:
    return binascii.hexlify(os.urandom(8)).decode()
