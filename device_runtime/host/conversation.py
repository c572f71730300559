"""Requests and answers: what was said or typed, the program that it is for, and what is said back."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from device_runtime.errors import CygnetError
from device_runtime.host.audio import AudioSink, wav_seconds
from device_runtime.host.desk import SOURCE, Desk, Record
from device_runtime.host.own_voice import ANSWERS, COMMANDS, HOW_TO_ANSWER, OWN
from device_runtime.host.screen.server import ScreenServer
from device_runtime.program.manifest import Voice
from device_runtime.voice.grammar import Grammar, GrammarError, Match

logger = logging.getLogger(__name__)

_NOT_UNDERSTOOD = "Sorry, I did not understand that."
_NO_ANSWER = "Done."


async def _no_command(_intent: str) -> str:
    return _NOT_UNDERSTOOD


class Mouth(Protocol):
    """Text to sound; :class:`device_runtime.voice.speech.Speech` is one."""

    def synthesize(self, text: str) -> bytes:
        """A WAV file."""


class Conversation:
    """Serves requests, one at a time.

    Args:
        desk: where the programs are.
        screen: where requests and answers are shown.
        record: takes telemetry.
        mouth: makes answers audible; ``None`` on a board without speech: they are shown only.
        loudspeaker: the board's own; ``None`` where the screen plays answers.
    """

    def __init__(
        self,
        desk: Desk,
        screen: ScreenServer,
        record: Record,
        mouth: Mouth | None,
        loudspeaker: AudioSink | None,
    ) -> None:
        self._desk = desk
        self._screen = screen
        self._record = record
        self._mouth = mouth
        self._loudspeaker = loudspeaker
        self._busy = asyncio.Lock()
        self._voices: Mapping[str, Voice] = {}
        self._answer: asyncio.Future[bool] | None = None
        self._asking = asyncio.Lock()
        self.grammar = Grammar({OWN: COMMANDS})
        self.on_grammar: Callable[[], None] = lambda: None
        """Told when something else can be said, while a question is open and after it."""
        self.on_question: Callable[[], None] = lambda: None
        """Told when an answer is expected: it needs no wake word."""
        self.on_question_over: Callable[[], None] = lambda: None
        """Told when it is expected no more: it was given here or elsewhere, or nobody waits for it."""
        self.on_command: Callable[[str], Awaitable[str]] = _no_command
        """Serves the intents of :data:`COMMANDS`; gives what is said back."""
        self.on_speaking: list[Callable[[float], None]] = []
        """Told how long an answer sounds, so that the board does not listen to itself."""
        self.on_request: Callable[[], None] = lambda: None
        """Told of each request that is served."""

    def learn(self, voices: Mapping[str, Voice]) -> Grammar:
        """What can be said from now on. A program whose phrases are faulty is left out, and the log says why."""
        sound: dict[str, Voice] = {}
        for app_id, voice in voices.items():
            try:
                Grammar({app_id: voice})
            except GrammarError as error:
                logger.warning("%s cannot be spoken to: %s", app_id, error)
            else:
                sound[app_id] = voice
        self._voices = sound
        self._make_grammar()
        return self.grammar

    def _make_grammar(self) -> None:
        """While a question is open, nothing but its answer is understood."""
        self.grammar = Grammar({OWN: ANSWERS} if self._answer is not None else {OWN: COMMANDS, **self._voices})

    async def question(self, text: str) -> bool:
        """Ask aloud, as far as the board can, and wait for a yes or a no that is said or typed.

        Whoever waits no longer cancels this.
        """
        async with self._asking:
            answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            self._answer = answer
            self._make_grammar()
            self.on_grammar()
            try:
                await self.say(f"{text} {HOW_TO_ANSWER}")
                self.on_question()
                try:
                    return await answer
                finally:
                    self.on_question_over()
            finally:
                self._answer = None
                self._make_grammar()
                self.on_grammar()

    @property
    def is_asking(self) -> bool:
        """Whether a question is open, or is being asked."""
        return self._answer is not None

    @property
    def speaks(self) -> bool:
        """Whether answers can be heard."""
        return self._mouth is not None

    @property
    def busy(self) -> bool:
        """Whether a request is being served."""
        return self._busy.locked()

    async def typed(self, text: str) -> None:
        """Serve a request that was typed."""
        match = self.grammar.match_text(text, self._desk.front or "")
        if match is None:
            self.reject(text)
            await self.say(_NOT_UNDERSTOOD)
        else:
            await self.serve(match, "typed")

    def reject(self, text: str) -> None:
        """Show that something was said which is no request; it is not guessed at."""
        self._screen.voice("rejected", text)
        self._record(SOURCE, "request_rejected", {})

    async def serve(self, match: Match, source: str, confidence: float = 1.0, delay: float = 0.0) -> None:
        """Give a request to its program, bring that to the front, and say what it answers.

        ``source`` is ``typed`` or ``spoken``; ``delay`` is seconds from the end of speech until it was understood.
        """
        self.on_request()
        if match.app_id == OWN:
            await self._serve_own(match)
            return
        async with self._busy:
            self._screen.voice("recognised", match.text)
            started = time.perf_counter()
            try:
                session = await self._desk.session(match.app_id)
                await self._desk.launch(match.app_id)
                answer = await session.intent(match.intent, dict(match.slots), match.text)
            except CygnetError as error:
                logger.error("%s could not serve %r: %s", match.app_id, match.intent, error)
                self._screen.error(str(error))
                answer, failed = "Sorry, that did not work.", True
            else:
                failed = False
            # What was said stays here: the words may be anybody's, the intent is the program's own.
            self._record(
                SOURCE,
                "request_served",
                {
                    "app_id": match.app_id,
                    "intent": match.intent,
                    "source": source,
                    "confidence": round(confidence, 3),
                    "understood_after_ms": round(delay * 1e3, 1),
                    "served_in_ms": round((time.perf_counter() - started) * 1e3, 1),
                    "failed": failed,
                },
            )
            await self.say(answer or _NO_ANSWER)

    async def _serve_own(self, match: Match) -> None:
        self._screen.voice("recognised", match.text)
        if self._answer is not None:
            if not self._answer.done():
                self._answer.set_result(match.intent == "yes")
            return
        try:
            await self.say(await self.on_command(match.intent))
        except CygnetError as error:
            logger.error("%r could not be done: %s", match.text, error)
            self._screen.error(str(error))
            await self.say("Sorry, that did not work.")

    async def say(self, text: str) -> None:
        """Show an answer and speak it, as far as the board can."""
        self._screen.voice("answer", text)
        if self._mouth is None:
            self._screen.speech(text)
            return
        try:
            wav = await asyncio.to_thread(self._mouth.synthesize, text)
        except CygnetError as error:
            logger.error("the answer cannot be spoken: %s", error)
            self._screen.speech(text)
            return
        seconds = wav_seconds(wav)
        for told in self.on_speaking:
            told(seconds)
        if self._loudspeaker is None:
            self._screen.speech(text, wav)
        else:
            self._screen.speech(text)
            await self._loudspeaker.play(wav)

    async def program_says(self, app_id: str, text: str) -> None:
        """A program speaks by itself, such as a timer that has run out."""
        logger.info("%s says: %s", app_id, text)
        await self.say(text)
