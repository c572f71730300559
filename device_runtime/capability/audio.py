"""``audio.*``: what ``wx.createInnerAudioContext`` plays, through the board's own player.

Sound (WAV; others where :mod:`device_runtime.capability.decoding` can read them) comes from the package, from a
program's own file, or from a declared origin. The program hears of it in events
``task``: ``Canplay``, ``Play``, ``TimeUpdate``, ``Pause``, ``Stop``, ``Ended``, ``error``.
"""

import array
import asyncio
import contextlib
import io
import sys
import time
import wave
from collections.abc import Mapping
from typing import Protocol

import aiohttp

from device_runtime.capability.arguments import choice, flag, number, refuse, text
from device_runtime.capability.decoding import as_wav, is_wav
from device_runtime.capability.files import MAX_PROGRAM_BYTES, ProgramFiles
from device_runtime.capability.origin import parse_url
from device_runtime.capability.registry import Caller, Capability, CapabilityError
from device_runtime.capability.request import MAX_URL_CHARACTERS, HttpCall, HttpClient, read_body
from device_runtime.capability.tasks import tell
from device_runtime.errors import CygnetError
from device_runtime.values import Value

MAX_PLAYING = 4
_UPDATE_SECONDS = 0.25


class Player(Protocol):
    """The board's loudspeaker."""

    async def play(self, wav: bytes) -> float:
        """Play a WAV file; returns at its end. Cancelling stops the sound.

        Raises:
            CygnetError: it cannot be played.
        """
        ...


class _Sound:
    """One sound that plays: what it is, and where it is."""

    def __init__(self, wav: bytes, loop: bool, volume: float, rate: float) -> None:
        self.wav = wav
        self.loop = loop
        self.volume = volume
        self.rate = rate
        self.position = 0.0
        self.work: asyncio.Task[None] | None = None


