"""A whole device: programs send, a person is asked on the screen and by voice, and says so."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.privacy import PersonAsker
from device_runtime.host.privacy_folder import opened
from device_runtime.privacy.file import FILE
from device_runtime.program.data_plan import DataItem
from tests.privacy.room import item
from tests.whole_device import Screen, virtual_speaker

APP = "test.radio"
ROUTE = "pages/index/index"
CODE = """Page({
  data: {told: ''},
  onLoad() { this.send() },
  send() {
    wx.reportEvent('heard', {station: 'one'})
    setTimeout(() => this.setData({told: this.data.told + '.'}), 50)
  },
})"""


def program(folder: Path, code: str, *items: dict[str, Any], **members: Any) -> Path:
    files = {
        "cygnet.json": json.dumps(
            {"app_id": APP, "name": "Radio", "version": {"code": 1, "name": "1"}, "data_plan": list(items), **members}
        ),
        "app.json": json.dumps({"pages": [ROUTE]}),
        "app.js": "App({})",
        f"{ROUTE}.wxml": '<view bindtap="send">{{told}} send it</view>',
        f"{ROUTE}.js": code,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def questions(screen: Screen) -> list[dict[str, Any]]:
    """What the device itself asks."""
    return [message for message in screen.seen if message["type"] == "ui" and message["app_id"] == ""]


async def stands(screen: Screen, expected: str) -> None:
    """Wait until the program's first item stands so, as the owner's page says it."""
    while True:
        screen.seen.clear()
        await screen.say({"type": "privacy"})
        page = await screen.until(lambda: next((m for m in screen.seen if m["type"] == "privacy"), None))
        if page["programs"][0]["items"][0]["standing"] == expected:
            return


@pytest.mark.parametrize(("answer", "standing"), [(True, "granted"), (False, "refused")], ids=["yes", "no"])
async def test_a_person_answers_on_the_screen(tmp_path: Path, answer: bool, standing: str) -> None:
    folder = program(tmp_path / "radio", CODE, item("heard"))
    async with virtual_speaker(tmp_path, folder, asks=True) as screen:
        await screen.launch(APP)
        (question, *_) = await screen.until(lambda: questions(screen))
        assert "“Radio” asks you" in question["arguments"]["content"]
        await screen.say({"type": "ui_result", "id": question["id"], "result": {"confirm": answer}})
        await stands(screen, standing)


@pytest.mark.parametrize(
    ("words", "standing"), [("yes allow it", "granted"), ("do not allow it", "refused"), ("no", "refused")]
)
async def test_a_person_answers_in_words(tmp_path: Path, words: str, standing: str) -> None:
    folder = program(tmp_path / "radio", CODE, item("heard"))
    async with virtual_speaker(tmp_path, folder, asks=True) as screen:
        await screen.launch(APP)
        await screen.until(lambda: any("yes, allow it" in text for text in screen.said()))
        await screen.ask(words)
        await stands(screen, standing)


async def test_a_word_takes_back_what_the_program_in_front_may_send(tmp_path: Path) -> None:
    folder = program(tmp_path / "radio", CODE, item("heard"))
    async with virtual_speaker(tmp_path, folder, asks=True) as screen:
        await screen.launch(APP)
        await screen.until(lambda: any("yes, allow it" in text for text in screen.said()))
        await screen.ask("yes allow it")
        await stands(screen, "granted")
        await screen.until(lambda: screen.front == APP)
        await screen.ask("stop sending my data")
        await screen.until(lambda: "Radio may not send or collect anything any more." in screen.said())
        await stands(screen, "refused")


async def test_a_question_that_nobody_answered_comes_again_when_somebody_opens_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def nobody(_asker: PersonAsker, app: str, _items: Sequence[DataItem]) -> None:
        asked.append(app)

    monkeypatch.setattr(PersonAsker, "ask", nobody)
    folder = program(tmp_path / "radio", CODE, item("heard"))
    async with virtual_speaker(tmp_path, folder, asks=True) as screen:

        async def sent(times: int) -> None:
            await screen.until(lambda: screen.pages.get(APP) and screen.page(APP).text_content().count(".") == times)

        await screen.launch(APP)
        await sent(1)
        (node,) = [each for each in screen.page(APP).walk() if "tap" in each.events]
        await screen.tap(APP, node)
        await sent(2)
        assert asked == [APP]
        await screen.home()
        await screen.launch(APP)
        await screen.tap(APP, node)
        await sent(3)
        assert asked == [APP, APP]


async def test_when_the_file_was_broken_programs_are_taken_to_have_had_what_they_might_have(tmp_path: Path) -> None:
    plan = [item("memo", category="voice", destination="device", fields={}, retention_days=0), item("heard")]
    folder = program(tmp_path / "radio", CODE, *plan, permissions=[{"name": "record", "reason": "to hear"}])
    (tmp_path / "device").mkdir()
    (tmp_path / "device" / FILE).write_bytes(b"no database at all" * 1_000)
    with opened(tmp_path / "device"):  # the owner's command may be the first to see it
        pass
    async with virtual_speaker(tmp_path, folder, asks=True) as screen:
        await screen.say({"type": "privacy"})
        page = await screen.until(lambda: next((m for m in screen.seen if m["type"] == "privacy"), None))
        assert page["programs"][0]["seen"] == ["what you say", "sound from the microphone"]


async def test_a_word_shows_the_page(tmp_path: Path) -> None:
    folder = program(tmp_path / "radio", CODE, item("heard"))
    async with virtual_speaker(tmp_path, folder) as screen:
        await screen.ask("show my privacy")
        page = await screen.until(lambda: next((m for m in screen.seen if m["type"] == "privacy"), None))
        assert page["organisation"] == "tests"
