"""The phrase language of a manifest: words, ``[optional words]``, ``{slot}``, ``{slot:one|two}``, ``{slot:number}``.

A phrase is parsed to a tree. ``{slot}`` takes its words from the manifest's ``cygnet.voice.slots``; a slot whose
only word is ``number``, and an undeclared ``{number}``, hold the numbers 1 to 120.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from device_runtime.errors import CygnetError
from device_runtime.voice.numbers import MAXIMUM, NUMBER_FORMS, spoken_forms

_SLOT_NAME = re.compile(r"[a-z][a-z0-9_]*")
# A character of Chinese, Japanese kana or Korean is a word of its own; else letters, digits and inner apostrophes.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+(?:['\u2019][^\W_]+)*")
# Latin punctuation, dashes, the typographic apostrophe, and the full-width forms of Chinese text.
_SEPARATORS = " \t\n,.;:!?-'\"\u2013\u2014\u2019\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f"
MAX_PHRASE_CHARACTERS = 500
MAX_NESTING = 8


class PhraseError(CygnetError):
    """A phrase breaks the phrase language. ``position`` counts characters from 1."""

    def __init__(self, position: int, fault: str) -> None:
        super().__init__(f"at character {position}: {fault}")
        self.position = position


@dataclass(frozen=True, slots=True)
class Word:
    """One word, lower case."""

    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A named choice; each alternative is the words that are said and the value that they mean."""

    name: str
    alternatives: tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True, slots=True)
class Optional:
    """What may be left out."""

    parts: tuple["Part", ...]


Part: TypeAlias = Word | Slot | Optional


def words_of(text: str) -> list[str]:
    """The words of a text as phrases compare them: lower case, without punctuation, 1 to 120 as they are spoken."""
    return [spoken for word in _WORD.findall(text) for spoken in _spoken_words(word)]


def _spoken_words(word: str) -> tuple[str, ...]:
    if word.isascii() and word.isdigit() and 1 <= int(word[:4]) <= MAXIMUM:
        return spoken_forms(int(word))[0]
    return (word.lower().replace("\u2019", "'"),)


def parse_phrase(phrase: str, slots: Mapping[str, tuple[str, ...]]) -> tuple[Part, ...]:
    """The tree of one phrase.

    Raises:
        PhraseError: an unknown slot, an unclosed or unopened bracket, a character that has no place, or no words.
    """
    if len(phrase) > MAX_PHRASE_CHARACTERS:
        raise PhraseError(MAX_PHRASE_CHARACTERS + 1, f"a phrase has at most {MAX_PHRASE_CHARACTERS} characters")
    parser = _Parser(phrase, slots)
    parts = parser.sequence(closing="", depth=0)
    if all(isinstance(part, Optional) for part in parts):
        raise PhraseError(1, "everything is optional; at least one word or slot must always be said")
    return parts


class _Parser:
    def __init__(self, phrase: str, slots: Mapping[str, tuple[str, ...]]) -> None:
        self._text, self._slots, self._at = phrase, slots, 0

    def sequence(self, closing: str, depth: int) -> tuple[Part, ...]:
        opened = self._at
        parts: list[Part] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == closing:
                self._at += 1
                if not parts:
                    raise PhraseError(opened, "the brackets [] hold nothing; put the optional words inside them")
                return tuple(parts)
            if character == "[":
                if depth == MAX_NESTING:
                    raise PhraseError(self._at + 1, f"[ is nested more than {MAX_NESTING} deep")
                self._at += 1
                parts.append(Optional(self.sequence("]", depth + 1)))
            elif character == "{":
                parts.append(self._slot())
            elif match := _WORD.match(self._text, self._at):
                parts += [Word(word) for word in _spoken_words(match.group())]
                self._at = match.end()
            elif character in _SEPARATORS:
                self._at += 1
            else:
                raise PhraseError(self._at + 1, f"{character!r} has no place in a phrase; write it as words")
        if closing:
            raise PhraseError(opened, f"[ is never closed; expected {closing}")
        if not parts:
            raise PhraseError(1, "the phrase holds no words")
        return tuple(parts)

    def _slot(self) -> Slot:
        start, end = self._at, self._text.find("}", self._at)
        if end < 0:
            raise PhraseError(start + 1, "{ is never closed; expected }")
        name, colon, choices = self._text[start + 1 : end].partition(":")
        name = name.strip()
        if not _SLOT_NAME.fullmatch(name):
            raise PhraseError(start + 2, f"{name!r} is no slot name; expected letters, digits and underscores")
        self._at = end + 1
        if colon:
            return Slot(name, self._alternatives(choices.split("|"), start + 2 + len(name)))
        if name in self._slots:
            return Slot(name, self._alternatives(self._slots[name], start + 1))
        if name == "number":
            return Slot(name, NUMBER_FORMS)
        known = ", ".join(sorted(self._slots)) or "none"
        raise PhraseError(
            start + 1,
            f"the slot {name!r} is not declared; list its words under cygnet.voice.slots (declared: {known}), "
            f"or write {{{name}:one|two}} or {{{name}:number}}",
        )

    @staticmethod
    def _alternatives(choices: list[str] | tuple[str, ...], at: int) -> tuple[tuple[tuple[str, ...], str], ...]:
        if [choice.strip() for choice in choices] == ["number"]:
            return NUMBER_FORMS
        alternatives = []
        for choice in choices:
            words = tuple(words_of(choice))
            if not words:
                raise PhraseError(at, f"the choice {choice!r} holds no words")
            alternatives.append((words, choice.strip()))
        return tuple(alternatives)