class AudioPlayers:
    """The sounds of every program."""

    def __init__(self, player: Player, files: ProgramFiles, client: HttpClient) -> None:
        self._player = player
        self._files = files
        self._client = client
        self._sounds: dict[tuple[int, str], _Sound] = {}
        self._loading = asyncio.Lock()

    async def play(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Play ``src`` from ``position`` (seconds); a task that plays already begins anew.

        Raises:
            CapabilityError: there is no such sound, it cannot be read, or too many play.
        """
        task = text(arguments, "task", 64)
        position = number(arguments, "position", 0, 86_400, 0)
        loop, volume = flag(arguments, "loop", False), number(arguments, "volume", 0, 1, 1)
        rate = number(arguments, "playbackRate", 0.5, 2, 1)
        async with self._loading:  # one after another: a sound is as large as a file may be
            content = await self._load(caller, text(arguments, "src", MAX_URL_CHARACTERS))
            wav = content if is_wav(content) else await asyncio.to_thread(as_wav, content)
        seconds = _seconds(wav)
        key = (id(caller.run), task)
        await self._end(key)
        if sum(run == key[0] for run, _ in self._sounds) >= MAX_PLAYING:
            raise CapabilityError(f"more than {MAX_PLAYING} sounds are playing; stop one first")
        sound = self._sounds[key] = _Sound(wav, loop, volume, rate)
        sound.position = min(position, seconds)
        sound.work = caller.keep(self._sound(caller, task, key, sound, seconds, silent=False))
        return None

    async def stop(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """End a sound; ``event`` (``Pause`` or ``Stop``) is what the program hears."""
        task = text(arguments, "task", 64)
        event = choice(arguments, "event", ("Pause", "Stop"), "Stop")
        sound = await self._end((id(caller.run), task))
        detail: Value = {"currentTime": sound.position} if sound is not None and event == "Pause" else None
        await tell(caller, task, event, detail)
        return None

    async def set_volume(self, caller: Caller, arguments: Mapping[str, Value]) -> Value:
        """Go on with another volume; a sound that does not play takes it at its next start."""
        task = text(arguments, "task", 64)
        volume = number(arguments, "volume", 0, 1, 1)
        key = (id(caller.run), task)
        sound = await self._end(key)
        if sound is not None:
            sound.volume = volume
            self._sounds[key] = sound
            sound.work = caller.keep(self._sound(caller, task, key, sound, _seconds(sound.wav), silent=True))
        return None

    async def _end(self, key: tuple[int, str]) -> _Sound | None:
        sound = self._sounds.pop(key, None)
        if sound is not None and sound.work is not None:
            sound.work.cancel()
            await asyncio.wait([sound.work])
        return sound

    async def _load(self, caller: Caller, src: str) -> bytes:
        if not src:
            raise refuse("src is empty")
        if not src.startswith(("http://", "https://")):
            return await self._files.read(caller, src, "src")
        if "request" not in caller.manifest.permissions:
            raise CapabilityError("the manifest does not ask for the permission request")

        async def read(hop: HttpCall, response: aiohttp.ClientResponse) -> Value:  # noqa: ARG001 a reader's shape
            if response.status != 200:
                raise CapabilityError(f"the server answered {response.status}")
            return await read_body(response, MAX_PROGRAM_BYTES)

        content = await self._client.run(caller, HttpCall("GET", parse_url(src), {}, None), read, {})
        return content if isinstance(content, bytes) else b""

    async def _sound(
        self, caller: Caller, task: str, key: tuple[int, str], sound: _Sound, seconds: float, *, silent: bool
    ) -> None:
        """Play until the end or until it is cancelled; ``position`` stays where it was."""
        try:
            if not silent:
                await tell(caller, task, "Canplay", {"duration": seconds, "currentTime": sound.position})
                await tell(caller, task, "Play", None)
            while True:
                await self._once(caller, task, sound, seconds)
                sound.position = 0.0
                if not sound.loop or seconds == 0:
                    break
            self._sounds.pop(key, None)
            await tell(caller, task, "Ended", {"currentTime": seconds, "duration": seconds})
        except CygnetError as error:
            self._sounds.pop(key, None)
            await tell(caller, task, "error", {"reason": str(error)})
        finally:
            if self._sounds.get(key) is sound and sound.work is asyncio.current_task():
                del self._sounds[key]  # the program has ended

    async def _once(self, caller: Caller, task: str, sound: _Sound, seconds: float) -> None:
        wav = await asyncio.to_thread(_cut, sound.wav, sound.position, sound.volume, sound.rate)
        playing = asyncio.ensure_future(self._player.play(wav))
        first, started = sound.position, time.monotonic()
        try:
            while not (await asyncio.wait([playing], timeout=_UPDATE_SECONDS))[0]:
                sound.position = min(first + (time.monotonic() - started) * sound.rate, seconds)
                await tell(caller, task, "TimeUpdate", {"currentTime": sound.position, "duration": seconds})
            playing.result()
        finally:
            if not playing.done():
                sound.position = min(first + (time.monotonic() - started) * sound.rate, seconds)
                playing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await playing


def audio_capabilities(player: Player, files: ProgramFiles, client: HttpClient) -> list[Capability]:
    """``audio.play {task, src, position?, loop?, volume?}``, ``audio.stop {task, event?}``, ``audio.volume``."""
    players = AudioPlayers(player, files, client)
    return [
        Capability("audio.play", players.play),
        Capability("audio.stop", players.stop),
        Capability("audio.volume", players.set_volume),
    ]


def _seconds(wav: bytes) -> float:
    try:
        with wave.open(io.BytesIO(wav), "rb") as file:
            return file.getnframes() / file.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        raise CapabilityError("the sound is a WAV file that this board cannot read; it plays plain PCM") from error


def _cut(wav: bytes, position: float, volume: float, rate: float) -> bytes:
    """The same sound from ``position`` on, softer where ``volume`` is below 1 (16 bit samples only), and so much faster
    as ``rate`` says, which raises it as well."""
    with wave.open(io.BytesIO(wav), "rb") as file:
        form = file.getparams()
        file.setpos(min(int(position * form.framerate), form.nframes))
        frames = file.readframes(form.nframes)
    if volume < 1 and form.sampwidth == 2:
        samples = array.array("h", frames)
        if sys.byteorder == "big":
            samples.byteswap()
        samples = array.array("h", (int(sample * volume) for sample in samples))
        if sys.byteorder == "big":
            samples.byteswap()
        frames = samples.tobytes()
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams(form)
        file.setframerate(round(form.framerate * rate))
        file.writeframes(frames)
    return out.getvalue()
