"""Festival: the University of Edinburgh's synthesiser, with the diphones of one American (voice ``ked``).

Debian's two other English voices are left out: kal and slt are recordings that flite speaks with, too, so a model
that heard them would know flite's speakers.

Licence: Festival and ked are under Edinburgh's MIT-like licence.
"""

import subprocess
import tempfile
import wave
from pathlib import Path

from firmware_tools.training.synthesis.conversation import Conversation
from firmware_tools.training.synthesis.synthesiser import Manner, Sound, SynthesisError, find_program, tidy

_INSTALL = "apt-get install festival festvox-kdlpc16k"
_VOICES = {"ked": "Kurt Dusterhoff"}
_VOICE_FOLDER = Path("/usr/share/festival/voices/english/ked_diphone")
_PITCH = 105.0
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,.?!'-")
_DONE = "said"


class Festival:
    """Festival as Debian packs it, kept running."""

    name = "festival"
    licence = "MIT-like (University of Edinburgh)"
    bends_pitch = True

    def __init__(self) -> None:
        self._program: Conversation | None = None

    def version(self) -> str:
        program = self._find()
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=60)
        return " ".join(done.stdout.split()[:6])

    def voices(self, language: str) -> tuple[str, ...]:
        return tuple(_VOICES) if language == "en" else ()

    def speaker(self, voice: str) -> str:
        return _VOICES[voice]

    def say(self, text: str, voice: str, manner: Manner = Manner()) -> Sound:
        if voice not in _VOICES:
            raise SynthesisError(f"festival is used with the voice {', '.join(_VOICES)}, not with {voice!r}")
        if not text or not set(text) <= _ALLOWED:
            raise SynthesisError(f"festival says Latin letters, digits and , . ? ! ' -, which {text!r} has more than")
        if self._program is None or not self._program.usable:
            self._program = Conversation(self.name, [self._find(), "--pipe"])
        with tempfile.TemporaryDirectory(prefix="cygnet-festival-") as folder:
            path = Path(folder) / "said.wav"
            pitch = _PITCH * manner.pitch
            self._program.ask(
                "(voice_ked_diphone)"
                f" (Parameter.set 'Duration_Stretch {1 / manner.tempo:.4f})"
                f" (set! int_lr_params '((target_f0_mean {pitch:.2f}) (target_f0_std {15 * manner.pitch:.2f})"
                " (model_f0_mean 170) (model_f0_std 34)))"
                f' (utt.save.wave (utt.synth (Utterance Text "{text}")) "{path}" \'riff)'
                f' (format t "{_DONE}\\n") (fflush nil)',
                f"{_DONE}\n".encode(),
            )
            try:
                with wave.open(str(path)) as file:
                    pcm, rate = file.readframes(file.getnframes()), file.getframerate()
            except (OSError, wave.Error, EOFError) as error:
                raise SynthesisError(f"festival cannot say {text!r}: {error}") from error
        return tidy(pcm, rate, f"festival, saying {text!r},")

    def _find(self) -> str:
        program = find_program("festival", self.name, _INSTALL)
        if not _VOICE_FOLDER.is_dir():
            raise SynthesisError(f"festival has no voice ked ({_VOICE_FOLDER} is missing); run: {_INSTALL}")
        return program
