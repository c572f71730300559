"""Sound sources and sinks: files, pushed sound, and what is told where there is no sound hardware."""

import asyncio
import importlib.util
import io
import sys
import wave
from pathlib import Path

import pytest

from device_runtime.host.audio import (
    CHUNK_BYTES,
    AudioError,
    MicrophoneSource,
    QueueSource,
    SilentSink,
    SpeakerSink,
    WavSource,
    wav_seconds,
)


def wav(pcm: bytes, rate: int = 16000, channels: int = 1, width: int = 2) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(pcm)
    return content.getvalue()


PCM = bytes(range(256)) * 11  # two chunks and three quarters


@pytest.mark.parametrize("paced", [False, True])
async def test_a_wav_file_comes_in_chunks_and_whole(tmp_path: Path, paced: bool) -> None:
    path = tmp_path / "request.wav"
    path.write_bytes(wav(PCM))
    chunks = [chunk async for chunk in WavSource(path, paced=paced).chunks()]
    assert [len(chunk) for chunk in chunks] == [CHUNK_BYTES, CHUNK_BYTES, len(PCM) - 2 * CHUNK_BYTES]
    assert b"".join(chunks) == PCM


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (wav(PCM, rate=44100), "44100 Hz, 1 channels, 16 bits; expected 16000 Hz, mono, 16 bits"),
        (wav(PCM, channels=2), "16000 Hz, 2 channels, 16 bits; expected"),
        (wav(PCM, width=1), "16000 Hz, 1 channels, 8 bits; expected"),
        (b"", r"request\.wav is not a WAV file"),
        (b"OggS" + PCM, r"request\.wav is not a WAV file"),
        (None, r"request\.wav cannot be read: No such file"),
    ],
)
async def test_a_file_that_cannot_be_heard_is_told(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "request.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AudioError, match=told):
        await anext(WavSource(path).chunks())


async def test_pushed_sound_comes_in_order_until_it_is_closed() -> None:
    source = QueueSource()
    source.push(b"aa")
    chunks = source.chunks()
    assert await anext(chunks) == b"aa"
    waiting = asyncio.create_task(anext(chunks, b"end"))
    await asyncio.sleep(0)
    assert not waiting.done()
    source.push(b"bb")
    source.push(b"cc")
    source.close()
    source.push(b"dd")
    assert await waiting == b"bb"
    assert [chunk async for chunk in chunks] == [b"cc"]


async def test_pushed_sound_that_nobody_takes_loses_its_oldest_part() -> None:
    source = QueueSource(seconds=3 * 512 / 16000)
    for letter in b"abcde":
        source.push(bytes([letter]) * CHUNK_BYTES)
    source.close()
    assert [chunk[:1] async for chunk in source.chunks()] == [b"c", b"d", b"e"]
    assert source.dropped_bytes == 2 * CHUNK_BYTES


async def test_half_a_sample_is_refused() -> None:
    with pytest.raises(AudioError, match="whole 16 bit samples, not 3 bytes"):
        QueueSource().push(b"abc")


async def test_a_silent_sink_tells_the_length() -> None:
    assert await SilentSink().play(wav(bytes(32000))) == 1.0
    assert wav_seconds(wav(bytes(44100), rate=22050)) == 1.0


@pytest.mark.parametrize("sink", [SilentSink(), SpeakerSink()], ids=["silent", "speaker"])
@pytest.mark.parametrize("content", [b"", b"RIFFnot a wave file"])
async def test_what_is_no_wav_file_is_not_played(sink: SilentSink | SpeakerSink, content: bytes) -> None:
    with pytest.raises(AudioError, match="is not a WAV file"):
        await sink.play(content)


async def test_without_sounddevice_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(AudioError, match=r"pip install 'cygnet\[voice\]'"):
        await anext(MicrophoneSource().chunks())
    with pytest.raises(AudioError, match=r"pip install 'cygnet\[voice\]'"):
        await SpeakerSink().play(wav(PCM))


@pytest.mark.skipif(importlib.util.find_spec("sounddevice") is None, reason="needs the extra voice")
async def test_a_device_that_is_not_there_is_told_in_one_sentence() -> None:
    # Either PortAudio is missing here, or finds no sound system, or there is no device of that name.
    expected = "needs PortAudio; .*libportaudio2|no working sound system|no input device 'no such microphone'; its "
    with pytest.raises(AudioError, match=expected):
        await anext(MicrophoneSource("no such microphone").chunks())
