"""What a screen suggests to say: a few requests, spelt out, from the phrases that a program declares."""

from device_runtime.program.manifest import Voice
from device_runtime.voice.phrases import Optional, Part, Slot, parse_phrase


def suggestions(voice: Voice, most: int = 4) -> tuple[str, ...]:
    """The first phrase of each intent, ``most`` at the most, with the first choice in each slot.

    Raises:
        PhraseError: a phrase breaks the phrase language.
    """
    phrases = [intent.phrases[0] for intent in voice.intents if intent.phrases]
    return tuple(" ".join(_words(parse_phrase(phrase, voice.slots))) for phrase in phrases[:most])


def _words(parts: tuple[Part, ...]) -> list[str]:
    words: list[str] = []
    for part in parts:
        if isinstance(part, Optional):
            words += _words(part.parts)
        elif isinstance(part, Slot):
            words += part.alternatives[0][0]
        else:
            words.append(part.text)
    return words
