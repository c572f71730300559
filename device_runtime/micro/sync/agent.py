"""Keeps a board in step with its fleet: hears what is desired, says what is, sends telemetry until it is stored.

The counterpart of ``device_runtime/sync/agent.py``. One task tells, one checks documents; what is desired is brought
about by :mod:`.work`.
"""

import asyncio
import binascii
import os

from .. import clock
from .messages import MAX_DESIRED_BYTES, MAX_ERROR, MAX_TEXT, SyncError, encode, one_line
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

PACE = {
    "report": 1,
    "watch": 5,
    "ask": 600,
    "batch": 5,
    "receipt": 30,
    "retry": 5,
    "settle": 60,
    "runtime_trial": 600,
    "safe": 3600,
    "hold": 60,
    "queue": 32_768,
}
"""How often things happen, in seconds (``queue``: bytes); ``board.json`` may say otherwise under ``sync``.

``report``: between two reports; ``watch``: until a change that nobody told of is noticed; ``ask``: between two
requests for the desired document; ``batch``: what telemetry there is after so long is sent; ``receipt``: after which a
batch is sent again; ``retry``: the first pause before a program that failed is tried again; ``settle``: a start that
lasts so long went well; ``runtime_trial``: a new runtime must have reached its fleet within; ``safe``: how long safe
mode lasts; ``hold``: how long a record may wait in memory only.
"""


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
        self._asked = self._reported = self._sent = self._looked = clock.ticks_ms()
        self._last = b""
        self._awaited = 0
        self._tries = 0
        self.heard_fleet = False
        """Whether the fleet itself has answered since the start: something that it signed, or a receipt."""
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
        from .link import split_response

        header, data = split_response(payload)
        kind = header.get("type")
        if kind == "content":
            self._link.hear_block(header, data)
        elif kind == "telemetry":
            epoch, sequence = header.get("epoch"), header.get("sequence")
            if not isinstance(epoch, str) or not isinstance(sequence, int):
                raise SyncError("a receipt has no epoch or sequence")
            self._telemetry.acknowledge(epoch, sequence)
            self.heard_fleet = True
            if sequence >= self._awaited:
                self._awaited = self._tries = 0

    async def check_documents(self) -> None:
        """Take what is desired as it comes, for ever."""
        while True:
            while not self._documents:  # noqa: ASYNC110 - MicroPython's wait for an event makes a task each time
                await asyncio.sleep(_TURN)
            payload = self._documents.pop()
            first = self._memory.desired is None
            try:
                changed = await self._memory.accept(payload)
                self.heard_fleet = True
            except (SyncError, OSError) as error:
                self.refuse("desired_refused", str(error))
                continue
            if changed and self._memory.desired is not None:
                self._log("info", "sync", f"desired version {self._memory.desired['version']} is accepted")
                self._refused.clear()
                self._report_due = True
                self._greet = self._greet or first  # a fleet that has only just let us in did not listen before
                self._work.wake()

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
            except MqttError as error:
                self._log("info", "sync", f"sent again: {error}")
                await asyncio.sleep(1)

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

    async def _tell_report(self) -> None:
        if not _passed(self._reported, self._pace["report"]):
            return
        if not self._report_due and not _passed(self._looked, self._pace["watch"]):
            return
        self._looked = clock.ticks_ms()
        payload = encode(self._report())
        if payload == self._last and not self._report_due:
            return
        self._report_due = False
        try:
            await self._link.publish("reported", [payload], retain=True)
        except MqttError:
            self._report_due = True
            raise
        self._last, self._reported = payload, clock.ticks_ms()

    def _report(self) -> "dict[str, Any]":
        desired = self._memory.desired
        failed = self._work.slots.failed
        return {
            "session": self._link.session,
            "desired_version": desired["version"] if desired else 0,
            "board": one_line(self._name, MAX_TEXT),
            "runtime": one_line(self._work.slots.version, MAX_TEXT),
            "runtime_error": one_line(f"version {failed['version']}: {failed['error']}" if failed else "", MAX_ERROR),
            "programs": self._work.reports(),
        }

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
