"""The board's ears: microphone to voice pipeline, its events to the screen and the conversation."""

import asyncio
import logging
from collections.abc import Coroutine

from device_runtime.errors import CygnetError
from device_runtime.host.audio import AudioSource, MicrophoneSource
from device_runtime.host.board import Board
from device_runtime.host.conversation import Conversation
from device_runtime.host.desk import SOURCE, Record
from device_runtime.host.screen.server import ScreenServer
from device_runtime.inference.store import ModelStore
from device_runtime.voice.events import (
    Answering,
    Idle,
    Listening,
    Recognised,
    Rejected,
    VoiceEvent,
    VoiceWarning,
    Woken,
)
from device_runtime.voice.pipeline import VoicePipeline

logger = logging.getLogger(__name__)


class Hearing:
    """Runs the voice pipeline of a board, and is its listener."""

    def __init__(
        self, board: Board, screen: ScreenServer, conversation: Conversation, record: Record, store: ModelStore
    ) -> None:
        self._board = board
        self._screen = screen
        self._conversation = conversation
        self._record = record
        backend = "" if board.inference.backend == "auto" else board.inference.backend
        self._pipeline = VoicePipeline(
            store,
            wake_model=board.voice.wake_model,
            listener=self,
            backend=backend,
            threads=board.inference.threads,
            delegate=board.inference.delegate,
            required_barriers=board.isolation.require,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._speaking_screen = ""
        self._microphone: asyncio.Task[None] | None = None
        self.attentive = False
        """Whether it heard its wake word, and listens to what follows or answers it."""

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            VoiceError: the extra ``voice`` or a model is missing.
        """
        await self._pipeline.start()
        self._conversation.on_speaking.append(self._pipeline.mute)
        if self._board.audio.microphone == "device":
            source = MicrophoneSource(self._board.audio.input_device)
            self._microphone = asyncio.create_task(self._listen_to(source))

    async def stop(self) -> None:
        """Stop listening."""
        if self._microphone is not None:
            self._microphone.cancel()
            await asyncio.gather(self._microphone, return_exceptions=True)
        await self._pipeline.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def learn(self) -> None:
        """Understand what the conversation's grammar now holds."""
        self._pipeline.set_grammar(self._conversation.grammar)

    def hear(self, screen: str, samples: bytes) -> None:
        """Microphone audio of one screen. While several screens stream, the first one is heard: two streams of the
        same room would be noise to each other."""
        if self._board.audio.microphone != "screen":
            return
        if not self._speaking_screen:
            self._speaking_screen = screen
        if screen == self._speaking_screen:
            self._pipeline.feed(samples)

    def forget_screen(self, screen: str) -> None:
        """A screen has gone; another may be heard."""
        if screen == self._speaking_screen:
            self._speaking_screen = ""

    def listen(self, screen: str) -> None:
        """Expect a request now, without the wake word, from this screen where screens are microphones."""
        self._speaking_screen = screen
        if self._conversation.is_asking:
            self.expect_answer()
        else:
            self._pipeline.listen()

    def expect_answer(self) -> None:
        """Expect an answer, without the wake word, as soon as the question is over: the device says in it how it is
        answered, and must not hear that."""
        self._pipeline.expect()

    def cease(self) -> None:
        """Expect no request any more; the next one needs the wake word."""
        self._pipeline.cease()

    async def _listen_to(self, source: AudioSource) -> None:
        try:
            async for samples in source.chunks():
                self._pipeline.feed(samples)
        except CygnetError as error:
            logger.error("the microphone is lost: %s", error)
            self._screen.error(str(error))

    def on_voice(self, event: VoiceEvent) -> None:
        """Show what the pipeline tells, and serve what it recognised."""
        if not isinstance(event, VoiceWarning):
            self.attentive = not isinstance(event, Idle)
        match event:
            case Idle():
                self._screen.voice("idle")
            case Woken():
                self._screen.voice("wake", event.phrase)
                self._record(SOURCE, "wake_word", {"probability": round(event.probability, 3)})
            case Listening():
                self._screen.voice("listening")
            case Recognised():
                self._spawn(self._conversation.serve(event.match, "spoken", event.confidence, event.delay))
            case Rejected():
                self._conversation.reject(event.reason)
            case VoiceWarning():
                logger.warning("voice: %s", event.text)
            case Answering():
                pass  # the conversation shows its own answers

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
