"""Voice for a device: sound in, events out, all heavy work in a process of its own (:mod:`.worker`)."""

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Collection, Mapping
from typing import Any

from device_runtime.engine import EngineError
from device_runtime.engine.frames import Event, FrameDecoder, FrameError, encode_frame
from device_runtime.engine.incoming import open_worker
from device_runtime.engine.isolation.confine import BARRIERS
from device_runtime.engine.workers import WorkerFactory, WorkerProcess, describe_status
from device_runtime.errors import CygnetError
from device_runtime.inference.store import ModelStore
from device_runtime.values import Value
from device_runtime.voice.endpoint import VAD_TASK
from device_runtime.voice.errors import VoiceError
from device_runtime.voice.events import (
    Answering,
    Idle,
    Listening,
    Recognised,
    Rejected,
    VoiceListener,
    VoiceWarning,
    Woken,
)
from device_runtime.voice.grammar import Grammar

_log = logging.getLogger(__name__)

_PART_BYTES = 8 * 1024 * 1024
_READ_BYTES = 65536
_MEMORY_BYTES = 256 * 1024 * 1024
_MOST_CHARACTERS = 1000
_SLICE_BYTES = 32_000  # one second of sound
_BACKLOG_BYTES = 640_000  # twenty seconds of sound that the voice process has not taken yet
_MUTE_TAIL_SECONDS = 0.25  # the room's echo, and the sound on its way from the loudspeaker to here
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_RESTART_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)


