"""Packed sound becomes WAV."""

import io
import wave

import pytest

from device_runtime.capability import decoding
from device_runtime.capability.decoding import as_wav, is_wav
from device_runtime.capability.registry import CapabilityError

# A frame of silence: MPEG 1 layer III, 128 kbit/s, 44.1 kHz, stereo (ISO/IEC 11172-3).
MP3 = bytes.fromhex("fffb9064") + bytes(413)
SAMPLES_A_FRAME = 1152


def seconds(wav: bytes) -> float:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 44_100)
        length: float = file.getnframes() / file.getframerate()
        return length


def test_an_mp3_becomes_a_wav_file_as_long() -> None:
    wav = as_wav(MP3 * 40)
    assert is_wav(wav)
    assert seconds(wav) == pytest.approx(40 * SAMPLES_A_FRAME / 44_100, abs=0.05)


def test_a_wav_file_stays_as_it_is() -> None:
    content = b"RIFF\0\0\0\0WAVEfmt "
    assert as_wav(content) is content


@pytest.mark.parametrize("content", [b"", b"no sound", b"\xff\xfb", b"OggS" + bytes(100)])
def test_what_is_no_sound_is_refused(content: bytes) -> None:
    with pytest.raises(CapabilityError, match="neither WAV nor MP3"):
        as_wav(content)


def test_a_sound_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_PCM_BYTES", 44_100 * 4)
    with pytest.raises(CapabilityError, match="longer than 1 s"):
        as_wav(MP3 * 60)


def test_a_board_without_the_library_says_what_it_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(CapabilityError, match="is no WAV file, which is what this board plays"):
        as_wav(MP3)
