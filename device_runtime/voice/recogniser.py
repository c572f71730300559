"""Speech to a sentence of the grammar, or to nothing: pocketsphinx with a finite-state grammar, and a rival.

A finite-state grammar makes a sentence of anything that is said. So a second decoder runs over the same sound with
a loop of all 39 phones, which fits any speech; where the grammar's sentence fits much worse than the loop, it is
not what was said. :mod:`device_runtime.voice.rejection` weighs the two.
"""

import io
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from device_runtime.voice.comfort_noise import with_comfort_noise
from device_runtime.voice.errors import VoiceError, import_voice_package
from device_runtime.voice.grammar import END, START
from device_runtime.voice.pronunciation import PHONES, pronunciations
from device_runtime.voice.rejection import Segment, judge

Transition: TypeAlias = tuple[int, int, str]

_SEARCH = "grammar"
_LEAST_BYTES = 2 * 1600  # a tenth of a second: no request is shorter, and the decoder needs some frames
_LEAST = 1e-307  # segments' likelihoods come as floating-point numbers, which end here
_SCORE_UNIT = 1000.0  # and scaled down by about as much


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What was heard. ``confidence`` is 0 to 1; ``reason`` says why it is not ``accepted``, and else is empty."""

    text: str
    accepted: bool
    confidence: float
    reason: str


class Recogniser:
    """One request at a time: :meth:`start`, :meth:`feed` as the sound comes, :meth:`finish`.

    Raises:
        VoiceError: pocketsphinx is not installed, or its models are missing.
    """

    def __init__(self) -> None:
        pocketsphinx = import_voice_package("pocketsphinx")
        models = Path(pocketsphinx.__file__).parent / "model" / "en-us"
        dictionary = models / "cmudict-en-us.dict"
        try:
            self._dictionary = dictionary.read_bytes()  # where it is used, no file can be opened
        except OSError as error:
            raise VoiceError(f"pocketsphinx lacks its English model: {dictionary} is missing; reinstall it") from error
        self._known: set[str] = set()
        with tempfile.NamedTemporaryFile("w", suffix=".dict") as phones:
            # The decoders start with the phones as their only words, and learn those of the grammars they get.
            phones.writelines(f"{_phone_word(phone)} {phone}\n" for phone in PHONES)
            phones.flush()

            def decoder(beam: float, word_beam: float) -> Any:
                return pocketsphinx.Decoder(
                    hmm=str(models / "en-us"),
                    dict=phones.name,
                    lm=None,
                    bestpath=False,  # its lattice may end where the grammar does not
                    compallsen=True,  # scores are relative to the best senone: make it the best of all
                    beam=beam,
                    pbeam=beam,
                    wbeam=word_beam,
                    loglevel="FATAL",
                )

            self._decoder = decoder(1e-80, 1e-60)
            self._rival = decoder(1e-80, 1e-60)
        loop = [(0, 0, 1 / len(PHONES), _phone_word(phone)) for phone in PHONES]
        self._rival.add_fsg(_SEARCH, self._rival.create_fsg(_SEARCH, 0, 1, [*loop, (0, 1, 1.0)]))
        self._rival.activate_search(_SEARCH)
        self._ready = self._running = False
        self._heard = bytearray()

    def set_grammar(self, transitions: Sequence[Transition]) -> list[str]:
        """Recognise the sentences of a graph from ``START`` to ``END``; a warning for each word without pronunciation.

        A request that is being spoken is judged by the new sentences.
        """
        lines = io.TextIOWrapper(io.BytesIO(self._dictionary), encoding="utf-8")
        found, warnings = pronunciations({word for _, _, word in transitions if word} - self._known, lines)
        for word, ways in found.items():
            self._known.add(word)
            for number, phones in enumerate(ways, 1):
                self._decoder.add_word(word if number == 1 else f"{word}({number})", phones, False)
        usable = [step for step in transitions if not step[2] or step[2] in self._known]
        self._ready = bool(usable)
        self._running = self._running and self._ready
        if usable:
            steps = [(start, end, 1.0, word) if word else (start, end, 1.0) for start, end, word in usable]
            self._decoder.add_fsg(_SEARCH, self._decoder.create_fsg(_SEARCH, START, END, steps))
            self._decoder.activate_search(_SEARCH)
        return warnings

    def start(self) -> None:
        """A request begins."""
        self._heard.clear()
        self._running = self._ready

    def feed(self, pcm: bytes) -> None:
        """More of its sound: 16 kHz mono int16."""
        if self._running:
            self._heard += pcm

    def abandon(self) -> None:
        """It was no request."""
        self._running = False

    def finish(self) -> Hypothesis:
        """The request is over: what it was.

        It is decoded as a whole, so that its features are normalised by its own mean. A stream's running mean begins
        wrong and takes some sentences to come right: the first request after a start was turned down by it.
        """
        if not self._running:
            return Hypothesis("", accepted=False, confidence=0.0, reason="no program takes spoken requests")
        self._running = False
        if len(self._heard) < _LEAST_BYTES:
            return Hypothesis("", accepted=False, confidence=0.0, reason="no request sounds like this")
        sound = with_comfort_noise(bytes(self._heard))
        for decoder in (self._decoder, self._rival):
            decoder.start_utt()
            decoder.process_raw(sound, False, True)
            decoder.end_utt()
        hypothesis = self._decoder.hyp()
        if hypothesis is None or not hypothesis.hypstr:
            return Hypothesis("", accepted=False, confidence=0.0, reason="no request sounds like this")
        verdict = judge(*self.decodings())
        return Hypothesis(hypothesis.hypstr, verdict.accepted, verdict.confidence, verdict.reason)

    def decodings(self) -> tuple[list[Segment], list[Segment]]:
        """The last request as the grammar and as the phone loop have it, in time."""
        return _segments(self._decoder), _segments(self._rival)


def _phone_word(phone: str) -> str:
    return f"+{phone}+"


def _segments(decoder: Any) -> list[Segment]:
    return [
        Segment(entry.word, entry.start_frame, entry.end_frame, math.log(max(entry.ascore, _LEAST)) * _SCORE_UNIT)
        for entry in decoder.seg()
        if entry.word != "(NULL)"  # a step of the graph without a word
    ]