class VoicePipeline:
    """Listens for the wake word, then for a request of the grammar, and tells ``listener`` what happens.

    The stages are ``idle``, ``wake``, ``listening``, then ``recognised`` or ``rejected``, and ``answer`` while muted;
    see :mod:`device_runtime.voice.events`. ``wake_model`` is the name of a model of the task ``wake-word``, run by
    ``backend`` (``litert``, ``tflite``, or empty for what is installed) in ``threads`` threads, with ``delegate``.
    Without one of the ``required_barriers`` (of :data:`~device_runtime.engine.isolation.confine.BARRIERS`) nothing is
    started.
    """

    def __init__(
        self,
        store: ModelStore,
        *,
        wake_model: str,
        listener: VoiceListener,
        backend: str = "",
        threads: int = 1,
        delegate: str = "default",
        required_barriers: Collection[str] = (),
    ) -> None:
        self._store = store
        self._wake_model = wake_model
        activity = [card for card in store.own_cards() if card.task == VAD_TASK]
        if not activity:
            raise VoiceError(f"there is no model of the task {VAD_TASK}; voice needs one, such as silero_vad")
        self._workers = WorkerFactory(
            "device_runtime.voice.worker:prepare",
            backend,
            str(threads),
            delegate,
            str(activity[0].path),
            barriers=BARRIERS if delegate in ("default", "none") else (),  # a delegate's library needs devices
            required=required_barriers,
            memory_bytes=_MEMORY_BYTES,
            threads=threads,
        )
        self._listener = listener
        self._grammar = Grammar({})
        self._loop: asyncio.AbstractEventLoop | None = None
        self._worker: WorkerProcess | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._frames = FrameDecoder(weigh=True)
        self._serving: asyncio.Task[None] | None = None
        self._muted_until = 0.0
        self._unmute: asyncio.TimerHandle | None = None
        self._is_expecting = False
        self._losing_sound = False
        self._resets = 0

    @property
    def process_id(self) -> int | None:
        """Of the voice process, while there is one."""
        return None if self._worker is None else self._worker.pid

    @property
    def missing(self) -> Mapping[str, str]:
        """Barriers that this kernel does not put around the voice process, and why; known when it has been started."""
        return self._workers.missing

    async def start(self) -> None:
        """Start the voice process; returns when it listens.

        Raises:
            VoiceError: the extra ``voice`` is not installed, or the process does not start.
            ModelError: the wake word is missing or is not what its card says.
        """
        if self._loop is not None:
            raise VoiceError("the voice pipeline was started already")
        self._loop = asyncio.get_running_loop()
        try:
            await self._spawn()
        except BaseException:
            self._loop = None
            await self._workers.close()
            raise
        self._serving = asyncio.create_task(self._serve())

    async def stop(self) -> None:
        """End the voice process. Sound that is fed from now on is dropped."""
        self._loop = None
        if self._unmute is not None:
            self._unmute.cancel()
        if self._serving is not None:
            self._serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving
        await self._end_process()
        await self._workers.close()

    def set_grammar(self, grammar: Grammar) -> None:
        """Understand the requests of ``grammar`` from the next request on."""
        self._grammar = grammar
        self._post(self._send_grammar)

    def feed(self, pcm: bytes) -> None:
        """Take in sound, 16 kHz mono int16 little-endian, any number of samples; callable from any thread.

        Never blocks: sound that the voice process cannot take in time is dropped, and the listener warned.

        Raises:
            VoiceError: ``pcm`` is not a whole number of samples.
        """
        if len(pcm) % 2:
            raise VoiceError(f"sound must be whole 16 bit samples, not {len(pcm)} bytes")
        self._post(self._feed, pcm)

    def listen(self) -> None:
        """Expect a request now, without the wake word, and even while muted; callable from any thread."""
        self._post(self._listen)

    def expect(self) -> None:
        """As :meth:`listen`, but not before the end of a mute; callable from any thread."""
        self._post(self._expect)

    def cease(self) -> None:
        """Expect no request any more, so that the next one needs the wake word; callable from any thread."""
        self._post(self._cease)

    def mute(self, seconds: float) -> None:
        """Hear nothing for ``seconds``, while an answer is played; callable from any thread."""
        self._post(self._mute, seconds)

    def _post(self, function: Any, *arguments: Any) -> None:
        """Run on the event loop, in order; nothing before the start and after the stop."""
        if (loop := self._loop) is not None:
            with contextlib.suppress(RuntimeError):  # the loop closed meanwhile: the device is going down
                loop.call_soon_threadsafe(function, *arguments)

    # On the event loop from here.

    def _feed(self, pcm: bytes) -> None:
        now = time.monotonic()
        if now < self._muted_until or self._writer is None:
            return
        if self._writer.transport.get_write_buffer_size() > _BACKLOG_BYTES:
            if not self._losing_sound:
                self._losing_sound = True
                self._warn("this machine is too slow for voice, or the voice process hangs: sound is lost")
            return
        self._losing_sound = False
        for start in range(0, len(pcm), _SLICE_BYTES):
            self._send("audio", {"pcm": pcm[start : start + _SLICE_BYTES], "time": now})

    def _listen(self) -> None:
        self._muted_until = 0.0
        self._is_expecting = False
        if self._unmute is not None:
            self._unmute.cancel()
        self._send("listen", {"time": time.monotonic()})

    def _expect(self) -> None:
        if time.monotonic() < self._muted_until:
            self._is_expecting = True
        else:
            self._listen()

    def _cease(self) -> None:
        self._is_expecting = False
        self._send("reset", {"time": time.monotonic()})  # its answer says idle: it comes after that to `listen`

    def _mute(self, seconds: float) -> None:
        if self._loop is None:
            return
        now = time.monotonic()
        self._muted_until = now + seconds + _MUTE_TAIL_SECONDS
        self._send("reset", {"time": now})
        self._resets += 1
        self._listener.on_voice(Answering(now, seconds))
        if self._unmute is not None:
            self._unmute.cancel()
        self._unmute = self._loop.call_later(seconds + _MUTE_TAIL_SECONDS, self._end_mute)

    def _end_mute(self) -> None:
        if self._is_expecting:
            self._listen()
        else:
            self._listener.on_voice(Idle(time.monotonic()))

    def _send_grammar(self) -> None:
        transitions: list[Value] = [list(transition) for transition in self._grammar.transitions]
        self._send("grammar", {"transitions": transitions})

    def _send(self, name: str, payload: dict[str, Value]) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(encode_frame(Event(name, payload)))

    def _warn(self, text: str) -> None:
        _log.warning("voice: %s", text)
        self._listener.on_voice(VoiceWarning(time.monotonic(), text))

    async def _spawn(self) -> None:
        """Start the process and wait until it is ready.

        Raises:
            ModelError: the wake word is missing or is not what its card says.
            VoiceError: the process does not start, or cannot use it.
        """
        self._resets = 0
        card = self._store.card(self._wake_model)
        release = self._store.hold(card)  # the fleet may send another version meanwhile
        try:
            content = await asyncio.to_thread(self._store.read, card)
            document = await asyncio.to_thread(card.path.read_text, encoding="utf-8")
        finally:
            release()
        try:
            self._worker = await self._workers.start_worker()
        except EngineError as error:
            raise VoiceError(f"the voice process cannot be started: {error}") from error
        self._reader, self._writer = await open_worker(self._worker.connection)
        self._frames = FrameDecoder(weigh=True)
        for start in range(0, len(content), _PART_BYTES):
            self._send("part", {"data": content[start : start + _PART_BYTES]})
        self._send("start", {"card": document, "path": str(card.path), "name": card.name})
        try:
            async with asyncio.timeout(_START_SECONDS):
                first = await self._receive()
        except TimeoutError:
            await self._end_process()
            raise VoiceError(f"the voice process was not ready after {_START_SECONDS:.0f} s") from None
        except (FrameError, OSError):
            first = []
        if not first or first[0].name != "ready":
            text = _Payload(first[0].payload).text("text") if first else ""
            last_words = "" if text else await self._last_words()
            await self._end_process()
            raise VoiceError(text or f"the voice process ended at once: {last_words}")
        self._send_grammar()
        self._listener.on_voice(Idle(time.monotonic()))

    async def _serve(self) -> None:
        """Pass on what the process says; start another if it ends."""
        failures = 0
        while True:
            try:
                while events := await self._receive():
                    failures = 0
                    for event in events:
                        self._heard(event)
                last_words = await self._last_words()
            except FrameError as error:
                last_words = str(error)
            except OSError:
                last_words = await self._last_words()
            await self._end_process()
            delay = _RESTART_SECONDS[min(failures, len(_RESTART_SECONDS) - 1)]
            failures += 1
            self._warn(f"the voice process ended and starts again in {delay:.0f} s: {last_words}")
            await asyncio.sleep(delay)
            try:
                await self._spawn()
            except CygnetError as error:
                self._warn(str(error))

    async def _receive(self) -> list[Event]:
        """The next events from the process, at least one; empty when it ended."""
        while self._reader is not None and (data := await self._reader.read(_READ_BYTES)):
            if events := [frame for frame in self._frames.feed(data) if isinstance(frame, Event)]:
                return events
        return []

    async def _last_words(self) -> str:
        """How the process ended, or why it is ended now."""
        if self._worker is None:
            return "nobody knows why"
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                return describe_status(await asyncio.shield(self._worker.ended))
        except TimeoutError:
            return "it does not answer as it should"

    async def _end_process(self) -> None:
        worker, self._worker = self._worker, None
        writer, self._writer, self._reader = self._writer, None, None
        if worker is None:
            return
        worker.kill()
        if writer is not None:
            writer.close()
        # Its zygote is to take note of its end; what happens to it is nobody's affair any more.
        await asyncio.wait([worker.ended], timeout=_STOP_SECONDS)

    def _heard(self, event: Event) -> None:
        now, payload = time.monotonic(), _Payload(event.payload)
        match event.name:
            case "waiting":
                if self._resets:  # it answers our own reset: the end of the mute, or of what came after it, says idle
                    self._resets -= 1
                elif now >= self._muted_until:
                    self._listener.on_voice(Idle(now))
            case "wake":
                self._listener.on_voice(Woken(now, payload.text("phrase"), payload.number("probability")))
            case "attentive":
                self._listener.on_voice(Listening(now))
            case "unheard":
                self._listener.on_voice(Rejected(now, "nobody spoke", "", 0.0))
            case "heard":
                self._judge(payload, now)
            case "warning" | "failed":
                self._warn(payload.text("text"))

    def _judge(self, payload: "_Payload", now: float) -> None:
        text, confidence = payload.text("text"), payload.number("confidence")
        match = self._grammar.match_text(text) if payload.flag("accepted") else None
        if match is not None:
            delay = now - payload.number("time") + payload.number("silence")
            self._listener.on_voice(Recognised(now, match, confidence, delay))
        else:
            reason = payload.text("reason") or "the programs that take this request have gone"
            self._listener.on_voice(Rejected(now, reason, text, confidence))


class _Payload:
    """What the voice process says, its members with their types: hostile, since a wake word may have taken it over."""

    def __init__(self, payload: dict[str, Value]) -> None:
        self._payload = payload

    def text(self, key: str) -> str:
        return str(self._payload.get(key, ""))[:_MOST_CHARACTERS]

    def number(self, key: str) -> float:
        value = self._payload.get(key)
        return float(value) if isinstance(value, float) and math.isfinite(value) else 0.0

    def flag(self, key: str) -> bool:
        return self._payload.get(key) is True
