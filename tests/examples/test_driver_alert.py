"""The driver alert on a whole head unit: sounds that are calculated here, by no generator that trained the model, come
in at its screen's microphone; it warns by word and by voice."""

from pathlib import Path

import numpy as np
import pytest

from device_runtime.resources import resource_directory
from tests.voice.sounds import silence, spoken
from tests.whole_device import Screen, virtual_speaker

pytest.importorskip("pymicro_features")
APP = "cygnet.examples.driver-alert"
ALERT = resource_directory("examples") / "driver_alert"
RATE = 16_000
SECONDS = np.arange(4 * RATE) / RATE
Sound = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def tone(hertz: Sound) -> Sound:
    """A horn's or a siren's sharp tone, whose pitch is ``hertz`` at each sample."""
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return np.array(sum(share * np.sin((at + 1) * phase) for at, share in enumerate((1, 0.6, 0.4, 0.3, 0.2, 0.1))))


def pcm(sound: Sound) -> bytes:
    """A quarter of full scale, in the noise of a quiet room, with two seconds of that room around it."""
    noise = np.random.default_rng(1).normal(0, 20, len(sound))
    samples: bytes = np.clip(sound / np.abs(sound).max() * 8192 + noise, -32768, 32767).astype("<i2").tobytes()
    return silence(2) + samples + silence(2)


WAIL = tone(600 + 350 * (1 + np.sin(2 * np.pi * 0.4 * SECONDS - np.pi / 2)))
YELP = tone(600 + 400 * (1 + np.sin(2 * np.pi * 3.5 * SECONDS)))
HIGH_LOW = tone(np.where(SECONDS * 1.4 % 1 < 0.5, 435.0, 580.0))


def _text(screen: Screen) -> str:
    return screen.page(APP).text_content() if APP in screen.pages else ""


async def _watching(screen: Screen) -> None:
    await screen.launch(APP)
    await screen.until(lambda: screen.listening == [APP] and "Not listening yet" in _text(screen))
    await screen.microphone("on")
    await screen.until(lambda: "Listening for sirens" in _text(screen))


@pytest.mark.parametrize("sound", [WAIL, YELP, HIGH_LOW], ids=["wail", "yelp", "high and low"])
async def test_the_driver_is_warned_of_a_siren_on_the_screen_and_aloud(tmp_path: Path, sound: Sound) -> None:
    async with virtual_speaker(tmp_path, ALERT, board="rpi4-headunit") as screen:
        await _watching(screen)
        await screen.hear(pcm(sound))
        await screen.until(lambda: "Siren" in _text(screen) and "Siren nearby. Make way." in screen.said())
        assert screen.errors() == []


async def test_nobody_is_told_that_all_is_quiet_where_nothing_can_be_heard(tmp_path: Path) -> None:
    async with virtual_speaker(tmp_path, ALERT, board="rpi4-headunit") as screen:
        await _watching(screen)
        for state, text in (("off", "Not listening yet"), ("refused", "Cannot listen"), ("on", "All quiet")):
            await screen.microphone(state)
            await screen.until(lambda text=text: text in _text(screen))  # type: ignore[misc]


async def test_a_passenger_who_talks_is_no_alarm(tmp_path: Path) -> None:
    async with virtual_speaker(tmp_path, ALERT, board="rpi4-headunit") as screen:
        await _watching(screen)
        await screen.hear(silence(2) + spoken("good morning everybody what time is it now") + silence(1))
        await screen.hear(pcm(WAIL))
        await screen.until(lambda: "Siren" in _text(screen) and screen.said())
        assert screen.said() == ["Siren nearby. Make way."]


async def test_it_warns_while_another_program_is_in_front(tmp_path: Path) -> None:
    lights = resource_directory("examples") / "lights"
    async with virtual_speaker(tmp_path, ALERT, lights, board="rpi4-headunit") as screen:
        await _watching(screen)
        await screen.launch("cygnet.examples.lights")
        await screen.until(lambda: screen.front == "cygnet.examples.lights")
        await screen.hear(pcm(YELP))
        await screen.until(lambda: "Siren nearby. Make way." in screen.said())
