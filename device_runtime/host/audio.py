"""Where sound comes from and where it goes: files, microphones, loudspeakers, and the screen's WebSocket.

All input is 16 kHz mono int16 little-endian, the format of :mod:`device_runtime.voice`.
"""

import asyncio
import contextlib
import importlib
import io
import time
import wave
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

from device_runtime.errors import CygnetError

SAMPLE_RATE = 16000
CHUNK_SAMPLES = 512
CHUNK_BYTES = CHUNK_SAMPLES * 2


class AudioError(CygnetError):
    """Sound cannot be recorded, read or played; the message says why and what to do."""


class AudioSource(Protocol):
    """Something that makes sound. Iterate it once."""

    def chunks(self) -> AsyncIterator[bytes]:
        """16 kHz mono int16 samples as they come, until the source ends.

        Raises:
            AudioError: there is no such device or file, or it fails.
        """


class AudioSink(Protocol):
    """Something that plays sound."""

    async def play(self, wav: bytes) -> float:
        """Play a WAV file; returns at its end, with its length in seconds.

        Raises:
            AudioError: not a WAV file, or the device fails.
        """


class WavSource:
    """The sound of a WAV file, in real time or, if not ``paced``, as fast as it is taken."""

    def __init__(self, path: Path, *, paced: bool = True) -> None:
        self._path = path
        self._paced = paced

    async def chunks(self) -> AsyncIterator[bytes]:
        """See :meth:`AudioSource.chunks`."""
        pcm = self._read()
        start = time.monotonic()
        for position in range(0, len(pcm), CHUNK_BYTES):
            # A chunk is there when its last sample was spoken. Sleeping to the absolute time does not drift.
            due = start + (position + CHUNK_BYTES) / (2 * SAMPLE_RATE) if self._paced else 0.0
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            yield pcm[position : position + CHUNK_BYTES]

    def _read(self) -> bytes:
        try:
            with wave.open(str(self._path), "rb") as file:
                form = (file.getframerate(), file.getnchannels(), file.getsampwidth() * 8)
                if form != (SAMPLE_RATE, 1, 16):
                    raise AudioError(
                        f"{self._path} has {form[0]} Hz, {form[1]} channels, {form[2]} bits; expected 16000 Hz, mono, "
                        f"16 bits: convert it with: sox {self._path.name} -r 16000 -c 1 -b 16 out.wav"
                    )
                return file.readframes(file.getnframes())
        except OSError as error:
            raise AudioError(f"{self._path} cannot be read: {error.strerror}") from error
        except (wave.Error, EOFError) as error:
            raise AudioError(f"{self._path} is not a WAV file: {error or 'it ends early'}") from error


class QueueSource:
    """Sound that is pushed, such as the screen's microphone over its WebSocket.

    Holds ``seconds`` at most; then the oldest sound goes, since old sound is worth less than new. Push and iterate
    on the same event loop.
    """

    def __init__(self, seconds: float = 10.0) -> None:
        self._limit = int(seconds * SAMPLE_RATE) * 2
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._change = asyncio.Event()
        self._closed = False
        self.dropped_bytes = 0

    def push(self, pcm: bytes) -> None:
        """Add sound, any whole number of samples.

        Raises:
            AudioError: ``pcm`` is not a whole number of 16 bit samples.
        """
        if len(pcm) % 2:
            raise AudioError(f"sound must be whole 16 bit samples, not {len(pcm)} bytes")
        if not pcm or self._closed:
            return
        self._waiting.append(pcm)
        self._bytes += len(pcm)
        while self._bytes > self._limit and len(self._waiting) > 1:
            lost = self._waiting.popleft()
            self._bytes -= len(lost)
            self.dropped_bytes += len(lost)
        self._change.set()

    def close(self) -> None:
        """No more sound will come; the iteration ends after what is there."""
        self._closed = True
        self._change.set()

    async def chunks(self) -> AsyncIterator[bytes]:
        """See :meth:`AudioSource.chunks`."""
        while True:
            while self._waiting:
                pcm = self._waiting.popleft()
                self._bytes -= len(pcm)
                yield pcm
            if self._closed:
                return
            self._change.clear()
            await self._change.wait()


