"""A whole device with ears asks aloud, and a person answers aloud: from the sound to what holds then."""

from pathlib import Path

import pytest

from device_runtime.host.own_voice import HOW_TO_ANSWER
from tests.privacy.room import item
from tests.privacy.test_whole_device import APP, CODE, program, questions, stands
from tests.voice.sounds import silence, spoken
from tests.whole_device import Screen, virtual_speaker

pytestmark = pytest.mark.timeout(180)


async def begins_to_listen(screen: Screen) -> None:
    """Wait until the device listens for the answer."""
    await screen.until(lambda: any(each.get("stage") == "listening" for each in screen.seen))


@pytest.mark.parametrize(
    ("words", "standing"),
    [("do not allow it", "refused"), ("yes allow it", "granted")],
)
async def test_a_spoken_answer_counts_and_the_question_goes(tmp_path: Path, words: str, standing: str) -> None:
    folder = program(tmp_path / "radio", CODE, item("heard"))
    async with virtual_speaker(tmp_path, folder, asks=True, understands=True) as screen:
        await screen.launch(APP)
        (question,) = await screen.until(lambda: questions(screen))
        await begins_to_listen(screen)
        await screen.hear(spoken(words) + silence(1.0))
        await screen.until(lambda: any(each == {"type": "ui_done", "id": question["id"]} for each in screen.seen))
        await stands(screen, standing)


async def test_the_device_s_own_question_is_no_answer(tmp_path: Path) -> None:
    folder = program(tmp_path / "radio", CODE, item("heard"))
    async with virtual_speaker(tmp_path, folder, asks=True, understands=True) as screen:
        await screen.launch(APP)
        await screen.until(lambda: any(HOW_TO_ANSWER in text for text in screen.said()))
        await screen.say({"type": "listen"})  # somebody presses the microphone while it speaks
        await stands(screen, "unasked")
        await screen.hear(spoken("yes allow it") + silence(2.0))  # what the room throws back of it
        await begins_to_listen(screen)
        await screen.hear(spoken("no") + silence(2.0))
        answer = await screen.until(lambda: [each for each in screen.seen if each.get("stage") == "recognised"])
        assert [each["text"] for each in answer] == ["no"]
        await stands(screen, "refused")
