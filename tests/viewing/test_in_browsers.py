"""Both ends in Chromium: a person at the device's own page, an operator at the fleet's."""

import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright, expect

from device_runtime.sync.screen_messages import ScreenUpdate, encode_update, pack_picture
from tests.browser import CHROMIUM_ARGUMENTS
from tests.fleet.devices import connected_device, eventually
from tests.viewing.world import SECRET, World

pytestmark = [pytest.mark.broker, pytest.mark.browser]


@dataclass
class Browsers:
    """Pages whose consoles are watched."""

    browser: Browser
    faults: list[str] = field(default_factory=list)

    async def open(self, url: str, width: int = 1024, height: int = 600) -> Page:
        context = await self.browser.new_context(viewport={"width": width, "height": height})
        page = await context.new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self.faults.append(line.text) if line.type == "error" else None)
        await page.goto(url)
        return page


@pytest.fixture
async def browsers() -> AsyncIterator[Browsers]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)
        made = Browsers(browser)
        yield made
        await browser.close()
        assert made.faults == []


async def operator_page(browsers: Browsers, world: World) -> Page:
    """The operator's page of the kitchen, with the panel of its screen."""
    page = await browsers.open(f"{world.fleet.url}/#token={world.home.token()}", 1280, 900)
    await page.goto(f"{world.fleet.url}/#/devices/kitchen")
    return page


async def test_an_operator_sees_what_the_person_sees_and_the_person_ends_it(world: World, browsers: Browsers) -> None:
    await world.publish()
    async with world.running():
        device = await browsers.open(world.url)
        front = device.locator(".program.shown .page-frame.front")
        await expect(front.locator("#greeting")).to_have_text("Hello, Ada")
        page = await operator_page(browsers, world)
        panel = page.locator("[data-slot=screen]")
        await panel.get_by_role("button", name="Ask to see the screen").click()
        question = device.get_by_role("alertdialog", name="Show this screen?")
        await expect(question).to_contain_text("wants to see this screen")
        await expect(question.get_by_role("button", name="No")).to_be_focused()
        await expect(panel).to_contain_text("The person at the device is asked")
        await question.get_by_role("button", name="Allow for 5 minutes").click()

        mark = device.get_by_role("alert").filter(has_text="sees this screen")
        await expect(mark).to_be_visible()
        shown = page.frame_locator(".screen-frame")
        await expect(shown.locator("#greeting")).to_have_text("Hello, Ada")
        await expect(shown.locator("input").first).to_have_value("")
        await expect(shown.locator(".bar-title")).to_have_text("Notes")
        await front.locator("#more").click()
        await front.locator("#more").click()
        await expect(shown.locator(".row")).to_have_count(2)
        if "SCREENSHOTS" in os.environ:  # to look at with one's own eyes
            await device.screenshot(path=f"{os.environ['SCREENSHOTS']}/device.png")
            await page.screenshot(path=f"{os.environ['SCREENSHOTS']}/operator.png")
        assert SECRET not in await page.content()

        await mark.get_by_role("button", name="Stop").click()
        await expect(panel).to_contain_text("The person at the device ended it.")
        await expect(page.locator(".screen-frame")).to_have_count(0)
        await expect(mark).to_be_hidden()


SCRIPT = "document.title = parent.document.title = 'owned'; window.owned = true"


def hostile_documents(elsewhere: str) -> list[list[dict[str, Any]]]:
    """Documents of a device that wants to leave its frame."""
    text = (Path(__file__).parent / "hostile_documents.json").read_text()
    documents: list[list[dict[str, Any]]] = json.loads(text.replace("ELSEWHERE/", elsewhere).replace("SCRIPT", SCRIPT))
    return documents


@asynccontextmanager
async def counted_server() -> AsyncIterator[tuple[str, list[str]]]:
    """A place that nothing may call; gives its address, and who called."""
    calls: list[str] = []

    async def note(request: web.BaseRequest) -> web.Response:
        calls.append(request.path)
        return web.Response(text="", headers={"Access-Control-Allow-Origin": "*"})

    runner = web.ServerRunner(web.Server(note))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/", calls
    await runner.cleanup()


async def test_a_hostile_document_does_nothing_in_the_operators_page(world: World, browsers: Browsers) -> None:
    async with counted_server() as (elsewhere, calls), connected_device("north", "kitchen", world.broker) as device:
        await device.say_online()
        await world.online()
        page = await operator_page(browsers, world)
        panel = page.locator("[data-slot=screen]")
        await panel.get_by_role("button", name="Ask to see the screen").click()
        await eventually(lambda: bool(device.orders), "the order comes")
        title = await page.title()
        number = device.orders[0].envelope.mapping("signed", 64)["id"]
        sequence = 0

        async def say(messages: list[dict[str, Any]], *, whole: bool) -> None:
            nonlocal sequence
            sequence += 1
            until = int(time.time()) + 300
            update = ScreenUpdate(number, sequence, "shown", "", until, 1, 0, whole, pack_picture(messages))
            await device.say("screen", encode_update(update))

        documents = hostile_documents(elsewhere)
        for index, messages in enumerate(documents):
            await say(messages, whole=index in (0, len(documents) - 1))
        shown = page.frame_locator(".screen-frame")
        await expect(shown.locator("text").first).to_have_text("still here")
        assert await page.title() == title
        frame = page.frames[-1]
        assert frame.url.endswith("/screen/frame.html")
        assert await frame.evaluate("window.origin") == "null"
        assert await frame.evaluate("window.owned") is None
        assert (
            await frame.evaluate("(() => { try { return parent.document.title } catch { return 'shut' } })()") == "shut"
        )
        assert await frame.evaluate("fetch('/api/devices').then((r) => r.status, () => 'shut')") in (401, 403, "shut")
        for tag in ("script", "iframe", "object", "embed", "base", "meta", "a[href]", "form[action]"):
            assert await shown.locator(f"#stage {tag}").count() == 0, tag
        box = await page.locator(".screen-frame").bounding_box()
        place = await page.locator(".screen-place").bounding_box()
        assert box is not None
        assert place is not None
        assert box["width"] <= place["width"] + 1
        assert calls == []
    # What the policy of the sandbox refused is said on the console; nothing else may be.
    known = ("Content Security Policy", "CORS policy", "Failed to load resource", "Permissions policy")
    browsers.faults[:] = [fault for fault in browsers.faults if not any(words in fault for words in known)]
