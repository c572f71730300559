"""The options of the builder ``speech``, checked key by key."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from firmware_tools.training.augment import Augmentation
from firmware_tools.training.dataset import DatasetError
from firmware_tools.training.scenarios import SCENARIOS, find_scenario
from firmware_tools.training.synthesis import MAKES

SILENCE, UNKNOWN = "silence", "unknown"
LANGUAGES = ("en", "cmn")


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """Attributes:
    language: ``en`` or ``cmn`` (Mandarin).
    commands: label -> what is said for it.
    unknown: other words and short phrases, for the label ``unknown``.
    talk: sentences in training: pieces of them are ``unknown`` too, and babble is made of them.
    test_talk: other sentences, for the test split and for the background.
    makes: synthesisers to train with -> how many of the examples each speaks, as shares of their sum.
    test_makes: synthesisers for testing only; none: voices of ``makes`` that are kept for it, which flatters.
    examples, validation: of each label, in training and in validation.
    utterances: of each label, in training: so many different ones are spoken (text, voice, tempo and pitch), and each
        is in several examples, every time changed, placed and disturbed otherwise; 0: every example has one of its own.
    unknown_times, silence_times: as many times more examples of those labels.
    cut_times: as many times more examples of ``unknown`` that are a command of which the window has a part only.
    pair_share: of the words for ``unknown``: said two at a time, of which the window has a piece.
    repeats: of the test split: how often each voice says each text at each ratio, in another tempo and pitch.
    scenarios: of firmware_tools.training.scenarios.
    rows: of features, 10 ms each.
    tempo, pitch: the least and the most, as factors.
    background_minutes: of sound in which no command is said.
    augment: what training does to the voices.
    """

    language: str
    commands: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]
    talk: tuple[str, ...]
    test_talk: tuple[str, ...]
    makes: Mapping[str, float]
    test_makes: tuple[str, ...]
    examples: int = 400
    validation: int = 40
    utterances: int = 0
    unknown_times: float = 4.0
    silence_times: float = 1.0
    cut_times: float = 0.0
    pair_share: float = 0.0
    repeats: int = 2
    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    rows: int = 98
    tempo: tuple[float, float] = (0.8, 1.25)
    pitch: tuple[float, float] = (0.8, 1.25)
    background_minutes: int = 10
    augment: Augmentation = field(default_factory=Augmentation)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the model's order."""
        return (SILENCE, UNKNOWN, *self.commands)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise DatasetError(f"data.language is one of {', '.join(LANGUAGES)}, not {self.language!r}")
        if not self.commands:
            raise DatasetError("data.commands names no command; it is a table of labels and what is said for them")
        for label, texts in self.commands.items():
            if label in (SILENCE, UNKNOWN):
                raise DatasetError(f"data.commands cannot have the label {label!r}, which the data set has of its own")
            if not texts:
                raise DatasetError(f"data.commands.{label} lists nothing that is said")
        self._check_texts()
        for name, least, most in _RANGES:
            value = getattr(self, name)
            if not least <= value <= most:
                raise DatasetError(f"data.{name} is a number from {least} to {most}, not {value}")
        for name in ("tempo", "pitch"):
            low, high = getattr(self, name)
            if not 0.5 <= low <= high <= 2:
                raise DatasetError(f"data.{name} is the least and the most, from 0.5 to 2, not {[low, high]}")
        for name in self.scenarios:
            find_scenario(name)
        if not self.scenarios:
            raise DatasetError(f"data.scenarios is empty; there are {', '.join(SCENARIOS)}")
        self._check_makes()

    def _check_texts(self) -> None:
        said = {text: label for label, texts in self.commands.items() for text in texts}
        for name in ("unknown", "talk", "test_talk"):
            if not getattr(self, name):
                raise DatasetError(f"data.{name} is empty; without it a model takes every word for a command")
            for text in getattr(self, name):
                for command, label in said.items():
                    if self._holds(text, command):
                        raise DatasetError(
                            f"data.{name} has {text!r}, in which {command!r} of the label {label!r} is said; "
                            "leave it out"
                        )
        both = set(self.talk) & set(self.test_talk)
        if both:
            raise DatasetError(
                f"data.test_talk has {min(both)!r}, which data.talk has, too; tests need other sentences"
            )

    def _holds(self, text: str, command: str) -> bool:
        if self.language == "cmn":
            return command in text
        words, wanted = text.lower().split(), command.lower().split()
        return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))

    def _check_makes(self) -> None:
        if not self.makes:
            raise DatasetError(f"data.makes names no synthesiser; there are {', '.join(MAKES)}")
        for option, names in (("makes", self.makes), ("test_makes", self.test_makes)):
            for name in names:
                if name not in MAKES:
                    raise DatasetError(f"data.{option} has {name!r}; the synthesisers are {', '.join(MAKES)}")
        for name, share in self.makes.items():
            if share <= 0:
                raise DatasetError(f"data.makes.{name} is a share above 0, not {share}")
        both = set(self.makes) & set(self.test_makes)
        if both:
            raise DatasetError(f"data.test_makes has {min(both)!r}, which is trained with; a test needs other voices")


