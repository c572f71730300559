"""The host's side of one running program: its worker's socket, its calls, and its end."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Literal

from device_runtime.capability.registry import Caller, CapabilityError
from device_runtime.engine.frames import (
    MAX_OPERATIONS,
    Event,
    Exit,
    Frame,
    FrameDecoder,
    FrameError,
    Log,
    Patch,
    Request,
    Response,
)
from device_runtime.engine.frames import encode_frame as encode
from device_runtime.engine.incoming import open_worker
from device_runtime.engine.workers import WorkerFactory, WorkerProcess, describe_status
from device_runtime.errors import CygnetError
from device_runtime.program.account import Account
from device_runtime.program.attention import Attention
from device_runtime.program.endings import told_ending
from device_runtime.program.files import divide_files
from device_runtime.program.log_lines import LogLines, lost_text
from device_runtime.program.manifest import Manifest, PlatformError, check_platform
from device_runtime.program.stack_events import read_stack
from device_runtime.program.surroundings import ProgramSource, Surroundings
from device_runtime.program.usage import read_usage
from device_runtime.values import Value

_log = logging.getLogger(__name__)

# Events that a worker does not take pile up here; one launch is at most a frame.
_MAX_UNSENT_BYTES = 32 * 1024 * 1024
_CHUNK = 256 * 1024
_STOP_SECONDS = 2.0
OpenType = Literal["", "navigateTo", "redirectTo", "reLaunch", "switchTab"]
_OPERATIONS = ("insert", "remove", "move", "text", "set", "call")
_MAX_REASON = 1000


class SessionError(CygnetError):
    """A program could not be started or did not answer; the message says which and why, and ``told`` the same without
    the program's own words; they are one where nothing is given."""

    def __init__(self, message: str, told: str = "") -> None:
        super().__init__(message)
        self._told = told or message

    @property
    def told(self) -> str:
        return self._told


