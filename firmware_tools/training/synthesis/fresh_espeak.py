"""espeak-ng as it is at the beginning of a process, for every utterance.

Between utterances the library keeps where its flutter and its random breath are, and offers no way to begin anew. So
that a text sounds the same whatever was said before it, a private copy of the library is loaded for each utterance and
unloaded after it (about 4 ms).
"""

import _ctypes
import atexit
import ctypes
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from firmware_tools.training.synthesis.synthesiser import SynthesisError

# From speak_lib.h, version 1.52.
_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_RATE, _PITCH = 1, 3
_POSITION_CHARACTER = 1
_OK = 0
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class FreshEspeak:
    """The library at ``library`` with the data at ``data``. Not for two threads at once.

    Raises:
        SynthesisError: it cannot be copied.
    """

    def __init__(self, library: str, data: str) -> None:
        self._data = data.encode()
        self._owner = os.getpid()
        try:
            self._folder = tempfile.mkdtemp(prefix="cygnet-espeak-")
            self._copy = shutil.copy(library, Path(self._folder) / "libespeak-ng-copy.so")
        except OSError as error:
            raise SynthesisError(f"espeak-ng's library cannot be copied: {error}") from error
        self._libc = ctypes.CDLL(None)
        atexit.register(self._remove)

    def say(self, text: str, voice: str, rate: int, pitch: int) -> tuple[bytes, int]:
        """``text``: mono int16 samples, and how many a second. ``rate`` is words a minute, ``pitch`` 0 to 100.

        Raises:
            SynthesisError: there is no such voice, or it failed.
        """
        samples = bytearray()

        def receive(data: Any, count: int, _events: int) -> int:
            if data and count > 0:
                samples.extend(ctypes.string_at(data, count * 2))
            return 0

        callback = _Callback(receive)
        try:
            library = ctypes.CDLL(str(self._copy))
        except OSError as error:
            raise SynthesisError(f"espeak-ng's library does not load: {error}") from error
        try:
            self._libc.srand(1)  # breath is C's rand()
            samples_a_second = int(library.espeak_Initialize(_SYNCHRONOUS, 0, self._data, _DONT_EXIT))
            if samples_a_second <= 0:
                raise SynthesisError("espeak-ng does not start; reinstall espeakng-loader")
            library.espeak_SetSynthCallback(callback)
            if library.espeak_SetVoiceByName(voice.encode()) != _OK:
                raise SynthesisError(f"espeak-ng has no voice {voice!r}; a voice is a language and a variant: en-us+f3")
            library.espeak_SetParameter(_RATE, rate, 0)
            library.espeak_SetParameter(_PITCH, pitch, 0)
            content = text.encode() + b"\0"
            size = ctypes.c_size_t(len(content))
            status = library.espeak_Synth(content, size, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)
            library.espeak_Terminate()
        finally:
            _ctypes.dlclose(library._handle)
        if status != _OK:
            raise SynthesisError(f"espeak-ng could not say {text[:60]!r} (status {status})")
        return bytes(samples), samples_a_second

    def _remove(self) -> None:
        if self._owner == os.getpid():
            shutil.rmtree(self._folder, ignore_errors=True)
