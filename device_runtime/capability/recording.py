"""``record.*``: what ``wx.getRecorderManager`` records from the board's own microphone.

The program needs the permission ``record``, which its owner sees. It hears events ``task``: ``Start``, ``Pause``,
``Resume``, ``FrameRecorded`` (with ``frameSize`` in KB), ``Stop`` (with the temporary file), ``error``. One recording
at a time on a board.
"""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol

from device_runtime.capability.arguments import choice, number, refuse, text
from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.privacy import Privacy
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.capability.tasks import tell
from device_runtime.errors import CygnetError
from device_runtime.program.data_plan import DataItem
from device_runtime.values import Value

SAMPLE_RATE = 16_000
MAX_MS = 600_000
_DEFAULT_MS = 60_000
MAX_FRAME_KB = 1024


class Listening(Protocol):
    """Who shows people that a program hears them."""

    def __call__(self, app_id: str, *, on: bool) -> None: ...


def _show_nothing(app_id: str, *, on: bool) -> None:
    """For boards that show nothing to anybody."""


class _Recording:
    def __init__(self, caller: Caller, task: str, form: str, milliseconds: float, frame: int) -> None:
        self.caller = caller
        self.task = task
        self.form = form
        self.most = int(milliseconds * SAMPLE_RATE / 1000) * 2
        self.pcm = bytearray()
        self.frame = frame
        self.told = 0
        self.paused = self.is_revoked = False
        self.stopped = asyncio.Event()
        self.hearing: asyncio.Future[None] | None = None

    def revoke(self) -> None:
        """A person no longer agrees: nothing more is heard, and what was heard is not given."""
        self.is_revoked = True
        self.pcm.clear()
        self.stopped.set()
        if self.hearing is not None:  # at once, also while the program is slow to take what it is told
            self.hearing.cancel()

    def check(self) -> None:
        """Raises :class:`CapabilityError`: a person no longer agrees."""
        if self.is_revoked:
            raise CapabilityError("privacy: the person at the device no longer agrees; what was heard is deleted")


class Recorder:
    """The board's microphone for programs. ``listen`` begins to give its sound: 16 kHz mono int16."""

    def __init__(
        self,
        listen: Callable[[], AsyncIterator[bytes]],
        files: ProgramFiles,
        privacy: Privacy,
        listening: Listening,
    ) -> None:
        self._listen, self._privacy = listen, privacy
        self._listening = listening
        self._files = files
        self._running: _Recording | None = None

    async def start(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Begin to record.

        Raises:
            CapabilityError: an argument is wrong, or the microphone is in use.
        """
        form = choice(arguments, "format", ("wav", "PCM"), "wav")
        if form == "PCM" and number(arguments, "sampleRate", 1, 1e6, SAMPLE_RATE) != SAMPLE_RATE:
            raise refuse(f"sampleRate must be {SAMPLE_RATE} for PCM; a wav file says its own")
        if self._running is not None:
            raise CapabilityError("is recording or paused")
        milliseconds = number(arguments, "duration", 1, MAX_MS, _DEFAULT_MS)
        frame = int(number(arguments, "frameSize", 0, MAX_FRAME_KB, 0) * 1024) // 2 * 2
        if frame and form != "PCM":
            raise refuse("frameSize is for the format PCM")
        task = text(arguments, "task", 64)
        item = await self._privacy.collect(caller.app_id, caller.manifest.data_plan, "voice")
        if self._running is not None:  # it began while a person was asked
            raise CapabilityError("is recording or paused")
        recording = self._running = _Recording(caller, task, form, milliseconds, frame)
        # A task that is cancelled before it began runs none of its code, so its end is what is heard.
        caller.keep(self._record(recording, item)).add_done_callback(lambda _: self._ended(recording))
        return None

    def _ended(self, recording: _Recording) -> None:
        if self._running is recording:
            self._running = None

    async def _record(self, recording: _Recording, item: DataItem) -> None:
        caller, task = recording.caller, recording.task
        hearing = recording.hearing = asyncio.ensure_future(self._hear(recording))
        ended = self._privacy.collecting(caller.app_id, item, recording.revoke)
        stopping = asyncio.ensure_future(recording.stopped.wait())
        self._listening(caller.app_id, on=True)
        try:
            await tell(caller, task, "Start", None)
            await asyncio.wait([hearing, stopping], return_when=asyncio.FIRST_COMPLETED)
            recording.check()
            if hearing.done():
                hearing.result()
            await self._tell_frames(recording, last=True)
            recording.check()
            content = bytes(recording.pcm) if recording.form == "PCM" else _wav(bytes(recording.pcm))
            path = await self._files.add_temporary(caller, content, f".{recording.form.lower()}")
            if recording.is_revoked:
                await self._files.perform(caller, "unlink", {"filePath": path})
            recording.check()
            await tell(
                caller,
                task,
                "Stop",
                {
                    "tempFilePath": path,
                    "duration": len(recording.pcm) * 1000 // (2 * SAMPLE_RATE),
                    "fileSize": len(content),
                },
            )
        except CygnetError as error:
            await tell(caller, task, "error", {"reason": str(error)})
        finally:
            ended()
            self._ended(recording)
            self._listening(caller.app_id, on=False)
            hearing.cancel()
            stopping.cancel()
            await asyncio.wait([hearing, stopping])

    async def _hear(self, recording: _Recording) -> None:
        async for chunk in self._listen():
            if not recording.paused:
                recording.pcm += chunk[: recording.most - len(recording.pcm)]
                await self._tell_frames(recording)
            if len(recording.pcm) >= recording.most:
                return

    async def _tell_frames(self, recording: _Recording, *, last: bool = False) -> None:
        """Tell of each ``frameSize`` of sound as it comes; at the end of what is left, too."""
        while recording.frame and (last or len(recording.pcm) - recording.told >= recording.frame):
            end = min(recording.told + recording.frame, len(recording.pcm))
            is_last = last and end == len(recording.pcm)
            frame: dict[str, Value] = {
                "frameBuffer": bytes(recording.pcm[recording.told : end]),
                "isLastFrame": is_last,
            }
            recording.told = end
            await tell(recording.caller, recording.task, "FrameRecorded", frame)
            if is_last:
                return

    async def act(self, caller: Caller, name: str) -> None:
        """``pause``, ``resume`` or ``stop`` the program's recording.

        Raises:
            CapabilityError: the program does not record.
        """
        recording = self._running
        if recording is None or recording.caller.run is not caller.run:
            raise CapabilityError("recorder not start")
        if name == "stop":
            recording.stopped.set()
        else:
            recording.paused = name == "pause"
            await tell(caller, recording.task, name.capitalize(), None)


def recording_capabilities(
    listen: Callable[[], AsyncIterator[bytes]],
    files: ProgramFiles,
    privacy: Privacy,
    listening: Listening = _show_nothing,
) -> list[Capability]:
    """``record.start {task, duration? (ms), format?, frameSize?}``, ``record.pause``, ``record.resume`` and
    ``record.stop``; all need the permission ``record``."""
    recorder = Recorder(listen, files, privacy, listening)

    def act(name: str) -> Capability:
        async def perform(caller: Caller, arguments: Mapping[str, Value]) -> Value:  # noqa: ARG001 takes nothing
            await recorder.act(caller, name)
            return None

        return Capability(f"record.{name}", perform, permission="record")

    return [
        Capability("record.start", recorder.start, permission="record"),
        *(act(name) for name in ("pause", "resume", "stop")),
    ]


def _wav(pcm: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(pcm)
    return out.getvalue()
