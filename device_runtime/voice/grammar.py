"""All that can be said to the installed programs: one grammar, from which text is matched and speech recognised.

The phrases of every program become one finite-state graph. :meth:`Grammar.match_text` walks it with typed or
recognised words; the recogniser gets the same graph as a finite-state grammar, so both accept the same sentences.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from device_runtime.errors import CygnetError
from device_runtime.program.manifest import Voice
from device_runtime.voice.phrases import Optional, Part, PhraseError, Slot, parse_phrase, words_of

MAX_ARCS = 50_000
START, END = 0, 1


class GrammarError(CygnetError):
    """A program's phrases cannot be used; the message names program, intent, phrase and position."""


@dataclass(frozen=True, slots=True)
class Match:
    """A request that a program can serve. ``slots`` maps a slot's name to its value, numbers in digits."""

    app_id: str
    intent: str
    slots: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Arc:
    """A step from one state to the next, by a word or, if ``word`` is empty, by nothing.

    ``slot`` is set where an alternative ends: the slot's name and its value. ``intent`` is set on the last step of
    a phrase: the program and the intent that it asks for.
    """

    target: int
    word: str = ""
    slot: tuple[str, str] | None = None
    intent: tuple[str, str] | None = None


class Grammar:
    """The phrases of ``programs``, app id to :class:`~device_runtime.program.manifest.Voice`.

    Where two programs have a phrase in common, the one that comes first gets it.

    Raises:
        GrammarError: a phrase breaks the phrase language, or the phrases together are too many.
    """

    def __init__(self, programs: Mapping[str, Voice]) -> None:
        self._arcs: list[list[Arc]] = [[], []]
        self._count = 0
        for app_id, voice in programs.items():
            for intent in voice.intents:
                for phrase in intent.phrases:
                    place = f"program {app_id}, intent {intent.name}, phrase {phrase[:80]!r}"
                    try:
                        parts = parse_phrase(phrase, voice.slots)
                    except PhraseError as error:
                        raise GrammarError(f"{place}, {error}") from error
                    self._add_phrase(parts, (app_id, intent.name))
                    if self._count > MAX_ARCS:
                        raise GrammarError(f"{place}: the phrases of all programs need more than {MAX_ARCS} steps")

    @property
    def empty(self) -> bool:
        """True if nothing can be said."""
        return not self._arcs[START]

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word that occurs."""
        return frozenset(arc.word for arcs in self._arcs for arc in arcs if arc.word)

    @cached_property
    def transitions(self) -> list[tuple[int, int, str]]:
        """The graph as (state, next state, word or empty), from state ``START`` to state ``END``."""
        return [(state, arc.target, arc.word) for state, arcs in enumerate(self._arcs) for arc in arcs]

    def match_text(self, text: str, preferred: str = "") -> Match | None:
        """The request that ``text`` makes, whole, or ``None``. Numbers may be digits ("7") or words ("seven").

        ``preferred`` is the program that wins where several have the phrase, such as the one in the foreground.
        """
        words = words_of(text)
        first: Match | None = None
        for match in self._paths(words, text):
            if match.app_id == preferred or not preferred:
                return match
            first = first or match
        return first

    def _paths(self, words: list[str], text: str) -> Iterable[Match]:
        """Every program's way through the graph that uses all of ``words``, in the order of the programs.

        Each pair (state, words used) is entered once a phrase, so the time is bounded by graph size times words.
        """
        for entry in self._arcs[START]:
            came: dict[tuple[int, int], tuple[tuple[int, int], Arc] | None] = {(entry.target, 0): None}
            waiting = deque(came)
            while waiting:
                here = state, used = waiting.popleft()
                for arc in self._arcs[state]:
                    if arc.word and (used == len(words) or words[used] != arc.word):
                        continue
                    there = (arc.target, used + bool(arc.word))
                    if arc.intent is not None and there[1] != len(words):
                        continue
                    if there not in came:
                        came[there] = (here, arc)
                        waiting.append(there)
            if (END, len(words)) in came:
                yield self._match(came, len(words), text)

    @staticmethod
    def _match(came: dict[tuple[int, int], tuple[tuple[int, int], Arc] | None], used: int, text: str) -> Match:
        slots: dict[str, str] = {}
        intent = ("", "")
        step = came[END, used]
        while step is not None:
            here, arc = step
            if arc.slot is not None:
                slots[arc.slot[0]] = arc.slot[1]
            intent = arc.intent or intent
            step = came[here]
        return Match(*intent, dict(reversed(slots.items())), text)

    def _add_phrase(self, parts: tuple[Part, ...], intent: tuple[str, str]) -> None:
        start = self._state()
        self._arc(START, Arc(start))
        self._arc(self._add_parts(parts, start), Arc(END, intent=intent))

    def _add_parts(self, parts: tuple[Part, ...], state: int) -> int:
        """Put ``parts`` behind ``state``; the state that follows them."""
        for part in parts:
            following = self._state()
            if isinstance(part, Optional):
                self._arc(self._add_parts(part.parts, state), Arc(following))
                self._arc(state, Arc(following))
            elif isinstance(part, Slot):
                for words, value in part.alternatives:
                    self._add_words(words, state, following, (part.name, value))
            else:
                self._arc(state, Arc(following, part.text))
            state = following
        return state

    def _add_words(self, words: tuple[str, ...], state: int, following: int, slot: tuple[str, str]) -> None:
        for word in words[:-1]:
            middle = self._state()
            self._arc(state, Arc(middle, word))
            state = middle
        self._arc(state, Arc(following, words[-1], slot))

    def _state(self) -> int:
        self._arcs.append([])
        return len(self._arcs) - 1

    def _arc(self, state: int, arc: Arc) -> None:
        self._count += 1
        self._arcs[state].append(arc)
