"""Text to speech by espeak-ng, in this process, through its public C API (``speak_lib.h``).

The library is not re-entrant: one lock a process holds every call. An utterance takes about 7 ms, so a helper
process would cost more than it saves; callers on an event loop use ``asyncio.to_thread``.
"""

import ctypes
import io
import threading
import wave
from typing import Any

from device_runtime.voice.errors import VoiceError, import_voice_package

# From speak_lib.h, version 1.52.
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_PHONEMES_IPA = 0x02
_RATE, _PITCH = 1, 3
_POSITION_CHARACTER = 1
_OK = 0

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

DEFAULT_VOICE = "en-us"
MAX_CHARACTERS = 2000


class _Library:
    """The one espeak-ng of this process: its functions, its sample rate, and the lock that guards both."""

    def __init__(self) -> None:
        loader = import_voice_package("espeakng_loader")
        try:
            self._library = ctypes.CDLL(loader.get_library_path())
        except OSError as error:
            raise VoiceError(f"speech needs espeak-ng, whose library does not load: {error}") from error
        self._library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._samples = bytearray()
        self._voice = ""
        self._callback = _Callback(self._receive)  # kept: the library holds only a pointer to it
        self.lock = threading.Lock()
        data = loader.get_data_path().encode()
        self.rate = self._library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, _INITIALIZE_DONT_EXIT)
        if self.rate <= 0:
            raise VoiceError("speech needs espeak-ng, which does not start; reinstall espeakng-loader")
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, samples: Any, count: int, _events: int) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, count * 2)
        return 0

    def set_voice(self, voice: str) -> None:
        """Speak with this voice from now on; its files are read if it is another than the last one."""
        if voice == self._voice:
            return
        self._voice = ""
        if self._library.espeak_SetVoiceByName(voice.encode()) != _OK:
            raise VoiceError(f"espeak-ng has no voice {voice!r}; a voice is a language and a variant, such as en-us+f3")
        self._voice = voice

    def synthesize(self, text: str, rate: int, pitch: int) -> bytes:
        self._samples.clear()
        self._library.espeak_SetParameter(_RATE, rate, 0)
        self._library.espeak_SetParameter(_PITCH, pitch, 0)
        content = text.encode() + b"\0"
        status = self._library.espeak_Synth(
            content, ctypes.c_size_t(len(content)), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        if status != _OK:
            raise VoiceError(f"espeak-ng could not speak {text[:60]!r} (status {status})")
        return bytes(self._samples)

    def phonemes(self, text: str) -> str:
        content = ctypes.c_char_p(text.encode())
        parts = []
        while content.value is not None:  # one clause a call; the pointer ends as NULL
            parts.append(self._library.espeak_TextToPhonemes(ctypes.byref(content), _CHARS_UTF8, _PHONEMES_IPA) or b"")
        return b" ".join(parts).decode()


def resample(pcm: bytes, rate: int, wanted: int) -> bytes:
    """Mono int16 sound at another sample rate, band-limited (by its Fourier transform, so whole utterances only)."""
    import numpy as np  # only the voices' own rate is wanted on most devices

    sound = np.frombuffer(pcm, "<i2").astype(np.float64)
    length = round(len(sound) * wanted / rate)
    if rate == wanted or length == 0:
        return pcm
    padding = max(rate, wanted) // 50  # the transform is circular: keep the end from leaking into the start
    padded = np.concatenate([sound, np.zeros(rate * padding // max(rate, wanted))])
    padded_length = round(len(padded) * wanted / rate)
    spectrum = np.fft.rfft(padded)
    bins = padded_length // 2 + 1
    spectrum = spectrum[:bins] if bins <= len(spectrum) else np.pad(spectrum, (0, bins - len(spectrum)))
    result = np.fft.irfft(spectrum, padded_length)[:length] * (padded_length / len(padded))
    return np.clip(np.round(result), -32768, 32767).astype("<i2").tobytes()


_library: _Library | None = None
_library_lock = threading.Lock()


def _shared_library() -> _Library:
    global _library
    with _library_lock:
        if _library is None:
            _library = _Library()
        return _library


class Speech:
    """Speaks with one voice. ``rate`` is words a minute, 80 to 450; ``pitch`` is 0 to 100.

    Raises:
        VoiceError: espeak-ng is not installed, or has no such voice.
    """

    def __init__(self, voice: str = DEFAULT_VOICE, rate: int = 165, pitch: int = 50) -> None:
        self._voice, self._speed, self._pitch = voice, min(max(rate, 80), 450), min(max(pitch, 0), 100)
        self._espeak = _shared_library()
        with self._espeak.lock:
            self._espeak.set_voice(voice)

    @property
    def sample_rate(self) -> int:
        """Of the sound that it makes, in Hz."""
        rate: int = self._espeak.rate
        return rate

    def samples(self, text: str) -> bytes:
        """``text`` spoken: mono int16 little-endian samples at ``sample_rate``.

        Raises:
            VoiceError: the text is longer than ``MAX_CHARACTERS``, or espeak-ng failed.
        """
        if len(text) > MAX_CHARACTERS:
            raise VoiceError(f"a text of {len(text)} characters is too long to speak; at most {MAX_CHARACTERS}")
        with self._espeak.lock:
            self._espeak.set_voice(self._voice)
            return self._espeak.synthesize(text, self._speed, self._pitch)

    def synthesize(self, text: str) -> bytes:
        """``text`` spoken: a WAV file, mono 16 bit at ``sample_rate``. Raises as :meth:`samples`."""
        samples = self.samples(text)
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.sample_rate)
            file.writeframes(samples)
        return content.getvalue()


def phonemes(text: str, voice: str = DEFAULT_VOICE) -> str:
    """How espeak-ng would say ``text``, in the International Phonetic Alphabet.

    Raises:
        VoiceError: espeak-ng is not installed, or has no such voice.
    """
    library = _shared_library()
    with library.lock:
        library.set_voice(voice)
        return library.phonemes(text)
