"""The keyword lamp on a whole virtual speaker: words that a voice says into its screen switch the light, by the
model of the package."""

from pathlib import Path

import pytest

from device_runtime.resources import resource_directory
from tests.voice.sounds import silence, spoken
from tests.whole_device import Screen, virtual_speaker

pytest.importorskip("pymicro_features")
APP = "cygnet.examples.keyword-lamp"
LAMP = resource_directory("examples") / "keyword_lamp"
VOICES = ("en-us", "en-us+m7", "en-gb-x-rp")


def _text(screen: Screen) -> str:
    return screen.page(APP).text_content() if APP in screen.pages else ""


@pytest.mark.parametrize("voice", VOICES)
async def test_on_and_off_switch_the_lamp(tmp_path: Path, voice: str) -> None:
    async with virtual_speaker(tmp_path, LAMP) as screen:
        await screen.launch(APP)
        await screen.until(lambda: "say on or off" in _text(screen) and screen.listening == [APP])
        for word, level in (("on", 1), ("off", 0), ("on", 1)):
            await screen.hear(silence(1.5) + spoken(word, voice) + silence(1.5))
            said = f"heard {word}"
            await screen.until(lambda: screen.lights.get("lamp") == level and said in _text(screen))  # noqa: B023


async def test_other_words_leave_it_alone(tmp_path: Path) -> None:
    async with virtual_speaker(tmp_path, LAMP) as screen:
        await screen.launch(APP)
        await screen.until(lambda: screen.listening == [APP])
        for words in ("turn around and look at the window", "seventeen green bottles", "good morning everybody"):
            await screen.hear(spoken(words) + silence(1))
        await screen.hear(silence(1) + spoken("on") + silence(1.5))
        await screen.until(lambda: screen.lights.get("lamp") == 1)
        changes = [message["lights"][0]["level"] for message in screen.seen if message["type"] == "lights"]
        assert changes == [1]


async def test_it_listens_in_front_only(tmp_path: Path) -> None:
    async with virtual_speaker(tmp_path, LAMP) as screen:
        await screen.launch(APP)
        await screen.until(lambda: screen.listening == [APP] and screen.front == APP)
        await screen.home()
        await screen.until(lambda: screen.listening == [])
        await screen.launch(APP)
        await screen.until(lambda: screen.listening == [APP])
