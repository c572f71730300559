"""A whole device and its screen in a browser: a person is asked there, says yes or no, and uses their rights."""

import asyncio
import dataclasses
import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.async_api import Browser, Locator, Page, expect

from device_runtime.host.board import find_board
from device_runtime.host.command import device as device_command
from device_runtime.host.device import Device
from device_runtime.host.provisioning import load_provisioning
from device_runtime.keys import key_ring
from firmware_tools.build.program import build_program
from firmware_tools.fleet.home import init_home
from firmware_tools.fleet.server import run_fleet
from tests.brokers import running_mosquitto
from tests.host.test_counting import APP as COUNTER
from tests.host.test_counting import COUNTS, ITEM
from tests.host.test_models_for_programs import page as page_of
from tests.host.test_models_for_programs import write_program
from tests.privacy.room import item
from tests.privacy.test_erasing import KEY
from tests.privacy.test_whole_device import APP, program
from tests.sync.waiting import until
from tests.whole_device import Screen, virtual_speaker

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

DIARY = "a line of a diary"
SENDS = """Page({
  send() { wx.reportEvent('heard', { station: 'one' }) },
})"""
KEEPS = f"""Page({{
  onLoad() {{ wx.setStorageSync('diary', {json.dumps(DIARY)}) }},
}})"""


@dataclass
class Seat:
    """Who sits before the device: ``page`` is its screen in a browser, ``screen`` another one, ``state`` its folder."""

    page: Page
    screen: Screen
    state: Path

    @property
    def question(self) -> Locator:
        return self.page.get_by_role("alertdialog")

    async def open(self, name: str) -> None:
        """Open a program by its tile, and wait for its page."""
        await self.page.get_by_role("button", name=name, exact=True).click()
        await self.front.wait_for()

    @property
    def front(self) -> Locator:
        """The page in front."""
        return self.page.locator(".program.shown .page-frame.front")

    async def panel(self) -> Locator:
        """Open the panel, on the home screen, and give it."""
        if await self.front.is_visible():
            await self.page.get_by_role("button", name="Home").click()
        await self.page.get_by_role("button", name="Privacy").click()
        panel = self.page.get_by_role("dialog", name="Privacy")
        await panel.wait_for()
        return panel

    def left(self) -> list[dict[str, Any]]:
        """What waits for the fleet of what programs sent."""
        database = sqlite3.connect(self.state / "telemetry.db")
        bodies = [json.loads(body) for (body,) in database.execute("SELECT body FROM entry")]
        database.close()
        return [values for _, _, name, values in bodies if name == "heard"]

    def ledger(self) -> list[tuple[str, str]]:
        """What the list of what happened has, by act and item."""
        command = CliRunner().invoke(device_command, ["privacy", "ledger", "--json", "--state", str(self.state)])
        return [(entry["act"], entry["item"]) for entry in map(json.loads, command.output.splitlines())]


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def seated(browser: Browser, tmp_path: Path, *programs: Path, asks: bool = True) -> AsyncIterator[Seat]:
    async with virtual_speaker(tmp_path, *programs, asks=asks) as screen:
        context = await browser.new_context(viewport={"width": 800, "height": 600}, reduced_motion="reduce")
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(screen.url)
        yield Seat(page, screen, tmp_path / "device")
        await context.close()
        assert faults == []


@pytest.mark.parametrize(
    ("answer", "standing", "checked"), [("Allow", "Allowed", "true"), ("Do not allow", "Not allowed", "false")]
)
async def test_what_a_person_presses_decides_whether_an_event_leaves(
    browser: Browser, tmp_path: Path, answer: str, standing: str, checked: str
) -> None:
    async with seated(browser, tmp_path, program(tmp_path / "radio", SENDS, item("heard"))) as seat:
        await seat.open("Radio")
        await seat.front.get_by_text("send it").click()
        await expect(seat.question).to_contain_text("“Radio” asks you")
        allow = seat.question.get_by_role("button", name="Allow", exact=True)
        await expect(seat.question.get_by_role("button", name="Do not allow")).to_be_focused()
        assert seat.left() == []
        await seat.question.get_by_role("button", name=answer, exact=True).click()  # once its guard is over
        await expect(allow).to_have_count(0)
        await eventually(lambda: ("grant" if answer == "Allow" else "refuse", "heard") in seat.ledger())
        assert seat.left() == []  # what was sent before the answer is gone
        await seat.front.get_by_text("send it").click()
        act = "send" if answer == "Allow" else "refused"
        await eventually(lambda: (act, "heard") in seat.ledger())
        assert seat.left() == ([{"station": "one"}] if answer == "Allow" else [])
        panel = await seat.panel()
        places = panel.get_by_role("region", name="Radio")
        await expect(places.get_by_role("switch")).to_have_attribute("aria-checked", checked)
        await expect(places.get_by_text(standing, exact=True)).to_be_visible()
        happened = panel.get_by_role("listitem")
        if answer == "Allow":
            await expect(happened.filter(has_text="heard allowed to your fleet by owner")).to_have_count(1)
            await expect(happened.filter(has_text="heard sent to your fleet")).to_have_count(1)
        else:
            await expect(happened.filter(has_text="heard refused by owner")).to_have_count(1)
            await expect(happened.filter(has_text="sent to your fleet")).to_have_count(0)


