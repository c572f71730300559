"""Flite: Carnegie Mellon's small synthesiser, with voices made from recordings of four people.

Mandarin they say with an English accent.

Licence: BSD-like (CMU). kal is diphones of Kevin Lenzo; awb, rms and slt are CMU Arctic's speakers.
"""

import subprocess

from firmware_tools.training.synthesis.mandarin import ARPABET, is_mandarin, sounds
from firmware_tools.training.synthesis.synthesiser import PLAIN, Manner, Sound, SynthesisError, find_program, tidy

_INSTALL = "apt-get install flite"
_SPEAKERS = {"kal16": "Kevin Lenzo", "awb": "Alan W Black", "rms": "CMU Arctic rms", "slt": "CMU Arctic slt"}
_HEADER = 44
_RATE = 16000
_PITCH = {"kal16": 105.0}  # the clustergen voices ignore it
_HASTE = {"awb": 1.8, "rms": 1.4, "slt": 1.5}
"""Sound by sound these voices drag: what brings them to the tempo that they have in English."""
_SECONDS = 60


class Flite:
    """Flite as Debian packs it."""

    name = "flite"
    licence = "BSD-like (CMU)"
    bends_pitch = False

    def version(self) -> str:
        program = find_program("flite", self.name, _INSTALL)
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=_SECONDS)
        words = done.stdout.split()
        return (
            " ".join(words[words.index("version:") : words.index("version:") + 2]) if "version:" in words else "flite"
        )

    def voices(self, language: str) -> tuple[str, ...]:
        return tuple(_SPEAKERS) if language in ("en", "cmn") else ()

    def speaker(self, voice: str) -> str:
        return _SPEAKERS[voice]

    def say(self, text: str, voice: str, manner: Manner = PLAIN) -> Sound:
        if voice not in _SPEAKERS:
            raise SynthesisError(f"flite has no voice {voice!r}; it has {', '.join(_SPEAKERS)}")
        command = [find_program("flite", self.name, _INSTALL), "-voice", voice]
        tempo = manner.tempo * (_HASTE.get(voice, 1.0) if is_mandarin(text) else 1.0)
        command += ["--setf", f"duration_stretch={1 / tempo:.4f}"]
        if voice in _PITCH:
            command += ["--setf", f"int_f0_target_mean={_PITCH[voice] * manner.pitch:.2f}"]
        done = subprocess.run(
            [*command, *_input(text), "-o", "/dev/stdout"], capture_output=True, check=False, timeout=_SECONDS
        )
        if done.returncode or not done.stdout.startswith(b"RIFF"):
            reason = done.stderr.decode(errors="replace").strip()[-200:] or f"it ended with {done.returncode}"
            raise SynthesisError(f"flite cannot say {text!r} as {voice}: {reason}")
        # flite writes to a pipe with a wrong length in the header: take all that follows it
        return tidy(done.stdout[_HEADER:], _RATE, f"flite, saying {text!r} as {voice},")


def _input(text: str) -> list[str]:
    if not is_mandarin(text):
        return ["-t", text]
    # The vowel of every syllable is stressed, and a pause lies on either side, as in flite's own.
    spoken = [f"{sound}1" if sound[0] in "aeiou" else sound for syllable in sounds(text, ARPABET) for sound in syllable]
    return ["-p", " ".join(["pau", *spoken, "pau"])]
