"""``speech.synthesize``: a sentence becomes a file of the program's own."""

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from device_runtime.capability.files import ProgramFiles
from device_runtime.capability.registry import Capability, CapabilityError
from device_runtime.capability.speech import synthesis_capability
from device_runtime.voice.speech import Speech
from tests.capability.conftest import MakeCaller

Asked = list[tuple[str, str, int, int]]


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[ProgramFiles]:
    made = ProgramFiles(tmp_path)
    yield made
    made.close()


def capability(files: ProgramFiles, asked: Asked) -> Capability:
    def synthesise(text: str, language: str, rate: int, pitch: int) -> bytes:
        asked.append((text, language, rate, pitch))
        return Speech("cmn" if language == "zh" else "en-us", rate, pitch).synthesize(text)

    return synthesis_capability(synthesise, files)


def samples(content: bytes) -> bytes:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        frames: bytes = file.readframes(file.getnframes())
        return frames


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"text": "hello"}, ("hello", "", 165, 50)),
        ({"text": " two\n words\x00 "}, ("two words", "", 165, 50)),
        ({"text": "fast and high", "speed": 9, "pitch": 9}, ("fast and high", "", 245, 90)),
        ({"text": "\u6253\u5f00", "speed": 0, "pitch": 0}, ("\u6253\u5f00", "zh", 65, 0)),
    ],
)
async def test_a_sentence_is_a_wav_file(
    files: ProgramFiles, make_caller: MakeCaller, arguments: dict[str, Any], expected: tuple[str, str, int, int]
) -> None:
    asked: Asked = []
    caller = make_caller()
    answer: Any = await capability(files, asked).provider(caller, arguments)
    assert answer["filePath"].startswith("wxfile://tmp/")
    assert asked == [expected]
    assert any(samples(await files.read(caller, answer["filePath"])))


async def test_volume_makes_it_softer_and_louder(files: ProgramFiles, make_caller: MakeCaller) -> None:
    caller, peaks = make_caller(), []
    for volume in (0, 2, 5, 9):
        answer: Any = await capability(files, []).provider(caller, {"text": "hello", "volume": volume})
        sound = samples(await files.read(caller, answer["filePath"]))
        peaks.append(max(int.from_bytes(sound[at : at + 2], "little", signed=True) for at in range(0, len(sound), 2)))
    assert peaks[0] == 0
    assert peaks == sorted(peaks)
    assert peaks[1] < 0.5 * peaks[2]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "text must be a string"),
        ({"text": " \n"}, "text must hold something to say"),
        ({"text": "x" * 501}, "text holds 501 characters; at most 500 are allowed"),
        ({"text": "x", "speed": 10}, "speed must be from 0 to 9"),
        ({"text": "x", "pitch": "high"}, "pitch must be a number"),
        ({"text": "x", "volume": float("nan")}, "volume must be a number"),
    ],
)
async def test_what_cannot_be_said_is_refused(
    files: ProgramFiles, make_caller: MakeCaller, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(CapabilityError, match=sentence):
        await capability(files, []).provider(make_caller(), arguments)
