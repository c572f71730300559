"""GnuSpeech: articulatory synthesis (a model of the vocal tract, by Hill, Manzara and Schock), in WebAssembly.

It has no recordings of anybody: its five voices are five sizes of vocal tract.

Licence: GPL-3.0, as the npm package ``@echogarden/gnuspeech-wasm`` says.
"""

import base64
import binascii
import io
import json
import os
import wave
import zlib
from pathlib import Path

from firmware_tools.training.synthesis.conversation import Conversation
from firmware_tools.training.synthesis.synthesiser import Manner, Sound, SynthesisError, find_program, tidy

_INSTALL = "deploy/voices.sh"
_PACKAGE = "@echogarden/gnuspeech-wasm"
_VOICES = ("male", "female", "large_child", "small_child", "baby")


def folder() -> Path:
    """Where deploy/voices.sh puts the packages of npm that speak."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "cygnet" / "voices"


class GnuSpeech:
    """GnuSpeech under Node.js, kept running."""

    name = "gnuspeech"
    licence = "GPL-3.0"
    bends_pitch = False

    def __init__(self) -> None:
        self._program: Conversation | None = None

    def version(self) -> str:
        find_program("node", self.name, "apt-get install nodejs")
        description = folder() / "node_modules" / _PACKAGE / "package.json"
        try:
            found = json.loads(description.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SynthesisError(f"the voices of gnuspeech are not in {folder()}; run: {_INSTALL}") from error
        return f"gnuspeech-wasm {found.get('version')}"

    def voices(self, language: str) -> tuple[str, ...]:
        return _VOICES if language == "en" else ()

    def speaker(self, voice: str) -> str:
        return f"gnuspeech {voice}"

    def say(self, text: str, voice: str, manner: Manner = Manner()) -> Sound:
        if voice not in _VOICES:
            raise SynthesisError(f"gnuspeech has no voice {voice!r}; it has {', '.join(_VOICES)}")
        if self._program is None or not self._program.usable:
            self.version()
            script = Path(__file__).with_suffix(".mjs")
            self._program = Conversation(self.name, [find_program("node", self.name, ""), str(script), str(folder())])
        seed = zlib.crc32(f"{text} {voice} {manner}".encode())
        answer = self._program.ask(json.dumps({"text": text, "voice": voice, "tempo": manner.tempo, "seed": seed}))
        try:
            with wave.open(io.BytesIO(base64.b64decode(answer, validate=True))) as file:
                pcm, rate = file.readframes(file.getnframes()), file.getframerate()
        except (binascii.Error, wave.Error, EOFError) as error:
            reason = answer[:200].decode(errors="replace")
            raise SynthesisError(f"gnuspeech cannot say {text!r} as {voice}: {reason}") from error
        return tidy(pcm, rate, f"gnuspeech, saying {text!r} as {voice},")