class ProgramSession:
    """One run of one program, from :meth:`start` to its end. Not to be started twice."""

    def __init__(self, source: ProgramSource, workers: WorkerFactory, surroundings: Surroundings) -> None:
        self.manifest: Manifest = source.manifest
        self.app_id: str = source.manifest.app_id
        self._source = source
        self._workers = workers
        self._around = surroundings
        self._caller = Caller(self.app_id, self.manifest, source.entries, self._emit, self._keep)
        self._later: frozenset[str] = frozenset()
        self._worker: WorkerProcess | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._ended: asyncio.Future[str] | None = None
        self._intents: dict[int, asyncio.Future[str | None]] = {}
        self._intent_ids = itertools.count(1)
        self._calls: set[asyncio.Task[None]] = set()
        self._kept: set[asyncio.Task[None]] = set()
        limits = self._limits = surroundings.limits
        self._running_calls = asyncio.Semaphore(limits.running_calls)
        self._account = Account(limits)
        self._attention = Attention()
        # Twice what a worker lets pass: it has left out what is too much already, if it is one of ours.
        self._lines = LogLines(2 * limits.log_lines_a_second)
        self._exit_reason: str | None = None
        self._stopping = False

    @property
    def caller(self) -> Caller:
        """Who it is to the host's capabilities."""
        return self._caller

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._ended is not None and not self._ended.done()

    @property
    def worker_pid(self) -> int | None:
        """The process id of its worker while it runs."""
        return self._worker.pid if self._worker is not None and self.running else None

    async def start(self, path: str = "") -> None:
        """Start the program at ``path`` (a route with query; empty for its first page); returns when the first page
        is rendered.

        Raises:
            SessionError: it ended, or did not render its first page in time; it is not running then.
        """
        if self._ended is not None:
            raise SessionError(f"{self.app_id} was started already; make a new session")
        try:
            check_platform(self.manifest)
        except PlatformError as error:
            raise SessionError(str(error)) from error
        loop = asyncio.get_running_loop()
        launch = await self._launch_frame(path)
        try:
            self._worker = await self._workers.start_worker()
        except CygnetError as error:
            raise SessionError(f"{self.app_id} cannot be started: {error}") from error
        try:
            reader, self._writer = await open_worker(self._worker.connection, _CHUNK)
        except BaseException:  # nobody reads yet, so nobody would see its end
            self._worker.kill()
            raise
        self._ready, self._ended = loop.create_future(), loop.create_future()
        self._reading = asyncio.create_task(self._read(reader), name=f"program {self.app_id}")
        self._writer.write(launch)
        ended = self._ended
        waited: list[asyncio.Future[Any]] = [self._ready, ended]
        await asyncio.wait(waited, timeout=self._around.start_seconds, return_when=asyncio.FIRST_COMPLETED)
        if self._ready.done() and not ended.done():
            return
        if not ended.done():
            self._end(f"it did not show its first page within {self._around.start_seconds:g} s")
            await ended
        why, head = ended.result() or "it was stopped", f"{self.app_id} cannot be started"
        raise SessionError(f"{head}: {why}", f"{head}: {told_ending(why)}")

    async def _launch_frame(self, path: str) -> bytes:
        stored = await asyncio.get_running_loop().run_in_executor(None, self._around.storage, self.app_id)
        files, later = divide_files(self._source.entries, (part.root for part in self.manifest.subpackages))
        self._later = frozenset(later)
        system = {**self._around.system(), "capabilities": sorted(self._around.gate.names)}
        payload: dict[str, Any] = {
            "manifest": dict(self.manifest.document),
            "files": files,
            "later": later,
            "path": path,
            "system": system,
            "storage": dict(stored),
            "limits": self._around.limits.document(),
        }
        try:
            return encode(Event("launch", payload))
        except FrameError as error:
            raise SessionError(
                f"{self.app_id} cannot be started: its source files and storage are too large: {error}"
            ) from error

    def node_event(
        self,
        page: int,
        node: int,
        type: str,  # noqa: A002 the protocol's word
        detail: Value,
        touches: Value,
        time_stamp: float,
        changed_touches: Value = None,
    ) -> None:
        """Something happened on a node of a page; a page that is gone is no error. ``changed_touches`` are the fingers
        that the event is about, where they are not those on the screen."""
        self._send_event(
            "node",
            {
                "page": page,
                "node": node,
                "type": type,
                "detail": detail,
                "touches": touches,
                "time_stamp": time_stamp,
                "changed_touches": touches if changed_touches is None else changed_touches,
            },
        )

    def attach(self, target: str) -> None:
        """Send the stack and every page in it to one screen."""
        self._send_event("attach", {"target": target})

    def open(self, path: str, open_type: OpenType = "") -> None:
        """Open a route as ``wx.<open_type>`` does; empty chooses its tab, or the top of the stack."""
        self._send_event("open", {"path": path, "open_type": open_type})

    def back(self, delta: int = 1) -> None:
        """Close ``delta`` pages from the top; the first stays."""
        self._send_event("back", {"delta": delta})

    def show(self) -> None:
        """The program comes to the foreground."""
        self._send_event("show", {})

    def hide(self) -> None:
        """The program goes to the background."""
        self._send_event("hide", {})

    def capability_event(self, name: str, payload: Value) -> None:
        """A provider's own event, for listeners of ``wx.on<Name>``."""
        self._send_event("capability", {"name": name, "payload": payload})

    def inspect(self, **question: Value) -> None:
        """Ask an inspected worker something; it answers :attr:`Surroundings.inspect`."""
        self._send_event("inspect", question)

    async def _emit(self, name: str, payload: Value) -> None:
        """As :meth:`capability_event`, at the pace of the worker."""
        if self._writer is None or not self.running:
            return
        try:
            self.capability_event(name, payload)
            await self._writer.drain()
        except ConnectionError as error:
            _log.debug("the worker of %s has gone: %s", self.app_id, error)

    def _keep(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"work for {self.app_id}")
        self._kept.add(task)
        task.add_done_callback(self._kept_ended)
        if not self.running:
            task.cancel()
        return task

    def _kept_ended(self, task: asyncio.Task[None]) -> None:
        self._kept.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("work for %s failed", self.app_id, exc_info=error)

    async def intent(self, intent: str, slots: dict[str, str], text: str) -> str | None:
        """Give a recognised request to the program; returns what is to be said, or None for silence.

        Raises:
            SessionError: the program does not take intents, failed, ended, or did not answer in time.
        """
        if not self.running:
            raise SessionError(f"{self.app_id} is not running")
        number = next(self._intent_ids)
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._intents[number] = answer
        self._send_event("intent", {"id": number, "intent": intent, "slots": dict(slots), "text": text})
        try:
            return await asyncio.wait_for(answer, self._around.intent_seconds)
        except TimeoutError as error:
            seconds = self._around.intent_seconds
            raise SessionError(f"{self.app_id} did not answer {intent!r} within {seconds:g} s") from error
        finally:
            self._intents.pop(number, None)

    async def stop(self) -> None:
        """End the program; returns when it has ended. Ending it twice is no error."""
        if self._ended is None or self._ended.done():
            return
        self._stopping = True
        self._send(Exit(""))
        done, _ = await asyncio.wait([self._ended], timeout=_STOP_SECONDS)
        if not done:
            self._end("")
            await self._ended

    # -- to the worker -----------------------------------------------------------------------------------------

    def _send_event(self, name: str, payload: dict[str, Value]) -> None:
        self._send(Event(name, payload))

    def _send(self, frame: Frame) -> None:
        """Queue one frame; a program that is over, or does not read, gets none."""
        if self._writer is None or not self.running or self._writer.transport.is_closing():
            return
        try:
            data = encode(frame)
        except FrameError as error:
            if isinstance(frame, Response):
                self._send(Response(frame.id, None, f"the answer cannot be sent: {error}"))
                return
            raise
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:
            self._end("it does not take its events any more")

    # -- from the worker ---------------------------------------------------------------------------------------

    async def _read(self, reader: asyncio.StreamReader) -> None:
        decoder = FrameDecoder(weigh=True)
        try:
            while data := await reader.read(_CHUNK):
                self._attention.begin()
                for frame in decoder.feed(data):
                    self._receive(frame, decoder.frame_bytes)
                    owed = max(self._account.seconds_to_wait(decoder.frame_bytes), self._attention.spend())
                    if owed > 0 or self._attention.turn_is_over:
                        await self._let_others(owed)
                        self._attention.begin()
                owed = self._attention.wake()
                if owed > 0:
                    await self._let_others(owed)
        except FrameError as error:
            self._note_reason(f"its worker sent what is no frame: {error}")
        except RecursionError:  # screens cannot be told of it
            self._note_reason("its worker sent what is nested too deeply")
        except OSError as error:
            _log.debug("the worker of %s closed its socket: %s", self.app_id, error)
        except Exception:  # noqa: BLE001 whatever a worker may send, it is its own session that ends
            _log.exception("what the worker of %s sent cannot be used", self.app_id)
            self._note_reason("its worker sent what the device cannot use")
        finally:
            await self._finish()

    async def _let_others(self, seconds: float) -> None:
        """Let others be served, and take nothing from this worker for a while: it waits as it sends. One that is gone
        sends no more."""
        if seconds > 0 and self._worker is not None and not self._worker.ended.done():
            await asyncio.wait([self._worker.ended], timeout=seconds)
        else:
            await asyncio.sleep(0)

    def _receive(self, frame: Frame, size: int) -> None:
        match frame:
            case Patch(page, operations, target):
                if size > self._limits.patch_bytes:
                    raise FrameError(f"a patch of {size} bytes; at most {self._limits.patch_bytes} are allowed")
                if len(operations) > MAX_OPERATIONS:
                    raise FrameError(f"a patch of {len(operations)} operations; at most {MAX_OPERATIONS} are allowed")
                if not all(isinstance(item, list) and item and item[0] in _OPERATIONS for item in operations):
                    raise FrameError("a patch holds what is no operation")
                self._around.listener.on_patch(self.app_id, page, operations, target)  # type: ignore[arg-type] # checked
            case Request():
                self._serve(frame)
            case Log(level, text, source):
                self._pass_log(level, text, source)
            case Event("stack", payload):
                self._around.listener.on_stack(self.app_id, *read_stack(payload))
            case Event("answer", payload):
                self._receive_answer(payload)
            case Event("ready", _):
                if self._ready is not None and not self._ready.done():
                    self._ready.set_result(None)
            case Exit(reason):
                self._note_reason(" ".join(reason[:_MAX_REASON].split()))
            case Event("inspect", payload) if self._around.inspect is not None:
                self._around.inspect(self.app_id, payload)
            case _:
                raise FrameError(
                    f"a worker may not send the frame {getattr(frame, 'name', type(frame).__name__)!r:.80}"
                )

    def _receive_answer(self, payload: Mapping[str, Value]) -> None:
        number, speech, error = payload.get("id"), payload.get("speech"), payload.get("error")
        if not isinstance(number, int) or not isinstance(speech, str | None) or not isinstance(error, str | None):
            raise FrameError("an answer has the wrong members")
        answer = self._intents.get(number)
        if answer is None or answer.done():
            return
        if error is None:
            answer.set_result(speech)
        else:
            answer.set_exception(SessionError(f"{self.app_id} could not answer: {error}"))

    def _pass_log(self, level: str, text: str, source: str) -> None:
        passes, lost = self._lines.take(level)
        if lost > 0:
            self._around.listener.on_log(self.app_id, "warn", lost_text(lost, 2 * self._limits.log_lines_a_second), "")
        if passes:
            self._around.listener.on_log(self.app_id, level, text, source)

    def _serve(self, request: Request) -> None:
        if request.name == "package.file":
            self._send(self._file(request))
            return
        limits = self._limits
        if len(self._calls) >= limits.waiting_calls:
            self._send(Response(request.id, None, f"more than {limits.waiting_calls} calls are waiting"))
            return
        if not self._account.may_call():
            self._send(Response(request.id, None, f"more than {limits.calls_a_second} calls in a second"))
            return
        task = asyncio.create_task(self._answer(request))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    def _file(self, request: Request) -> Response:
        """A file of the package that did not come with the launch."""
        name = request.arguments.get("name")
        if not isinstance(name, str) or name not in self._later:
            return Response(request.id, None, f"the package has no file {str(name)[:200]!r} to be fetched")
        return Response(request.id, self._source.entries[name], None)

    async def _answer(self, request: Request) -> None:
        # The worker waits for the answers to its negative numbers; such a call waits for no others.
        async with self._running_calls if request.id > 0 else contextlib.nullcontext():
            try:
                value = await self._around.gate.invoke(self._caller, request.name, request.arguments)
                response = Response(request.id, value, None)
            except CapabilityError as error:
                response = Response(request.id, None, str(error))
            except Exception:  # noqa: BLE001 a provider's fault is its own: the program hears of it, the board goes on
                _log.exception("the capability %s failed for %s", request.name, self.app_id)
                response = Response(request.id, None, "internal error of the host")
        self._send(response)

    # -- what it uses ------------------------------------------------------------------------------------------

    def measure(self) -> None:
        """Look at what the worker uses, and end it where that is more than it may."""
        pid = self.worker_pid if self._exit_reason is None else None
        usage = None if pid is None else read_usage(pid)
        if usage is None:
            return
        companion = self._worker.companion if self._worker is not None else None
        beside = None if companion is None else read_usage(companion)
        if beside is not None:  # an engine that is a process of its own counts as the program's
            usage = usage + beside
        verdict = self._account.judge(usage)
        if verdict.ends:
            self._around.listener.on_log(self.app_id, "error", f"the program is ended: {verdict.text}", "")
            self._end(verdict.text)
        elif verdict.text:
            self._around.listener.on_log(self.app_id, "warn", verdict.text, "")

    # -- the end -----------------------------------------------------------------------------------------------

    def _note_reason(self, reason: str) -> None:
        if self._exit_reason is None:
            self._exit_reason = reason

    def _end(self, reason: str) -> None:
        """Kill the worker; the reading task sees the end of its socket and finishes."""
        self._note_reason(reason)
        if self._worker is not None:
            self._worker.kill()

    async def _finish(self) -> None:
        """Everything that must happen once, however it ended."""
        worker, ended = self._worker, self._ended
        if worker is None or ended is None or ended.done():
            return
        if self._exit_reason is None:
            await asyncio.wait([worker.ended], timeout=_STOP_SECONDS)
        worker.kill()
        done, _ = await asyncio.wait([worker.ended], timeout=_STOP_SECONDS)
        if self._exit_reason is None:
            status = worker.ended.result() if done else None
            self._exit_reason = "" if self._stopping else f"its worker ended: {describe_status(status)}"
        if self._writer is not None:
            self._writer.close()
        tasks = self._calls | self._kept
        for task in tasks:
            task.cancel()
        if tasks:  # so that its connections are closed and its files written when it is said to have ended
            await asyncio.wait(tasks, timeout=_STOP_SECONDS)
        why, head = self._exit_reason or "it was stopped", f"{self.app_id} ended"
        gone = SessionError(f"{head}: {why}", f"{head}: {told_ending(why)}")
        for answer in self._intents.values():
            if not answer.done():
                answer.set_exception(gone)
        ended.set_result(self._exit_reason)
        self._around.listener.on_exit(self.app_id, self._exit_reason)
