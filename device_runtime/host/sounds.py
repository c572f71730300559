"""Sound of programs on the screens of a board that has no loudspeaker of its own."""

import asyncio

from device_runtime.host.audio import wav_seconds
from device_runtime.host.screen.server import ScreenServer


class ScreenPlayer:
    """Plays on every screen, as answers are. The device keeps the time: a screen says nothing back, and one that may
    not make a sound (a browser before its first touch) stays silent."""

    def __init__(self, screen: ScreenServer) -> None:
        self._screen = screen

    async def play(self, wav: bytes) -> float:
        """See :meth:`device_runtime.host.audio.AudioSink.play`. Cancelling stops the sound."""
        seconds = wav_seconds(wav)
        name = self._screen.sound(wav)
        try:
            await asyncio.sleep(seconds)
        finally:
            self._screen.silence(name)
        return seconds
