"""The host's side of a model's process (:mod:`device_runtime.inference.worker`)."""

import asyncio
import contextlib
import itertools
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from device_runtime.engine.frames import Exit, FrameDecoder, FrameError, Request, Response, encode_frame
from device_runtime.engine.workers import WorkerProcess, describe_status
from device_runtime.inference.answers import AnswerError, read_infos
from device_runtime.inference.store import ModelError
from device_runtime.inference.tensors import TensorInfo
from device_runtime.values import Value

T = TypeVar("T")

_log = logging.getLogger(__name__)
_CHUNK = 256 * 1024
_PART_BYTES = 8 * 1024 * 1024
_END_SECONDS = 5.0
_MAX_SENTENCE = 1000
_PAGE = os.sysconf("SC_PAGE_SIZE")
# The clock of a process: its number, and which of its clocks (MAKE_PROCESS_CPUCLOCK and CPUCLOCK_SCHED in the kernel's
# posix-timers); it is what clock_getcpuclockid() gives.
_CPUCLOCK_SCHED = 2

Spend = Callable[[float], object]
"""Hears how many seconds of a processor a request took."""


class ModelProcess:
    """One model in a process of its own, which answers one request after the other."""

    def __init__(self, name: str, worker: WorkerProcess) -> None:
        self.name = name
        self.inputs: tuple[TensorInfo, ...] = ()
        self.outputs: tuple[TensorInfo, ...] = ()
        self.stateful = False
        self.lost = ""
        """Why it is gone; empty while it is there."""
        self._worker = worker
        self._decoder = FrameDecoder(weigh=True)
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()
        self._statm: int | None = None
        with contextlib.suppress(OSError):
            self._statm = os.open(f"/proc/{worker.pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._resident = 0
        self._clock = ~worker.pid << 3 | _CPUCLOCK_SCHED

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._worker.pid

    @property
    def idle(self) -> bool:
        """Nobody waits for an answer."""
        return not self._turn.locked()

    def grown_bytes(self) -> int:
        """How much more it has now than when :meth:`memory_bytes` was last asked; this asks less of the kernel."""
        return self._resident_bytes() - self._resident

    def _resident_bytes(self) -> int:
        if self._statm is None:
            return 0
        try:
            return int(os.pread(self._statm, 128, 0).split()[1]) * _PAGE
        except (OSError, IndexError):  # it has ended
            return 0

    def memory_bytes(self) -> int:
        """What it has for itself, and would give back; 0 where the kernel does not tell."""
        self._resident = self._resident_bytes()
        try:
            text = Path(f"/proc/{self._worker.pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError:
            return 0
        lines = dict(line.split(":", 1) for line in text.splitlines()[1:])
        return 1024 * sum(int(lines[key].split()[0]) for key in ("Private_Clean", "Private_Dirty") if key in lines)

    async def load(self, content: bytes, seconds: float, spend: Spend | None = None) -> None:
        """Give it the model. ``spend`` as for :meth:`request`.

        Raises:
            ModelError: the file is no model, or one that the runtime cannot run; or it ended the process.
        """
        for start in range(0, len(content), _PART_BYTES):
            await self.request("part", {"data": content[start : start + _PART_BYTES]}, seconds, "was loaded", spend)
        answer: Any = await self.request("load", {"name": self.name}, seconds, "was loaded", spend)
        told = answer if isinstance(answer, dict) else {}
        self.inputs, self.outputs = (self.read(read_infos, told.get(ports)) for ports in ("inputs", "outputs"))
        self.stateful = bool(told.get("stateful"))

    def read(self, reader: Callable[..., T], *answer: Any) -> T:
        """What ``reader`` makes of an answer. A process that answers as it should not is ended.

        Raises:
            ModelError: it does.
        """
        try:
            return reader(*answer)
        except AnswerError as error:
            raise self.lose(f"its process does not answer as it should: {error}") from error

    async def request(
        self,
        name: str,
        arguments: Mapping[str, Value],
        seconds: float,
        doing: str = "ran",
        spend: Spend | None = None,
    ) -> Value:
        """Ask, and wait for the answer; whoever stops waiting does not stop the work.

        ``spend`` hears what the request took of the processor: waiting for those who came before is not in it.

        Raises:
            ModelError: what the process says is wrong; or it took longer than ``seconds``; or it has ended.
        """
        return await asyncio.shield(asyncio.create_task(self._ask(name, arguments, seconds, doing, spend)))

    async def _ask(
        self, name: str, arguments: Mapping[str, Value], seconds: float, doing: str, spend: Spend | None
    ) -> Value:
        async with self._turn:
            if self.lost:
                raise ModelError(self.lost)
            before, began = self._processor_seconds(), time.monotonic()
            try:
                return await self._exchange(name, arguments, seconds, doing)
            finally:
                if spend is not None:
                    after = self._processor_seconds()
                    passed = time.monotonic() - began
                    spend(passed if before is None or after is None else after - before)
                if self.lost:  # ended meanwhile, by this or from elsewhere
                    self._worker.connection.close()

    def _processor_seconds(self) -> float | None:
        """What it has had of the processor so far; None when it has ended."""
        try:
            return time.clock_gettime(self._clock)
        except OSError:
            return None

    async def _exchange(self, name: str, arguments: Mapping[str, Value], seconds: float, doing: str) -> Value:
        number = next(self._numbers)
        try:
            data = encode_frame(Request(number, name, dict(arguments)))
        except FrameError as error:
            raise ModelError(f"model {self.name}: {error}") from error
        try:
            async with asyncio.timeout(seconds):
                # One that has ended may have said why, before it had heard all.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    await asyncio.get_running_loop().sock_sendall(self._worker.connection, data)
                response = await self._receive()
        except TimeoutError:
            raise self.lose(f"it took longer than {seconds:g} s and was ended") from None
        except (OSError, FrameError) as error:
            if self.lost:
                raise ModelError(self.lost) from error
            raise self.lose(f"it ended while it {doing}: {await self._last_words(error)}") from error
        if isinstance(response, Exit):
            raise self.lose(response.reason[:_MAX_SENTENCE])
        if response is None and self.lost:  # somebody else has ended it
            raise ModelError(self.lost)
        if response is None:
            raise self.lose(f"it ended while it {doing}: {await self._last_words(None)}")
        if response.id != number:
            raise self.lose("its process does not answer as it should")
        if response.error is not None:
            raise ModelError(response.error[:_MAX_SENTENCE])
        return response.value

    async def _receive(self) -> Response | Exit | None:
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(self._worker.connection, _CHUNK):
            for frame in self._decoder.feed(data):
                if isinstance(frame, Response | Exit):
                    return frame
        return None

    async def _last_words(self, error: Exception | None) -> str:
        if isinstance(error, FrameError):
            return str(error)
        try:
            async with asyncio.timeout(_END_SECONDS):
                return describe_status(await self._worker.ended)
        except TimeoutError:
            return "nobody knows why"

    def lose(self, why: str) -> ModelError:
        """End it, since ``why``; gives the error for whoever waits for it."""
        self.lost = f"model {self.name}: {why}"
        _log.warning("%s", self.lost)
        self.end()
        return ModelError(self.lost)

    def end(self) -> None:
        """End the process; what it had is free again."""
        self.lost = self.lost or f"model {self.name} has been unloaded"
        self._worker.kill()
        if self._statm is not None:
            os.close(self._statm)
            self._statm = None
        if self.idle:
            self._worker.connection.close()
