"""What a data set of speech will hold, example by example, before anything is spoken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.scenarios import SCENARIOS
from firmware_tools.training.speech.options import SILENCE, UNKNOWN, SpeechOptions
from firmware_tools.training.synthesis import Manner, find_synthesiser

SPLITS = ("train", "validation", "test")
_VALIDATION_OF = 5
"""Of a make with at least as many voices, every fifth is for validation only."""
_TALK_SHARE = 0.4
"""Of the examples of ``unknown``: pieces of sentences. The others are words."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of one make, and whose it is."""

    make: str
    name: str
    speaker: str


@dataclass(frozen=True, slots=True)
class Example:
    """One window of features to be.

    Attributes:
        number: in its split; with the split and the data set's seed it decides all that is drawn.
        label: index into the labels.
        text: what is said; nothing for ``silence``.
        piece: whether the window is a piece out of the middle of ``text``.
        cut: whether the window has only the beginning or only the end of ``text``.
        snr: dB; NaN for ``silence``.
    """

    split: str
    number: int
    label: int
    text: str
    piece: bool
    voice: Voice | None
    manner: Manner
    scenario: str
    snr: float
    cut: bool = False

    @property
    def source(self) -> str:
        """Make and voice."""
        return f"{self.voice.make}/{self.voice.name}" if self.voice is not None else f"noise/{self.split}"


def cast(options: SpeechOptions) -> Mapping[str, tuple[Voice, ...]]:
    """The voices of each split; nobody speaks in two.

    Raises:
        DatasetError: a make does not speak the language, or one speaker would be on both sides.
    """
    voices: dict[str, list[Voice]] = {split: [] for split in SPLITS}
    for make in options.makes:
        found = _voices(make, options.language)
        for place, voice in enumerate(found):
            held = len(found) >= _VALIDATION_OF and place % _VALIDATION_OF == _VALIDATION_OF - 1
            voices["validation" if held else "train"].append(voice)
    for make in options.test_makes:
        voices["test"] += _voices(make, options.language)
    if not options.test_makes:
        voices["validation"], voices["test"] = voices["validation"][::2], voices["validation"][1::2]
    if not voices["validation"] or not voices["test"]:
        raise DatasetError(
            f"data.makes has no synthesiser of at least {_VALIDATION_OF} voices, so none is left for validation; "
            "espeak-ng has enough"
        )
    speakers = {split: {voice.speaker for voice in found} for split, found in voices.items()}
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        both = speakers[one] & speakers[other]
        if both:
            raise DatasetError(f"{min(both)} would speak in {one} and in {other}; leave a make out of data.makes")
    return {split: tuple(found) for split, found in voices.items()}


def _voices(make: str, language: str) -> tuple[Voice, ...]:
    synthesiser = find_synthesiser(make)
    synthesiser.version()  # missing is said here, before hours of work
    found = synthesiser.voices(language)
    if not found:
        raise DatasetError(f"{make} does not speak the language {language!r}; leave it out of the makes")
    return tuple(Voice(make, name, synthesiser.speaker(name)) for name in found)


def plan(options: SpeechOptions, voices: Mapping[str, Sequence[Voice]], seed: int) -> Mapping[str, tuple[Example, ...]]:
    """All examples of each split."""
    return {
        "train": tuple(_drawn(options, voices["train"], "train", options.examples, seed)),
        "validation": tuple(_drawn(options, voices["validation"], "validation", options.validation, seed)),
        "test": tuple(_test(options, voices["test"], seed)),
    }