def _sounddevice() -> Any:
    try:
        return importlib.import_module("sounddevice")
    except ModuleNotFoundError as error:
        raise AudioError("sound needs sounddevice; install it with: pip install 'cygnet[voice]'") from error
    except OSError as error:  # the module is there, the C library is not
        raise AudioError("sound needs PortAudio; on Debian install it with: apt-get install libportaudio2") from error
    except Exception as error:
        # PortAudio starts as sounddevice is imported, so its error's class cannot be had where that fails.
        if type(error).__name__ != "PortAudioError":
            raise
        raise AudioError(f"PortAudio does not start, so this machine has no working sound system: {error}") from error


def _find_device(sounddevice: Any, device: str, kind: str) -> Any:
    """What sounddevice knows about ``device``, a name or part of one; the system's default if it is empty."""
    try:
        return sounddevice.query_devices(device or None, kind)
    except (ValueError, sounddevice.PortAudioError) as error:
        names = ", ".join(repr(entry["name"]) for entry in sounddevice.query_devices()) or "none"
        wanted = f"{kind} device {device!r}" if device else f"default {kind} device"
        raise AudioError(f"this machine has no {wanted}; its sound devices: {names}") from error


class MicrophoneSource:
    """A microphone, by name or part of its name; empty for the system's default."""

    def __init__(self, device: str = "") -> None:
        self._device = device

    async def chunks(self) -> AsyncIterator[bytes]:
        """See :meth:`AudioSource.chunks`."""
        sounddevice = _sounddevice()
        found = _find_device(sounddevice, self._device, "input")
        loop = asyncio.get_running_loop()
        queue = QueueSource()

        def arrived(samples: Any, _frames: int, _time: Any, _status: Any) -> None:
            with contextlib.suppress(RuntimeError):  # the loop closed while the device's thread still ran
                loop.call_soon_threadsafe(queue.push, bytes(samples))

        def finished() -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(queue.close)

        try:
            stream = sounddevice.RawInputStream(
                samplerate=SAMPLE_RATE,
                channels=1,
                dtype="int16",
                blocksize=CHUNK_SAMPLES,
                device=found["index"],
                callback=arrived,
                finished_callback=finished,
            )
            with stream:
                async for chunk in queue.chunks():
                    yield chunk
        except sounddevice.PortAudioError as error:
            raise AudioError(f"the microphone {found['name']!r} cannot be opened: {error}") from error


def wav_seconds(wav: bytes) -> float:
    """The length of a WAV file.

    Raises:
        AudioError: it is none.
    """
    try:
        with wave.open(io.BytesIO(wav), "rb") as file:
            return file.getnframes() / file.getframerate()
    except (wave.Error, EOFError) as error:
        raise AudioError(f"what should be played is not a WAV file: {error or 'it ends early'}") from error


class SpeakerSink:
    """A loudspeaker, by name or part of its name; empty for the system's default."""

    def __init__(self, device: str = "") -> None:
        self._device = device

    async def play(self, wav: bytes) -> float:
        """See :meth:`AudioSink.play`. Cancelling stops the sound."""
        seconds = wav_seconds(wav)
        sounddevice = _sounddevice()
        found = _find_device(sounddevice, self._device, "output")
        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        with wave.open(io.BytesIO(wav), "rb") as file:
            frame_bytes = file.getnchannels() * file.getsampwidth()

            def wanted(out: Any, frames: int, _time: Any, _status: Any) -> None:
                samples = file.readframes(frames)
                out[:] = samples.ljust(frames * frame_bytes, b"\0")
                if len(samples) < frames * frame_bytes:
                    raise sounddevice.CallbackStop

            def finished() -> None:
                with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
                    loop.call_soon_threadsafe(over.set)

            try:
                stream = sounddevice.RawOutputStream(
                    samplerate=file.getframerate(),
                    channels=file.getnchannels(),
                    dtype={1: "uint8", 2: "int16", 3: "int24", 4: "int32"}[file.getsampwidth()],
                    device=found["index"],
                    callback=wanted,
                    finished_callback=finished,
                )
                with stream:
                    await over.wait()
            except sounddevice.PortAudioError as error:
                raise AudioError(f"the loudspeaker {found['name']!r} cannot be opened: {error}") from error
        return seconds


class SilentSink:
    """No loudspeaker: for boards whose screen plays the sound, and for tests. Takes no time."""

    async def play(self, wav: bytes) -> float:
        """See :meth:`AudioSink.play`."""
        return wav_seconds(wav)
