"""English voices that also speak with the phonemes of other accents, by espeak-ng: ``joe+en-gb-x-rp``."""

from collections.abc import Mapping
from dataclasses import dataclass

from firmware_tools.training.synthesis.synthesiser import SynthesisError

_ACCENTS = ("en-gb-x-rp", "en-gb-scotland")
"""Few, since it is one person all the same."""


@dataclass(frozen=True, slots=True)
class AccentedVoices:
    """The voices of a synthesiser ``make``: who speaks, by voice."""

    make: str
    speakers: Mapping[str, str]

    def names(self, language: str) -> tuple[str, ...]:
        """English with each accent, and Mandarin without any."""
        accented = tuple(f"{voice}+{accent}" for voice in self.speakers for accent in _ACCENTS)
        return {"en": (*self.speakers, *accented), "cmn": tuple(self.speakers)}.get(language, ())

    def speaker(self, voice: str) -> str:
        """Who that is."""
        return self.speakers[voice.partition("+")[0]]

    def accent(self, voice: str) -> str:
        """The accent of a voice, empty for its own.

        Raises:
            SynthesisError: there is no such voice.
        """
        name, _, accent = voice.partition("+")
        if name not in self.speakers or (accent and accent not in _ACCENTS):
            known = ", ".join(self.names("en"))
            raise SynthesisError(f"{self.make} is used with the voice {known}, not with {voice!r}")
        return accent