class _Drawing:
    """Draws who says something, and how and where."""

    def __init__(self, options: SpeechOptions, voices: Sequence[Voice], split: str, seed: int) -> None:
        self.generator = np.random.default_rng([seed, SPLITS.index(split), 1])
        self._options = options
        self._by_make: dict[str, list[Voice]] = {}
        for voice in voices:
            self._by_make.setdefault(voice.make, []).append(voice)
        self._makes = list(self._by_make)
        shares = np.array([options.makes.get(make, 1.0) for make in self._makes])
        self._shares = shares / shares.sum()

    def voice(self) -> Voice:
        among = self._by_make[self._makes[int(self.generator.choice(len(self._makes), p=self._shares))]]
        return among[int(self.generator.integers(len(among)))]

    def manner(self) -> Manner:
        low, high = np.log(self._options.tempo)
        tempo = float(np.exp(self.generator.uniform(low, high)))
        low, high = np.log(self._options.pitch)
        return Manner(round(tempo, 3), round(float(np.exp(self.generator.uniform(low, high))), 3))

    def scenario(self) -> str:
        return self._options.scenarios[int(self.generator.integers(len(self._options.scenarios)))]

    def of(self, texts: Sequence[str]) -> str:
        return texts[int(self.generator.integers(len(texts)))]


def _drawn(options: SpeechOptions, voices: Sequence[Voice], split: str, count: int, seed: int) -> list[Example]:
    drawing = _Drawing(options, voices, split, seed)
    chosen: list[tuple[int, str, bool, bool]] = []
    for label, texts in enumerate(options.commands.values(), start=2):
        chosen += [(label, texts[place % len(texts)], False, False) for place in range(count)]
    unknown, silence = options.labels.index(UNKNOWN), options.labels.index(SILENCE)
    for place in range(round(count * options.unknown_times)):
        piece = place < count * options.unknown_times * _TALK_SHARE
        text = drawing.of(options.talk if piece else options.unknown)
        if not piece and options.pair_share and drawing.generator.uniform() < options.pair_share:
            text, piece = f"{text} {drawing.of(options.unknown)}", True
        chosen.append((unknown, text, piece, False))
    commands = [text for texts in options.commands.values() for text in texts]
    chosen += [
        (unknown, commands[place % len(commands)], False, True) for place in range(round(count * options.cut_times))
    ]
    chosen += [(silence, "", False, False)] * round(count * options.silence_times)
    order = drawing.generator.permutation(len(chosen))
    most = options.utterances if split == "train" else 0
    spoken: dict[tuple[int, bool], list[tuple[str, bool, Voice | None, Manner]]] = {}
    examples = []
    for number, place in enumerate(order):
        label, text, piece, cut = chosen[int(place)]
        voice = drawing.voice() if text else None
        scenario = drawing.scenario()
        snr = float(drawing.generator.uniform(*SCENARIOS[scenario].train)) if text else float("nan")
        manner = drawing.manner()
        if most and text:  # as many of `unknown` as it has more examples
            before = spoken.setdefault((label, cut), [])
            if len(before) < most * (1 if label != unknown else options.cut_times if cut else options.unknown_times):
                before.append((text, piece, voice, manner))
            else:
                text, piece, voice, manner = before[int(drawing.generator.integers(len(before)))]
        examples.append(Example(split, number, label, text, piece, voice, manner, scenario, snr, cut))
    return examples


def _test(options: SpeechOptions, voices: Sequence[Voice], seed: int) -> list[Example]:
    """Every voice says every command at every ratio of every scenario; a tenth is unknown, a twentieth silence."""
    drawing = _Drawing(options, voices, "test", seed)
    examples: list[Example] = []

    def add(label: int, text: str, piece: bool, voice: Voice | None, scenario: str, snr: float) -> None:
        number = len(examples)
        examples.append(Example("test", number, label, text, piece, voice, drawing.manner(), scenario, snr))

    for scenario in options.scenarios:
        ratios = SCENARIOS[scenario].test
        for snr in ratios:
            said = 0
            # Few ratios, more of each: every scenario is judged by about as many examples.
            for _ in range(max(1, round(options.repeats * 3 / len(ratios)))):
                for voice in voices:
                    for label, texts in enumerate(options.commands.values(), start=2):
                        for text in texts:
                            add(label, text, False, voice, scenario, snr)
                            said += 1
            for place in range(max(2, said // 10)):
                texts = options.test_talk if place % 2 else options.unknown
                voice = voices[place % len(voices)]
                add(options.labels.index(UNKNOWN), drawing.of(texts), bool(place % 2), voice, scenario, snr)
            for _ in range(max(1, said // 20)):
                add(options.labels.index(SILENCE), "", False, None, scenario, float("nan"))
    return examples