async def test_a_question_cannot_be_agreed_to_at_once(browser: Browser, tmp_path: Path) -> None:
    async with seated(browser, tmp_path, program(tmp_path / "radio", SENDS, item("heard"))) as seat:
        await seat.page.clock.install()
        await seat.open("Radio")
        await seat.front.get_by_text("send it").wait_for()
        await seat.page.clock.pause_at(await seat.page.evaluate("Date.now() + 1000"))
        await seat.front.get_by_text("send it").click()
        allow = seat.question.get_by_role("button", name="Allow", exact=True)
        await allow.wait_for()
        await expect(allow).to_be_disabled()
        await allow.click(force=True)
        await expect(seat.question).to_be_visible()
        await seat.page.clock.run_for(1_001)
        await expect(allow).to_be_enabled()
        await seat.page.clock.resume()
        await allow.click()
        await eventually(lambda: ("grant", "heard") in seat.ledger())


async def test_the_panel_follows_what_is_decided_elsewhere(browser: Browser, tmp_path: Path) -> None:
    async with seated(browser, tmp_path, program(tmp_path / "radio", SENDS, item("heard"))) as seat:
        panel = await seat.panel()
        place = panel.get_by_role("switch")
        await expect(place).to_have_attribute("aria-checked", "false")
        words = ["privacy", "allow", APP, "heard", "--state", str(seat.state)]
        assert CliRunner().invoke(device_command, words).exit_code == 0
        await expect(place).to_have_attribute("aria-checked", "true")


async def test_the_copy_of_the_panel_is_that_of_the_command(browser: Browser, tmp_path: Path) -> None:
    async with seated(browser, tmp_path, program(tmp_path / "radio", KEEPS, item("heard"))) as seat:
        await seat.open("Radio")
        await eventually(lambda: DIARY.encode() in (seat.state / "storage.db-wal").read_bytes())
        panel = await seat.panel()
        async with seat.page.expect_download() as download:
            await panel.get_by_role("button", name="Save a copy").click()
        await (await download.value).save_as(tmp_path / "screen.json")
        await expect(panel.get_by_role("listitem").filter(has_text="exported by owner")).to_have_count(1)
        words = ["privacy", "export", str(tmp_path / "command.json"), "--state", str(seat.state)]
        assert CliRunner().invoke(device_command, words).exit_code == 0
        of_screen, of_command = (json.loads((tmp_path / f"{who}.json").read_text()) for who in ("screen", "command"))
        assert of_screen["stored"] == {APP: {"diary": DIARY}}
        first, second = of_screen.pop("ledger"), of_command.pop("ledger")
        assert first == second[:-1]
        assert [second[-1]["act"], first[-1]["act"]] == ["export", "export"]
        assert of_screen == of_command


async def test_what_a_program_keeps_is_deleted_and_it_is_ended(browser: Browser, tmp_path: Path) -> None:
    async with seated(browser, tmp_path, program(tmp_path / "radio", KEEPS, item("heard"))) as seat:
        await seat.open("Radio")
        await seat.screen.until(lambda: APP in seat.screen.pages)
        await eventually(lambda: DIARY.encode() in (seat.state / "storage.db-wal").read_bytes())
        panel = await seat.panel()
        await panel.get_by_role("button", name="Radio: Delete what this program keeps").click()
        await seat.question.get_by_role("button", name="Delete").click()
        await expect(panel.get_by_role("region", name="Radio")).to_contain_text("Deleted here on")
        await expect(panel.get_by_role("listitem").filter(has_text="what was kept here is deleted")).to_have_count(1)
        await seat.screen.until(lambda: any(each["type"] == "exited" for each in seat.screen.seen))
        database = sqlite3.connect(seat.state / "storage.db")
        assert database.execute("SELECT count(*) FROM entry").fetchone() == (0,)
        database.close()


