from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet
from tests.browser import CHROMIUM_ARGUMENTS
from tests.fleet.page.populated import populate

Visit = Callable[[str], Awaitable[None]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page that fails the test when its console shows an error, a blocked resource among them."""
    page = await browser.new_page(viewport={"width": 1280, "height": 800}, locale="en-GB", color_scheme="dark")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    assert [error for error in errors if "the server responded with a status of 4" not in error] == []


@pytest.fixture
async def populated(fleet: RunningFleet) -> RunningFleet:
    """A fleet with something to see."""
    await populate(fleet)
    return fleet


@pytest.fixture
def visit(fleet: RunningFleet, home: FleetHome, page: Page) -> Visit:
    """Go to a view by its hash, signed in with the operator token, and wait until it is drawn."""

    async def go(view: str) -> None:
        if not page.url.startswith(fleet.url):
            await page.goto(f"{fleet.url}/#token={home.token()}")
            await expect(page.locator("#view h1")).to_have_text("Overview")
            if view == "#/":
                return
        before = await page.locator("#view .view").element_handle()
        await page.evaluate("hash => location.hash = hash", view)
        await page.wait_for_function(
            "shown => !shown.isConnected && document.querySelector('#view').ariaBusy === 'false'", arg=before
        )

    return go
