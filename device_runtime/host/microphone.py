"""The board's microphone for programs: one sound for all who listen, and people see who does.

Sound comes from the board's own microphone, which runs while somebody listens, or from a screen, whose browser sends
it. While the board itself speaks, models hear nothing: they would hear the board.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from device_runtime.capability.models import HearingState
from device_runtime.errors import CygnetError
from device_runtime.host.audio import AudioError, AudioSource, QueueSource
from device_runtime.host.screen.messages import MicrophoneState
from device_runtime.values import Value

logger = logging.getLogger(__name__)

_KEPT_SECONDS = 10.0
"""How far behind a listener may be; what is older it does not hear."""


class Sign(Protocol):
    """Where people see who listens."""

    def listening(self, programs: list[Value]) -> None:
        """The programs that listen now, by their ids; none where nobody does."""


class ProgramMicrophone:
    """Gives sound to any number of listeners.

    ``source`` makes the board's own microphone; without it, screens send sound by :meth:`hear`.
    """

    def __init__(self, sign: Sign, source: Callable[[], AudioSource] | None = None) -> None:
        self._sign = sign
        self._source = source
        self._listeners: dict[QueueSource, bool] = {}
        self._lost: CygnetError | None = None
        self._running: asyncio.Task[None] | None = None
        self._in_use = asyncio.Lock()  # a microphone that is not let go yet is busy
        self._programs: dict[str, int] = {}
        self._muted_until = 0.0
        self._screen = ""
        self._screens: dict[str, MicrophoneState] = {}
        self._watchers: set[asyncio.Event] = set()

    async def chunks(self, *, while_speaking: bool = False) -> AsyncIterator[bytes]:
        """16 kHz mono int16 as it comes, until the microphone ends; ``while_speaking`` also what the board says.

        Raises:
            CygnetError: there is no microphone, or it fails.
        """
        queue = QueueSource(_KEPT_SECONDS)
        self._listeners[queue] = while_speaking
        if self._source is not None and (self._running is None or self._running.done()):
            self._lost = None
            self._running = asyncio.create_task(self._listen(self._source()))
        try:
            async for sound in queue.chunks():
                yield sound
            if self._lost is not None:
                raise self._lost
        finally:
            self._listeners.pop(queue, None)
            if not self._listeners and self._running is not None:
                self._running.cancel()
                self._running = None

    @property
    def state(self) -> HearingState:
        """What the microphone gives now; :class:`device_runtime.capability.models.Ears` says what that means."""
        if self._source is not None or "on" in self._screens.values():
            return "hearing"
        return "refused" if "refused" in self._screens.values() else "waiting"

    async def states(self) -> AsyncIterator[HearingState]:
        """:attr:`state` now, and whenever it has changed."""
        changed = asyncio.Event()
        self._watchers.add(changed)
        told: HearingState | None = None
        try:
            while True:
                if (state := self.state) != told:
                    told = state
                    yield state
                await changed.wait()
                changed.clear()
        finally:
            self._watchers.discard(changed)

    def screen_state(self, screen: str, state: MicrophoneState) -> None:
        """The microphone of a screen is on, off, or was refused."""
        self._screens[screen] = state
        for watcher in self._watchers:
            watcher.set()

    async def _listen(self, source: AudioSource) -> None:
        try:
            async with self._in_use:
                async for sound in source.chunks():
                    self._push(sound)
        except CygnetError as error:
            logger.error("the microphone is lost: %s", error)
            self._lost = error
        except Exception:  # a fault of ours: nobody must believe that all is quiet
            logger.exception("the microphone is lost")
            self._lost = AudioError("the microphone is lost: the device has a fault; its log says more")
        for listener in self._listeners:
            listener.close()

    def hear(self, screen: str, sound: bytes) -> None:
        """Sound of one screen. While several send, the first one is heard."""
        if self._source is None:
            if screen not in self._screens:
                self.screen_state(screen, "on")
            self._screen = self._screen or screen
            if screen == self._screen:
                self._push(sound)

    def forget_screen(self, screen: str) -> None:
        """A screen has gone; another may be heard."""
        if self._screens.pop(screen, None) is not None:
            for watcher in self._watchers:
                watcher.set()
        if screen == self._screen:
            self._screen = ""

    def _push(self, sound: bytes) -> None:
        speaks = time.monotonic() < self._muted_until
        for listener, while_speaking in self._listeners.items():
            if while_speaking or not speaks:
                listener.push(sound)

    def mute(self, seconds: float) -> None:
        """The board speaks for so long."""
        self._muted_until = max(self._muted_until, time.monotonic() + seconds)

    def listening(self, app_id: str, *, on: bool) -> None:
        """A program begins to listen, or ends; one may do so several times at once."""
        count = self._programs.pop(app_id, 0) + (1 if on else -1)
        if count > 0:
            self._programs[app_id] = count
        self._sign.listening(list(self._programs))

    async def close(self) -> None:
        """Let the microphone go."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        async with self._in_use:  # who listened before has let go of it, too
            pass
