"""A program that is being developed asks what it may send, on the board's screen, as it will at home."""

import asyncio
import contextlib
import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from device_runtime.host.board import find_board
from device_runtime.host.privacy_settings import PrivacySettings
from device_runtime.view.mirror import MirrorNode
from firmware_tools.demo.person import Person
from firmware_tools.demo.screen import DemoScreen
from firmware_tools.simulator.boards import for_a_desk
from firmware_tools.simulator.commands import Commands
from firmware_tools.simulator.messages import Command
from tests.simulator.conftest import DEADLINE, Dev, developing

APP = "com.example.tally"
ITEM = {
    "name": "counted", "category": "usage", "fields": {}, "purpose": "improvement", "reason": "to see that it is used",
    "retention_days": 1, "destination": "fleet",
}  # fmt: skip
CODE = (
    """Page({ data: { told: 0 }, onTap() { wx.reportEvent('counted'); this.setData({ told: this.data.told + 1 }) } })"""
)
FILES = {
    "cygnet.json": json.dumps(
        {"app_id": APP, "name": "Tally", "version": {"code": 1, "name": "1"}, "data_plan": [ITEM]}
    ),
    "app.json": json.dumps({"pages": ["pages/index/index"]}),
    "app.js": "App({})",
    "pages/index/index.js": CODE,
    "pages/index/index.wxml": '<view class="count" bindtap="onTap">{{told}}</view>',
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that reports each tap."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name, text in FILES.items():
        path = tmp_path / "tally" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "tally"


def counter(screen: DemoScreen) -> MirrorNode | None:
    page = screen.page(APP)
    nodes = page.root.walk() if page is not None else ()
    return next((node for node in nodes if node.attributes.get("class") == "count"), None)


async def tap(screen: DemoScreen, expected: str) -> None:
    """Tap the counter, and wait until it shows what it should: the event was reported before."""
    node = await screen.wait_for("the counter", lambda: counter(screen), DEADLINE)
    await screen.tap(APP, node)

    def counted() -> bool:
        found = counter(screen)
        return found is not None and found.text_content() == expected

    await screen.wait_for(f"the counter to show {expected}", counted, DEADLINE)


async def question(screen: DemoScreen) -> dict[str, Any]:
    (found,) = await screen.wait_for("the question", lambda: list(screen.questions.values()), DEADLINE)
    return dict(found)


@contextlib.asynccontextmanager
async def run(folder: Path, organisation: str = "") -> AsyncIterator[tuple[Dev, DemoScreen]]:
    async with developing(folder, organisation=organisation) as dev, DemoScreen(dev.screen_url) as screen:
        yield dev, screen


async def stands(screen: DemoScreen, expected: str) -> None:
    """Wait until the program's item stands so, as the page *Privacy* says it."""
    async with asyncio.timeout(DEADLINE):
        while Person(screen).standing(APP, "counted") != expected:
            screen.privacy = {}
            await screen.send(type="privacy")
            await screen.wait_for("the page Privacy", lambda: screen.privacy, DEADLINE)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_screen_asks_and_the_answer_is_there_at_the_next_start(folder: Path) -> None:
    async with run(folder) as (_, screen):
        await tap(screen, "1")
        asked = await question(screen)
        assert "“Tally” asks you for one thing." in asked["arguments"]["content"]
        await Person(screen).allow(asked)
        await stands(screen, "granted")
    async with run(folder) as (_, screen):
        await tap(screen, "1")
        await stands(screen, "granted")
        assert not screen.questions


@pytest.mark.asyncio(loop_scope="session")
async def test_nobody_is_asked_on_the_device_of_an_organisation(folder: Path) -> None:
    async with run(folder, "Example Ltd") as (dev, screen):
        await tap(screen, "1")
        await stands(screen, "granted")
        assert screen.privacy["organisation"] == "Example Ltd"
        assert not screen.questions
        assert not [line for line in dev.said if "privacy" in line]
    async with run(folder) as (_, screen):  # it agreed for as long as it was its device
        await stands(screen, "unasked")


@pytest.mark.asyncio(loop_scope="session")
async def test_another_board_is_of_the_same_organisation(folder: Path) -> None:
    async with run(folder, "Example Ltd") as (dev, screen):
        await tap(screen, "1")
        before = dev.simulator.device
        await Commands(dev.simulator).act(Command("board", {"board": "rpi4-headunit"}))
        await dev.heard("Tally started on rpi4-headunit")
        assert dev.simulator.device is not before
        assert dev.simulator.device.privacy.consents.organisation == "Example Ltd"


@pytest.mark.asyncio(loop_scope="session")
async def test_who_saves_the_source_is_asked_again_what_nobody_answered(folder: Path) -> None:
    async with run(folder) as (dev, screen):
        await tap(screen, "1")
        asked = await question(screen)
        await screen.send(type="ui_result", id=asked["id"], result=None)  # as nobody does, after a minute
        await screen.wait_for("the question to go", lambda: not screen.questions, DEADLINE)
        await tap(screen, "2")
        await stands(screen, "unasked")
        assert not screen.questions

        dev.edit("pages/index/index.js", "told: 0", "told: 7")
        await dev.heard("Tally started again")
        await tap(screen, "8")
        await question(screen)


def test_the_boards_own_organisation_is_kept() -> None:
    kiosk = find_board("virtual-speaker")
    assert for_a_desk(kiosk).privacy == kiosk.privacy == PrivacySettings()
    kiosk = dataclasses.replace(kiosk, privacy=PrivacySettings(organisation="Library"))
    assert for_a_desk(kiosk).privacy.organisation == "Library"
    assert for_a_desk(kiosk, organisation="Example Ltd").privacy.organisation == "Example Ltd"
