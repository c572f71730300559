"""``speak``: a program says a sentence aloud."""

from collections.abc import Mapping
from typing import Protocol

from device_runtime.capability.arguments import refuse, text
from device_runtime.capability.registry import Caller, Capability
from device_runtime.values import Value

MAX_CHARACTERS = 500


class Speaker(Protocol):
    """The board's voice."""

    async def say(self, app_id: str, text: str) -> None:
        """Say ``text`` for a program; returns when it is accepted for speaking, and raises ``CygnetError`` if not."""
        ...


def speech_capability(speaker: Speaker) -> Capability:
    """``speak {text}``: 1 to ``MAX_CHARACTERS`` characters; control characters are dropped."""

    async def speak(caller: Caller, arguments: Mapping[str, Value]) -> Value:
        words = text(arguments, "text", MAX_CHARACTERS)
        spoken = " ".join("".join(c if c.isprintable() else " " for c in words).split())
        if not spoken:
            raise refuse("text must hold something to say")
        await speaker.say(caller.app_id, spoken)
        return None

    return Capability("speak", speak)
