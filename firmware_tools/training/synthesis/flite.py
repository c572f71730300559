"""Flite: Carnegie Mellon's small synthesiser, with voices made from recordings of four people.

Licence: BSD-like (CMU). kal is diphones of Kevin Lenzo; awb, rms and slt are CMU Arctic's speakers.
"""

import subprocess

from firmware_tools.training.synthesis.synthesiser import Manner, Sound, SynthesisError, find_program, tidy

_INSTALL = "apt-get install flite"
_SPEAKERS = {"kal16": "Kevin Lenzo", "awb": "Alan W Black", "rms": "CMU Arctic rms", "slt": "CMU Arctic slt"}
_HEADER = 44
_RATE = 16000
_PITCH = {"kal16": 105.0}  # the clustergen voices ignore it
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
        return tuple(_SPEAKERS) if language == "en" else ()

    def speaker(self, voice: str) -> str:
        return _SPEAKERS[voice]

    def say(self, text: str, voice: str, manner: Manner = Manner()) -> Sound:
        if voice not in _SPEAKERS:
            raise SynthesisError(f"flite has no voice {voice!r}; it has {', '.join(_SPEAKERS)}")
        command = [find_program("flite", self.name, _INSTALL), "-voice", voice]
        command += ["--setf", f"duration_stretch={1 / manner.tempo:.4f}"]
        if voice in _PITCH:
            command += ["--setf", f"int_f0_target_mean={_PITCH[voice] * manner.pitch:.2f}"]
        done = subprocess.run(
            [*command, "-t", text, "-o", "/dev/stdout"], capture_output=True, check=False, timeout=_SECONDS
        )
        if done.returncode or not done.stdout.startswith(b"RIFF"):
            reason = done.stderr.decode(errors="replace").strip()[-200:] or f"it ended with {done.returncode}"
            raise SynthesisError(f"flite cannot say {text!r} as {voice}: {reason}")
        # flite writes to a pipe with a wrong length in the header: take all that follows it
        return tidy(done.stdout[_HEADER:], _RATE, f"flite, saying {text!r} as {voice},")
