"""Who speaks on a board, and through what."""

from collections.abc import Callable

from device_runtime.host.audio import AudioSink, SpeakerSink
from device_runtime.host.board import Board
from device_runtime.host.conversation import Conversation
from device_runtime.voice.speech import Speech

_CHINESE_VOICE = "cmn"
"""As espeak-ng names it."""


class ProgramSpeaker:
    """Lets programs speak, once there is a conversation."""

    conversation: Conversation | None = None

    async def say(self, app_id: str, text: str) -> None:
        if self.conversation is not None:
            await self.conversation.program_says(app_id, text)


def mouth(board: Board) -> Speech | None:
    """The voice of this board, if it has one."""
    if not board.voice.enabled or board.audio.speaker == "none":
        return None
    return Speech(board.voice.speech_voice)


def synthesiser(board: Board) -> Callable[[str, str, int, int], bytes]:
    """Makes sound of text for programs."""
    own = board.voice.speech_voice

    def synthesise(text: str, language: str, rate: int, pitch: int) -> bytes:
        voice = _CHINESE_VOICE if language == "zh" and not own.startswith(_CHINESE_VOICE) else own
        return Speech(voice, rate, pitch).synthesize(text)

    return synthesise


def loudspeaker(board: Board) -> AudioSink | None:
    """The board's own loudspeaker; ``None`` where the screen plays answers, or nothing does."""
    return SpeakerSink(board.audio.output_device) if board.audio.speaker == "device" else None
