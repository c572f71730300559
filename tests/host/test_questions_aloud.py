"""A question of the device that is asked aloud: who answers is listened to, and nobody any longer than that."""

import asyncio
from dataclasses import dataclass, field
from typing import cast

from device_runtime.host.conversation import Conversation
from device_runtime.host.desk import Desk
from device_runtime.host.screen.server import ScreenServer


@dataclass
class Paper:
    """What a conversation tells a screen, and the front that it asks for."""

    front: str | None = None
    said: list[str] = field(default_factory=list)

    def voice(self, stage: str, text: str = "") -> None:
        self.said.append(f"{stage} {text}")

    def speech(self, text: str) -> None:
        self.said.append(text)


@dataclass
class Talk:
    """A conversation; ``heard`` is when it expects an answer, and when it does not any more."""

    conversation: Conversation
    heard: list[str] = field(default_factory=list)
    expects: asyncio.Event = field(default_factory=asyncio.Event)

    def asked(self) -> None:
        self.heard.append("expected")
        self.expects.set()


def talk() -> Talk:
    paper = Paper()
    conversation = Conversation(
        cast("Desk", paper), cast("ScreenServer", paper), lambda *_: None, mouth=None, loudspeaker=None
    )
    made = Talk(conversation)
    conversation.on_question = made.asked
    conversation.on_question_over = lambda: made.heard.append("over")
    return made


async def test_an_answer_in_words_ends_the_listening_for_it() -> None:
    one = talk()
    asking = asyncio.create_task(one.conversation.question("May Radio send it?"))
    await one.expects.wait()
    await one.conversation.typed("yes allow it")
    assert await asking
    assert one.heard == ["expected", "over"]


async def test_a_question_that_is_answered_elsewhere_or_taken_back_is_not_listened_for_any_longer() -> None:
    one = talk()
    asking = asyncio.create_task(one.conversation.question("May Radio send it?"))
    await one.expects.wait()
    assert one.heard == ["expected"]
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert one.heard == ["expected", "over"]