_RANGES = (
    ("examples", 1, 100_000),
    ("validation", 1, 100_000),
    ("utterances", 0, 100_000),
    ("unknown_times", 0.1, 100),
    ("silence_times", 0.1, 100),
    ("cut_times", 0, 100),
    ("pair_share", 0, 1),
    ("repeats", 1, 1000),
    ("rows", 20, 400),
    ("background_minutes", 0, 600),
)


def read_options(given: Mapping[str, Any]) -> SpeechOptions:
    """The options of a recipe.

    Raises:
        DatasetError: one is unknown, missing, or wrong.
    """
    fields = {item.name: item for item in dataclasses.fields(SpeechOptions)}
    for name in given:
        if name not in fields:
            raise DatasetError(f"data.{name} is no option of the builder speech; it has {', '.join(fields)}")
    values: dict[str, Any] = {}
    for name, item in fields.items():
        if name in given:
            values[name] = _READERS[name](f"data.{name}", given[name])
        elif item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING:
            raise DatasetError(f"data.{name} is missing; the builder speech needs it")
    return SpeechOptions(**values)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise DatasetError(f"{name} is a text, not {value!r}")
    return value.strip()


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, list | tuple):
        raise DatasetError(f"{name} is a list of texts, not {value!r}")
    texts = tuple(_text(name, text) for text in value)
    if len(set(texts)) != len(texts):
        raise DatasetError(f"{name} has a text twice: {next(text for text in texts if texts.count(text) > 1)!r}")
    return texts


def _table(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DatasetError(f"{name} is a table, not {value!r}")
    return value


def _commands(name: str, value: Any) -> Mapping[str, tuple[str, ...]]:
    return {_text(name, label): _texts(f"{name}.{label}", texts) for label, texts in _table(name, value).items()}


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DatasetError(f"{name} is a number, not {value!r}")
    return float(value)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DatasetError(f"{name} is a whole number, not {value!r}")
    return value


def _shares(name: str, value: Any) -> Mapping[str, float]:
    return {make: _number(f"{name}.{make}", share) for make, share in _table(name, value).items()}


def _pair(name: str, value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise DatasetError(f"{name} is a list of two numbers, not {value!r}")
    return _number(name, value[0]), _number(name, value[1])


def _augment(name: str, value: Any) -> Augmentation:
    known = [item.name for item in dataclasses.fields(Augmentation)]
    for option in _table(name, value):
        if option not in known:
            raise DatasetError(f"{name}.{option} is unknown; there are {', '.join(known)}")
    return Augmentation(**{option: _number(f"{name}.{option}", number) for option, number in value.items()})


_READERS: Mapping[str, Any] = {
    "language": _text,
    "commands": _commands,
    "unknown": _texts,
    "talk": _texts,
    "test_talk": _texts,
    "makes": _shares,
    "test_makes": _texts,
    "examples": _whole,
    "validation": _whole,
    "utterances": _whole,
    "unknown_times": _number,
    "silence_times": _number,
    "cut_times": _number,
    "pair_share": _number,
    "repeats": _whole,
    "scenarios": _texts,
    "rows": _whole,
    "tempo": _pair,
    "pitch": _pair,
    "background_minutes": _whole,
    "augment": _augment,
}