@pytest.mark.broker
@pytest.mark.timeout(240)
async def test_the_receipt_of_the_fleet_is_awaited_and_then_it_is_there(browser: Browser, tmp_path: Path) -> None:
    folder = program(tmp_path / "radio", KEEPS, item("heard"))
    with running_mosquitto(tmp_path / "broker") as broker:
        home = init_home(tmp_path / "fleet", "north", broker=broker.url, listen="127.0.0.1:0")
        async with run_fleet(home) as fleet:
            await until(lambda: fleet.service.connected_at is not None)
            provisioning, _ = await fleet.operations.enroll("kitchen", "")
            await fleet.operations.publish(build_program(folder, KEY).data, "radio.ma")
            await fleet.operations.assign("kitchen", APP, None, launch=False)
            path = tmp_path / "kitchen.toml"
            path.write_text(provisioning.to_toml())
            path.chmod(0o600)
            board = find_board("virtual-speaker")
            board = dataclasses.replace(
                board,
                screen=dataclasses.replace(board.screen, port=0),
                voice=dataclasses.replace(board.voice, enabled=False),
            )
            device = Device(board, tmp_path / "device", load_provisioning(path), key_ring([KEY.public_key()]))
            assert device._agent is not None
            # The fleet may be back at the broker after the device: then it is asked again, and not in half a minute.
            device._agent.erasing._seconds = 3.0
            url = await device.start()
            try:
                page = await browser.new_page()
                await page.goto(url)
                await page.get_by_role("button", name="Radio", exact=True).wait_for()
                broker.kill()
                await page.get_by_role("button", name="Privacy").click()
                panel = page.get_by_role("dialog", name="Privacy")
                await panel.get_by_role("button", name="Radio: Delete what this program keeps").click()
                await page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
                section = panel.get_by_role("region", name="Radio")
                await expect(section).to_contain_text("its receipt is awaited.")
                broker.start_again()
                await expect(section).to_contain_text("its receipt is kept here.", timeout=90_000)
                happened = panel.get_by_role("listitem").filter(has_text="your fleet has erased what it held")
                await expect(happened).to_have_count(1)
                await page.close()
            finally:
                await device.stop()


@pytest.mark.parametrize("profile", ["Guest", "Child"])
async def test_a_guest_and_a_child_neither_save_nor_delete(browser: Browser, tmp_path: Path, profile: str) -> None:
    async with seated(browser, tmp_path, program(tmp_path / "radio", KEEPS, item("heard"))) as seat:
        panel = await seat.panel()
        await panel.get_by_role("radio", name=profile).click()
        await expect(panel).to_contain_text(f"The device is in use by a {profile.lower()} now.")
        await expect(panel.get_by_role("button", name="Save a copy")).to_be_hidden()
        await expect(panel.get_by_role("button", name="Delete")).to_have_count(0)
        sentence = "Only the owner may save a copy of what is kept here, or have it deleted."
        for app_id in ("", APP):
            await seat.screen.say({"type": "erase", "app_id": app_id})
            await seat.screen.until(lambda: any(sentence in text for text in seat.screen.errors()))
            seat.screen.seen.clear()
        answer = await seat.page.request.post(f"{seat.screen.url}privacy/copy")
        assert (answer.status, sentence in await answer.text()) == (409, True)
        assert {act for act, _ in seat.ledger()} == {"begun", "profile"}


async def test_on_the_device_of_an_organisation_nobody_saves_or_deletes_at_the_screen(
    browser: Browser, tmp_path: Path
) -> None:
    folder = program(tmp_path / "radio", KEEPS, item("heard"))
    async with seated(browser, tmp_path, folder, asks=False) as seat:
        panel = await seat.panel()
        await expect(panel).to_contain_text("This device belongs to tests. Ask it for a copy")
        await expect(panel.get_by_role("button", name="Delete")).to_have_count(0)
        await seat.screen.say({"type": "erase", "app_id": ""})
        await seat.screen.until(lambda: any("belongs to tests" in text for text in seat.screen.errors()))
        assert (await seat.page.request.post(f"{seat.screen.url}privacy/copy")).status == 409


async def test_a_program_that_is_not_there_is_told_of(browser: Browser, tmp_path: Path) -> None:
    async with seated(browser, tmp_path, program(tmp_path / "radio", KEEPS, item("heard"))) as seat:
        await seat.screen.say({"type": "erase", "app_id": "org.example.nothing"})
        await seat.screen.until(lambda: any("there are test.radio" in text for text in seat.screen.errors()))


async def test_what_was_told_in_counts_today_is_what_was_counted(browser: Browser, tmp_path: Path) -> None:
    folder = write_program(tmp_path / "programs", COUNTER, page_of(COUNTS), data_plan=[ITEM])
    async with seated(browser, tmp_path, folder) as seat:
        panel = await seat.panel()
        await expect(panel).to_contain_text("Told in counts today: 0 of 3 (epsilon)")
        await seat.page.keyboard.press("Escape")
        await seat.page.locator(".tile").click()
        await seat.question.get_by_role("button", name="Allow", exact=True).click()
        await eventually(lambda: ("send", "favourite") in seat.ledger())
        panel = await seat.panel()
        await expect(panel).to_contain_text("Told in counts today: 1 of 3 (epsilon)")
        await expect(panel.get_by_role("meter")).to_have_attribute("aria-valuenow", "1")
