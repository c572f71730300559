import os
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from firmware_tools.fleet.home import FleetHome
from firmware_tools.fleet.server import RunningFleet, run_fleet
from tests.browser import CHROMIUM_ARGUMENTS
from tests.fleet.devices import eventually
from tests.fleet.page.populated import populate

Visit = Callable[[str], Awaitable[None]]
WHOLE = os.environ.get("CYGNET_PAGE") == "whole"
"""``make page``: every view in every size and colour, and 10,000 devices."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One loop for all tests of the page, since they share a browser: to start one takes as long as many of them."""
    for item in items:
        if "tests/fleet/page/" in item.path.as_posix():
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, fleet: RunningFleet) -> AsyncIterator[Page]:
    """A page that fails the test when its console shows an error, a blocked resource among them."""
    del fleet  # only so that the page is gone before its fleet
    size = {"width": 1280, "height": 800}
    context = await browser.new_context(viewport=size, locale="en-GB", color_scheme="dark")  # type: ignore[arg-type]
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    await context.close()
    assert [error for error in errors if "the server responded with a status of 4" not in error] == []


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(home: FleetHome) -> AsyncIterator[RunningFleet]:
    async with run_fleet(home) as running:
        await eventually(lambda: running.service.connected_at is not None, "the fleet connects")
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def populated(fleet: RunningFleet, home: FleetHome) -> RunningFleet:
    """A fleet with something to see."""
    await populate(fleet, home)
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
